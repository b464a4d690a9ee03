//! Compares servers: those of the document, and those of operations and path items.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::documentation::{Report, compare_documentation};
use super::locate::Step;
use super::operation_diff::{OperationDiff, Part, PartChange, quoted, text};
use super::rules::document::*;
use super::urls::{server_list, substitution};

/// The name of a server in messages.
fn shown_url(url: &str) -> String {
    quoted(if url.is_empty() { "/" } else { url })
}

/// The servers of which only one side has some. Without servers, the one of the document is `/`, which is no change if it is listed.
fn missing_in<'s, 'v>(
    these: &'s [(String, &'v Value)],
    those: &'s [(String, &'v Value)],
) -> impl Iterator<Item = (&'s String, &'v Value)> {
    let is_implied = |url: &str| those.is_empty() && url.is_empty();
    let is_missing = move |url: &String| !is_implied(url) && !those.iter().any(|(other, _)| other == url);
    these
        .iter()
        .filter(move |(url, _)| is_missing(url))
        .map(|(url, server)| (url, *server))
}

/// Compares the servers of the document. `bases` are the base paths that belong to the paths, on either side.
pub fn compare(old: &Value, new: &Value, bases: (&str, &str), report: Report<'_>) {
    let (before, after) = (
        server_list(old.get("servers"), bases.0),
        server_list(new.get("servers"), bases.1),
    );
    let pointer = |server: &Value| {
        let url = text(server, "url").unwrap_or_default().to_owned();
        vec![Step::key("servers"), Step::Entry(vec![("url", url)])]
    };
    for (url, server) in missing_in(&after, &before) {
        report(shown_url(url), &pointer(server), PartChange::new(&SERVER_ADDED));
    }
    for (url, server) in &after {
        if let Some((_, known)) = before.iter().find(|(other, _)| other == url) {
            let name = shown_url(url);
            compare_variables(known, server, &name, &pointer(server), report);
            compare_documentation(known, server, &format!("server {name}"), &pointer(server), report);
        }
    }
    for (url, server) in missing_in(&before, &after) {
        report(shown_url(url), &pointer(server), PartChange::new(&SERVER_REMOVED));
    }
}

fn compare_variables(old: &Value, new: &Value, server: &str, pointer: &[Step], report: Report<'_>) {
    let none = Map::new();
    let variables = |server: &'_ Value| server.get("variables").and_then(Value::as_object).cloned();
    let (a, b) = (variables(old).unwrap_or(none.clone()), variables(new).unwrap_or(none));
    let names: BTreeSet<_> = a.keys().chain(b.keys()).collect();
    for name in names {
        let (x, y) = (a.get(name).map(substitution), b.get(name).map(substitution));
        if x != y {
            let steps = [pointer, &[Step::key("variables"), Step::key(name)]].concat();
            let change = PartChange::new(&SERVER_VARIABLE_CHANGED).between(x.as_ref(), y.as_ref());
            report(format!("`{{{name}}}` of {server}"), &steps, change);
        }
    }
}

impl<'a> OperationDiff<'a, '_> {
    /// Compares the servers of the operation, if it or its path item has its own.
    pub(super) fn compare_servers(&mut self, operation: &Part<'a>) {
        let own = |value: &'a Value, item: &'a Value| value.get("servers").or(item.get("servers"));
        let (old, new) = (own(self.old.value, self.old.item), own(self.new.value, self.new.item));
        if old.is_none() && new.is_none() {
            return;
        }
        let old = server_list(old.or(self.schemas.old.root.get("servers")), "");
        let new = server_list(new.or(self.schemas.new.root.get("servers")), "");
        for (rule, here, there) in [(&SERVER_ADDED, &new, &old), (&SERVER_REMOVED, &old, &new)] {
            for (url, server) in missing_in(here, there) {
                let url = shown_url(url);
                let part = Part {
                    name: Some(match &operation.name {
                        Some(name) => format!("{url} of {name}"),
                        None => url,
                    }),
                    old_pointer: operation.old_pointer.clone(),
                    new_pointer: operation.new_pointer.clone(),
                    ..*operation
                };
                let url = text(server, "url").unwrap_or_default().to_owned();
                let steps = [Step::key("servers"), Step::Entry(vec![("url", url)])];
                self.report(&part, &steps, PartChange::new(rule));
            }
        }
    }
}
