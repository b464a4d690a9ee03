//! Which pairs of schemas are compared: each once, however often it is used and whether or not it contains itself.

use std::collections::HashMap;

use serde_json::Value;

use super::document::Document;
use super::facts::{Delta, Inner};
use super::places::Step;
use super::positions::{Positions, Sense};
use super::schema::Parts;

/// Pairs of schemas to compare, each once.
pub struct SchemaQueue<'a> {
    pub old: Document<'a>,
    pub new: Document<'a>,
    known: HashMap<(Vec<usize>, Vec<usize>), usize>,
    /// Pairs that were asked for and not compared yet. A queue and no recursion: schemas may contain themselves.
    waiting: Vec<(usize, Parts<'a>, Parts<'a>)>,
    deltas: Vec<Delta>,
}

impl<'a> SchemaQueue<'a> {
    pub fn new(old: &'a Value, new: &'a Value) -> Self {
        Self {
            old: Document::new(old),
            new: Document::new(new),
            known: HashMap::new(),
            waiting: Vec::new(),
            deltas: Vec::new(),
        }
    }

    /// Asks for the difference of a pair.
    pub fn delta(&mut self, old: &Parts<'a>, new: &Parts<'a>) -> usize {
        let address = |parts: &Parts<'a>| {
            parts
                .iter()
                .map(|part| std::ptr::from_ref::<Value>(part).addr())
                .collect()
        };
        let next = self.deltas.len();
        let id = *self.known.entry((address(old), address(new))).or_insert(next);
        if id == next {
            self.deltas.push(Delta::default());
            self.waiting.push((id, old.clone(), new.clone()));
        }
        id
    }

    /// Asks for what is inside of a schema.
    pub fn inside(
        &mut self,
        label: &str,
        old_way: Vec<Step>,
        new_way: Vec<Step>,
        old: &Parts<'a>,
        new: &Parts<'a>,
        delta: &mut Delta,
    ) {
        let id = self.delta(old, new);
        delta.inner.push(Inner {
            label: label.to_owned(),
            old_way,
            new_way,
            positions: Positions::BOTH,
            sense: Sense::Same,
            owner: None,
            delta: id,
        });
    }

    /// The next pair that was asked for and not compared yet.
    pub fn next(&mut self) -> Option<(usize, Parts<'a>, Parts<'a>)> {
        self.waiting.pop()
    }

    pub fn finished(&mut self, id: usize, delta: Delta) {
        self.deltas[id] = delta;
    }

    pub fn into_deltas(self) -> Vec<Delta> {
        self.deltas
    }
}
