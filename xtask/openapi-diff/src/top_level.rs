//! Compares the document's own properties, and the operations of its sections.

use serde_json::Value;

use super::bodies::NULL;
use super::changes::{Changes, Finding, Subject};
use super::documentation::{Report, compare_documentation};
use super::locate::Step;
use super::operation_diff::{OperationDiff, PartChange};
use super::operations::{Endpoint, Kind, Prefixes, endpoints, pair_endpoints};
use super::positions::{Polarity, Positions};
use super::queue::SchemaQueue;
use super::rules::Rule;
use super::rules::document::*;
use super::rules::operations::OPERATION_ADDED;
use super::uses::SchemaUse;
use super::{lifecycle, schemes, servers};

/// Compares the operations of a section: `paths` or `webhooks`. `prefixes` are those of both documents.
pub fn compare_section<'a>(
    section: &'static str,
    prefixes: [&Prefixes<'_>; 2],
    today: Option<&str>,
    schemas: &mut SchemaQueue<'a>,
    changes: &mut Changes,
    uses: &mut Vec<SchemaUse<'a>>,
) {
    let reversed = section == "webhooks";
    let kind = |side: usize| match reversed {
        true => Kind::Webhook,
        false => Kind::Path(prefixes[side]),
    };
    let section_endpoints =
        |root: &'a Value, side: usize| endpoints(root, root.get(section), &[Step::key(section)], kind(side));
    let (old, new) = (
        section_endpoints(schemas.old.root, 0),
        section_endpoints(schemas.new.root, 1),
    );
    for (old, new) in pair_endpoints(&old, &new) {
        let Some(either) = new.clone().or(old.clone()) else {
            continue;
        };
        let operation = changes.operations.len();
        changes.operations.push(either.operation());
        match (old, new) {
            (Some(old), Some(new)) => {
                let mut diff = OperationDiff {
                    schemas,
                    changes,
                    uses,
                    today,
                    old,
                    new,
                    operation,
                    reversed,
                    in_code: !reversed,
                    callback: None,
                };
                diff.compare();
            }
            (None, _) => {
                let rule = if reversed { &WEBHOOK_ADDED } else { &OPERATION_ADDED };
                report_one_sided(rule, "", &either, operation, changes, None, Some(either.pointer()));
            }
            (_, None) => {
                let (rule, sunset) = match reversed {
                    true => (&WEBHOOK_REMOVED, String::new()),
                    false => lifecycle::removal(either.value, today, &lifecycle::OPERATION),
                };
                report_one_sided(rule, &sunset, &either, operation, changes, Some(either.pointer()), None);
            }
        }
    }
}

fn report_one_sided(
    rule: &'static Rule,
    old_text: &str,
    endpoint: &Endpoint<'_>,
    operation: usize,
    changes: &mut Changes,
    old_pointer: Option<Vec<Step>>,
    new_pointer: Option<Vec<Step>>,
) {
    let url = endpoint
        .id
        .map(|_| format!(" (`{} {}`)", endpoint.method.to_uppercase(), endpoint.path));
    changes.add(Finding {
        rule,
        subject: Subject::Operation(None),
        path: url.unwrap_or_default(),
        old: old_text.to_owned(),
        new: String::new(),
        operation: Some(operation),
        positions: Positions::BOTH,
        polarity: Polarity::Same,
        is_tolerated: true,
        is_in_code: true,
        old_pointer,
        new_pointer,
        fingerprint: 0,
    });
}

/// Compares title, version, servers, tags, security schemes and the documentation of the document. `bases` are the base paths that
/// belong to the paths.
pub fn compare(old: &Value, new: &Value, bases: (&str, &str), changes: &mut Changes) {
    let mut report = |name: String, steps: &[Step], change: PartChange| {
        changes.add(Finding {
            rule: change.rule,
            subject: Subject::Document(name),
            path: String::new(),
            old: change.old,
            new: change.new,
            operation: None,
            positions: change.positions,
            polarity: Polarity::Same,
            is_tolerated: true,
            is_in_code: false,
            old_pointer: Some(steps.to_vec()),
            new_pointer: Some(steps.to_vec()),
            fingerprint: 0,
        });
    };
    compare_info(old, new, &mut report);
    servers::compare(old, new, bases, &mut report);
    compare_tags(old, new, &mut report);
    schemes::compare(old, new, &mut report);
    compare_documentation(old, new, "the document", &[], &mut report);
    compare_path_items(old, new, &mut report);
}

fn compare_info(old: &Value, new: &Value, report: Report<'_>) {
    let (old, new) = (old.get("info").unwrap_or(&NULL), new.get("info").unwrap_or(&NULL));
    for (key, rule) in [("title", &TITLE_CHANGED), ("version", &VERSION_CHANGED)] {
        let (a, b) = (old.get(key), new.get(key));
        if a != b {
            let change = PartChange::new(rule).between(a, b);
            report("the document".to_owned(), &[Step::key("info"), Step::key(key)], change);
        }
    }
    compare_documentation(old, new, "the document", &[Step::key("info")], report);
}

/// Compares the documentation of paths that both documents have.
fn compare_path_items<'v>(old: &'v Value, new: &'v Value, report: Report<'_>) {
    for section in ["paths", "webhooks"] {
        let items = |root: &'v Value| root.get(section).and_then(Value::as_object);
        let (Some(before), Some(after)) = (items(old), items(new)) else {
            continue;
        };
        for (path, item) in after.iter().filter(|(path, _)| !path.starts_with("x-")) {
            if let Some(known) = before.get(path) {
                let pointer = [Step::key(section), Step::key(path)];
                compare_documentation(known, item, &format!("path `{path}`"), &pointer, report);
            }
        }
    }
}

fn compare_tags(old: &Value, new: &Value, report: Report<'_>) {
    let (before, after) = (tags(old), tags(new));
    let pointer = |name: &str| vec![Step::key("tags"), Step::Entry(vec![("name", name.to_owned())])];
    let find = |all: &[(&str, &'_ Value)], name: &str| all.iter().any(|(other, _)| *other == name);
    for (name, tag) in &after {
        match before.iter().find(|(other, _)| other == name) {
            None => report(format!("`{name}`"), &pointer(name), PartChange::new(&TAG_ADDED)),
            Some((_, known)) => compare_documentation(known, tag, &format!("tag `{name}`"), &pointer(name), report),
        }
    }
    for (name, _) in before.iter().filter(|(name, _)| !find(&after, name)) {
        report(format!("`{name}`"), &pointer(name), PartChange::new(&TAG_REMOVED));
    }
}

/// The tags of a document, each once: a repeated one is that of its first appearance.
fn tags(root: &Value) -> Vec<(&str, &Value)> {
    let mut all: Vec<(&str, &Value)> = Vec::new();
    for tag in root.get("tags").and_then(Value::as_array).into_iter().flatten() {
        if let Some(name) = tag.get("name").and_then(Value::as_str)
            && !all.iter().any(|(other, _)| *other == name)
        {
            all.push((name, tag));
        }
    }
    all
}
