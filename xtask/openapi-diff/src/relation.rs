//! The relation of two schemas: whether one accepts all values of the other, by the changes from one to the other.

use std::collections::HashSet;

use super::positions::{Polarity, Positions};
use super::rules::Severity;
use super::schema_diff::SchemaDiff;

/// The relation of an old and a new schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relation {
    /// Every old value is a new one, as far as is known: no caller breaks.
    pub widens: bool,
    /// Every new value is an old one, as far as is known: no reader breaks.
    pub narrows: bool,
}

impl Relation {
    pub const UNKNOWN: Self = Self {
        widens: false,
        narrows: false,
    };

    /// The relation of the pair with the index `first`.
    pub fn from_diffs(diffs: &[SchemaDiff], first: usize) -> Self {
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
