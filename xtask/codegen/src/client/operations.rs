//! Distributes progenitor's builders to one module per resource.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use openapiv3::OpenAPI;

use super::builders::{self, DEFAULT_PAGE_SIZE};
use super::lists;
use super::progenitor;
use super::reduce::{self, Call};
use super::types::Types;
use crate::rust::{docs, names};
use crate::split::Keys;
use contract::model::{Api, Operation, Paging, ParameterLocation, Success, SuccessBody};

/// The code of one operation.
pub struct Code {
    /// Its directories, if its resource is divided.
    pub keys: Vec<String>,
    /// The method of `Client`.
    pub method: String,
    /// The builder of its requests; empty if it is a list.
    pub builder: String,
}

/// By module name.
pub fn generate(document: &OpenAPI, api: &Api, types: &Types<'_>) -> Result<BTreeMap<String, Vec<Code>>> {
    let reduced = reduce::reduce(document, api, types)?;
    let picked = progenitor::builders(&reduced.settings, &reduced.document)?;
    let mut modules: BTreeMap<String, Vec<Code>> = BTreeMap::new();
    for (operation, call) in api.operations.iter().zip(&reduced.calls) {
        let (method, builder) = match lists::list(api, operation) {
            Some(paging) => (list_method(operation, call, &paging, types)?, String::new()),
            None => {
                let name = &call.builder;
                let Some(builder) = picked.get(name) else {
                    bail!(
                        "client: operation `{}`: progenitor wrote no builder `{name}`",
                        operation.id
                    );
                };
                let builder = builders::write(name, builder, operation, call, types)?;
                (method(operation, call, name), builder)
            }
        };
        let module = names::module(Some(&operation.resource));
        modules.entry(module).or_default().push(Code {
            keys: Keys::operation(operation),
            method,
            builder,
        });
    }
    Ok(modules)
}

/// Returns the method of `Client` that creates a builder.
fn method(operation: &Operation, call: &Call, builder: &str) -> String {
    let lines = docs::comments(&method_docs(operation, Vec::new()), "    ");
    let method = &call.method;
    format!(
        "{lines}    #[must_use]\n    pub fn {method}(&self) -> builder::{builder}<'_> {{\n        \
         builder::{builder}::new(self)\n    }}\n"
    )
}

/// Returns the method of `Client` that creates a `List`.
fn list_method(operation: &Operation, call: &Call, paging: &Paging<'_>, types: &Types<'_>) -> Result<String> {
    let mut parameters: Vec<String> = lists::particulars(types.api(), operation)
        .into_iter()
        .flat_map(|(name, text)| docs::lines(&format!("`{name}`: {text}")))
        .collect();
    let lacks = |name: &&str| !operation.parameters.iter().any(|parameter| parameter.name == **name);
    let missing: Vec<String> = ["filter", "orderby", "search"]
        .iter()
        .filter(|name| lacks(name))
        .map(|name| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
        parameters.push(format!(
            "The API documents no {} for this list.",
            enumeration(&missing, "and no")
        ));
    }
    let lines = docs::comments(&method_docs(operation, parameters), "    ");
    let method = &call.method;
    let item = types.rust(paging.item, "crate::types::")?;
    Ok(format!(
        "{lines}    pub fn {method}(&self) -> List<{item}> {{\n        const OPERATION: support::Operation = {};\n        \
         List::new(self, &OPERATION, {})\n    }}\n",
        builders::operation(operation, "        "),
        paging.size.unwrap_or(DEFAULT_PAGE_SIZE)
    ))
}

/// Returns the documentation of a method; `parameters` describes those of a list.
fn method_docs(operation: &Operation, parameters: Vec<String>) -> Vec<String> {
    let mut lines = docs::lines(operation.summary.as_deref().unwrap_or_default());
    if let Some(first) = lines.first_mut()
        && !first.ends_with(['.', '!', '?'])
    {
        first.push('.');
    }
    let description = docs::lines(operation.description.as_deref().unwrap_or_default());
    if !description.is_empty() && description != lines {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(description);
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(format!("`{} {}`", operation.method.to_uppercase(), operation.path));
    lines.push(String::new());
    lines.push(match &operation.access {
        _ if !operation.signed_in => "Sends no access token.".to_owned(),
        None => "Requires a session, with any role.".to_owned(),
        Some(roles) if roles.is_empty() => "No role may call it.".to_owned(),
        Some(roles) => format!("Requires a session with the role {}.", enumeration(roles, "or")),
    });
    let responses: Vec<String> = operation.successes.iter().filter_map(response).collect();
    if !responses.is_empty() {
        lines.push(String::new());
        lines.extend(responses);
    }
    if !parameters.is_empty() {
        lines.push(String::new());
        lines.extend(parameters);
    }
    lines.push(String::new());
    lines.push("# Errors".to_owned());
    lines.push(String::new());
    lines.push(errors(operation));
    lines
}

/// Lists the errors that are specific to the kind of operation.
fn errors(operation: &Operation) -> String {
    let has_parameter_in = |location| {
        operation
            .parameters
            .iter()
            .any(|parameter| parameter.location == location)
    };
    let by_id = has_parameter_in(ParameterLocation::Path);
    let takes = operation.body.is_some()
        || has_parameter_in(ParameterLocation::Query)
        || has_parameter_in(ParameterLocation::Header);
    let changes = operation.method != "get";
    let mut found = Vec::new();
    let mut add = |when: bool, variant: &str, why: &str| {
        if when {
            found.push(format!("[`{variant}`](crate::Error::{variant}) {why}"));
        }
    };
    add(operation.signed_in, "Authentication", "without a valid session");
    add(operation.access.is_some(), "Forbidden", "with another role");
    add(takes, "Validation", "if values violate rules of the contract");
    add(by_id, "NotFound", "if the object does not exist");
    add(
        operation.signed_in && changes,
        "Conflict",
        "if the present state does not permit the operation",
    );
    if found.is_empty() {
        return "Those of every call, see [`Error`](crate::Error).".to_owned();
    }
    format!(
        "{}, and those of every call, see [`Error`](crate::Error).",
        found.join(", ")
    )
}

/// Describes a success response beyond its type: that it is binary, is not 2xx, or has headers.
fn response(success: &Success) -> Option<String> {
    let mut parts = Vec::new();
    if let SuccessBody::Text { media_type } = &success.body {
        parts.push(format!("`{media_type}`, as a string"));
    }
    if let SuccessBody::Bytes { media_type } = &success.body {
        parts.push(match media_type.as_str() {
            "*/*" => "a stream of bytes, because the documented bodies differ".to_owned(),
            media_type => format!("`{media_type}`, as a stream of bytes"),
        });
    }
    if !success.headers.is_empty() {
        let names: Vec<String> = success
            .headers
            .iter()
            .map(|header| format!("`{}`", header.name))
            .collect();
        parts.push(format!("with the header {}", enumeration(&names, "and")));
    }
    if parts.is_empty() && (200..=299).contains(&success.status) {
        return None;
    }
    match parts.is_empty() {
        true => Some(format!("Success: {}.", success.status)),
        false => Some(format!("Success: {}, {}.", success.status, parts.join(", "))),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn enumeration(words: &[String], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} {conjunction} {last}", many.join(", ")),
    }
}

/// Returns the imports of the builders of one resource.
pub fn imports(builders: &str) -> String {
    let names = match mentions(builders, "ByteStream") {
        true => "{ByteStream, Error}",
        false => "Error",
    };
    let mut imports = "use progenitor_client::ResponseValue;\n".to_owned();
    imports.push('\n');
    imports.push_str(&format!("use crate::{names};\n"));
    if mentions(builders, "types::") {
        imports.push_str("use crate::generated::types;\n");
    }
    imports.push_str("use crate::support;\n");
    imports
}

/// Returns `true` if a word occurs in code.
fn mentions(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let goes_on = !word.ends_with(':') && code[at + word.len()..].starts_with(is_word);
        !code[..at].ends_with(is_word) && !goes_on
    })
}
