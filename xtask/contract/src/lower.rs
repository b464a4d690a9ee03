//! The contract as its client sees it, in OpenAPI 3.0.3, which is what progenitor reads.
//!
//! What a client reads is lenient: nothing is required, everything may be null, no default is invented, strings are not
//! bounded, and an enum is a string with known values (`x-extensible-enum`). What it writes keeps its constraints, as documentation.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::name::key::key;
use crate::operations::{for_each_operation, operations};

/// The known values of a string that may have others.
pub const EXTENSIBLE_ENUM: &str = "x-extensible-enum";
const BINARY: &str = "*/*";

/// Lowers the contract.
pub fn lower(contract: &Value) -> Value {
    let mut document = contract.clone();
    document["openapi"] = json!("3.0.3");
    if let Some(root) = document.as_object_mut() {
        for key in ["jsonSchemaDialect", "webhooks"] {
            root.shift_remove(key);
        }
    }
    if let Some(info) = document.get_mut("info").and_then(Value::as_object_mut) {
        info.shift_remove("summary");
        if let Some(license) = info.get_mut("license").and_then(Value::as_object_mut) {
            license.shift_remove("identifier");
        }
    }
    let read = reachable_from_answers(contract);
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten() {
        to_3_0(schema);
        if read.contains(name) {
            relax(schema);
        }
    }
    for_each_operation(&mut document, |_, _, operation| lower_operation(operation));
    document
}

fn lower_operation(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for schema in parameters.into_iter().flatten().filter_map(|p| p.get_mut("schema")) {
        to_3_0(schema);
        unbound(schema);
    }
    let body = operation
        .pointer_mut("/requestBody/content")
        .and_then(Value::as_object_mut);
    for (media, content) in body.into_iter().flatten() {
        // Raw bytes have one form in 3.0.
        if media == "application/octet-stream" {
            content["schema"] = json!({"type": "string", "format": "binary"});
        } else if let Some(schema) = content.get_mut("schema") {
            to_3_0(schema);
        }
    }
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(default) = responses.shift_remove("default") {
        for range in ["4XX", "5XX"] {
            responses.entry(range).or_insert_with(|| default.clone());
        }
    }
    for response in responses.values_mut() {
        let contents = response.get_mut("content").and_then(Value::as_object_mut);
        let headers = contents.into_iter().flatten();
        for schema in headers.filter_map(|(_, content)| content.get_mut("schema")) {
            to_3_0(schema);
            relax(schema);
        }
        let headers = response.get_mut("headers").and_then(Value::as_object_mut);
        for schema in headers
            .into_iter()
            .flatten()
            .filter_map(|(_, header)| header.get_mut("schema"))
        {
            to_3_0(schema);
        }
    }
    agree(responses, |status| status.starts_with(['2', '3']));
    agree(responses, |status| status.starts_with(['4', '5']));
}

/// A call has one type for success and one for failure. Where the statuses disagree, the caller gets status and bytes.
fn agree(responses: &mut Map<String, Value>, concerns: fn(&str) -> bool) {
    let contents: BTreeSet<String> = responses
        .iter()
        .filter(|(status, _)| concerns(status))
        .map(|(_, response)| content_kind(response))
        .collect();
    if contents.len() > 1 {
        for (_, response) in responses.iter_mut().filter(|(status, _)| concerns(status)) {
            response["content"] = json!({BINARY: {"schema": {"type": "string", "format": "binary"}}});
        }
    }
}

fn content_kind(response: &Value) -> String {
    let content = response.get("content").and_then(Value::as_object);
    match content.and_then(|c| c.iter().next()) {
        None => String::new(),
        Some((media, value)) if media == "application/json" => key(value.get("schema").unwrap_or(&Value::Null)),
        Some(_) => BINARY.to_owned(),
    }
}

/// The components that any answer contains.
fn reachable_from_answers(contract: &Value) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    for (_, _, operation) in operations(contract) {
        if let Some(responses) = operation.get("responses") {
            reach(contract, responses, &mut reached);
        }
    }
    reached
}

/// Adds the components that a part of the document refers to, and those that these refer to.
pub fn reach(contract: &Value, value: &Value, reached: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            if let Some(name) = reference.and_then(|r| r.strip_prefix("#/components/schemas/"))
                && reached.insert(name.to_owned())
                && let Some(schema) = contract.pointer(&format!("/components/schemas/{name}"))
            {
                reach(contract, schema, reached);
            }
            object.values().for_each(|child| reach(contract, child, reached));
        }
        Value::Array(items) => items.iter().for_each(|item| reach(contract, item, reached)),
        _ => {}
    }
}

/// Rewrites what 3.0 says differently, here and inside.
fn to_3_0(schema: &mut Value) {
    each_inside(schema, to_3_0);
    let Some(object) = schema.as_object_mut() else { return };
    for key in ["$comment", "contentEncoding", "contentMediaType", "$defs"] {
        object.shift_remove(key);
    }
    if let Some(Value::Array(examples)) = object.shift_remove("examples")
        && let Some(first) = examples.into_iter().next()
    {
        object.insert("example".to_owned(), first);
    }
    for (exclusive, inclusive) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(bound @ Value::Number(_)) = object.get(exclusive).cloned() {
            object.insert(inclusive.to_owned(), bound);
            object.insert(exclusive.to_owned(), json!(true));
        }
    }
    if let Some(Value::Array(types)) = object.get("type") {
        let one = types.iter().find(|t| *t != "null").cloned();
        object.insert("type".to_owned(), one.unwrap_or(Value::Null));
        object.insert("nullable".to_owned(), json!(true));
    }
    if let Some(Value::Array(branches)) = object.get("anyOf")
        && branches.len() == 2
        && let Some(target) = branches.iter().find(|b| b.get("$ref").is_some()).cloned()
        && branches.contains(&json!({"type": "null"}))
    {
        object.shift_remove("anyOf");
        object.insert("allOf".to_owned(), json!([target]));
        object.insert("nullable".to_owned(), json!(true));
    }
    if object.len() > 1
        && let Some(target) = object.shift_remove("$ref")
    {
        // In 3.0 nothing may stand beside a reference.
        object.insert("allOf".to_owned(), json!([{"$ref": target}]));
    }
    if object.get("type") == Some(&json!("string"))
        && let Some(values) = object.shift_remove("enum")
    {
        object.insert(EXTENSIBLE_ENUM.to_owned(), values);
    }
    if object.get("type") == Some(&json!("array")) && !object.contains_key("items") {
        object.insert("items".to_owned(), json!({}));
    }
}

fn each_inside(schema: &mut Value, f: fn(&mut Value)) {
    let Some(object) = schema.as_object_mut() else { return };
    for (key, child) in object {
        match (key.as_str(), child) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(f),
            ("items" | "additionalProperties", child @ Value::Object(_)) => f(child),
            ("allOf" | "oneOf" | "anyOf", Value::Array(branches)) => branches.iter_mut().for_each(f),
            _ => {}
        }
    }
}

/// Makes a schema accept whatever a server may send for it, here and inside.
fn relax(schema: &mut Value) {
    each_inside(schema, relax);
    let Some(object) = schema.as_object_mut() else { return };
    for key in [
        "required",
        "default",
        "minLength",
        "maxLength",
        "pattern",
        "x-pattern-means",
        "minItems",
        "maxItems",
        "uniqueItems",
    ] {
        object.shift_remove(key);
    }
    if object.get("additionalProperties") == Some(&json!(false)) {
        object.shift_remove("additionalProperties");
    }
    let format = object.get("format").and_then(Value::as_str).unwrap_or_default();
    if object.get("type") == Some(&json!("string")) && !matches!(format, "date-time" | "password" | "binary") {
        object.shift_remove("format");
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for property in properties.values_mut() {
            if let Some(reference) = property.as_object_mut().filter(|p| p.contains_key("$ref"))
                && let Some(target) = reference.shift_remove("$ref")
            {
                reference.insert("allOf".to_owned(), json!([{"$ref": target}]));
            }
            property["nullable"] = json!(true);
        }
    }
}

/// Leaves a parameter its type alone: a client sends what it is given.
fn unbound(schema: &mut Value) {
    each_inside(schema, unbound);
    if let Some(object) = schema.as_object_mut() {
        for key in [
            "default",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "minLength",
            "maxLength",
            "pattern",
            "nullable",
        ] {
            object.shift_remove(key);
        }
        if let Some(format) = object.get("format").and_then(Value::as_str)
            && !matches!(format, "int32" | "int64" | "double" | "float")
        {
            object.shift_remove("format");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_lenient_and_what_is_written_is_not() {
        let object = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "string", "minLength": 1, "default": "x"},
            "b": {"anyOf": [{"$ref": "#/components/schemas/Kind"}, {"type": "null"}], "description": "d"},
            "c": {"$ref": "#/components/schemas/Kind"},
            "d": {"type": ["integer", "null"], "minimum": 0, "maximum": 65535}
        }});
        let contract = json!({
            "openapi": "3.1.0",
            "paths": {"/a": {"post": {
                "parameters": [{"name": "top", "in": "query", "schema": {"type": "integer", "format": "int32", "minimum": 1, "default": 100}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Write"}}}},
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Read"}}}}}
            }}},
            "components": {"schemas": {"Read": object, "Write": object, "Kind": {"type": "string", "enum": ["A"]}}}
        });
        let low = lower(&contract);
        let schemas = &low["components"]["schemas"];
        assert_eq!(
            schemas["Read"],
            json!({"type": "object", "properties": {
                "a": {"type": "string", "nullable": true},
                "b": {"description": "d", "allOf": [{"$ref": "#/components/schemas/Kind"}], "nullable": true},
                "c": {"allOf": [{"$ref": "#/components/schemas/Kind"}], "nullable": true},
                "d": {"type": "integer", "minimum": 0, "maximum": 65535, "nullable": true}
            }})
        );
        assert_eq!(schemas["Write"]["required"], json!(["a"]));
        assert_eq!(schemas["Write"]["properties"]["a"]["minLength"], 1);
        assert_eq!(schemas["Kind"], json!({"type": "string", "x-extensible-enum": ["A"]}));
        assert_eq!(
            low["paths"]["/a"]["post"]["parameters"][0]["schema"],
            json!({"type": "integer", "format": "int32"})
        );
    }

    #[test]
    fn statuses_that_disagree_become_bytes() {
        let answer = |schema: &str| json!({"content": {"application/json": {"schema": {"type": schema}}}});
        let mut operation = json!({"responses": {"200": answer("string"), "202": {}, "4XX": answer("object"), "default": answer("object")}});
        lower_operation(&mut operation);
        let responses = &operation["responses"];
        assert!(responses["200"]["content"].get("*/*").is_some());
        assert!(responses["202"]["content"].get("*/*").is_some());
        assert_eq!(responses["5XX"], responses["4XX"]);
        assert!(responses["4XX"]["content"].get("application/json").is_some());
    }
}
