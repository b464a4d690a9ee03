//! What a parameter is expected to be.

use pbx_client::{Secret, Timestamp};
use serde::Serialize;
use serde_json::Value;

/// A value that may stand for a `T`: `T` itself, or `&str` for text.
pub trait Argument<T> {
    /// The value as a `T`.
    fn into_value(self) -> T;
}

impl<T> Argument<T> for T {
    fn into_value(self) -> T {
        self
    }
}

/// What a parameter that may be left out is expected to be: an [`Argument`], or `None` when it must not be there.
pub trait Expect<T> {
    /// The value as a `T`; `None`: it must not be there.
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

macro_rules! text {
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

text!(String, Secret, Timestamp);

/// The texts that a value is in a URL or a header: one, or one for each item of a list.
pub(crate) fn texts(value: &impl Serialize) -> Vec<String> {
    match serde_json::to_value(value).unwrap_or_default() {
        Value::Array(items) => items.iter().map(text).collect(),
        other => vec![text(&other)],
    }
}

/// A scalar as text.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Whether two texts are the same value: `1.50` is `1.5`.
pub(crate) fn same(expected: &str, found: &str) -> bool {
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
        assert!(same("1.5", "1.50") && same("a", "a"));
        assert!(!same("1", "2") && !same("a", "b") && !same("a", "1"));
        assert_eq!(texts(&vec![1, 2]), ["1", "2"]);
        assert_eq!(texts(&true), ["true"]);
    }
}
