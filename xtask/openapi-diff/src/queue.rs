//! The pairs of schemas to compare, each once, however often it is used and even if it contains itself.

use std::collections::HashMap;

use serde_json::Value;

use super::document::Document;
use super::schema::AllOf;
use super::schema_diff::SchemaDiff;

/// Pairs of schemas, compared and to be compared.
pub struct SchemaQueue<'a> {
    pub old: Document<'a>,
    pub new: Document<'a>,
    /// The index of the diff of each pair, by the addresses of its schemas.
    indices: HashMap<(Vec<usize>, Vec<usize>), usize>,
    /// Pairs to be compared. A queue instead of recursion, because schemas may contain themselves.
    pending: Vec<(usize, AllOf<'a>, AllOf<'a>)>,
    diffs: Vec<SchemaDiff>,
}

impl<'a> SchemaQueue<'a> {
    pub fn new(old: &'a Value, new: &'a Value) -> Self {
        Self {
            old: Document::new(old),
            new: Document::new(new),
            indices: HashMap::new(),
            pending: Vec::new(),
            diffs: Vec::new(),
        }
    }

    /// Requests the diff of a pair and returns its index.
    pub fn push(&mut self, old: &AllOf<'a>, new: &AllOf<'a>) -> usize {
        let addresses = |schemas: &AllOf<'a>| {
            schemas
                .iter()
                .map(|schema| std::ptr::from_ref::<Value>(schema).addr())
                .collect()
        };
        let next = self.diffs.len();
        let index = *self.indices.entry((addresses(old), addresses(new))).or_insert(next);
        if index == next {
            self.diffs.push(SchemaDiff::default());
            self.pending.push((index, old.clone(), new.clone()));
        }
        index
    }

    /// The next pair to compare, with the index of its diff.
    pub fn pop(&mut self) -> Option<(usize, AllOf<'a>, AllOf<'a>)> {
        self.pending.pop()
    }

    pub fn set(&mut self, index: usize, diff: SchemaDiff) {
        self.diffs[index] = diff;
    }

    pub fn into_diffs(self) -> Vec<SchemaDiff> {
        self.diffs
    }
}
