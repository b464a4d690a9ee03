//! What every enum of the contract can do.

use std::fmt;

/// A text that is none of the values of a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownValue {
    /// The values there are.
    pub expected: &'static [&'static str],
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected one of {}", self.expected.join(", "))
    }
}

impl std::error::Error for UnknownValue {}

/// Gives an enum with `ALL`, `NAMES` (in the same order) and `as_str` its conversions from and to text and JSON.
#[macro_export]
#[doc(hidden)]
macro_rules! choice {
    ($name:ident) => {
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::UnknownValue;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .find(|value| value.as_str() == text)
                    .copied()
                    .ok_or($crate::UnknownValue {
                        expected: Self::NAMES,
                    })
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
    enum Colour {
        Red,
        Blue,
    }

    impl Colour {
        const ALL: &'static [Self] = &[Self::Red, Self::Blue];
        const NAMES: &'static [&'static str] = &["RED", "BLUE"];
        fn as_str(self) -> &'static str {
            Self::NAMES[self as usize]
        }
    }

    choice!(Colour);

    #[test]
    fn text_and_json_go_both_ways() {
        assert_eq!("BLUE".parse(), Ok(Colour::Blue));
        assert_eq!(format!("{:>6}", Colour::Red), "   RED");
        assert_eq!(serde_json::to_string(&Colour::Red).unwrap(), "\"RED\"");
        assert_eq!(serde_json::from_str::<Colour>("\"BLUE\"").unwrap(), Colour::Blue);
        assert_eq!(
            "blue".parse::<Colour>().unwrap_err().to_string(),
            "expected one of RED, BLUE"
        );
    }
}
