//! Documented defaults of request properties, for the serde attributes of generated types. An absent property and an explicit
//! `null` both mean the default.

use serde::{Deserialize, Deserializer};

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
