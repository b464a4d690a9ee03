//! The identity of a schema, apart from its annotations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::extensions::{EMPTY, ID, INITIAL, STATE};
use crate::normalize::{NULLABLE, is_annotation};

/// The identity of a schema: equal keys mean the same schema. Annotations are ignored.
pub fn key(schema: &Value) -> String {
    let mut bare = bare(schema);
    if let Some(object) = bare.as_object_mut() {
        // These belong to the use of the schema.
        object.shift_remove(NULLABLE);
        object.shift_remove(EMPTY);
        object.shift_remove("default");
        object.shift_remove(INITIAL);
        object.shift_remove("writeOnly");
    }
    bare.to_string()
}

/// Returns an object in this order. `json!` would copy all that is below it.
fn object_of(sorted: BTreeMap<String, Value>) -> Value {
    Value::Object(sorted.into_iter().collect())
}

/// The schema without annotations, in a canonical order. It keeps the kind of an ID, since the IDs of tenants and of dealers are
/// different types, and the initial values and the state's name, which make different stored states of one shape.
pub fn bare(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let mut sorted = BTreeMap::new();
            for (name, value) in object {
                match (name.as_str(), value) {
                    ("properties", Value::Object(properties)) => {
                        let properties: BTreeMap<_, _> = properties.iter().map(|(n, p)| (n.clone(), bare(p))).collect();
                        sorted.insert(name.clone(), object_of(properties));
                    }
                    ("required", Value::Array(names)) => {
                        let names: BTreeSet<_> = names.iter().filter_map(Value::as_str).collect();
                        sorted.insert(name.clone(), json!(names));
                    }
                    (NULLABLE, Value::Bool(false)) => {}
                    ("default" | "writeOnly" | NULLABLE | EMPTY | ID | INITIAL | STATE, value) => {
                        sorted.insert(name.clone(), value.clone());
                    }
                    (other, _) if is_annotation(other) => {}
                    (_, value) => {
                        sorted.insert(name.clone(), bare(value));
                    }
                }
            }
            object_of(sorted)
        }
        Value::Array(items) => Value::Array(items.iter().map(bare).collect()),
        other => other.clone(),
    }
}
