//! Compares two OpenAPI documents and reports each change with its severity.
//!
//! [`compare`] walks both: operations are paired ([`operations`]), their parts compared ([`operation_diff`], [`bodies`], [`responses`], ...), schemas
//! once per pair ([`schemas`]), and findings are grouped so that each change is reported once, with every operation that it affects
//! ([`uses`], [`changes`]). [`rules`] is the table of messages and severities; [`locate`](mod@locate) finds the line of a change.
//!
//! This is a separate crate so that development builds compile it with optimizations, which they use nowhere else: a person waits
//! for its report.

mod access;
pub mod audience;
mod bodies;
mod callbacks;
pub mod changes;
mod discriminators;
mod document;
mod documentation;
mod encodings;
mod equality;
mod forms;
mod keywords;
mod lifecycle;
mod limits;
mod locate;
mod media_types;
mod normalize;
mod numbers;
mod operation_diff;
mod operations;
mod parameters;
mod patterns;
mod positions;
mod properties;
mod queue;
mod relation;
mod responses;
pub mod rules;
mod schema;
mod schema_diff;
mod schemas;
mod schemes;
mod servers;
mod show;
mod similarity;
mod top_level;
mod unions;
mod urls;
mod uses;
mod variants;

pub use audience::{Audience, Audiences};
pub use changes::{Change, Operation};
pub use lifecycle::date;
pub use operations::Prefixes;
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

/// The settings of a comparison.
pub struct Settings<'s> {
    /// Maps a path to its resource.
    pub resource: &'s dyn Fn(&str) -> String,
    /// Prefixes of paths that are not compared, such as `/api/v1`.
    pub stripped_prefixes: &'s [String],
    /// The date of the comparison as in RFC 3339, which decides whether a sunset has passed. The library reads no clock.
    pub today: Option<&'s str>,
}

/// Returns all changes, each once, in the order of the new document.
pub fn compare(old: Contract<'_>, new: Contract<'_>, settings: &Settings<'_>) -> Vec<Change> {
    let mut schemas = SchemaQueue::new(old.document, new.document, schemas::compare_some);
    let mut changes = Changes::default();
    let mut uses = Vec::new();
    let stripped = settings.stripped_prefixes;
    let [old_base, new_base] = operations::base_paths(old.document, new.document, stripped);
    top_level::compare(old.document, new.document, (&old_base, &new_base), &mut changes);
    let prefixes = [old_base, new_base].map(|base| Prefixes { base, stripped });
    for section in ["paths", "webhooks"] {
        top_level::compare_section(
            section,
            [&prefixes[0], &prefixes[1]],
            settings.today,
            &mut schemas,
            &mut changes,
            &mut uses,
        );
    }
    let diffs = schemas::compare_all(schemas);
    let changed = uses::transitively_changed(&diffs);
    for schema_use in &uses {
        uses::add_changes(schema_use, &diffs, &changed, &mut changes);
    }
    changes.finish(
        |pointer| locate(old.source, pointer),
        |pointer| locate(new.source, pointer),
        settings.resource,
    )
}
