//! The strict JSON Schemas of requests, from the schemas of the contract.
//!
//! One document: `$defs` has the components that bodies reach, `operations` one schema per operation over an object with a
//! property for each location that has rules (`path`, `query`, `header`, `body`). Compared with the contract, annotations are
//! removed and these rules are added: objects without `additionalProperties` are closed, integers are limited to the range of
//! their format, and a `readOnly` property must not be sent (ignoring it would hide a caller's mistake), unless it is one that an
//! update accepts because `GET` shows it (`x-echo`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use super::{AtOperation, types};
use contract::echo::IF_MATCH;
use contract::extensions::ECHO;
use contract::media;
use contract::model::{Api, BodyKind, Operation, Parameter, ParameterLocation, StringFormat, Type};
use contract::normalize;
use contract::texts::empty_branch;

const COMPONENTS: &str = "#/components/schemas/";

/// Returns `true` if the input of an operation has a rule that reading it does not enforce.
pub fn is_needed(operation: &Operation, _: &Api) -> bool {
    let has_body = operation
        .body
        .as_ref()
        .is_some_and(|body| !matches!(body.kind, BodyKind::Text | BodyKind::Bytes));
    has_body || operation.parameters.iter().any(has_rules)
}

/// A string parameter without limits is always valid, and a path parameter is always present.
fn has_rules(parameter: &Parameter) -> bool {
    !matches!(parameter.schema.ty, Type::String(StringFormat::Plain) | Type::Id(_))
        || parameter.schema.constraints != contract::model::Constraints::default()
        || (parameter.required && parameter.location != ParameterLocation::Path)
}

/// Returns the document, with one schema a line.
pub fn document(api: &Api, document: &Value) -> anyhow::Result<String> {
    let mut needed = BTreeSet::new();
    for operation in &api.operations {
        for parameter in &operation.parameters {
            types::reach(&parameter.schema, api, &mut needed);
        }
        if let Some(BodyKind::Json(schema) | BodyKind::Form(schema)) = operation.body.as_ref().map(|body| &body.kind) {
            types::reach(schema, api, &mut needed);
        }
    }
    let components = document.pointer("/components/schemas").and_then(Value::as_object);
    let mut defs = Vec::new();
    for (name, schema) in components
        .into_iter()
        .flatten()
        .filter(|(name, _)| needed.contains(*name))
    {
        let strict = types::in_type(strict(schema), name, api)?;
        defs.push((name.clone(), strict));
    }
    let mut operations = Vec::new();
    for (path, method, value) in contract::operations::operations(document) {
        let operation = api
            .operations
            .iter()
            .find(|operation| operation.path == path && operation.method == method)
            .filter(|operation| is_needed(operation, api));
        if let Some(operation) = operation {
            let schema = input(value).with_context(|| AtOperation(operation.id.clone()))?;
            operations.push((operation.id.clone(), schema));
        }
    }
    let mut text = String::from("{\n\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n");
    section(&mut text, "$defs", &defs)?;
    text.push_str(",\n");
    section(&mut text, "operations", &operations)?;
    text.push_str(",\n");
    let mut meanings = BTreeMap::new();
    collect_meanings(document, &mut meanings);
    let meanings: Vec<_> = meanings
        .into_iter()
        .map(|(key, text)| (key, Value::from(text)))
        .collect();
    section(&mut text, "meanings", &meanings)?;
    text.push_str("\n}\n");
    Ok(text)
}

/// Collects the descriptions of patterns (`x-pattern-means`), by the name of the property or parameter and the pattern, which is
/// all that a validation error has.
fn collect_meanings(value: &Value, meanings: &mut BTreeMap<String, String>) {
    let mut add = |name: &str, schema: &Value| {
        let text = |key| schema.get(key).and_then(Value::as_str);
        if let (Some(pattern), Some(means)) = (text("pattern"), text("x-pattern-means")) {
            meanings.insert(format!("{name} {pattern}"), means.to_owned());
        }
    };
    match value {
        Value::Object(object) => {
            for (name, property) in object
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                add(name, property);
            }
            if let (Some(Value::String(name)), Some(schema)) = (object.get("name"), object.get("schema")) {
                add(name, schema);
            }
            object.values().for_each(|inner| collect_meanings(inner, meanings));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect_meanings(inner, meanings)),
        _ => {}
    }
}

fn section(text: &mut String, name: &str, schemas: &[(String, Value)]) -> anyhow::Result<()> {
    write!(text, "\"{name}\": {{")?;
    for (index, (name, schema)) in schemas.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(text, "{comma}\n{}: {schema}", Value::from(name.as_str()))?;
    }
    text.push_str("\n}");
    Ok(())
}

/// Returns the schema of the input of an operation.
fn input(operation: &Value) -> anyhow::Result<Value> {
    let mut locations = Map::new();
    let parameters = operation.get("parameters").and_then(Value::as_array);
    for location in ["path", "query", "header"] {
        let mut properties = Map::new();
        let mut required = Vec::new();
        let here = parameters
            .into_iter()
            .flatten()
            .filter(|p| p.get("in").is_some_and(|i| i == location))
            // The runtime reads this one.
            .filter(|p| !(location == "header" && p.get("name").is_some_and(|name| name == IF_MATCH)));
        for parameter in here {
            let name = parameter
                .get("name")
                .and_then(Value::as_str)
                .context("a parameter has no name")?;
            let schema = parameter.get("schema").cloned().unwrap_or(Value::Bool(true));
            let schema = strict(&schema).with_context(|| format!("the parameter `{name}`"))?;
            // Parameters arrive as strings, so a string without rules needs no schema.
            if schema != json!({"type": "string"}) {
                properties.insert(name.to_owned(), schema);
            }
            if location != "path" && parameter.get("required").is_some_and(|r| r == true) {
                required.push(name);
            }
        }
        let mut schema = Map::new();
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), properties.into());
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        if !schema.is_empty() {
            locations.insert(location.to_owned(), schema.into());
        }
    }
    // A missing body was reported when it was read.
    let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
    if let Some((_, entry)) = content.and_then(|content| {
        content
            .iter()
            .find(|(name, _)| matches!(media::kind(name), media::Kind::Json | media::Kind::Form))
    }) && let Some(schema) = entry.get("schema")
    {
        locations.insert("body".to_owned(), strict(schema).context("the request body")?);
    }
    Ok(json!({ "properties": locations }))
}

/// Returns `true` for keywords that describe and do not constrain, or constrain in other dialects only. `x-echo` stays for the tests of
/// the server.
fn is_annotation(key: &str) -> bool {
    (key != ECHO && normalize::is_annotation(key))
        || matches!(key, "xml" | "discriminator" | "contentMediaType" | "contentEncoding")
}

/// Returns the strict form of a schema.
fn strict(schema: &Value) -> anyhow::Result<Value> {
    let Value::Object(keywords) = schema else {
        return Ok(schema.clone());
    };
    // What is only sent back is accepted, and not passed on.
    if keywords.get("readOnly").is_some_and(|read_only| read_only == true) && !keywords.contains_key(ECHO) {
        return Ok(Value::Bool(false));
    }
    let mut out = Map::new();
    for (key, value) in keywords.iter().filter(|(key, _)| !is_annotation(key)) {
        let value = match (key.as_str(), value) {
            ("$ref", Value::String(target)) => {
                let name = target.strip_prefix(COMPONENTS);
                let name =
                    name.with_context(|| format!("the reference `{target}` does not lead to a schema component"))?;
                Value::from(format!("#/$defs/{name}"))
            }
            ("properties", Value::Object(properties)) => {
                let strict = |(name, property): (&String, &Value)| {
                    let schema = strict(property).with_context(|| format!("the property `{name}`"))?;
                    Ok((name.clone(), schema))
                };
                Value::Object(properties.iter().map(strict).collect::<anyhow::Result<_>>()?)
            }
            ("required", Value::Array(names)) => {
                let is_read_only = |name: &Value| {
                    let property = name.as_str().and_then(|name| keywords.get("properties")?.get(name));
                    property
                        .and_then(|property| property.get("readOnly"))
                        .is_some_and(|r| r == true)
                };
                let names: Vec<_> = names.iter().filter(|name| !is_read_only(name)).cloned().collect();
                if names.is_empty() {
                    continue;
                }
                Value::from(names)
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) => {
                let branches = branches.iter().map(strict).collect::<anyhow::Result<Vec<_>>>()?;
                if let Some(nullable) = or_null(&branches) {
                    out.extend(nullable);
                    continue;
                }
                Value::from(branches)
            }
            ("items" | "additionalProperties" | "not", inner) => strict(inner)?,
            ("pattern", Value::String(pattern)) => {
                if let Err(reason) = contract::pattern::check(pattern) {
                    bail!("the pattern `{pattern}` cannot be checked: {reason}");
                }
                value.clone()
            }
            _ => value.clone(),
        };
        // Documents write `oneOf` for branches that overlap as well. A value of several is read as the one that demands most of it.
        let key = if key == "oneOf" { "anyOf" } else { key };
        out.insert(key.to_owned(), value);
    }
    if out.contains_key("properties") && !out.contains_key("additionalProperties") {
        out.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    bound_integer(&mut out);
    Ok(Value::Object(out))
}

/// Rewrites "this or null", and "this, the empty string or null", so that its errors are those of "this" instead of one about the union.
fn or_null(branches: &[Value]) -> Option<Map<String, Value>> {
    let null = json!({"type": "null"});
    let empty = empty_branch();
    let mut others = branches.iter().filter(|branch| **branch != null && **branch != empty);
    let this = match (others.next(), others.next()) {
        (Some(this), None) if branches.contains(&null) => this,
        _ => return None,
    };
    let condition = if branches.contains(&empty) {
        json!({"enum": [null, ""]})
    } else {
        null
    };
    let mut schema = Map::new();
    schema.insert("if".to_owned(), condition);
    schema.insert("then".to_owned(), Value::Bool(true));
    schema.insert("else".to_owned(), this.clone());
    Some(schema)
}

/// Limits an integer without a tighter bound to the range of its Rust type.
fn bound_integer(schema: &mut Map<String, Value>) {
    let is = |name: &str| match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(all)) => all.iter().any(|one| one == name),
        _ => false,
    };
    if !is("integer") && !is("number") {
        return;
    }
    let bounds = match schema.get("format").and_then(Value::as_str) {
        _ if !is("integer") => None,
        Some("int32") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        _ => Some((i64::MIN, i64::MAX)),
    };
    schema.remove("format");
    let Some((low, high)) = bounds else { return };
    #[expect(
        clippy::cast_precision_loss,
        reason = "compared with the bounds of the document, which are floats as well"
    )]
    let (low_float, high_float) = (low as f64, high as f64);
    let bound = |schema: &Map<String, Value>, key: &str| schema.get(key).and_then(Value::as_f64);
    if bound(schema, "minimum")
        .or(bound(schema, "exclusiveMinimum"))
        .is_none_or(|minimum| minimum < low_float)
    {
        schema.insert("minimum".to_owned(), low.into());
    }
    if bound(schema, "maximum")
        .or(bound(schema, "exclusiveMaximum"))
        .is_none_or(|maximum| maximum > high_float)
    {
        schema.insert("maximum".to_owned(), high.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_closed_and_annotations_dropped() {
        let schema = json!({
            "type": "object", "description": "d", "x-name": "N", "required": ["id", "name"],
            "properties": {
                "id": {"type": "string", "readOnly": true},
                "name": {"type": ["string", "null"], "maxLength": 3, "default": "x"},
                "owner": {"type": "string", "readOnly": true, "x-echo": "unchanged"},
                "mode": {"anyOf": [{"$ref": "#/components/schemas/Mode"}, {"type": "null"}], "description": "d"},
            }
        });
        let expected = json!({
            "type": "object", "required": ["name"], "additionalProperties": false,
            "properties": {
                "id": false,
                "name": {"type": ["string", "null"], "maxLength": 3},
                "owner": {"type": "string", "x-echo": "unchanged"},
                "mode": {"if": {"type": "null"}, "then": true, "else": {"$ref": "#/$defs/Mode"}},
            }
        });
        assert_eq!(strict(&schema).unwrap(), expected);
        let open = json!({"properties": {"a": {}}, "additionalProperties": {"type": "string", "example": "x"}});
        assert_eq!(
            strict(&open).unwrap(),
            json!({"properties": {"a": {}}, "additionalProperties": {"type": "string"}})
        );
    }

    #[test]
    fn integers_are_limited_to_their_format() {
        let bounded = |schema: Value| strict(&schema).unwrap();
        assert_eq!(
            bounded(json!({"type": "integer", "format": "int32", "minimum": 0})),
            json!({"type": "integer", "minimum": 0, "maximum": i32::MAX})
        );
        assert_eq!(
            bounded(json!({"type": ["integer", "null"], "format": "int64"})),
            json!({"type": ["integer", "null"], "minimum": i64::MIN, "maximum": i64::MAX})
        );
        assert_eq!(
            bounded(json!({"type": "number", "format": "double"})),
            json!({"type": "number"})
        );
        assert_eq!(
            bounded(json!({"type": "integer", "minimum": 1, "maximum": 65535})),
            json!({"type": "integer", "minimum": 1, "maximum": 65535})
        );
    }

    #[test]
    fn unsupported_patterns_and_references_are_errors() {
        let message = |schema: Value| format!("{:#}", strict(&schema).unwrap_err());
        assert!(
            message(json!({"properties": {"a": {"pattern": "(?!x)"}}}))
                .starts_with("the property `a`: the pattern `(?!x)`")
        );
        assert!(message(json!({"$ref": "other.yaml"})).contains("other.yaml"));
    }
}
