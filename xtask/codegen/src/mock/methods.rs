//! Writes the methods of `When` and `Then` for an operation.

use std::fmt::Write as _;

use anyhow::Result;
use heck::ToSnakeCase as _;

use super::Named;
use crate::client::builders::separator;
use crate::client::types::Types;
use crate::rust::{docs, literals, names, taken};
use contract::media::{OCTETS, TEXT, concrete};
use contract::model::{
    Api, Body, BodyKind, Header, Operation, Parameter, ParameterLocation, Schema, Success, SuccessBody,
};

/// Writes the implementations for an operation, each after a blank line.
pub fn write(named: &Named<'_>, types: &Types<'_>) -> Result<String> {
    let mut out = String::new();
    let operation = named.operation;
    let ty = &named.ty;
    if let Some(body) = &operation.body {
        out.push_str(&body_traits(ty, body, types)?);
    }
    let mut when = String::new();
    for (parameter, method) in operation.parameters.iter().zip(matchers(named)) {
        when.push_str(&matcher(parameter, &method, types)?);
    }
    block(&mut out, "When", ty, &when);
    let mut then = String::new();
    for success in &operation.successes {
        then.push_str(&response(success, types)?);
    }
    for (header, method) in headers(operation) {
        then.push_str(&header_setter(header, &method, types)?);
    }
    block(&mut out, "Then", ty, &then);
    out.push_str(&response_traits(named, types)?);
    Ok(out)
}

fn block(out: &mut String, of: &str, ty: &str, methods: &str) {
    if !methods.is_empty() {
        let _ = write!(
            out,
            "\nimpl {of}<operations::{ty}> {{\n{}}}\n",
            methods.trim_start_matches('\n')
        );
    }
}

/// Returns the names of the methods for the parameters: those of the client, unless `When` has a hand-written one.
pub fn matchers(named: &Named<'_>) -> Vec<String> {
    let renamed = named
        .call
        .parameters
        .iter()
        .map(|name| names::beside(name.clone(), taken::WHEN_METHODS, "parameter"));
    names::distinct(renamed)
}

fn matcher(parameter: &Parameter, method: &str, types: &Types<'_>) -> Result<String> {
    let rust = types.parameter(&parameter.schema)?;
    let mut lines = docs::lines(parameter.description.as_deref().unwrap_or_default());
    if lines.is_empty() {
        lines.push(format!("`{}`.", parameter.name));
    }
    let name = literals::string(&parameter.name);
    let (value, call) = match parameter.location {
        ParameterLocation::Path => ("Argument", format!("path(self, {name}, value)")),
        ParameterLocation::Query => {
            let spellings: Vec<String> = std::iter::once(&parameter.name)
                .chain(&parameter.aliases)
                .map(|name| literals::string(name))
                .collect();
            let names = spellings.join(", ");
            match separator(parameter) {
                Some(separator) => (
                    "Expect",
                    format!("query_list(self, &[{names}], \"{separator}\", value)"),
                ),
                None => ("Expect", format!("query(self, &[{names}], value)")),
            }
        }
        ParameterLocation::Header => ("Expect", format!("header_parameter(self, {name}, value)")),
    };
    if value == "Expect" {
        lines.push(String::new());
        lines.push("`None`: the parameter must be absent.".to_owned());
    }
    Ok(format!(
        "\n{}    pub fn {method}(&mut self, value: impl crate::{value}<{rust}>) -> &mut Self {{\n        \
         crate::when::{call}\n    }}\n",
        docs::comments(&lines, "    ")
    ))
}

fn body_traits(ty: &str, body: &Body, types: &Types<'_>) -> Result<String> {
    let mut out = match &body.kind {
        BodyKind::Json(schema) | BodyKind::Form(schema) => {
            let encoding = match body.kind {
                BodyKind::Form(_) => "UrlEncoded",
                _ => "Json",
            };
            format!(
                "\nimpl crate::TypedBody for operations::{ty} {{\n    type Body = {};\n    \
                 const ENCODING: crate::BodyEncoding = crate::BodyEncoding::{encoding};\n}}\n",
                types.rust(schema, "types::")?
            )
        }
        BodyKind::Text | BodyKind::Bytes => format!("\nimpl crate::BytesBody for operations::{ty} {{}}\n"),
    };
    if !body.required {
        let _ = write!(out, "\nimpl crate::OptionalBody for operations::{ty} {{}}\n");
    }
    Ok(out)
}

/// Returns the name of the method for a success status: its reason phrase.
pub fn success_method(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    match reason {
        Some(reason) => reason.to_snake_case(),
        None => format!("status_{status}"),
    }
}

fn response(success: &Success, types: &Types<'_>) -> Result<String> {
    let status = success.status;
    let mut lines = docs::lines(success.description.as_deref().unwrap_or_default());
    if lines.is_empty() {
        lines.push("Success.".to_owned());
    }
    lines[0] = format!("{status}: {}", lines[0]);
    let (argument, call) = match &success.body {
        SuccessBody::Empty => (String::new(), format!("empty_response(self, {status})")),
        SuccessBody::Json(schema) => {
            let rust = types.rust(schema, "types::")?;
            (
                format!(", body: impl std::borrow::Borrow<{rust}>"),
                format!("json_response::<_, {rust}>(self, {status}, body.borrow())"),
            )
        }
        SuccessBody::Text { media_type } => (
            ", text: impl Into<String>".to_owned(),
            format!(
                "bytes_response(self, {status}, {}, Into::<String>::into(text))",
                literals::string(concrete(media_type, TEXT))
            ),
        ),
        SuccessBody::Bytes { media_type } => (
            ", content: impl Into<Vec<u8>>".to_owned(),
            format!(
                "bytes_response(self, {status}, {}, content)",
                literals::string(concrete(media_type, OCTETS))
            ),
        ),
    };
    Ok(format!(
        "\n{}    pub fn {}(&mut self{argument}) -> &mut Self {{\n        crate::then::{call}\n    }}\n",
        docs::comments(&lines, "    "),
        success_method(status)
    ))
}

/// Returns the documented headers of all success responses and their methods, without duplicates.
fn headers(operation: &Operation) -> Vec<(&Header, String)> {
    let mut found: Vec<&Header> = Vec::new();
    for header in operation.successes.iter().flat_map(|success| &success.headers) {
        if !found
            .iter()
            .any(|existing| existing.name.eq_ignore_ascii_case(&header.name))
        {
            found.push(header);
        }
    }
    let statuses: Vec<String> = operation
        .successes
        .iter()
        .map(|success| success_method(success.status))
        .collect();
    let methods = found.iter().map(|header| {
        // `ETag` is one word.
        let name = names::parameter(&header.name.to_lowercase());
        match taken::THEN_METHODS.contains(&name.as_str()) || statuses.contains(&name) {
            true => format!("{name}_header"),
            false => name,
        }
    });
    let methods = names::distinct(methods);
    found.into_iter().zip(methods).collect()
}

fn header_setter(header: &Header, method: &str, types: &Types<'_>) -> Result<String> {
    let rust = types.parameter(&header.schema)?;
    let mut lines = docs::lines(header.description.as_deref().unwrap_or_default());
    if lines.is_empty() {
        lines.push(format!("Sets the header `{}`.", header.name));
    }
    Ok(format!(
        "\n{}    pub fn {method}(&mut self, value: impl crate::Argument<{rust}>) -> &mut Self {{\n        \
         crate::then::header(self, {}, &value.into_value())\n    }}\n",
        docs::comments(&lines, "    "),
        literals::string(&header.name)
    ))
}

fn response_traits(named: &Named<'_>, types: &Types<'_>) -> Result<String> {
    let (operation, ty) = (named.operation, &named.ty);
    let mut out = String::new();
    if let Some((status, item)) = list(types.api(), operation) {
        let page = operation
            .parameters
            .iter()
            .find(|parameter| parameter.name == "top")
            .and_then(|parameter| parameter.schema.default.as_ref()?.as_u64());
        let page = page.map_or("None".to_owned(), |page| format!("Some({page})"));
        let _ = write!(
            out,
            "\nimpl crate::ListResponse for operations::{ty} {{\n    type Item = {};\n    const STATUS: u16 = {status};\n    \
             const DEFAULT_PAGE_SIZE: Option<u64> = {page};\n}}\n",
            types.rust(item, "types::")?
        );
    }
    if let [
        Success {
            status,
            body: SuccessBody::Text { media_type } | SuccessBody::Bytes { media_type },
            ..
        },
    ] = operation.successes.as_slice()
    {
        let _ = write!(
            out,
            "\nimpl crate::FileResponse for operations::{ty} {{\n    const STATUS: u16 = {status};\n    \
             const MEDIA_TYPE: &'static str = {};\n}}\n",
            literals::string(concrete(media_type, OCTETS))
        );
    }
    Ok(out)
}

/// Returns the status and the item schema of a paginated list with the properties `count` and `items`.
fn list<'a>(api: &'a Api, operation: &'a Operation) -> Option<(u16, &'a Schema)> {
    let paging = api.paging(operation)?;
    let [success] = operation.successes.as_slice() else {
        return None;
    };
    (paging.items == "items" && paging.count == Some("count")).then_some((success.status, paging.item))
}
