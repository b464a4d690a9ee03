//! Documented defaults of request properties, for the serde attributes of generated types. An absent property and an explicit
//! `null` both mean the default, and so does the empty string unless it is a value of the property.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{StrDeserializer, StringDeserializer};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::patch::Field;

/// Returns the default of a boolean.
pub const fn boolean<const DEFAULT: bool>() -> bool {
    DEFAULT
}

/// Reads a boolean, or its default for `null`.
pub fn boolean_or<'de, const DEFAULT: bool, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    or(deserializer, boolean::<DEFAULT>)
}

/// Returns the default of an integer. The generator has checked that it fits.
pub fn integer<const DEFAULT: i64, T: TryFrom<i64> + Default>() -> T {
    T::try_from(DEFAULT).unwrap_or_default()
}

/// Reads an integer, or its default for `null`.
pub fn integer_or<'de, const DEFAULT: i64, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TryFrom<i64> + Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    or(deserializer, integer::<DEFAULT, T>)
}

/// Reads a value, or calls `default` for `null`.
pub fn or<'de, T, D>(deserializer: D, default: fn() -> T) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(default))
}

/// Reads a string, or a value that is a string in JSON. Returns `None` for `null` and the empty string.
pub fn non_empty<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(NonEmpty(PhantomData))
}

/// Reads a string of a merge patch. The empty string means `null`.
pub fn non_empty_field<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Field<T>, D::Error> {
    Ok(non_empty(deserializer)?.map_or(Field::Null, Field::Value))
}

/// Reads a string, or calls `default` for `null` and the empty string.
pub fn non_empty_or<'de, T, D>(deserializer: D, default: fn() -> T) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(non_empty(deserializer)?.unwrap_or_else(default))
}

struct NonEmpty<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for NonEmpty<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
        if text.is_empty() {
            return Ok(None);
        }
        T::deserialize(StrDeserializer::new(text)).map(Some)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Option<T>, E> {
        if text.is_empty() {
            return Ok(None);
        }
        T::deserialize(StringDeserializer::new(text)).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Create {
        #[serde(default = "boolean::<true>", deserialize_with = "boolean_or::<true, _>")]
        enabled: bool,
        #[serde(default = "integer::<-5, _>", deserialize_with = "integer_or::<-5, _, _>")]
        skip: i32,
        #[serde(default = "integer::<8882, _>", deserialize_with = "integer_or::<8882, _, _>")]
        port: u16,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Texts {
        #[serde(default, deserialize_with = "non_empty_field")]
        changed: Field<String>,
        #[serde(default, deserialize_with = "non_empty")]
        time: Option<crate::Timestamp>,
    }

    #[test]
    fn empty_string_means_null() {
        let read = |json: &str| serde_json::from_str::<Texts>(json).map(|texts| (texts.changed, texts.time.is_some()));
        assert_eq!(read("{}").unwrap(), (Field::Absent, false));
        assert_eq!(read(r#"{"changed":"","time":""}"#).unwrap(), (Field::Null, false));
        assert_eq!(read(r#"{"changed":null,"time":null}"#).unwrap(), (Field::Null, false));
        let set = read(r#"{"changed":" ","time":"2026-01-31T08:00:00Z"}"#).unwrap();
        assert_eq!(set, (Field::Value(" ".to_owned()), true));
        assert!(read(r#"{"time":"today"}"#).is_err());
    }

    #[test]
    fn absent_and_null_mean_the_default() {
        let defaults = Create {
            enabled: true,
            skip: -5,
            port: 8882,
        };
        for json in ["{}", r#"{"enabled":null,"skip":null,"port":null}"#] {
            assert_eq!(serde_json::from_str::<Create>(json).unwrap(), defaults);
        }
        let set: Create = serde_json::from_str(r#"{"enabled":false,"skip":7,"port":1}"#).unwrap();
        assert_eq!((set.enabled, set.skip, set.port), (false, 7, 1));
    }
}
