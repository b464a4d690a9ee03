//! Writes a call of every operation with its mock, for a test.

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
    let mut functions = String::new();
    let mut table = String::new();
    for named in resources.values().flatten() {
        for success in &named.operation.successes {
            let name = format!("{}_{}", named.call.method, success.status);
            functions.push_str(&function(&name, named, success, types)?);
            let _ = writeln!(
                table,
                "    ({}, {}, |server, sample| Box::pin({name}(server, sample))),",
                literals::string(&named.operation.id),
                success.status
            );
        }
    }
    Ok(format!(
        "{HEADER}\nuse pbx_client::types;\n\nuse crate::MockServer;\nuse crate::contract_tests::{{Call, Sample, collect}};\n\n\
         /// A call with a mock for each success status of each operation.\n\
         pub(crate) const CALLS: &[(&str, u16, Call)] = &[\n{table}];\n{functions}"
    ))
}

fn function(name: &str, named: &Named<'_>, success: &Success, types: &Types<'_>) -> Result<String> {
    let mut out =
        format!("\nasync fn {name}(server: &MockServer, sample: &Sample<'_>) {{\n    let client = server.client();\n");
    let parameters: Vec<_> = named
        .operation
        .parameters
        .iter()
        .zip(&named.call.parameters)
        .zip(matchers(named))
        .map(|((parameter, setter), matcher)| (parameter, setter, matcher))
        .collect();
    for (at, (parameter, ..)) in parameters.iter().enumerate() {
        let rust = types.parameter(&parameter.schema)?;
        let _ = writeln!(
            out,
            "    let p{at}: {rust} = sample.parameter({});",
            literals::string(&parameter.name)
        );
    }
    let body = named.operation.body.as_ref();
    match body.map(|body| &body.kind) {
        Some(BodyKind::Json(schema) | BodyKind::Form(schema)) => {
            let _ = writeln!(out, "    let body: {} = sample.body();", types.rust(schema, "types::")?);
        }
        Some(BodyKind::Text | BodyKind::Bytes) => {
            out.push_str("    let body: Vec<u8> = b\"\\x00\\xff bytes\".to_vec();\n")
        }
        None => {}
    }
    let argument = match &success.body {
        SuccessBody::Json(schema) => {
            let rust = types.rust(schema, "types::")?;
            let _ = writeln!(out, "    let expected: {rust} = sample.response({});", success.status);
            "&expected"
        }
        SuccessBody::Text { .. } | SuccessBody::Bytes { .. } => {
            out.push_str("    let expected: Vec<u8> = b\"\\xff\\x00 bytes\".to_vec();\n");
            "expected.clone()"
        }
        SuccessBody::Empty => "",
    };

    // Once with all optional parts, once without.
    let optional = |at: usize| {
        let parameter = parameters[at].0;
        parameter.location != ParameterLocation::Path && !parameter.required
    };
    let has_optional = (0..parameters.len()).any(optional) || body.is_some_and(|body| !body.required);
    for with_optional in [true, false] {
        if !with_optional && !has_optional {
            continue;
        }
        let sends_body = body.filter(|body| with_optional || body.required);
        let mut when = String::new();
        let mut sent = String::new();
        for (at, (_, setter, matcher)) in parameters.iter().enumerate() {
            if with_optional || !optional(at) {
                let _ = write!(when, ".{matcher}(p{at}.clone())");
                let _ = write!(sent, ".{setter}(p{at}.clone())");
            } else {
                let _ = write!(when, ".{matcher}(None)");
            }
        }
        match (body, sends_body) {
            (_, Some(body)) => {
                when.push_str(match body.kind {
                    BodyKind::Text | BodyKind::Bytes => ".bytes(body.clone())",
                    _ => ".body(&body)",
                });
                sent.push_str(".body(body.clone())");
            }
            (Some(_), None) => when.push_str(".no_body()"),
            (None, None) => {}
        }
        let closure = match when.is_empty() {
            true => "|_, then| {\n".to_owned(),
            false => format!("|when, then| {{\n        when{when};\n"),
        };
        let _ = write!(
            out,
            "    let mock = server.{}({closure}        then.{}({argument});\n    }});\n    \
             let response = client.{}(){sent}.send().await.expect({});\n",
            named.method,
            success_method(success.status),
            named.call.method,
            literals::string(name)
        );
        out.push_str(match &success.body {
            SuccessBody::Json(_) => "    assert_eq!(response.into_inner(), expected);\n",
            SuccessBody::Text { .. } | SuccessBody::Bytes { .. } => {
                "    assert_eq!(collect(response.into_inner()).await, expected);\n"
            }
            SuccessBody::Empty => "    drop(response);\n",
        });
        out.push_str("    mock.assert();\n    mock.delete();\n");
    }
    out.push_str("}\n");
    Ok(out)
}
