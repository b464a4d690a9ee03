//! What this vendor's API does everywhere and its pages say nowhere, stated in the contract.
//!
//! * An answer carries every declared property; what is unset is null. Exempt are properties that are `readOnly` (always set)
//!   and those whose null-ness the document states (`type: [...]`).
//! * An update is a JSON merge patch (RFC 7396): absent leaves alone, null clears, so nothing is required, nothing has a
//!   default, everything may be null. Array items are replaced whole and follow the next rule.
//! * Where something is created or commanded, an optional property may be null, which is the same as absent.
//!
//! The schemas are in the form of [`super::normal`]; [`super::name`] writes them as 3.1 has it.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::diagnostic::Diagnostics;
use crate::normal::{NULLABLE, normalize};
use crate::operations::{Places, for_each_operation, operations, place_of};
use crate::pointer::token;

/// On a request body: whether it is a JSON merge patch.
pub const MERGE_PATCH: &str = "x-merge-patch";
const JSON: &str = "application/json";

/// Normalises every schema of every operation and applies the conventions to it.
pub fn apply(document: &mut Value, places: &Places) -> Result<(), Diagnostics> {
    apply_where_possible(document, places).into_result()
}

/// The same, but a schema that cannot be normalised stays as it is.
pub fn apply_where_possible(document: &mut Value, places: &Places) -> Diagnostics {
    let mut faults = Diagnostics::default();
    for_each_operation(document, |path, method, operation| {
        for_each_schema(operation, "", &mut |at, schema| {
            if let Err(message) = normalize(schema) {
                let text = format!("`{} {path}` at `{at}`: {message}", method.to_uppercase());
                faults.push(place_of(places, path, method), text);
            }
        });
    });

    let shown = shown_properties(document);
    for_each_operation(document, |path, _, operation| {
        let creates = operation.pointer("/responses/201").is_some();
        if let Some(body) = operation.get_mut("requestBody") {
            body_conventions(body, shown.get(path), creates);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            if status.starts_with('2')
                && let Some(schema) = json_schema_mut(response)
            {
                answer(schema);
            }
        }
    });
    faults
}

/// Calls `f` with every schema that is not inside another: of parameters, headers, bodies and answers.
fn for_each_schema(value: &mut Value, at: &str, f: &mut dyn FnMut(&str, &mut Value)) {
    match value {
        Value::Object(object) => {
            for (key, child) in object {
                let at = format!("{at}/{}", token(key));
                if key == "schema" {
                    f(&at, child);
                } else if key != "example" && key != "examples" {
                    for_each_schema(child, &at, f);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                for_each_schema(item, &format!("{at}/{index}"), f);
            }
        }
        _ => {}
    }
}

fn json_schema_mut(holder: &mut Value) -> Option<&mut Value> {
    holder.get_mut("content")?.get_mut(JSON)?.get_mut("schema")
}

/// By path: the names of the properties that `GET` on it shows.
fn shown_properties(document: &Value) -> HashMap<String, Vec<String>> {
    operations(document)
        .filter(|(_, method, _)| *method == "get")
        .filter_map(|(path, _, operation)| {
            let schema = operation.pointer("/responses/200/content/application~1json/schema")?;
            let names = schema.get("properties")?.as_object()?.keys().cloned().collect();
            Some((path.to_owned(), names))
        })
        .collect()
}

fn body_conventions(body: &mut Value, shown: Option<&Vec<String>>, creates: bool) {
    let stated = body.get(MERGE_PATCH).and_then(Value::as_bool);
    let Some(schema) = json_schema_mut(body) else {
        if stated.is_none()
            && let Some(body) = body.as_object_mut()
        {
            body.insert(MERGE_PATCH.to_owned(), json!(false));
        }
        return;
    };
    let merge_patch = stated.unwrap_or_else(|| !creates && updates(schema, shown));
    if merge_patch {
        patch(schema);
    } else {
        command(schema);
    }
    if let Some(body) = body.as_object_mut() {
        body.insert(MERGE_PATCH.to_owned(), json!(merge_patch));
    }
}

/// A body changes what `GET` on the same path shows when they share a property and nothing in it is required.
fn updates(schema: &Value, shown: Option<&Vec<String>>) -> bool {
    let requires = schema
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(|r| !r.is_empty());
    let properties = schema.get("properties").and_then(Value::as_object);
    !requires && shown.is_some_and(|shown| properties.is_some_and(|p| p.keys().any(|name| shown.contains(name))))
}

fn properties_mut(schema: &mut Value) -> Option<&mut Map<String, Value>> {
    schema.get_mut("properties")?.as_object_mut()
}

fn set_nullable(schema: &mut Value) {
    if let Some(schema) = schema.as_object_mut() {
        // What the document states stays.
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

fn answer(schema: &mut Value) {
    remove(schema, "default");
    branches_mut(schema).for_each(answer);
    if let Some(items) = schema.get_mut("items") {
        answer(items);
    }
    if let Some(values) = schema.get_mut("additionalProperties") {
        answer(values);
    }
    let Some(properties) = properties_mut(schema) else {
        return;
    };
    for property in properties.values_mut() {
        answer(property);
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

fn patch(schema: &mut Value) {
    remove(schema, "required");
    remove(schema, "default");
    branches_mut(schema).for_each(patch);
    if let Some(items) = schema.get_mut("items") {
        command(items);
    }
    if let Some(values) = schema.get_mut("additionalProperties") {
        patch(values);
    }
    for property in properties_mut(schema).into_iter().flat_map(|p| p.values_mut()) {
        patch(property);
        set_nullable(property);
    }
}

fn command(schema: &mut Value) {
    branches_mut(schema).for_each(command);
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(key) {
            command(inner);
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
        command(property);
        if !required.contains(name) {
            set_nullable(property);
        }
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
    fn answers_carry_everything() {
        let mut document = document();
        apply(&mut document, &Places::new()).unwrap();
        let answer = schema(&document, "get/responses/200");
        assert_eq!(answer["required"], json!(["id", "on", "list", "until"]));
        assert_eq!(answer["properties"]["id"], json!({"type": "string", "readOnly": true}));
        assert_eq!(
            answer["properties"]["on"],
            json!({"type": "boolean", "x-nullable": true})
        );
        assert_eq!(
            answer["properties"]["until"],
            json!({"type": "string", "readOnly": true, "x-nullable": true})
        );
        assert_eq!(answer["properties"]["list"]["items"]["required"], json!(["a", "b"]));
    }

    #[test]
    fn updates_require_nothing_and_default_nothing() {
        let mut document = document();
        apply(&mut document, &Places::new()).unwrap();
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
            json!({"type": "string", "default": "x", "x-nullable": true})
        );
    }

    #[test]
    fn what_creates_is_no_update_and_data_can_say_so_too() {
        let mut document = document();
        document["paths"]["/a"]["post"]["requestBody"][MERGE_PATCH] = json!(false);
        apply(&mut document, &Places::new()).unwrap();
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
