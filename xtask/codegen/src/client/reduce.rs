//! Reduces the document to what progenitor needs: each schema is a reference to a placeholder for a Rust type, each name is a
//! Rust name.
//!
//! progenitor panics on documents that it does not support. Such documents are rejected here, with the operation.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use openapiv3::OpenAPI;
use progenitor_impl::{GenerationSettings, InterfaceStyle, TagStyle};
use serde_json::{Map, Value, json};

use super::types::Types;
use super::{lists, unsupported};
use crate::rust::names;
use contract::model::{
    Api, BodyKind, Operation, Parameter, ParameterLocation, Schema, Success, SuccessBody, Type, TypeKind,
};

/// The input of progenitor.
pub struct Reduced {
    pub document: OpenAPI,
    pub settings: GenerationSettings,
    /// The operations, in the order of the document.
    pub calls: Vec<Call>,
}

/// The names in the code of an operation.
pub struct Call {
    /// The method of `Client`.
    pub method: String,
    /// The builder.
    pub builder: String,
    /// The Rust names of the parameters, in their order.
    pub parameters: Vec<String>,
    /// The success statuses outside of 2xx, by their placeholder: progenitor accepts only 2xx as success.
    statuses: BTreeMap<u16, u16>,
}

/// progenitor's name of the field and setter of a body.
pub const BODY: &str = "body";

/// Placeholders for success statuses outside of 2xx.
const PLACEHOLDER_STATUSES: std::ops::RangeInclusive<u16> = 230..=299;

pub fn reduce(document: &OpenAPI, api: &Api, types: &Types<'_>) -> Result<Reduced> {
    let mut references = References::default();
    let mut calls = Vec::new();
    let mut paths = Map::new();
    for operation in &api.operations {
        let call = call(operation)?;
        if lists::list(api, operation).is_some() {
            calls.push(call);
            continue;
        }
        let (path, item) = item(operation, &call, types, &mut references)?;
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(methods) = methods.as_object_mut()
            && methods.insert(operation.method.clone(), item).is_some()
        {
            return unsupported(operation, "another operation has the same method and path");
        }
        calls.push(call);
    }

    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged);
    let mut schemas = Map::new();
    for (index, rust) in references.types.iter().enumerate() {
        let name = References::name(index);
        settings.with_replacement(&name, rust, std::iter::empty());
        schemas.insert(name, json!({"type": "object"}));
    }
    let reduced = json!({
        "openapi": "3.0.3",
        "info": {"title": document.info.title, "version": document.info.version},
        "paths": paths,
        "components": {"schemas": schemas},
    });
    Ok(Reduced {
        document: serde_json::from_value(reduced).context("client: the reduced document")?,
        settings,
        calls,
    })
}

/// The Rust types that placeholder schemas refer to.
#[derive(Default)]
struct References {
    types: Vec<String>,
}

impl References {
    fn name(index: usize) -> String {
        format!("T{index}")
    }

    fn reference(&mut self, rust: String) -> Value {
        let index = self
            .types
            .iter()
            .position(|existing| *existing == rust)
            .unwrap_or_else(|| {
                self.types.push(rust);
                self.types.len() - 1
            });
        json!({"$ref": format!("#/components/schemas/{}", Self::name(index))})
    }
}

/// Returns the names in the code of an operation.
pub fn call(operation: &Operation) -> Result<Call> {
    // Path parameters come first: their names must not depend on other parameters, because operations of a path share its template.
    let mut order: Vec<usize> = (0..operation.parameters.len()).collect();
    order.sort_by_key(|index| operation.parameters[*index].location != ParameterLocation::Path);
    let found = order
        .iter()
        .map(|index| names::parameter(&operation.parameters[*index].name));
    let found = names::distinct(found);
    let mut parameters = vec![String::new(); found.len()];
    for (index, name) in order.into_iter().zip(found) {
        parameters[index] = name;
    }
    let mut placeholders =
        PLACEHOLDER_STATUSES.filter(|status| !operation.successes.iter().any(|success| success.status == *status));
    let statuses = operation
        .successes
        .iter()
        .filter(|success| !(200..=299).contains(&success.status))
        .filter_map(|success| Some((placeholders.next()?, success.status)))
        .collect();
    Ok(Call {
        method: names::method(operation),
        builder: names::type_of(operation),
        parameters,
        statuses,
    })
}

fn item(operation: &Operation, call: &Call, types: &Types<'_>, references: &mut References) -> Result<(String, Value)> {
    let mut parameters = Vec::new();
    let mut renames = BTreeMap::new();
    for (parameter, name) in operation.parameters.iter().zip(&call.parameters) {
        check_parameter(operation, parameter, types)?;
        let location = match parameter.location {
            ParameterLocation::Path => {
                renames.insert(parameter.name.as_str(), name.as_str());
                "path"
            }
            ParameterLocation::Query => "query",
            ParameterLocation::Header => "header",
        };
        let rust = types.parameter(&parameter.schema)?;
        parameters.push(json!({
            "name": name,
            "in": location,
            "required": parameter.required || parameter.location == ParameterLocation::Path,
            "schema": references.reference(rust),
        }));
    }
    let mut item = json!({
        "operationId": call.method,
        "parameters": parameters,
        "responses": responses(operation, call, types, references)?,
    });
    if let Some(body) = &operation.body {
        let content = match &body.kind {
            BodyKind::Json(schema) => {
                json!({"application/json": {"schema": references.reference(types.rust(schema, "types::")?)}})
            }
            BodyKind::Form(schema) => {
                check_form(operation, schema, types)?;
                json!({"application/x-www-form-urlencoded":
                    {"schema": references.reference(types.rust(schema, "types::")?)}})
            }
            BodyKind::Text => json!({"application/json": {"schema": references.reference("String".to_owned())}}),
            BodyKind::Bytes => json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}),
        };
        item["requestBody"] = json!({"required": true, "content": content});
    }
    Ok((template(operation, &renames)?, item))
}

/// The path with its parameters under their Rust names.
fn template(operation: &Operation, renames: &BTreeMap<&str, &str>) -> Result<String> {
    if !operation.path.starts_with('/') {
        return unsupported(operation, "its path does not start with a slash");
    }
    let mut out = String::new();
    let mut seen = BTreeSet::new();
    let mut rest = operation.path.as_str();
    while let Some((constant, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return unsupported(operation, "its path has a brace that is not closed");
        };
        let Some(rust) = renames.get(name) else {
            return unsupported(
                operation,
                format!("its path names a parameter `{name}` that it does not declare"),
            );
        };
        if !seen.insert(name) {
            return unsupported(operation, format!("its path names the parameter `{name}` twice"));
        }
        out.push_str(constant);
        out.push('{');
        out.push_str(rust);
        out.push('}');
        rest = after;
    }
    out.push_str(rest);
    if let Some(name) = renames.keys().find(|name| !seen.contains(*name)) {
        return unsupported(operation, format!("its path does not hold the path parameter `{name}`"));
    }
    if rest.contains('}') || out.contains(['?', '#']) {
        return unsupported(operation, "its path holds a character that no path may hold");
    }
    Ok(out)
}

fn responses(operation: &Operation, call: &Call, types: &Types<'_>, references: &mut References) -> Result<Value> {
    let mut responses = Map::new();
    let mut bodies = BTreeSet::new();
    for success in &operation.successes {
        let status = call
            .statuses
            .iter()
            .find_map(|(placeholder, status)| (*status == success.status).then_some(*placeholder))
            .unwrap_or(success.status);
        if !(200..=299).contains(&status) {
            return unsupported(
                operation,
                format!("its success status {status} is not supported: it cannot be distinguished from an error"),
            );
        }
        let (content, body) = content(success, types, references)?;
        bodies.insert(body);
        responses.insert(status.to_string(), json!({"description": "", "content": content}));
    }
    if operation.successes.is_empty() {
        return unsupported(operation, "it documents no success");
    }
    if bodies.len() > 1 {
        return unsupported(
            operation,
            format!(
                "its successes have different bodies ({}), and a method returns one type",
                bodies.into_iter().collect::<Vec<_>>().join(", ")
            ),
        );
    }
    if let Some(error) = &operation.error {
        let schema = references.reference(types.rust(error, "types::")?);
        let response = json!({"description": "", "content": {"application/json": {"schema": schema}}});
        responses.insert("4XX".to_owned(), response.clone());
        responses.insert("5XX".to_owned(), response);
    }
    Ok(Value::Object(responses))
}

fn content(success: &Success, types: &Types<'_>, references: &mut References) -> Result<(Value, String)> {
    Ok(match &success.body {
        SuccessBody::Empty => (json!({}), "none".to_owned()),
        SuccessBody::Text { .. } => (json!({}), "text".to_owned()),
        SuccessBody::Bytes { .. } => (json!({"application/octet-stream": {}}), "bytes".to_owned()),
        SuccessBody::Json(schema) => {
            let rust = types.rust(schema, "types::")?;
            let reference = references.reference(rust.clone());
            (json!({"application/json": {"schema": reference}}), rust)
        }
    })
}

fn check_parameter(operation: &Operation, parameter: &Parameter, types: &Types<'_>) -> Result<()> {
    let ty = match &parameter.schema.ty {
        Type::Array(item) => &item.ty,
        other => other,
    };
    if !types.is_scalar(ty) {
        return unsupported(
            operation,
            format!(
                "its parameter `{}` is neither a string, a number nor a boolean",
                parameter.name
            ),
        );
    }
    if parameter.location == ParameterLocation::Header && !is_header_name(&parameter.name) {
        return unsupported(operation, format!("`{}` cannot be a header's name", parameter.name));
    }
    Ok(())
}

fn check_form(operation: &Operation, schema: &Schema, types: &Types<'_>) -> Result<()> {
    let Type::Named(name) = &schema.ty else {
        return unsupported(operation, "its form body is not an object");
    };
    let Some(TypeKind::Object { properties, additional }) = types.kind(name) else {
        return unsupported(operation, "its form body is not an object");
    };
    let extra = additional.as_deref().into_iter();
    for (name, schema) in properties
        .iter()
        .map(|property| (property.name.as_str(), &property.schema))
        .chain(extra.map(|schema| ("additionalProperties", schema)))
    {
        if !types.is_scalar(&schema.ty) {
            return unsupported(
                operation,
                format!("its form field `{name}` is neither a string, a number nor a boolean"),
            );
        }
    }
    Ok(())
}

/// RFC 9110 token.
fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
