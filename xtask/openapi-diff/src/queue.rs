//! The pairs of schemas to compare, each once, however often it is used and even if it contains itself.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use super::document::Document;
use super::document::Key;
use super::relation::Relation;
use super::schema::AllOf;
use super::schema_diff::SchemaDiff;

/// Comparisons of a pair alone may need others; beyond this depth and number of pairs the relation is unknown.
const MAX_DEPTH: usize = 2;
const MAX_PAIRS: usize = 200;

/// The number of pairs that are compared to find relations; beyond it, they are unknown.
const RELATION_PAIRS: usize = 200_000;

/// Compares all pairs of a queue and their subschemas; `None` if there are more than a number.
type Compare<'a> = fn(SchemaQueue<'a>, usize) -> Option<Vec<SchemaDiff>>;

/// Pairs of schemas, compared and to be compared.
pub struct SchemaQueue<'a> {
    compare: Compare<'a>,
    pub old: Rc<Document<'a>>,
    pub new: Rc<Document<'a>>,
    /// The relations of pairs that were compared on their own.
    relations: Rc<RefCell<HashMap<(Key, Key), Relation>>>,
    /// The number of pairs that they may still compare, so that no document takes too long.
    budget: Rc<Cell<usize>>,
    /// The number of comparisons that wait for this one.
    depth: usize,
    /// The index of the diff of each pair.
    indices: HashMap<(Key, Key), usize>,
    /// Pairs to be compared. A queue instead of recursion, because schemas may contain themselves.
    pending: Vec<(usize, AllOf<'a>, AllOf<'a>)>,
    diffs: Vec<SchemaDiff>,
}

impl<'a> SchemaQueue<'a> {
    pub fn new(old: &'a Value, new: &'a Value, compare: Compare<'a>) -> Self {
        Self {
            compare,
            old: Rc::new(Document::new(old)),
            new: Rc::new(Document::new(new)),
            relations: Rc::default(),
            budget: Rc::new(Cell::new(RELATION_PAIRS)),
            depth: 0,
            indices: HashMap::new(),
            pending: Vec::new(),
            diffs: Vec::new(),
        }
    }

    /// A queue without pairs, for a comparison within this one.
    fn nested(&self) -> Self {
        Self {
            compare: self.compare,
            old: self.old.clone(),
            new: self.new.clone(),
            relations: self.relations.clone(),
            budget: self.budget.clone(),
            depth: self.depth + 1,
            indices: HashMap::new(),
            pending: Vec::new(),
            diffs: Vec::new(),
        }
    }

    /// The relation of a pair: it is compared alone.
    pub fn relation(&self, old: &AllOf<'a>, new: &AllOf<'a>) -> Relation {
        if self.depth >= MAX_DEPTH {
            return Relation::UNKNOWN;
        }
        let key = (self.old.key(old), self.new.key(new));
        if let Some(known) = self.relations.borrow().get(&key) {
            return *known;
        }
        let mut nested = self.nested();
        let first = nested.push(old, new);
        let max = MAX_PAIRS.min(self.budget.get());
        let diffs = (self.compare)(nested, max);
        let used = diffs.as_ref().map_or(max, Vec::len);
        self.budget.set(self.budget.get().saturating_sub(used));
        let relation = diffs.map_or(Relation::UNKNOWN, |diffs| Relation::from_diffs(&diffs, first));
        // Deeper comparisons are less exact, so that only the outermost ones are kept.
        if self.depth == 0 {
            self.relations.borrow_mut().insert(key, relation);
        }
        relation
    }

    /// Returns `true` if a component was renamed, as opposed to replaced by another one.
    pub fn is_renamed(&self, old: &str, new: &str) -> bool {
        old != new && !self.new.has_component(old) && !self.old.has_component(new)
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
