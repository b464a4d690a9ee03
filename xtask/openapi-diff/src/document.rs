//! Documents with references. [`super::join`] has their schemas.

use serde_json::Value;

use super::join::{Schemas, component};

/// A document that resolves references and caches normalized schemas.
pub struct Document<'a> {
    pub root: &'a Value,
    pub(super) schemas: Schemas<'a>,
}

impl<'a> Document<'a> {
    pub fn new(root: &'a Value) -> Self {
        Self {
            root,
            schemas: Schemas::new(root),
        }
    }

    /// Resolves a value that may be a reference; returns the target and the last component on the way.
    pub fn resolve(&self, mut value: &'a Value) -> (&'a Value, Option<&'a str>) {
        let mut name = None;
        // Bounded, because references may be circular.
        for _ in 0..32 {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                break;
            };
            let Some(target) = reference.strip_prefix('#').and_then(|pointer| self.find(pointer)) else {
                break;
            };
            name = component(reference).or(name);
            value = target;
        }
        (value, name)
    }

    pub(super) fn find(&self, pointer: &str) -> Option<&'a Value> {
        self.root.pointer(pointer)
    }
}
