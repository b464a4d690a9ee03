//! Forms in which schemas state null and annotations.

use std::borrow::Borrow;

use serde_json::{Map, Value};

/// Returns `true` for the branch of null, and for that of the empty string beside it, which means the same.
pub fn is_unset<T: Borrow<Value>>(branch: &Value, all: &[T]) -> bool {
    let is_empty = || {
        let object = branch.as_object();
        object.is_some_and(|object| object.len() == 1 && object.get("const").is_some_and(|value| value == ""))
    };
    is_null(branch) || (is_empty() && all.iter().any(|other| is_null(other.borrow())))
}

/// Returns `true` if null is the only value of a schema.
pub fn is_null(schema: &Value) -> bool {
    schema.as_object().is_some_and(is_null_object)
}

/// Returns `true` if null is the only value of a schema.
pub fn is_null_object(object: &Map<String, Value>) -> bool {
    let types = object.get("type").is_some_and(|ty| match ty {
        Value::Array(types) => !types.is_empty() && types.iter().all(|ty| ty == "null"),
        ty => ty == "null",
    });
    let values = object.get("enum").and_then(Value::as_array);
    types
        || object.get("const").is_some_and(Value::is_null)
        || values.is_some_and(|v| !v.is_empty() && v.iter().all(Value::is_null))
}

/// Returns `true` for keywords that describe a schema without constraining it.
pub fn is_annotation(key: &str) -> bool {
    matches!(
        key,
        "description" | "title" | "default" | "example" | "examples" | "deprecated" | "readOnly" | "writeOnly"
    ) || matches!(key, "$comment" | "externalDocs")
        || key.starts_with("x-")
}
