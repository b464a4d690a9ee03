//! The pairs of schemas to compare, each once, however often it is used and even if it contains itself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use super::document::Document;
use super::join::Key;
use super::relation::Relation;
use super::schema::AllOf;
use super::schema_diff::SchemaDiff;

/// Pairs of schemas, compared and to be compared.
pub struct SchemaQueue<'a> {
    pub old: Rc<Document<'a>>,
    pub new: Rc<Document<'a>>,
    /// The relations of pairs that were compared on their own.
    pub(super) relations: Rc<RefCell<HashMap<(Key, Key), Relation>>>,
    /// The number of comparisons that wait for this one.
    pub(super) depth: usize,
    /// The index of the diff of each pair.
    indices: HashMap<(Key, Key), usize>,
    /// Pairs to be compared. A queue instead of recursion, because schemas may contain themselves.
    pending: Vec<(usize, AllOf<'a>, AllOf<'a>)>,
    diffs: Vec<SchemaDiff>,
}

impl<'a> SchemaQueue<'a> {
    pub fn new(old: &'a Value, new: &'a Value) -> Self {
        Self {
            old: Rc::new(Document::new(old)),
            new: Rc::new(Document::new(new)),
            relations: Rc::default(),
            depth: 0,
            indices: HashMap::new(),
            pending: Vec::new(),
            diffs: Vec::new(),
        }
    }

    /// A queue without pairs, for a comparison within this one.
    pub fn nested(&self) -> Self {
        Self {
            old: self.old.clone(),
            new: self.new.clone(),
            relations: self.relations.clone(),
            depth: self.depth + 1,
            indices: HashMap::new(),
            pending: Vec::new(),
            diffs: Vec::new(),
        }
    }

    /// Requests the diff of a pair and returns its index.
    pub fn push(&mut self, old: &AllOf<'a>, new: &AllOf<'a>) -> usize {
        let next = self.diffs.len();
        let key = (self.old.key(old), self.new.key(new));
        let index = *self.indices.entry(key).or_insert(next);
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
