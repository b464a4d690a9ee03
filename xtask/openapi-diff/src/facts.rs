//! What the comparison of two schemas finds, before it is known where they are used.
//!
//! Schemas are compared once for each pair, however often they are used and whether or not they contain themselves; a change in
//! a shared one is therefore found once, and [`super::uses`] says for whom.

use super::places::Step;
use super::positions::{Positions, Sense};
use super::rules::Rule;

/// A change at a place within a schema.
#[derive(Debug, Clone)]
pub struct Fact {
    pub rule: &'static Rule,
    /// What the place is called, after the name of what holds it: `.name`, `[]`.
    pub label: String,
    pub old: String,
    pub new: String,
    /// The rest of the way on either side.
    pub old_way: Vec<Step>,
    pub new_way: Vec<Step>,
    /// Where it matters.
    pub positions: Positions,
    /// Whether what the rule says of `pbx-client` holds here.
    pub is_tolerated: bool,
    /// The component that says it, where that is another.
    pub owner: Option<String>,
}

impl Fact {
    pub fn new(rule: &'static Rule) -> Self {
        Self {
            rule,
            label: String::new(),
            old: String::new(),
            new: String::new(),
            old_way: Vec::new(),
            new_way: Vec::new(),
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

    /// Both sides say it at the same place.
    pub fn at(mut self, steps: &[Step]) -> Self {
        self.old_way = steps.to_vec();
        self.new_way = steps.to_vec();
        self
    }

    pub fn keyword(self, key: &str) -> Self {
        self.at(&[Step::key(key)])
    }

    /// Only then does `pbx-client` read it all the same.
    pub fn tolerated_if(mut self, holds: bool) -> Self {
        self.is_tolerated = holds;
        self
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }
}

/// The schemas inside of a schema that changed.
#[derive(Debug, Clone)]
pub struct Inner {
    pub label: String,
    pub old_way: Vec<Step>,
    pub new_way: Vec<Step>,
    pub positions: Positions,
    pub sense: Sense,
    pub owner: Option<String>,
    /// Which of the deltas.
    pub delta: usize,
}

/// The difference between two schemas.
#[derive(Debug, Default)]
pub struct Delta {
    /// The component, by its newer name.
    pub name: Option<String>,
    pub facts: Vec<Fact>,
    pub inner: Vec<Inner>,
}
