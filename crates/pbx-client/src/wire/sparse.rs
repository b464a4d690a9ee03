//! Sparse writing: an absent property is left out of its object.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap;

/// A property that may be absent.
pub(crate) trait Presence {
    /// Returns `true` if the property is left out when its object is written.
    fn is_absent(&self) -> bool;
}

impl<T> Presence for Vec<T> {
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T> Presence for BTreeMap<String, T> {
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T> Presence for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

/// Writes a property unless it is absent.
pub(crate) fn write_property<M, T>(object: &mut M, name: &'static str, value: &T) -> Result<(), M::Error>
where
    M: SerializeMap,
    T: Presence + Serialize,
{
    if value.is_absent() {
        return Ok(());
    }
    object.serialize_entry(name, value)
}
