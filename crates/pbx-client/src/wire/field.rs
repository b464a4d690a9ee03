//! A property of an update: absent, cleared, or set.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::wire::lenient::{LenientProperty, ReadLenient};
use crate::wire::secret::Secret;
use crate::wire::sparse::Presence;
use crate::wire::timestamp::Timestamp;

/// A property of a JSON Merge Patch (RFC 7396): absent, `null`, or a value.
///
/// An update sends only the fields that are not [`Field::Absent`], so that properties the caller did not set keep their values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Field<T> {
    /// Not sent: the server keeps the present value.
    #[default]
    Absent,
    /// Sent as `null`: the server clears the property.
    Null,
    /// Sent: the server replaces the present value.
    Value(T),
}

impl<T> Field<T> {
    /// Returns `true` for [`Field::Absent`].
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Returns `true` for [`Field::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns the value, if one is set.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Returns the value, if one is set.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

/// Sets a property.
pub(crate) fn set<T>(property: &mut Field<T>, value: impl Into<Field<T>>) {
    *property = value.into();
}

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl From<&str> for Field<String> {
    fn from(value: &str) -> Self {
        Self::Value(value.to_owned())
    }
}

impl From<&str> for Field<Secret> {
    fn from(value: &str) -> Self {
        Self::Value(value.into())
    }
}

impl From<String> for Field<Secret> {
    fn from(value: String) -> Self {
        Self::Value(value.into())
    }
}

impl From<&str> for Field<Timestamp> {
    fn from(value: &str) -> Self {
        Self::Value(value.into())
    }
}

impl From<String> for Field<Timestamp> {
    fn from(value: String) -> Self {
        Self::Value(value.into())
    }
}

impl From<jiff::Timestamp> for Field<Timestamp> {
    fn from(value: jiff::Timestamp) -> Self {
        Self::Value(value.into())
    }
}

impl<T: Serialize> Serialize for Field<T> {
    /// [`Field::Absent`] cannot be written as a value; objects leave such a property out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Absent | Self::Null => serializer.serialize_none(),
        }
    }
}

impl<T> Presence for Field<T> {
    fn is_absent(&self) -> bool {
        Field::is_absent(self)
    }
}

impl<T: ReadLenient> LenientProperty for Field<T> {
    fn read_property(value: Option<Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(value) => T::read(value).map_or(Self::Absent, Self::Value),
        }
    }

    fn score_property(value: &Value) -> u32 {
        T::score(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_convert_without_annotation() {
        fn take(value: impl Into<Field<u16>>) -> Field<u16> {
            value.into()
        }
        assert_eq!(take(5060), Field::Value(5060));
        assert_eq!(take(Field::Null), Field::Null);
        assert_eq!(Field::<String>::from("a"), Field::Value("a".to_owned()));
    }

    #[test]
    fn absent_null_and_value_are_distinct() {
        assert!(Field::<u16>::default().is_absent());
        assert!(Field::<u16>::Null.is_null());
        assert_eq!(Field::from(7).value(), Some(&7));
        assert_eq!(Field::<u16>::Null.into_value(), None);
    }
}
