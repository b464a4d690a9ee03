//! Compares two OpenAPI documents and reports each change with its severity.
//!
//! [`compare`] walks both: operations are paired ([`operations`]), their parts compared ([`operation_diff`], [`bodies`], ...), schemas
//! once per pair ([`schemas`]), and findings are grouped so that each change is reported once, with every operation that it affects
//! ([`uses`], [`changes`]). [`rules`] is the table of messages and severities; [`locate`](mod@locate) finds the line of a change.
//!
//! This is a separate crate so that development builds compile it with optimizations, which they use nowhere else: a person waits
//! for its report.

mod access;
mod bodies;
mod callbacks;
pub mod changes;
mod document;
mod keywords;
mod limits;
mod locate;
mod normalize;
mod operation_diff;
mod operations;
mod parameters;
mod positions;
mod properties;
mod queue;
pub mod rules;
mod schema;
mod schema_diff;
mod schemas;
mod similarity;
mod top_level;
mod unions;
mod uses;

pub use changes::{Change, Operation};
pub use positions::Positions;
pub use rules::{Rule, Severity};

use serde_json::Value;
use spanned_json::Node;

use self::changes::Changes;
use self::locate::locate;
use self::queue::SchemaQueue;

/// One of the two documents.
#[derive(Debug, Clone, Copy)]
pub struct Contract<'a> {
    /// OpenAPI 3.1, as `openapi-reader` returns it: every reference resolves in it.
    pub document: &'a Value,
    /// The source of the document, with locations.
    pub source: &'a Node,
}

/// Returns all changes, each once, in the order of the new document. `resource` maps a path to its resource.
pub fn compare(old: Contract<'_>, new: Contract<'_>, resource: &dyn Fn(&str) -> String) -> Vec<Change> {
    let mut schemas = SchemaQueue::new(old.document, new.document);
    let mut changes = Changes::default();
    let mut uses = Vec::new();
    top_level::compare(old.document, new.document, &mut changes);
    for section in ["paths", "webhooks"] {
        top_level::compare_section(section, &mut schemas, &mut changes, &mut uses);
    }
    let diffs = schemas::compare_all(schemas);
    let changed = uses::transitively_changed(&diffs);
    for schema_use in &uses {
        uses::add_changes(schema_use, &diffs, &changed, &mut changes);
    }
    changes.finish(
        |pointer| locate(old.source, pointer),
        |pointer| locate(new.source, pointer),
        resource,
    )
}
