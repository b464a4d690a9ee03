//! Equality of schemas as they are written, apart from words and order.

use serde_json::{Map, Value};

use super::forms::is_annotation;
use super::numbers::same;

/// Returns `true` for schemas that are equal apart from words and order. The targets of references are not compared.
pub fn same_schema(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            // A property may have the name of an annotation; then its schema is an object.
            let matters = |key: &str, value: &Value| !is_annotation(key) || (key != "default" && value.is_object());
            let count = |object: &Map<String, Value>| object.iter().filter(|(k, v)| matters(k, v)).count();
            count(a) == count(b)
                && a.iter().filter(|(key, value)| matters(key, value)).all(|(key, value)| {
                    b.get(key).is_some_and(|other| match key.as_str() {
                        "anyOf" | "oneOf" | "allOf" | "required" | "enum" | "type" => same_set(value, other),
                        _ => same_schema(value, other),
                    })
                })
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_schema(a, b)),
        _ => same(a, b),
    }
}

/// Returns `true` for arrays with the same items in any order.
fn same_set(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_array(), b.as_array()) else {
        return same_schema(a, b);
    };
    let mut rest: Vec<&Value> = b.iter().collect();
    a.len() == b.len()
        && a.iter().all(|item| {
            let position = rest.iter().position(|other| same_schema(item, other));
            position.map(|position| rest.swap_remove(position)).is_some()
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_and_order_do_not_count() {
        let a = json!({"anyOf": [{"type": ["a", "b"], "description": "x"}, {"required": ["a", "b"]}], "properties": {"title": {"const": 1}}});
        let b =
            json!({"properties": {"title": {"const": 1.0}}, "anyOf": [{"required": ["b", "a"]}, {"type": ["b", "a"]}]});
        assert!(same_schema(&a, &b));
        let c =
            json!({"properties": {"title": {"const": 2}}, "anyOf": [{"required": ["b", "a"]}, {"type": ["b", "a"]}]});
        assert!(!same_schema(&a, &c));
        assert!(!same_schema(
            &json!({"prefixItems": [1, 2]}),
            &json!({"prefixItems": [2, 1]})
        ));
    }
}
