//! Strict reading of request bodies, from a file for example: nothing may be lost or guessed.
//!
//! The opposite of [lenient reading](crate::wire::lenient): an unknown property, a missing one and a value of another type are
//! errors that name their location. Limits of values are checked by the server.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};
use serde_json::{Map, Value};

use crate::wire::field::Field;
use crate::wire::raw::Raw;
use crate::wire::secret::Secret;
use crate::wire::timestamp::Timestamp;

/// A type that is read from JSON completely or not at all.
pub(crate) trait ReadStrict: Sized {
    fn read_strict(value: Value) -> Result<Self, StrictError>;

    /// Returns `true` if no enum in it has an undocumented value, so that constants select the variant of a union.
    fn is_documented(&self) -> bool {
        true
    }
}

/// An optional property of a request.
pub(crate) trait OptionalProperty: Sized {
    fn present(value: Value) -> Result<Self, StrictError>;
    fn is_documented(&self) -> bool;
}

/// The violated expectation and its location in the JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StrictError {
    /// Property names and indices, innermost first.
    path: Vec<String>,
    problem: String,
}

impl StrictError {
    pub(crate) fn expected(what: &str) -> Self {
        Self::new(format!("expected {what}"))
    }

    fn new(problem: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            problem: problem.into(),
        }
    }

    fn within(mut self, name: impl fmt::Display) -> Self {
        self.path.push(name.to_string());
        self
    }
}

impl fmt::Display for StrictError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            f.write_str("`")?;
            for (index, name) in self.path.iter().rev().enumerate() {
                if index > 0 {
                    f.write_str(".")?;
                }
                f.write_str(name)?;
            }
            f.write_str("`: ")?;
        }
        f.write_str(&self.problem)
    }
}

/// An object whose properties are read one after the other.
pub(crate) struct StrictObject {
    remaining: Map<String, Value>,
    /// The names asked for, to list them in the error for any other.
    documented: Vec<&'static str>,
    /// The first error of an optional property.
    failure: Option<StrictError>,
}

impl StrictObject {
    pub(crate) fn new(value: Value) -> Result<Self, StrictError> {
        match value {
            Value::Object(remaining) => Ok(Self {
                remaining,
                documented: Vec::new(),
                failure: None,
            }),
            _ => Err(StrictError::expected("an object")),
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.documented.push(name);
        self.remaining.remove(name)
    }

    pub(crate) fn required<T: ReadStrict>(&mut self, name: &'static str) -> Result<T, StrictError> {
        match self.take(name) {
            Some(value) => T::read_strict(value).map_err(|error| error.within(name)),
            None => Err(StrictError::new(format!("`{name}` is required"))),
        }
    }

    /// Reads a property into a field, which keeps its value if the property is absent.
    pub(crate) fn optional<T: OptionalProperty>(&mut self, name: &'static str, field: &mut T) {
        if let Some(value) = self.take(name) {
            let read = T::present(value).map_err(|error| error.within(name));
            self.store(read, field);
        }
    }

    /// Reads every property that was not taken.
    pub(crate) fn rest<T: ReadStrict>(&mut self, field: &mut BTreeMap<String, T>) {
        let read = read_map(std::mem::take(&mut self.remaining));
        self.store(read, field);
    }

    fn store<T>(&mut self, read: Result<T, StrictError>, field: &mut T) {
        match read {
            Ok(value) => *field = value,
            Err(error) => {
                self.failure.get_or_insert(error);
            }
        }
    }

    /// Fails if a property could not be read, or was not taken.
    pub(crate) fn finish(self) -> Result<(), StrictError> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        match self.remaining.keys().next() {
            None => Ok(()),
            Some(name) => Err(StrictError::new(match self.documented.as_slice() {
                [] => format!("unknown property `{name}`; the object has no properties"),
                documented => format!("unknown property `{name}`; the object has {}", documented.join(", ")),
            })),
        }
    }
}

/// `Deserialize` of a type that is read strictly.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: ReadStrict>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    T::read_strict(value).map_err(D::Error::custom)
}

fn read_map<T: ReadStrict>(properties: Map<String, Value>) -> Result<BTreeMap<String, T>, StrictError> {
    properties
        .into_iter()
        .map(|(name, value)| match T::read_strict(value) {
            Ok(value) => Ok((name, value)),
            Err(error) => Err(error.within(name)),
        })
        .collect()
}

impl<T: ReadStrict> OptionalProperty for Option<T> {
    /// `null` means absent here: where the two differ, the property is a [`Field`].
    fn present(value: Value) -> Result<Self, StrictError> {
        Self::read_strict(value)
    }

    fn is_documented(&self) -> bool {
        ReadStrict::is_documented(self)
    }
}

impl<T: ReadStrict> OptionalProperty for Field<T> {
    fn is_documented(&self) -> bool {
        match self {
            Self::Value(value) => value.is_documented(),
            Self::Absent | Self::Null => true,
        }
    }

    fn present(value: Value) -> Result<Self, StrictError> {
        match value {
            Value::Null => Ok(Self::Null),
            value => T::read_strict(value).map(Self::Value),
        }
    }
}

impl<T: ReadStrict> ReadStrict for Option<T> {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        match value {
            Value::Null => Ok(None),
            value => T::read_strict(value).map(Some),
        }
    }

    fn is_documented(&self) -> bool {
        self.as_ref().is_none_or(T::is_documented)
    }
}

/// A type that contains itself.
impl<T: ReadStrict> ReadStrict for Box<T> {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        T::read_strict(value).map(Self::new)
    }

    fn is_documented(&self) -> bool {
        (**self).is_documented()
    }
}

impl<T: ReadStrict> ReadStrict for Vec<T> {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        let Value::Array(items) = value else {
            return Err(StrictError::expected("an array"));
        };
        let items = items.into_iter().enumerate();
        items
            .map(|(index, item)| T::read_strict(item).map_err(|error| error.within(index)))
            .collect()
    }

    fn is_documented(&self) -> bool {
        self.iter().all(T::is_documented)
    }
}

impl<T: ReadStrict> ReadStrict for BTreeMap<String, T> {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        match value {
            Value::Object(properties) => read_map(properties),
            _ => Err(StrictError::expected("an object")),
        }
    }

    fn is_documented(&self) -> bool {
        self.values().all(T::is_documented)
    }
}

impl ReadStrict for bool {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        value.as_bool().ok_or_else(|| StrictError::expected("a boolean"))
    }
}

impl ReadStrict for i64 {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        value.as_i64().ok_or_else(|| StrictError::expected("an integer"))
    }
}

impl ReadStrict for u16 {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        let number = value.as_u64().and_then(|number| number.try_into().ok());
        number.ok_or_else(|| StrictError::expected("an integer from 0 to 65535"))
    }
}

impl ReadStrict for f64 {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        value.as_f64().ok_or_else(|| StrictError::expected("a number"))
    }
}

impl ReadStrict for String {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(StrictError::expected("a string")),
        }
    }
}

impl ReadStrict for Secret {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        String::read_strict(value).map(Self::from)
    }
}

impl ReadStrict for Timestamp {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        let time = Self::from(String::read_strict(value)?);
        match time.time() {
            Some(_) => Ok(time),
            None => Err(StrictError::expected("a time such as 2024-05-01T08:30:00Z")),
        }
    }
}

impl ReadStrict for Value {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        Ok(value)
    }
}

impl ReadStrict for Raw {
    fn read_strict(value: Value) -> Result<Self, StrictError> {
        Ok(value.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_not_converted() {
        assert_eq!(u16::read_strict(json!(5060)), Ok(5060));
        for wrong in [json!(70_000), json!("5060"), json!(-1), json!(null), json!(1.5)] {
            assert!(u16::read_strict(wrong).is_err());
        }
        assert!(i64::read_strict(json!(u64::MAX)).is_err());
        assert!(bool::read_strict(json!("true")).is_err());
        assert!(String::read_strict(json!(5)).is_err());
        assert!(Timestamp::read_strict(json!("soon")).is_err());
        assert_eq!(f64::read_strict(json!(5)), Ok(5.0));
    }

    #[test]
    fn error_names_the_location() {
        let error = BTreeMap::<String, Vec<i64>>::read_strict(json!({"a": [1, "x"]})).unwrap_err();
        assert_eq!(error.to_string(), "`a.1`: expected an integer");
        assert_eq!(
            Vec::<i64>::read_strict(json!({})).unwrap_err().to_string(),
            "expected an array"
        );
    }
}
