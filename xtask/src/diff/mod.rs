//! What is different between two contracts, and whom it breaks.
//!
//! [`input`] reads either side: a file, a folder of documents, a git revision. [`compare`] walks both: operations are paired
//! ([`operations`]), their parts compared ([`parts`], [`exchange`]), schemas once for each pair ([`schemas`]), and what was found
//! is gathered so that each change is told once, with everything it touches ([`changes`]). What a change is called and how bad it
//! is stands in the table of [`rules`]; [`places`] finds the line that says it. [`report`] tells it to people and to programs.

pub mod changelog;
pub mod changes;
mod exchange;
mod facts;
pub mod folder;
pub mod git;
pub mod input;
mod limits;
mod operations;
mod parts;
mod places;
pub mod report;
pub mod rules;
mod schema;
mod schemas;
mod unions;
mod uses;
mod whole;

pub use changes::{Change, Operation};
pub use input::Side;
pub use rules::{Level, Rule};

use self::changes::Changes;
use self::places::locate;
use self::schemas::Schemas;
use crate::diagnostic::Place;

/// Everything that is different, each change once, in the order of the new document.
pub fn compare(old: &Side, new: &Side) -> Vec<Change> {
    let mut schemas = Schemas::new(&old.document, &new.document);
    let mut changes = Changes::default();
    let mut used = Vec::new();
    whole::document(&old.document, &new.document, &mut changes);
    for section in ["paths", "webhooks"] {
        whole::section(section, &mut schemas, &mut changes, &mut used);
    }
    let deltas = schemas.finish();
    let live = uses::live(&deltas);
    for used in &used {
        uses::add(used, &deltas, &live, &mut changes);
    }
    changes.finish(
        |way| Place::from(&locate(&old.origin, way)),
        |way| Place::from(&locate(&new.origin, way)),
    )
}
