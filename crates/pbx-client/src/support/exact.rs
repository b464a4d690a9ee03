//! Reading what is to be sent, from a file say: nothing may be lost or guessed.
//!
//! The other way round than [`Read`](super::Read): an unknown member, a missing one and a value of another type are faults,
//! told with their place. The limits of values are the server's to check.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::{Field, Raw, Secret, Timestamp};

/// Reads a value, all of it or not at all.
pub(crate) trait Exact: Sized {
    fn exact(value: Value) -> Result<Self, Inexact>;
}

/// What a member that may be left out becomes when it is.
pub(crate) trait Omissible: Sized {
    fn omitted() -> Self;
    fn present(value: Value) -> Result<Self, Inexact>;
}

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inexact {
    /// From the inside to the outside.
    path: Vec<String>,
    problem: String,
}

impl Inexact {
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

impl fmt::Display for Inexact {
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

/// What is left of an object, and which members it may have.
pub(crate) struct ExactMembers {
    members: Map<String, Value>,
    known: Vec<&'static str>,
}

impl ExactMembers {
    pub(crate) fn of(value: Value) -> Result<Self, Inexact> {
        match value {
            Value::Object(members) => Ok(Self {
                members,
                known: Vec::new(),
            }),
            _ => Err(Inexact::expected("an object")),
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.members.remove(name)
    }

    pub(crate) fn required<T: Exact>(&mut self, name: &'static str) -> Result<T, Inexact> {
        match self.take(name) {
            Some(value) => T::exact(value).map_err(|fault| fault.within(name)),
            None => Err(Inexact::new(format!("`{name}` is required"))),
        }
    }

    pub(crate) fn optional<T: Omissible>(&mut self, name: &'static str) -> Result<T, Inexact> {
        match self.take(name) {
            Some(value) => T::present(value).map_err(|fault| fault.within(name)),
            None => Ok(T::omitted()),
        }
    }

    /// Every member not taken.
    pub(crate) fn rest<T: Exact>(&mut self) -> Result<BTreeMap<String, T>, Inexact> {
        let rest = std::mem::take(&mut self.members).into_iter();
        rest.map(|(name, value)| match T::exact(value) {
            Ok(value) => Ok((name, value)),
            Err(fault) => Err(fault.within(name)),
        })
        .collect()
    }

    pub(crate) fn end(self) -> Result<(), Inexact> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => Err(Inexact::new(match self.known.as_slice() {
                [] => format!("`{name}` is not known, and no other member is"),
                known => format!("`{name}` is not known; known are {}", known.join(", ")),
            })),
        }
    }
}

impl<T: Exact> Omissible for Option<T> {
    fn omitted() -> Self {
        None
    }

    /// `null` is the same as nothing: where that is not so, the member is a [`Field`].
    fn present(value: Value) -> Result<Self, Inexact> {
        Self::exact(value)
    }
}

impl<T: Exact> Omissible for Field<T> {
    fn omitted() -> Self {
        Self::Absent
    }

    fn present(value: Value) -> Result<Self, Inexact> {
        match value {
            Value::Null => Ok(Self::Null),
            value => T::exact(value).map(Self::Value),
        }
    }
}

impl<T: Exact> Exact for Option<T> {
    fn exact(value: Value) -> Result<Self, Inexact> {
        match value {
            Value::Null => Ok(None),
            value => T::exact(value).map(Some),
        }
    }
}

impl<T: Exact> Exact for Vec<T> {
    fn exact(value: Value) -> Result<Self, Inexact> {
        let Value::Array(items) = value else {
            return Err(Inexact::expected("a list"));
        };
        let items = items.into_iter().enumerate();
        items
            .map(|(index, item)| T::exact(item).map_err(|fault| fault.within(index)))
            .collect()
    }
}

impl<T: Exact> Exact for BTreeMap<String, T> {
    fn exact(value: Value) -> Result<Self, Inexact> {
        ExactMembers::of(value)?.rest()
    }
}

impl Exact for bool {
    fn exact(value: Value) -> Result<Self, Inexact> {
        value.as_bool().ok_or_else(|| Inexact::expected("true or false"))
    }
}

impl Exact for i64 {
    fn exact(value: Value) -> Result<Self, Inexact> {
        value.as_i64().ok_or_else(|| Inexact::expected("a whole number"))
    }
}

impl Exact for u16 {
    fn exact(value: Value) -> Result<Self, Inexact> {
        let number = value.as_u64().and_then(|number| number.try_into().ok());
        number.ok_or_else(|| Inexact::expected("a whole number from 0 to 65535"))
    }
}

impl Exact for f64 {
    fn exact(value: Value) -> Result<Self, Inexact> {
        value.as_f64().ok_or_else(|| Inexact::expected("a number"))
    }
}

impl Exact for String {
    fn exact(value: Value) -> Result<Self, Inexact> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(Inexact::expected("text")),
        }
    }
}

impl Exact for Secret {
    fn exact(value: Value) -> Result<Self, Inexact> {
        String::exact(value).map(Self::from)
    }
}

impl Exact for Timestamp {
    fn exact(value: Value) -> Result<Self, Inexact> {
        let time = Self::from(String::exact(value)?);
        match time.time() {
            Some(_) => Ok(time),
            None => Err(Inexact::expected("a time such as 2024-05-01T08:30:00Z")),
        }
    }
}

impl Exact for Value {
    fn exact(value: Value) -> Result<Self, Inexact> {
        Ok(value)
    }
}

impl Exact for Raw {
    fn exact(value: Value) -> Result<Self, Inexact> {
        Ok(value.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_converted() {
        assert_eq!(u16::exact(json!(5060)), Ok(5060));
        for wrong in [json!(70_000), json!("5060"), json!(-1), json!(null), json!(1.5)] {
            assert!(u16::exact(wrong).is_err());
        }
        assert!(i64::exact(json!(u64::MAX)).is_err());
        assert!(bool::exact(json!("true")).is_err());
        assert!(String::exact(json!(5)).is_err());
        assert!(Timestamp::exact(json!("soon")).is_err());
        assert_eq!(f64::exact(json!(5)), Ok(5.0));
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        let fault = BTreeMap::<String, Vec<i64>>::exact(json!({"a": [1, "x"]})).unwrap_err();
        assert_eq!(fault.to_string(), "`a.1`: expected a whole number");
        assert_eq!(Vec::<i64>::exact(json!({})).unwrap_err().to_string(), "expected a list");
    }
}
