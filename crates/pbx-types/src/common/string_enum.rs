//! Conversions of the contract's enums from and to strings and JSON.

use std::fmt;

/// The error of parsing a string that is not a value of the enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownValue {
    /// The values of the enum.
    pub expected: &'static [&'static str],
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected one of {}", self.expected.join(", "))
    }
}

impl std::error::Error for UnknownValue {}

/// An enum whose values have names, by which they are stored.
pub trait StringEnum: Copy + Sized + 'static {
    /// The names of all values.
    const NAMES: &'static [&'static str];

    /// Returns the name of the value.
    fn name(self) -> &'static str;

    /// Returns the value with that name.
    fn from_name(name: &str) -> Option<Self>;
}

/// Implements the conversions of an enum from and to strings and JSON. The enum has the constants `ALL` and `NAMES`, in the same
/// order, and the method `as_str`.
#[macro_export]
#[doc(hidden)]
macro_rules! string_enum {
    ($name:ident) => {
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::UnknownValue;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::UnknownValue> {
                Self::ALL
                    .iter()
                    .find(|value| value.as_str() == text)
                    .copied()
                    .ok_or($crate::UnknownValue {
                        expected: Self::NAMES,
                    })
            }
        }

        impl $crate::StringEnum for $name {
            const NAMES: &'static [&'static str] = Self::NAMES;

            fn name(self) -> &'static str {
                self.as_str()
            }

            fn from_name(name: &str) -> ::std::option::Option<Self> {
                name.parse().ok()
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as $crate::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err($crate::serde::de::Error::custom)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Color {
        Red,
        Blue,
    }

    impl Color {
        const ALL: &'static [Self] = &[Self::Red, Self::Blue];
        const NAMES: &'static [&'static str] = &["RED", "BLUE"];
        fn as_str(self) -> &'static str {
            Self::NAMES[self as usize]
        }
    }

    string_enum!(Color);

    #[test]
    fn values_convert_from_and_to_strings_and_json() {
        assert_eq!("BLUE".parse(), Ok(Color::Blue));
        assert_eq!(format!("{:>6}", Color::Red), "   RED");
        assert_eq!(serde_json::to_string(&Color::Red).unwrap(), "\"RED\"");
        assert_eq!(serde_json::from_str::<Color>("\"BLUE\"").unwrap(), Color::Blue);
        assert_eq!(
            "blue".parse::<Color>().unwrap_err().to_string(),
            "expected one of RED, BLUE"
        );
    }
}
