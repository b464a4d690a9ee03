//! Lowers the contract to OpenAPI 3.0.3, which progenitor reads, with the leniency that a client needs.
//!
//! In responses no property is required, every property is nullable, defaults and string constraints are removed, and an enum is a
//! string with known values (`x-extensible-enum`). Requests keep their constraints, as documentation, except the limits that are not the
//! vendor's (`x-limit`).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::naming::key::key;
use crate::operations::{for_each_operation, operations};
use crate::{echo, limits, media, texts};

/// Extension with the known values of a string that may have others.
pub const EXTENSIBLE_ENUM: &str = "x-extensible-enum";
/// The media type of responses whose documented bodies differ.
pub const BINARY: &str = "*/*";

/// Lowers the contract.
pub fn lower(contract: &Value) -> Value {
    let mut document = echo::without(&texts::without(&limits::without(contract)));
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
    if let Some(Value::Object(schemes)) = document.pointer_mut("/components/securitySchemes") {
        schemes.retain(|_, scheme| scheme.get("type").is_none_or(|ty| ty != "mutualTLS"));
    }
    let in_responses = response_schemas(contract);
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten() {
        to_3_0(schema);
        if in_responses.contains(name) {
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
        remove_constraints(schema);
    }
    let body = operation
        .pointer_mut("/requestBody/content")
        .and_then(Value::as_object_mut);
    for (media, content) in body.into_iter().flatten() {
        // OpenAPI 3.0 has one form for raw bytes.
        if media::kind(media) == media::Kind::Bytes {
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
        let contents = contents.into_iter().flatten();
        for schema in contents.filter_map(|(_, content)| content.get_mut("schema")) {
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
    unify_content(responses, |status| status.starts_with(['2', '3']));
    unify_content(responses, |status| status.starts_with(['4', '5']));
}

/// Unifies the content of responses: a generated call has one type for success and one for failure. Where they differ, it is bytes.
fn unify_content(responses: &mut Map<String, Value>, selects: fn(&str) -> bool) {
    let contents: BTreeSet<String> = responses
        .iter()
        .filter(|(status, _)| selects(status))
        .map(|(_, response)| content_kind(response))
        .collect();
    if contents.len() > 1 {
        for (_, response) in responses.iter_mut().filter(|(status, _)| selects(status)) {
            response["content"] = json!({BINARY: {"schema": {"type": "string", "format": "binary"}}});
        }
    }
}

fn content_kind(response: &Value) -> String {
    let content = response.get("content").and_then(Value::as_object);
    match content.and_then(|c| c.iter().next()) {
        None => String::new(),
        Some((media, _)) if media == BINARY => BINARY.to_owned(),
        Some((media, value)) => match media::kind(media) {
            media::Kind::Json => key(value.get("schema").unwrap_or(&Value::Null)),
            media::Kind::Text => "text".to_owned(),
            media::Kind::Form | media::Kind::Bytes => BINARY.to_owned(),
        },
    }
}

/// The names of the component schemas that responses refer to, directly or not.
fn response_schemas(contract: &Value) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    for (_, _, operation) in operations(contract) {
        if let Some(responses) = operation.get("responses") {
            collect_references(contract, responses, &mut reached);
        }
    }
    reached
}

/// Adds the names of the component schemas that a part of the document refers to, directly or not.
pub fn collect_references(contract: &Value, value: &Value, reached: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            if let Some(name) = reference.and_then(|r| r.strip_prefix("#/components/schemas/"))
                && reached.insert(name.to_owned())
                && let Some(schema) = contract.pointer(&format!("/components/schemas/{name}"))
            {
                collect_references(contract, schema, reached);
            }
            object
                .values()
                .for_each(|child| collect_references(contract, child, reached));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(contract, item, reached)),
        _ => {}
    }
}

/// Rewrites a schema and its subschemas to the forms of OpenAPI 3.0.
fn to_3_0(schema: &mut Value) {
    for_each_subschema(schema, to_3_0);
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
        // OpenAPI 3.0 ignores siblings of a reference.
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

fn for_each_subschema(schema: &mut Value, f: fn(&mut Value)) {
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

/// Removes the constraints of a response schema and its subschemas, so that it accepts whatever a server sends.
fn relax(schema: &mut Value) {
    for_each_subschema(schema, relax);
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

/// Removes all constraints of a parameter but its type: a client sends the value that it is given.
fn remove_constraints(schema: &mut Value) {
    for_each_subschema(schema, remove_constraints);
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
    fn responses_are_lenient_and_requests_keep_constraints() {
        let object = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "string", "minLength": 1, "default": "x"},
            "b": {"anyOf": [{"$ref": "#/components/schemas/Kind"}, {"type": "null"}], "description": "d"},
            "c": {"$ref": "#/components/schemas/Kind"},
            "d": {"type": ["integer", "null"], "minimum": 0, "maximum": 65535}
        }});
        let mut sent = object.clone();
        sent["properties"]["a"]["maxLength"] = json!(9);
        sent["properties"]["e"] = json!({"type": "string", "maxLength": 9, "x-limit": "server"});
        let contract = json!({
            "openapi": "3.1.0",
            "paths": {"/a": {"post": {
                "parameters": [{"name": "top", "in": "query", "schema": {"type": "integer", "format": "int32", "minimum": 1, "default": 100}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Write"}}}},
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Read"}}}}}
            }}},
            "components": {"schemas": {"Read": object, "Write": sent, "Kind": {"type": "string", "enum": ["A"]}}}
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
        let written = &schemas["Write"]["properties"];
        assert_eq!(
            (&written["a"]["minLength"], &written["a"]["maxLength"]),
            (&json!(1), &json!(9))
        );
        assert_eq!(
            written["e"],
            json!({"type": "string"}),
            "a limit that is not the vendor's"
        );
        assert_eq!(schemas["Kind"], json!({"type": "string", "x-extensible-enum": ["A"]}));
        assert_eq!(
            low["paths"]["/a"]["post"]["parameters"][0]["schema"],
            json!({"type": "integer", "format": "int32"})
        );
    }

    #[test]
    fn responses_with_different_content_become_bytes() {
        let response = |schema: &str| json!({"content": {"application/json": {"schema": {"type": schema}}}});
        let mut operation = json!({"responses": {"200": response("string"), "202": {}, "4XX": response("object"), "default": response("object")}});
        lower_operation(&mut operation);
        let responses = &operation["responses"];
        assert!(responses["200"]["content"].get("*/*").is_some());
        assert!(responses["202"]["content"].get("*/*").is_some());
        assert_eq!(responses["5XX"], responses["4XX"]);
        assert!(responses["4XX"]["content"].get("application/json").is_some());
    }
}
