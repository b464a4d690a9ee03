//! Traversal of normalized schemas, and the kinds of them.

use openapi_reader::grammar::{Kind, each_part};
use openapi_reader::pointer::token;
use serde_json::{Map, Value};

use crate::extensions::RECURSIVE;

pub use crate::media::JSON;

/// Calls `f` with every schema that is not inside another one: of parameters, headers, request bodies and responses.
pub fn for_each_schema(value: &mut Value, at: &str, f: &mut dyn FnMut(&str, &mut Value)) {
    outer_schemas(value, Kind::Operation, at, f);
}

fn outer_schemas(part: &mut Value, kind: Kind, at: &str, f: &mut dyn FnMut(&str, &mut Value)) {
    each_part(part, kind, &mut |inner, kind, keys| {
        let below: String = keys.iter().map(|key| format!("/{}", token(key))).collect();
        let at = format!("{at}{below}");
        match kind {
            Kind::Schema => f(&at, inner),
            _ => outer_schemas(inner, kind, &at, f),
        }
    });
    let recursive = part.get_mut(RECURSIVE).and_then(Value::as_object_mut);
    for (name, holder) in recursive.into_iter().flatten() {
        f(
            &format!("{at}/{RECURSIVE}/{}/schema", token(name)),
            &mut holder["schema"],
        );
    }
}

/// Calls `f` with a schema and all its subschemas, the outer one first.
pub fn walk(schema: &mut Value, at: &str, f: &mut dyn FnMut(&str, &mut Value)) {
    f(at, schema);
    for (name, property) in properties_mut(schema) {
        walk(property, &format!("{at}/properties/{}", token(name)), f);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(key).filter(|inner| inner.is_object()) {
            walk(inner, &format!("{at}/{key}"), f);
        }
    }
    for key in ["oneOf", "anyOf"] {
        let branches = schema.get_mut(key).and_then(Value::as_array_mut);
        for (index, branch) in branches.into_iter().flatten().enumerate() {
            walk(branch, &format!("{at}/{key}/{index}"), f);
        }
    }
}

/// The properties of an object schema.
pub fn properties_mut(schema: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flatten()
}

/// Returns `true` for objects with known properties, enums of strings and unions.
pub fn needs_name(schema: &Value) -> bool {
    schema.as_object().is_some_and(needs_name_object)
}

pub fn needs_name_object(schema: &Map<String, Value>) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.is_some_and(|p| !p.is_empty())
        || schema.contains_key("oneOf")
        || schema.contains_key("anyOf")
        || schema
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_string))
}

/// The item schema of a list and its pointer: an array of objects, or an object with such an array as `items`.
pub fn list_items(schema: &Value) -> Option<(&Value, &'static str)> {
    let object = |items: &Value| items.get("properties").is_some();
    if let Some(items) = schema.get("items").filter(|i| object(i)) {
        return Some((items, "/items"));
    }
    let items = schema.pointer("/properties/items/items").filter(|i| object(i))?;
    Some((items, "/properties/items/items"))
}
