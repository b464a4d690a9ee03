//! JSON Pointers (RFC 6901).

use serde_json::Value;
use spanned_json::unescape;

/// Escapes a key as one reference token of a pointer.
pub fn token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The tokens of a pointer, without their escapes.
pub fn tokens(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(unescape).collect()
}

/// The pointer with the escapes `%XX` of a URL replaced.
pub fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        let escaped = (bytes[index] == b'%')
            .then(|| text.get(index + 1..index + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(escaped.unwrap_or(bytes[index]));
        index += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The pointer to the first difference, in the order of `a`; `None` when the values are equal. The order of keys is ignored.
pub fn first_difference(a: &Value, b: &Value) -> Option<String> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => a
            .iter()
            .find_map(|(key, value)| match b.get(key) {
                Some(other) => first_difference(value, other).map(|rest| format!("/{}{rest}", token(key))),
                None => Some(format!("/{}", token(key))),
            })
            .or_else(|| b.keys().find(|k| !a.contains_key(*k)).map(|k| format!("/{}", token(k)))),
        (Value::Array(a), Value::Array(b)) => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(index, (x, y))| first_difference(x, y).map(|rest| format!("/{index}{rest}")))
            .or_else(|| (a.len() != b.len()).then(|| format!("/{}", a.len().min(b.len())))),
        _ => (a != b).then(String::new),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn first_difference_ignores_the_order_of_keys() {
        let a = json!({"x": [1, {"a/b": 1}], "y": 2});
        assert_eq!(first_difference(&a, &json!({"y": 2, "x": [1, {"a/b": 1}]})), None);
        assert_eq!(
            first_difference(&a, &json!({"y": 2, "x": [1, {"a/b": 2}]})).unwrap(),
            "/x/1/a~1b"
        );
        assert_eq!(first_difference(&a, &json!({"y": 2, "x": [1]})).unwrap(), "/x/1");
        assert_eq!(
            first_difference(&a, &json!({"x": [1, {"a/b": 1}], "y": 2, "z": 0})).unwrap(),
            "/z"
        );
        assert_eq!(first_difference(&json!(1), &json!(2)).unwrap(), "");
    }
}
