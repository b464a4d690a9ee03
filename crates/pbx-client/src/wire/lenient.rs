//! Lenient reading of responses.
//!
//! A server may omit any property, send it as `null` or `""`, send a number as a string, or send an enum value that is not
//! documented. None of that may cost the caller the rest of a response, so reading never fails below the root: a property that
//! cannot be read counts as absent.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};
use serde_json::{Map, Value};

/// [`ReadLenient::score`]: the value has another JSON type.
pub(crate) const NO_MATCH: u32 = 0;
/// [`ReadLenient::score`]: the type accepts any JSON.
pub(crate) const ANY_JSON: u32 = 1;
/// [`ReadLenient::score`]: the value has the right JSON type.
pub(crate) const TYPE_MATCH: u32 = 2;
/// [`ReadLenient::score`]: the value has the right JSON type and format.
pub(crate) const FORMAT_MATCH: u32 = 3;

/// A type that is read from JSON as far as possible.
pub(crate) trait ReadLenient: Sized {
    /// Reads a value. Returns `None` if `value` holds nothing of this type.
    fn read(value: Value) -> Option<Self>;

    /// Rates how well `value` matches this type, to choose among the variants of a union. [`ReadLenient::read`] accepts more than
    /// what matches.
    fn score(value: &Value) -> u32;
}

/// A property of a response, which may be absent.
pub(crate) trait LenientProperty {
    fn read_property(value: Option<Value>) -> Self;

    /// [`ReadLenient::score`] of a value that is there and not null.
    fn score_property(value: &Value) -> u32;
}

/// Rates the value of a property.
pub(crate) type ScoreProperty = fn(&Value) -> u32;

/// Returns the rating of values of the type of a field.
pub(crate) fn score_of<O, T: LenientProperty>(_: fn(&O) -> &T) -> ScoreProperty {
    T::score_property
}

/// An object whose properties are read one after the other.
pub(crate) struct LenientObject(Map<String, Value>);

impl LenientObject {
    /// Returns `None` if `value` is not an object.
    pub(crate) fn new(value: Value) -> Option<Self> {
        match value {
            Value::Object(properties) => Some(Self(properties)),
            _ => None,
        }
    }

    pub(crate) fn take<T: LenientProperty>(&mut self, name: &str, field: &mut T) {
        *field = T::read_property(self.0.remove(name));
    }

    /// Reads every property that was not taken.
    pub(crate) fn rest<T: ReadLenient>(self) -> BTreeMap<String, T> {
        read_map(self.0)
    }
}

/// Rates how well an object matches a type with these properties: the more of them it has, the better, and a value of the property's
/// type counts more than another one. So a constant decides between objects of the same properties.
pub(crate) fn score_object(value: &Value, documented: &[(&str, ScoreProperty)]) -> u32 {
    let Value::Object(properties) = value else {
        return NO_MATCH;
    };
    if documented.is_empty() {
        return TYPE_MATCH;
    }
    let mut found = 0u32;
    let mut missing = 0u32;
    for (name, score) in documented {
        match properties.get(*name) {
            None => missing += 1,
            Some(Value::Null) => found += 1,
            Some(value) if score(value) == NO_MATCH => found += 1,
            Some(_) => found += 2,
        }
    }
    match found {
        0 => NO_MATCH,
        // Of two variants with equally many properties present, the one that misses fewer.
        found => FORMAT_MATCH + found * 1024 - missing.min(1000),
    }
}

/// `Deserialize` of a type that is read leniently; `expected` is its JSON type.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: ReadLenient>(
    deserializer: D,
    expected: &str,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    T::read(value).ok_or_else(|| D::Error::custom(format_args!("expected {expected}")))
}

fn read_map<T: ReadLenient>(properties: Map<String, Value>) -> BTreeMap<String, T> {
    properties
        .into_iter()
        .filter_map(|(name, value)| Some((name, T::read(value)?)))
        .collect()
}

impl ReadLenient for bool {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(value),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn score(value: &Value) -> u32 {
        if value.is_boolean() { TYPE_MATCH } else { NO_MATCH }
    }
}

impl ReadLenient for i64 {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_i64().or_else(|| {
                // 5.0 is an integer in JSON Schema. The bound keeps the conversion exact.
                number
                    .as_f64()
                    .filter(|n| n.fract() == 0.0 && n.abs() < 9e15)
                    .map(|n| n as i64)
            }),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn score(value: &Value) -> u32 {
        if value.is_i64() || value.is_u64() {
            FORMAT_MATCH
        } else {
            NO_MATCH
        }
    }
}

impl ReadLenient for u16 {
    fn read(value: Value) -> Option<Self> {
        i64::read(value)?.try_into().ok()
    }

    fn score(value: &Value) -> u32 {
        i64::score(value)
    }
}

impl ReadLenient for f64 {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok().filter(|n: &f64| n.is_finite()),
            _ => None,
        }
    }

    fn score(value: &Value) -> u32 {
        if value.is_number() { TYPE_MATCH } else { NO_MATCH }
    }
}

impl ReadLenient for String {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }

    fn score(value: &Value) -> u32 {
        if value.is_string() { TYPE_MATCH } else { NO_MATCH }
    }
}

impl ReadLenient for Value {
    fn read(value: Value) -> Option<Self> {
        Some(value)
    }

    fn score(_: &Value) -> u32 {
        ANY_JSON
    }
}

/// Items and roots that may be `null`.
impl<T: ReadLenient> ReadLenient for Option<T> {
    fn read(value: Value) -> Option<Self> {
        Some(T::read(value))
    }

    fn score(value: &Value) -> u32 {
        if value.is_null() { TYPE_MATCH } else { T::score(value) }
    }
}

impl<T: ReadLenient> ReadLenient for Vec<T> {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Array(items) => Some(items.into_iter().filter_map(T::read).collect()),
            _ => None,
        }
    }

    fn score(value: &Value) -> u32 {
        match value {
            Value::Array(items) => match items.first().map(T::score) {
                None => TYPE_MATCH,
                Some(NO_MATCH) => NO_MATCH,
                Some(score) => TYPE_MATCH + score,
            },
            _ => NO_MATCH,
        }
    }
}

impl<T: ReadLenient> ReadLenient for BTreeMap<String, T> {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Object(properties) => Some(read_map(properties)),
            _ => None,
        }
    }

    fn score(value: &Value) -> u32 {
        if value.is_object() { TYPE_MATCH } else { NO_MATCH }
    }
}

/// A type that contains itself.
impl<T: ReadLenient> ReadLenient for Box<T> {
    fn read(value: Value) -> Option<Self> {
        T::read(value).map(Self::new)
    }

    fn score(value: &Value) -> u32 {
        T::score(value)
    }
}

impl<T: ReadLenient> LenientProperty for Option<T> {
    fn read_property(value: Option<Value>) -> Self {
        value.filter(|value| !value.is_null()).and_then(T::read)
    }

    fn score_property(value: &Value) -> u32 {
        T::score(value)
    }
}

impl<T: ReadLenient> LenientProperty for Vec<T> {
    fn read_property(value: Option<Value>) -> Self {
        value.and_then(Self::read).unwrap_or_default()
    }

    fn score_property(value: &Value) -> u32 {
        Self::score(value)
    }
}

impl<T: ReadLenient> LenientProperty for BTreeMap<String, T> {
    fn read_property(value: Option<Value>) -> Self {
        value.and_then(Self::read).unwrap_or_default()
    }

    fn score_property(value: &Value) -> u32 {
        Self::score(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn number_out_of_range_is_none() {
        assert_eq!(i64::read(json!(7)), Some(7));
        assert_eq!(i64::read(json!(7.0)), Some(7));
        assert_eq!(i64::read(json!("7")), Some(7));
        assert_eq!(i64::read(json!(u64::MAX)), None);
        assert_eq!(i64::read(json!(7.5)), None);
        assert_eq!(u16::read(json!(65_536)), None);
        assert_eq!(u16::read(json!(-1)), None);
        assert_eq!(f64::read(json!("")), None);
    }

    #[test]
    fn other_json_types_read_as_string_or_none() {
        assert_eq!(String::read(json!(551_909)), Some("551909".to_owned()));
        assert_eq!(String::read(json!(null)), None);
        assert_eq!(bool::read(json!("true")), Some(true));
        assert_eq!(bool::read(json!("")), None);
        assert_eq!(Vec::<i64>::read(json!("")), None);
    }

    #[test]
    fn unreadable_items_are_skipped() {
        assert_eq!(Vec::<i64>::read(json!([1, null, "x", 4])), Some(vec![1, 4]));
        assert_eq!(Vec::<Option<i64>>::read(json!([1, null])), Some(vec![Some(1), None]));
    }

    #[test]
    fn object_with_more_matching_properties_scores_higher() {
        let value = json!({"a": 1, "b": null});
        let number: ScoreProperty = i64::score;
        let [a, b, c] = ["a", "b", "c"].map(|name| (name, number));
        let both = score_object(&value, &[a, b]);
        assert!(both > score_object(&value, &[a, b, c]));
        assert!(both > score_object(&value, &[a]));
        assert!(both > score_object(&value, &[("a", bool::score), b]));
        assert_eq!(score_object(&value, &[c]), NO_MATCH);
        assert_eq!(score_object(&json!([]), &[a]), NO_MATCH);
    }
}
