//! A member of an update: left alone, cleared, or set.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Presence, Read, Secret, Timestamp};

/// What an update says about one member (RFC 7396): nothing, `null`, or a value.
///
/// An update sends only what is not [`Field::Absent`], so that settings the caller never mentioned keep their values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Field<T> {
    /// Not sent: the server keeps what it has.
    #[default]
    Absent,
    /// Sent as `null`: the server clears it.
    Null,
    /// Sent: the server replaces what it has.
    Value(T),
}

impl<T> Field<T> {
    /// Whether nothing is said.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether the member is to be cleared.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The value, if there is one.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
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
    /// `Absent` has no JSON form of its own; an object leaves such a member out.
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

impl<T: Read> super::Member for Field<T> {
    fn read_member(value: Option<Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(value) => T::read(value).map_or(Self::Absent, Self::Value),
        }
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
    fn the_three_states_are_told_apart() {
        assert!(Field::<u16>::default().is_absent());
        assert!(Field::<u16>::Null.is_null());
        assert_eq!(Field::from(7).value(), Some(&7));
        assert_eq!(Field::<u16>::Null.into_value(), None);
    }
}
