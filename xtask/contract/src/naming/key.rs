//! The identity of a schema, apart from its annotations.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::extensions::{EMPTY, ID, INITIAL, STATE};
use crate::normalize::{NULLABLE, is_annotation};

/// The identity of a schema: equal keys mean the same schema. It is the schema as JSON without annotations, in a canonical order. It keeps
/// the kind of an ID, since the IDs of tenants and of dealers are different types, and the initial values and the state's name, which make
/// different stored states of one shape.
pub fn key(schema: &Value) -> String {
    Writer::new(true).key(schema)
}

/// The identity of a schema without its initial values and states.
pub fn shape(schema: &Value) -> String {
    Writer::new(false).key(schema)
}

/// Writes a key. Every schema is part of the keys of all that contain it, so nothing is copied on the way.
struct Writer {
    out: Vec<u8>,
    with_states: bool,
}

impl Writer {
    fn new(with_states: bool) -> Self {
        Self {
            out: Vec::new(),
            with_states,
        }
    }

    fn key(mut self, schema: &Value) -> String {
        match schema {
            Value::Object(object) => self.schema(object, |name| {
                // These belong to the use of the schema.
                !matches!(name, NULLABLE | EMPTY | "default" | INITIAL | "writeOnly")
            }),
            other => self.value(other),
        }
        // JSON is UTF-8.
        String::from_utf8(self.out).unwrap_or_default()
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Object(object) => self.schema(object, |_| true),
            Value::Array(items) => {
                self.out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    self.separate(index);
                    self.value(item);
                }
                self.out.push(b']');
            }
            other => self.verbatim(other),
        }
    }

    fn schema(&mut self, schema: &Map<String, Value>, is_kept: fn(&str) -> bool) {
        let with_states = self.with_states;
        let entries = schema.iter().filter(|(name, value)| match name.as_str() {
            NULLABLE if **value == Value::Bool(false) => false,
            INITIAL | STATE => with_states && is_kept(name),
            name => is_kept(name) && (is_verbatim(name) || !is_annotation(name)),
        });
        self.object(entries, |writer, name, value| match (name, value) {
            ("properties", Value::Object(properties)) => {
                writer.object(properties.iter(), |writer, _, property| writer.value(property));
            }
            ("required", Value::Array(names)) => {
                let names: BTreeSet<_> = names.iter().filter_map(Value::as_str).collect();
                writer.verbatim(&names);
            }
            (name, value) if is_verbatim(name) => writer.verbatim(value),
            (_, value) => writer.value(value),
        });
    }

    /// Writes an object in the order of its names.
    fn object<'a>(
        &mut self,
        entries: impl Iterator<Item = (&'a String, &'a Value)>,
        mut value_of: impl FnMut(&mut Self, &str, &'a Value),
    ) {
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable_by_key(|(name, _)| *name);
        self.out.push(b'{');
        for (index, (name, value)) in entries.into_iter().enumerate() {
            self.separate(index);
            self.verbatim(name);
            self.out.push(b':');
            value_of(self, name, value);
        }
        self.out.push(b'}');
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push(b',');
        }
    }

    fn verbatim(&mut self, value: &(impl Serialize + ?Sized)) {
        // Writing JSON values to memory does not fail.
        let _ = serde_json::to_writer(&mut self.out, value);
    }
}

/// Returns `true` for keywords with data or marks, which hold no schemas.
fn is_verbatim(name: &str) -> bool {
    matches!(name, "default" | "writeOnly" | NULLABLE | EMPTY | ID | INITIAL | STATE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn key_is_the_schema_in_canonical_order_without_annotations() {
        let schema = json!({
            "type": "object", "description": "d", "title": "t", "x-name": "N", NULLABLE: true, "default": {}, STATE: "S", INITIAL: {},
            "required": ["b", "a", "a"],
            "properties": {
                "description": {"enum": ["x"], "description": "a property may have any name", NULLABLE: false},
                "b": {"type": "string", ID: "B", "default": "b", INITIAL: "c", NULLABLE: true, "minLength": 1},
            },
        });
        let mut expected = json!({
            "properties": {
                "b": {"default": "b", "minLength": 1, "type": "string", ID: "B", INITIAL: "c", NULLABLE: true},
                "description": {"enum": ["x"]},
            },
            "required": ["a", "b"],
            "type": "object",
            STATE: "S",
        });
        let canonical = |value: &Value| serde_json::from_str::<Value>(&key(value)).unwrap();
        assert_eq!(canonical(&schema), expected);
        let reversed: Map<String, Value> = schema.as_object().unwrap().clone().into_iter().rev().collect();
        assert_eq!(key(&Value::Object(reversed)), key(&schema));
        expected.as_object_mut().unwrap().shift_remove(STATE);
        expected["properties"]["b"]
            .as_object_mut()
            .unwrap()
            .shift_remove(INITIAL);
        assert_eq!(serde_json::from_str::<Value>(&shape(&schema)).unwrap(), expected);
    }
}
