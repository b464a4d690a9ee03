//! Writes a table of all operations with their mocks, for a test.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;

use super::methods::{matchers, success_method};
use super::{HEADER, Named};
use crate::client::types::Types;
use crate::rust::literals;
use contract::model::{BodyKind, ParameterLocation, Success, SuccessBody};

/// `coverage.rs`.
pub fn write(resources: &BTreeMap<String, Vec<Named<'_>>>, types: &Types<'_>) -> Result<String> {
    let mut table = String::new();
    for named in resources.values().flatten() {
        for success in &named.operation.successes {
            cases(&mut table, named, success, types)?;
        }
    }
    let types = match table.contains("types::") {
        true => "use pbx_client::types;\n\n",
        false => "",
    };
    Ok(format!(
        "{HEADER}\n{types}use crate::contract_tests::*;\n\n\
         /// For each success status of each operation, a mock and a call of it: with all optional parts, and with none.\n\
         pub(crate) const CASES: &[Case] = &[\n{table}];\n"
    ))
}

fn cases(out: &mut String, named: &Named<'_>, success: &Success, types: &Types<'_>) -> Result<()> {
    let operation = named.operation;
    let body = operation.body.as_ref();
    let has_optional = operation
        .parameters
        .iter()
        .any(|parameter| parameter.location != ParameterLocation::Path && !parameter.required)
        || body.is_some_and(|body| !body.required);
    for with_optional in [true, false] {
        if !with_optional && !has_optional {
            continue;
        }
        let mut when = String::new();
        let mut sent = String::new();
        let matchers = matchers(named);
        for ((parameter, setter), matcher) in operation.parameters.iter().zip(&named.call.parameters).zip(matchers) {
            if with_optional || parameter.required || parameter.location == ParameterLocation::Path {
                let rust = types.parameter(&parameter.schema)?;
                let value = format!("s.parameter::<{rust}>({})", literals::string(&parameter.name));
                let _ = write!(when, ".{matcher}({value})");
                let _ = write!(sent, ".{setter}({value})");
            } else {
                let _ = write!(when, ".{matcher}(None)");
            }
        }
        match body {
            Some(body) if with_optional || body.required => {
                let (matcher, value) = match &body.kind {
                    BodyKind::Json(schema) | BodyKind::Form(schema) => {
                        ("body", format!("s.body::<{}>()", types.rust(schema, "types::")?))
                    }
                    BodyKind::Text => ("bytes", "TEXT".to_owned()),
                    BodyKind::Bytes => ("bytes", "BYTES".to_owned()),
                };
                let _ = write!(when, ".{matcher}({value})");
                let _ = write!(sent, ".body({value})");
            }
            Some(_) => when.push_str(".no_body()"),
            None => {}
        }
        let (response, check, expected) = match &success.body {
            SuccessBody::Json(schema) => {
                let rust = types.rust(schema, "types::")?;
                let value = format!("s.response::<{rust}>({})", success.status);
                (value.clone(), "returns", format!(", {value}"))
            }
            SuccessBody::Text { .. } => ("TEXT".to_owned(), "returns", ", TEXT.to_owned()".to_owned()),
            SuccessBody::Bytes { .. } => ("BYTES".to_owned(), "downloads", String::new()),
            SuccessBody::Empty => (String::new(), "succeeds", String::new()),
        };
        let (condition, when) = match when.is_empty() {
            true => ("_", String::new()),
            false => ("when", format!("when{when}; ")),
        };
        let _ = write!(
            out,
            "    Case {{ id: {}, status: {}, mock: |server, s| mocked(server.{}(|{condition}, then| {{ {when}then.{}({response}); }})),\n        \
             call: |client, s| {check}(client.{}(){sent}.send(){expected}) }},\n",
            literals::string(&operation.id),
            success.status,
            named.method,
            success_method(success.status),
            named.call.method,
        );
    }
    Ok(())
}
