//! Sparse writing: an absent property is left out of its object.

use std::collections::BTreeMap;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

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

/// An object that is being written. The first error is that of the object.
pub(crate) struct SparseObject<S: Serializer>(Result<S::SerializeMap, S::Error>);

impl<S: Serializer> SparseObject<S> {
    pub(crate) fn new(serializer: S) -> Self {
        Self(serializer.serialize_map(None))
    }

    /// Writes a property.
    pub(crate) fn always<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        if let Ok(object) = &mut self.0
            && let Err(error) = object.serialize_entry(name, value)
        {
            self.0 = Err(error);
        }
    }

    /// Writes a property unless it is absent.
    pub(crate) fn property<T: Presence + Serialize>(&mut self, name: &str, value: &T) {
        if !value.is_absent() {
            self.always(name, value);
        }
    }

    /// Writes the properties that are not documented by name.
    pub(crate) fn rest<T: Serialize>(&mut self, properties: &BTreeMap<String, T>) {
        for (name, value) in properties {
            self.always(name, value);
        }
    }

    pub(crate) fn end(self) -> Result<S::Ok, S::Error> {
        self.0?.end()
    }
}
