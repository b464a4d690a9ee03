//! Numbers and values, compared by meaning: exactly beyond 2^53, and `1` equals `1.0`.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

/// A number of a document.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    pub fn new(value: &Value) -> Option<Self> {
        let integer = value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
        if let Some(integer) = integer {
            return Some(Self::Integer(integer));
        }
        let float = value.as_f64()?;
        // Integral floats of this size are exact integers.
        Some(match float.fract() == 0.0 && float.abs() < 1e38 {
            true => Self::Integer(float as i128),
            false => Self::Float(float),
        })
    }

    pub fn to_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (a, b) => a.to_f64().total_cmp(&b.to_f64()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
        }
    }
}

/// Returns `true` if two values are equal as JSON Schema compares them: numbers by their value, objects in any order.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => Number::new(a) == Number::new(b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Returns `true` if two values are equal in a parameter or header, where `1` is the string `"1"`.
pub fn same_text(a: &Value, b: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) => Number::new(value).map(|number| number.to_string()),
        Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    same(a, b) || text(a).is_some_and(|a| text(b) == Some(a))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_compared_by_meaning() {
        assert!(same(
            &json!({"a": [1, 2.0], "b": 0}),
            &json!({"b": -0.0, "a": [1.0, 2]})
        ));
        assert!(!same(
            &json!(9_007_199_254_740_993_u64),
            &json!(9_007_199_254_740_992_u64)
        ));
        assert!(!same(&json!(u64::MAX), &json!(u64::MAX - 1)));
        assert!(!same(&json!("1"), &json!(1)));
        assert!(same_text(&json!("1"), &json!(1.0)));
        assert!(same_text(&json!("true"), &json!(true)));
        assert!(!same_text(&json!("01"), &json!(1)));
        assert!(!same_text(&json!(null), &json!("null")));
    }
}
