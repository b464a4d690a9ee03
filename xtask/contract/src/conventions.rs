//! Conventions of the vendor's API that its pages do not document, stated in the contract.
//!
//! * A response has every declared property; an unset one is null. Exceptions: properties that are `readOnly` (always set) and
//!   those whose nullability the document states (`type: [...]`).
//! * An update is a JSON Merge Patch (RFC 7396): an absent property stays unchanged, null clears it. So no property is required or
//!   has a default, and every property is nullable. Array items are replaced as a whole and follow the next rule. The defaults
//!   are kept as the initial values ([`initial`]) of the object that `GET` shows.
//! * In other request bodies an optional property may be null, which means the same as absent.
//! * In both, the empty string means the same as null ([`texts`](crate::texts)).
//!
//! Schemas are normalized here ([`normalize`](crate::normalize)); [`naming`](crate::naming) converts them back to OpenAPI 3.1.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use openapi_reader::diagnostic::Diagnostics;

use crate::extensions::{MERGE_PATCH, RECURSIVE};
use crate::initial;
use crate::normalize::{NULLABLE, normalize};
use crate::operations::{Locations, for_each_operation, location_of, operations};
use crate::schemas::{JSON, for_each_schema};
use crate::texts::mark_empty;

/// Normalizes every schema of every operation and applies the conventions to it. Returns notices.
pub fn apply(document: &mut Value, locations: &Locations) -> Result<Vec<String>, Diagnostics> {
    let (notices, errors) = apply_best_effort(document, locations);
    errors.into_result().map(|()| notices)
}

/// Like [`apply`], but leaves schemas that cannot be normalized unchanged.
pub fn apply_best_effort(document: &mut Value, locations: &Locations) -> (Vec<String>, Diagnostics) {
    let mut errors = Diagnostics::default();
    for_each_operation(document, |path, method, operation| {
        for_each_schema(operation, "", &mut |at, schema| {
            if let Err(message) = normalize(schema) {
                let text = format!("`{} {path}` at `{at}`: {message}", method.to_uppercase());
                errors.push(location_of(locations, path, method), text);
            }
        });
    });

    let returned = returned_properties(document);
    for_each_operation(document, |path, _, operation| {
        let creates = operation.pointer("/responses/201").is_some();
        if let Some(body) = operation.get_mut("requestBody") {
            mark_merge_patch(body, returned.get(path), creates);
        }
    });
    let notices = initial::apply(document, locations, &mut errors);
    for_each_operation(document, |_, _, operation| {
        if let Some(body) = operation.get_mut("requestBody") {
            let merge_patch = body.get(MERGE_PATCH) == Some(&json!(true));
            if let Some(schema) = json_schema_mut(body) {
                if merge_patch {
                    merge_patch_conventions(schema);
                } else {
                    request_conventions(schema);
                }
            }
            recursive_mut(body).for_each(request_conventions);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            recursive_mut(response).for_each(response_conventions);
            if status.starts_with('2')
                && let Some(schema) = json_schema_mut(response)
            {
                response_conventions(schema);
            }
        }
    });
    initial::check(document, locations, &mut errors);
    (notices, errors)
}

fn json_schema_mut(holder: &mut Value) -> Option<&mut Value> {
    holder.get_mut("content")?.get_mut(JSON)?.get_mut("schema")
}

/// The schemas in a body that contain themselves.
fn recursive_mut(holder: &mut Value) -> impl Iterator<Item = &mut Value> {
    let schemas = holder.get_mut(RECURSIVE).and_then(Value::as_object_mut);
    schemas
        .into_iter()
        .flatten()
        .filter_map(|(_, holder)| holder.get_mut("schema"))
}

/// The names of the properties in the response to `GET`, by path.
fn returned_properties(document: &Value) -> HashMap<String, Vec<String>> {
    operations(document)
        .filter(|(_, method, _)| *method == "get")
        .filter_map(|(path, _, operation)| {
            let schema = operation.pointer("/responses/200/content/application~1json/schema")?;
            let names = schema.get("properties")?.as_object()?.keys().cloned().collect();
            Some((path.to_owned(), names))
        })
        .collect()
}

fn mark_merge_patch(body: &mut Value, returned: Option<&Vec<String>>, creates: bool) {
    let stated = body.get(MERGE_PATCH).and_then(Value::as_bool);
    let merge_patch = match (stated, json_schema_mut(body)) {
        (Some(stated), _) => stated,
        (None, Some(schema)) => !creates && is_update(schema, returned),
        (None, None) => false,
    };
    if let Some(body) = body.as_object_mut() {
        body.insert(MERGE_PATCH.to_owned(), json!(merge_patch));
    }
}

/// Returns `true` if the body shares a property with the response to `GET` on the same path and requires none.
fn is_update(schema: &Value, returned: Option<&Vec<String>>) -> bool {
    let requires = schema
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(|r| !r.is_empty());
    let properties = schema.get("properties").and_then(Value::as_object);
    !requires
        && returned.is_some_and(|returned| properties.is_some_and(|p| p.keys().any(|name| returned.contains(name))))
}

fn properties_mut(schema: &mut Value) -> Option<&mut Map<String, Value>> {
    schema.get_mut("properties")?.as_object_mut()
}

fn set_nullable(schema: &mut Value) {
    if let Some(schema) = schema.as_object_mut() {
        // A nullability that the document states stays.
        schema.entry(NULLABLE).or_insert(json!(true));
    }
}

fn remove(schema: &mut Value, key: &str) {
    if let Some(schema) = schema.as_object_mut() {
        schema.shift_remove(key);
    }
}

/// The branches of a union.
fn branches_mut(schema: &mut Value) -> impl Iterator<Item = &mut Value> {
    let schema = schema.as_object_mut();
    schema.into_iter().flat_map(|s| {
        s.iter_mut()
            .filter(|(key, _)| *key == "oneOf" || *key == "anyOf")
            .filter_map(|(_, branches)| branches.as_array_mut())
            .flatten()
    })
}

fn response_conventions(schema: &mut Value) {
    remove(schema, "default");
    branches_mut(schema).for_each(response_conventions);
    if let Some(items) = schema.get_mut("items") {
        response_conventions(items);
    }
    if let Some(values) = schema.get_mut("additionalProperties") {
        response_conventions(values);
    }
    let Some(properties) = properties_mut(schema) else {
        return;
    };
    for property in properties.values_mut() {
        response_conventions(property);
        if property.get("readOnly") != Some(&json!(true)) {
            set_nullable(property);
        }
    }
    let required: Vec<_> = properties
        .iter()
        .filter(|(_, p)| p.get("writeOnly") != Some(&json!(true)))
        .map(|(name, _)| json!(name))
        .collect();
    if !required.is_empty() {
        schema["required"] = Value::Array(required);
    }
}

fn merge_patch_conventions(schema: &mut Value) {
    remove(schema, "required");
    remove(schema, "default");
    branches_mut(schema).for_each(merge_patch_conventions);
    if let Some(items) = schema.get_mut("items") {
        request_conventions(items);
    }
    if let Some(values) = schema.get_mut("additionalProperties") {
        merge_patch_conventions(values);
    }
    for property in properties_mut(schema).into_iter().flat_map(|p| p.values_mut()) {
        merge_patch_conventions(property);
        set_nullable(property);
        mark_empty(property);
    }
}

fn request_conventions(schema: &mut Value) {
    branches_mut(schema).for_each(request_conventions);
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(key) {
            request_conventions(inner);
        }
    }
    let required: Vec<String> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    for (name, property) in properties_mut(schema).into_iter().flatten() {
        request_conventions(property);
        if !required.contains(name) {
            set_nullable(property);
        }
        mark_empty(property);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        let object = json!({"type": "object", "properties": {
            "id": {"type": "string", "readOnly": true},
            "on": {"type": "boolean", "default": true},
            "list": {"type": "array", "items": {"type": "object", "required": ["a"], "properties": {
                "a": {"type": "string"}, "b": {"type": "string", "default": "x"}}}},
            "until": {"type": ["string", "null"], "readOnly": true}
        }});
        let response = json!({"200": {"content": {"application/json": {"schema": object}}}});
        let body = json!({"content": {"application/json": {"schema": object}}});
        json!({"paths": {"/a": {
            "get": {"responses": response},
            "post": {"requestBody": body, "responses": {"200": {}}},
            "put": {"requestBody": body, "responses": {"201": {}}},
        }}})
    }

    fn schema(document: &Value, pointer: &str) -> Value {
        document
            .pointer(&format!("/paths/~1a/{pointer}/content/application~1json/schema"))
            .unwrap()
            .clone()
    }

    #[test]
    fn responses_have_every_property() {
        let mut document = document();
        apply(&mut document, &Locations::new()).unwrap();
        let response = schema(&document, "get/responses/200");
        assert_eq!(response["required"], json!(["id", "on", "list", "until"]));
        assert_eq!(
            response["properties"]["id"],
            json!({"type": "string", "readOnly": true})
        );
        assert_eq!(
            response["properties"]["on"],
            json!({"type": "boolean", "x-initial": true, "x-nullable": true})
        );
        assert_eq!(
            response["properties"]["until"],
            json!({"type": "string", "readOnly": true, "x-nullable": true})
        );
        assert_eq!(response["properties"]["list"]["items"]["required"], json!(["a", "b"]));
    }

    #[test]
    fn merge_patches_have_no_required_properties_and_no_defaults() {
        let mut document = document();
        apply(&mut document, &Locations::new()).unwrap();
        assert_eq!(document["paths"]["/a"]["post"]["requestBody"][MERGE_PATCH], json!(true));
        let patch = schema(&document, "post/requestBody");
        assert_eq!(
            patch["properties"]["on"],
            json!({"type": "boolean", "x-nullable": true})
        );
        let items = &patch["properties"]["list"]["items"];
        assert_eq!(items["required"], json!(["a"]));
        assert_eq!(
            items["properties"]["b"],
            json!({"type": "string", "default": "x", "x-nullable": true, "x-empty": "null"})
        );
    }

    #[test]
    fn creation_is_no_merge_patch_and_the_extension_decides() {
        let mut document = document();
        document["paths"]["/a"]["post"]["requestBody"][MERGE_PATCH] = json!(false);
        apply(&mut document, &Locations::new()).unwrap();
        for method in ["post", "put"] {
            assert_eq!(
                document["paths"]["/a"][method]["requestBody"][MERGE_PATCH],
                json!(false)
            );
            let body = schema(&document, &format!("{method}/requestBody"));
            assert_eq!(
                body["properties"]["on"],
                json!({"type": "boolean", "default": true, "x-nullable": true})
            );
        }
    }
}
