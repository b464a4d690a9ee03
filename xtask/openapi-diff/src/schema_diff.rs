//! The differences of two schemas, before it is known where they are used.
//!
//! Each pair of schemas is compared once, however often it is used and even if it contains itself. A change in a shared schema is
//! therefore found once, and [`super::uses`] finds the operations that it affects.

use super::locate::Step;
use super::positions::{Polarity, Positions};
use super::rules::Rule;

/// A change in a schema.
#[derive(Debug, Clone)]
pub struct SchemaChange {
    pub rule: &'static Rule,
    /// The path of the changed part, relative to the schema: `.name`, `[]`.
    pub path: String,
    pub old: String,
    pub new: String,
    /// Pointers to the changed part, relative to the schema.
    pub old_pointer: Vec<Step>,
    pub new_pointer: Vec<Step>,
    /// The directions that it affects.
    pub positions: Positions,
    /// `false` where the rule's reason for `pbx-client` to tolerate it does not hold.
    pub is_tolerated: bool,
    /// The component that declares the part, if it is another one than the schema's own.
    pub owner: Option<String>,
}

impl SchemaChange {
    pub fn new(rule: &'static Rule) -> Self {
        Self {
            rule,
            path: String::new(),
            old: String::new(),
            new: String::new(),
            old_pointer: Vec::new(),
            new_pointer: Vec::new(),
            positions: Positions::BOTH,
            is_tolerated: true,
            owner: None,
        }
    }

    pub fn old(mut self, old: impl Into<String>) -> Self {
        self.old = old.into();
        self
    }

    pub fn new_text(mut self, new: impl Into<String>) -> Self {
        self.new = new.into();
        self
    }

    /// Sets the same pointer on both sides.
    pub fn at(mut self, pointer: &[Step]) -> Self {
        self.old_pointer = pointer.to_vec();
        self.new_pointer = pointer.to_vec();
        self
    }

    pub fn keyword(self, key: &str) -> Self {
        self.at(&[Step::key(key)])
    }

    pub fn tolerated_if(mut self, holds: bool) -> Self {
        self.is_tolerated = holds;
        self
    }

    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }
}

/// A pair of subschemas.
#[derive(Debug, Clone)]
pub struct Subschema {
    /// The path of the subschema, relative to its parent: `.name`, `[]`.
    pub path: String,
    pub old_pointer: Vec<Step>,
    pub new_pointer: Vec<Step>,
    pub positions: Positions,
    pub polarity: Polarity,
    /// The component that declares it, if it is another one than the parent's own.
    pub owner: Option<String>,
    /// The index of its diff.
    pub diff: usize,
}

/// The difference of two schemas.
#[derive(Debug, Default)]
pub struct SchemaDiff {
    /// The name of the component, the new one if it was renamed.
    pub name: Option<String>,
    pub changes: Vec<SchemaChange>,
    pub subschemas: Vec<Subschema>,
}
