//! Expected values of parameters.

use pbx_client::{Secret, Timestamp};
use serde::Serialize;
use serde_json::Value;

/// A value that converts into a `T`: `T` itself, or `&str` for a string.
pub trait Argument<T> {
    /// Converts the value into a `T`.
    fn into_value(self) -> T;
}

impl<T> Argument<T> for T {
    fn into_value(self) -> T {
        self
    }
}

/// The expected value of an optional parameter: an [`Argument`], or `None` if the parameter must be absent.
pub trait Expect<T> {
    /// Converts the value into a `T`. `None`: the parameter must be absent.
    fn into_expected(self) -> Option<T>;
}

impl<T> Expect<T> for T {
    fn into_expected(self) -> Option<T> {
        Some(self)
    }
}

impl<T> Expect<T> for Option<T> {
    fn into_expected(self) -> Option<T> {
        self
    }
}

macro_rules! from_str {
    ($($type:ty),*) => {
        $(
            impl Argument<$type> for &str {
                fn into_value(self) -> $type {
                    self.into()
                }
            }

            impl Expect<$type> for &str {
                fn into_expected(self) -> Option<$type> {
                    Some(self.into())
                }
            }
        )*
    };
}

from_str!(String, Secret, Timestamp);

/// IDs as arguments, in every form that the client accepts.
#[allow(unused_macros)] // A contract may have no IDs.
macro_rules! ids {
    ($($type:ident),* $(,)?) => {
        $($crate::argument::ids! { $type: &str, String, &String, &pbx_client::types::$type })*
    };
    ($type:ident: $($from:ty),*) => {
        $(
            impl $crate::argument::Argument<pbx_client::types::$type> for $from {
                fn into_value(self) -> pbx_client::types::$type {
                    self.into()
                }
            }

            impl $crate::argument::Expect<pbx_client::types::$type> for $from {
                fn into_expected(self) -> Option<pbx_client::types::$type> {
                    Some(self.into())
                }
            }
        )*
    };
}

#[allow(unused_imports)]
pub(crate) use ids;

/// Converts a value to strings as in a URL or a header: one, or one for each item of a list.
pub(crate) fn to_strings(value: &impl Serialize) -> Vec<String> {
    match serde_json::to_value(value).unwrap_or_default() {
        Value::Array(items) => items.iter().map(to_string).collect(),
        other => vec![to_string(&other)],
    }
}

/// Converts a scalar to a string.
pub(crate) fn to_string(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Returns `true` if two strings represent the same value: `1.50` equals `1.5`.
pub(crate) fn is_equal(expected: &str, found: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    expected == found || number(expected).is_some_and(|expected| number(found) == Some(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_need_no_annotation() {
        fn text(value: impl Expect<String>) -> Option<String> {
            value.into_expected()
        }
        fn number(value: impl Expect<i64>) -> Option<i64> {
            value.into_expected()
        }
        assert_eq!(text("a"), text("a".to_owned()));
        assert_eq!(text(None), None);
        assert_eq!(number(5), number(Some(5)));
        assert_eq!(number(None), None);
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(is_equal("1.5", "1.50") && is_equal("a", "a"));
        assert!(!is_equal("1", "2") && !is_equal("a", "b") && !is_equal("a", "1"));
        assert_eq!(to_strings(&vec![1, 2]), ["1", "2"]);
        assert_eq!(to_strings(&true), ["true"]);
    }
}
