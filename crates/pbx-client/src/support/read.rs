//! Reading what a server really sends.
//!
//! Any member may be absent, `null` or `""`, a number may come as text, a value may be new. None of that may cost the
//! caller the rest of an answer, so reading never fails below the top: what cannot be read is as good as absent.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// [`Read::fit`]: another type.
pub(crate) const NO_FIT: u32 = 0;
/// [`Read::fit`]: it takes anything.
pub(crate) const FITS_ANYTHING: u32 = 1;
/// [`Read::fit`]: the right JSON type.
pub(crate) const FITS: u32 = 2;
/// [`Read::fit`]: the right JSON type, and more about it is right.
pub(crate) const FITS_WELL: u32 = 3;

/// Reads a value from JSON, as far as possible.
pub(crate) trait Read: Sized {
    /// `None`: there is nothing of this type in `value`.
    fn read(value: Value) -> Option<Self>;

    /// How well `value` fits, to choose among the variants of a union. [`Read::read`] accepts more than what fits.
    fn fit(value: &Value) -> u32;
}

/// Reads a member of an object, which may be absent.
pub(crate) trait Member {
    fn read_member(value: Option<Value>) -> Self;
}

/// Whether a member is left out when its object is written.
pub(crate) trait Presence {
    fn is_absent(&self) -> bool;
}

/// What is left to read of an object.
pub(crate) struct Members(Map<String, Value>);

impl Members {
    pub(crate) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    pub(crate) fn take<T: Member>(&mut self, name: &str) -> T {
        T::read_member(self.0.remove(name))
    }

    /// Every member not taken.
    pub(crate) fn rest<T: Read>(self) -> BTreeMap<String, T> {
        read_map(self.0)
    }
}

/// How well an object with these members fits: the more of them it has, the better.
pub(crate) fn fit_object(value: &Value, names: &[&str]) -> u32 {
    let Value::Object(members) = value else {
        return NO_FIT;
    };
    if names.is_empty() {
        return FITS;
    }
    let mut found = 0u32;
    let mut missing = 0u32;
    for name in names {
        match members.get(*name) {
            None => missing += 1,
            Some(Value::Null) => found += 1,
            Some(_) => found += 2,
        }
    }
    match found {
        0 => NO_FIT,
        // Of two variants with equally many members present, the one that misses fewer.
        found => FITS_WELL + found * 1024 - missing.min(1000),
    }
}

fn read_map<T: Read>(members: Map<String, Value>) -> BTreeMap<String, T> {
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name, T::read(value)?)))
        .collect()
}

impl Read for bool {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(value),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn fit(value: &Value) -> u32 {
        if value.is_boolean() { FITS } else { NO_FIT }
    }
}

impl Read for i64 {
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

    fn fit(value: &Value) -> u32 {
        if value.is_i64() || value.is_u64() {
            FITS_WELL
        } else {
            NO_FIT
        }
    }
}

impl Read for u16 {
    fn read(value: Value) -> Option<Self> {
        i64::read(value)?.try_into().ok()
    }

    fn fit(value: &Value) -> u32 {
        i64::fit(value)
    }
}

impl Read for f64 {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok().filter(|n: &f64| n.is_finite()),
            _ => None,
        }
    }

    fn fit(value: &Value) -> u32 {
        if value.is_number() { FITS } else { NO_FIT }
    }
}

impl Read for String {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }

    fn fit(value: &Value) -> u32 {
        if value.is_string() { FITS } else { NO_FIT }
    }
}

impl Read for Value {
    fn read(value: Value) -> Option<Self> {
        Some(value)
    }

    fn fit(_: &Value) -> u32 {
        FITS_ANYTHING
    }
}

/// For items and roots that may be `null`.
impl<T: Read> Read for Option<T> {
    fn read(value: Value) -> Option<Self> {
        Some(T::read(value))
    }

    fn fit(value: &Value) -> u32 {
        if value.is_null() { FITS } else { T::fit(value) }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Array(items) => Some(items.into_iter().filter_map(T::read).collect()),
            _ => None,
        }
    }

    fn fit(value: &Value) -> u32 {
        match value {
            Value::Array(items) => match items.first().map(T::fit) {
                None => FITS,
                Some(NO_FIT) => NO_FIT,
                Some(fit) => FITS + fit,
            },
            _ => NO_FIT,
        }
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(read_map(members)),
            _ => None,
        }
    }

    fn fit(value: &Value) -> u32 {
        if value.is_object() { FITS } else { NO_FIT }
    }
}

impl<T: Read> Member for Option<T> {
    fn read_member(value: Option<Value>) -> Self {
        value.filter(|value| !value.is_null()).and_then(T::read)
    }
}

impl<T: Read> Member for Vec<T> {
    fn read_member(value: Option<Value>) -> Self {
        value.and_then(Self::read).unwrap_or_default()
    }
}

impl<T: Read> Member for BTreeMap<String, T> {
    fn read_member(value: Option<Value>) -> Self {
        value.and_then(Self::read).unwrap_or_default()
    }
}

impl<T> Presence for Vec<T> {
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T> Presence for BTreeMap<String, T> {
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T> Presence for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_that_does_not_fit_is_none() {
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
    fn other_types_read_as_text_or_nothing() {
        assert_eq!(String::read(json!(551_909)), Some("551909".to_owned()));
        assert_eq!(String::read(json!(null)), None);
        assert_eq!(bool::read(json!("true")), Some(true));
        assert_eq!(bool::read(json!("")), None);
        assert_eq!(Vec::<i64>::read(json!("")), None);
    }

    #[test]
    fn unreadable_items_do_not_cost_the_others() {
        assert_eq!(Vec::<i64>::read(json!([1, null, "x", 4])), Some(vec![1, 4]));
        assert_eq!(Vec::<Option<i64>>::read(json!([1, null])), Some(vec![Some(1), None]));
    }

    #[test]
    fn members_present_decide_how_well_an_object_fits() {
        let value = json!({"a": 1, "b": null});
        let both = fit_object(&value, &["a", "b"]);
        assert!(both > fit_object(&value, &["a", "b", "c"]));
        assert!(both > fit_object(&value, &["a"]));
        assert_eq!(fit_object(&value, &["c"]), NO_FIT);
        assert_eq!(fit_object(&json!([]), &["a"]), NO_FIT);
    }
}
