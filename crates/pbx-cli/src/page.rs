//! Pages of lists: responses with `items` and `count`.

use serde_json::{Map, Value};

use crate::operation::spec::ITEMS;

/// Returns the items of a page or of an array, and `None` for other values.
pub fn items(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(items) => Some(items),
        Value::Object(properties) => properties.get(ITEMS)?.as_array().map(Vec::as_slice),
        _ => None,
    }
}

/// Returns the total number of items, of which a page has some.
pub fn count(page: &Value) -> Option<u64> {
    page.get("count").and_then(Value::as_u64)
}

/// Splits a page into its other properties and its items.
pub fn split(page: Value) -> (Map<String, Value>, Vec<Value>) {
    match page {
        Value::Object(mut properties) => match properties.shift_remove(ITEMS) {
            Some(Value::Array(items)) => (properties, items),
            Some(other) => (properties, vec![other]),
            None => (properties, Vec::new()),
        },
        Value::Array(items) => (Map::new(), items),
        other => (Map::new(), vec![other]),
    }
}
