//! What is different between two OpenAPI documents, and whom it breaks.
//!
//! [`compare`] walks both: operations are paired ([`operations`]), their parts compared ([`parts`], [`exchange`]), schemas once
//! for each pair ([`schemas`]), and what was found is gathered so that each change is told once, with everything it touches
//! ([`uses`], [`changes`]). What a change is called and how bad it is stands in the table of [`rules`]; [`places`] finds the line
//! that says it.
//!
//! A crate of its own, because it is compiled with optimisation also where nothing else is: somebody waits for it.

mod access;
mod callbacks;
pub mod changes;
mod document;
mod exchange;
mod facts;
mod form;
mod keywords;
mod limits;
mod operations;
mod parameters;
mod parts;
mod places;
mod positions;
mod queue;
pub mod rules;
mod schema;
mod schemas;
mod similarity;
mod unions;
mod uses;
mod whole;

pub use changes::{Change, Operation};
pub use positions::Positions;
pub use rules::{Level, Rule};

use serde_json::Value;
use spanned_json::{Node, Place};

use self::changes::Changes;
use self::places::locate;
use self::queue::SchemaQueue;

/// One of the two documents.
#[derive(Debug, Clone, Copy)]
pub struct Contract<'a> {
    /// OpenAPI 3.0 or 3.1.
    pub document: &'a Value,
    /// What it was read from, with the line of every word.
    pub origin: &'a Node,
}

/// Everything that is different, each change once, in the order of the new document. `resource` says what a path is about.
pub fn compare(old: Contract<'_>, new: Contract<'_>, resource: &dyn Fn(&str) -> String) -> Vec<Change> {
    let mut schemas = SchemaQueue::new(old.document, new.document);
    let mut changes = Changes::default();
    let mut used = Vec::new();
    whole::document(old.document, new.document, &mut changes);
    for section in ["paths", "webhooks"] {
        whole::section(section, &mut schemas, &mut changes, &mut used);
    }
    let deltas = schemas::compare_all(schemas);
    let live = uses::live(&deltas);
    for used in &used {
        uses::add(used, &deltas, &live, &mut changes);
    }
    changes.finish(
        |way| locate(old.origin, way).as_ref().map(Place::from),
        |way| locate(new.origin, way).as_ref().map(Place::from),
        resource,
    )
}
