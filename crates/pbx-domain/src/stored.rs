//! Stored objects: each has an ID.

use std::ops::Deref;

use crate::id::Id;

/// An object with its ID, which is one of the kind `K`. Dereferences to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored<T, K = T> {
    /// The ID.
    pub id: Id<K>,
    /// The object.
    pub value: T,
}

impl<T, K> Stored<T, K> {
    /// Returns another value with the same ID.
    #[must_use]
    pub fn with(&self, value: T) -> Self {
        Self { id: self.id, value }
    }
}

impl<T, K> Deref for Stored<T, K> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
