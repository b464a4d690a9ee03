//! The relation of two schemas: whether one accepts all values of the other. The comparison itself decides, on the pair alone.

use std::collections::HashSet;

use super::positions::{Polarity, Positions};
use super::queue::SchemaQueue;
use super::rules::Severity;
use super::schema::AllOf;
use super::schema_diff::SchemaDiff;
use super::schemas;

/// Comparisons on their own may need others; beyond this depth and number of pairs the relation counts as unknown.
const MAX_DEPTH: usize = 2;
const MAX_PAIRS: usize = 200;

/// The relation of an old and a new schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relation {
    /// Every old value is a new one, as far as is known: no caller breaks.
    pub widens: bool,
    /// Every new value is an old one, as far as is known: no reader breaks.
    pub narrows: bool,
}

impl Relation {
    const UNKNOWN: Self = Self {
        widens: false,
        narrows: false,
    };

    pub fn new<'a>(queue: &SchemaQueue<'a>, old: &AllOf<'a>, new: &AllOf<'a>) -> Self {
        if queue.depth >= MAX_DEPTH {
            return Self::UNKNOWN;
        }
        let key = (queue.old.key(old), queue.new.key(new));
        if let Some(known) = queue.relations.borrow().get(&key) {
            return *known;
        }
        let mut nested = queue.nested();
        let first = nested.push(old, new);
        let relation = match schemas::compare_some(nested, MAX_PAIRS) {
            Some(diffs) => Self::from_diffs(&diffs, first),
            None => Self::UNKNOWN,
        };
        // Deeper comparisons are less exact, so that only the outermost ones are kept.
        if queue.depth == 0 {
            queue.relations.borrow_mut().insert(key, relation);
        }
        relation
    }

    fn from_diffs(diffs: &[SchemaDiff], first: usize) -> Self {
        let mut relation = Self {
            widens: true,
            narrows: true,
        };
        let mut seen = HashSet::new();
        let mut pending = vec![(first, Positions::BOTH, Polarity::Same)];
        while let Some((index, positions, polarity)) = pending.pop() {
            if positions.is_empty() || !seen.insert((index, positions, polarity)) {
                continue;
            }
            for change in &diffs[index].changes {
                let (request, response, _) = change.rule.severities(polarity);
                let positions = positions.intersection(change.positions);
                relation.widens &= !positions.request || request < Severity::Breaking;
                relation.narrows &= !positions.response || response < Severity::Breaking;
            }
            pending.extend(diffs[index].subschemas.iter().map(|subschema| {
                (
                    subschema.diff,
                    positions.intersection(subschema.positions),
                    polarity.compose(subschema.polarity),
                )
            }));
        }
        relation
    }
}
