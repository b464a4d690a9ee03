//! Arguments of setters and constructors.

use crate::wire::secret::Secret;
use crate::wire::timestamp::Timestamp;

/// A value that converts into a `T`: `T` itself, `&str` for a string, `jiff::Timestamp` for a time.
///
/// Unlike with `Into`, an integer literal needs no type annotation to become a `u16`.
pub trait Argument<T> {
    /// Converts the value into a `T`.
    fn into_value(self) -> T;
}

/// Sets a property, which is stored as an `Option`, or a list as it is.
pub(crate) fn set<T, S: From<T>>(property: &mut S, value: impl Argument<T>) {
    *property = value.into_value().into();
}

impl<T> Argument<T> for T {
    fn into_value(self) -> T {
        self
    }
}

/// A type that contains itself is boxed.
impl<T> Argument<Box<T>> for T {
    fn into_value(self) -> Box<T> {
        Box::new(self)
    }
}

impl Argument<String> for &str {
    fn into_value(self) -> String {
        self.to_owned()
    }
}

impl Argument<Secret> for &str {
    fn into_value(self) -> Secret {
        self.into()
    }
}

impl Argument<Secret> for String {
    fn into_value(self) -> Secret {
        self.into()
    }
}

impl Argument<Timestamp> for &str {
    fn into_value(self) -> Timestamp {
        self.into()
    }
}

impl Argument<Timestamp> for String {
    fn into_value(self) -> Timestamp {
        self.into()
    }
}

impl Argument<Timestamp> for jiff::Timestamp {
    fn into_value(self) -> Timestamp {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_need_no_annotation() {
        fn port(value: impl Argument<u16>) -> u16 {
            value.into_value()
        }
        fn name(value: impl Argument<String>) -> String {
            value.into_value()
        }
        assert_eq!(port(5060), 5060);
        assert_eq!(name("a"), name("a".to_owned()));
    }
}
