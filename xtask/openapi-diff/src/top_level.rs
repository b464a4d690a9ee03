//! Compares the document's own properties, and the operations of its sections.

use serde_json::Value;

use super::changes::{Changes, Finding, Subject};
use super::limits::show;
use super::locate::Step;
use super::operation_diff::{OperationDiff, PartChange};
use super::operations::{Endpoint, endpoints, pair_endpoints};
use super::positions::{Polarity, Positions};
use super::queue::SchemaQueue;
use super::rules::Rule;
use super::rules::document::*;
use super::rules::operations::{OPERATION_ADDED, OPERATION_REMOVED};
use super::uses::SchemaUse;

/// Pairs the operations of a section and compares them.
pub fn compare_section<'a>(
    section: &'static str,
    schemas: &mut SchemaQueue<'a>,
    changes: &mut Changes,
    uses: &mut Vec<SchemaUse<'a>>,
) {
    let reversed = section == "webhooks";
    let section_endpoints = |root: &'a Value| endpoints(root, root.get(section), &[Step::key(section)], false);
    for (old, new) in pair_endpoints(
        &section_endpoints(schemas.old.root),
        &section_endpoints(schemas.new.root),
    ) {
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
                    old,
                    new,
                    operation,
                    reversed,
                    callback: None,
                };
                diff.compare();
            }
            (None, _) => {
                let rule = if reversed { &WEBHOOK_ADDED } else { &OPERATION_ADDED };
                report_one_sided(rule, &either, operation, changes, None, Some(either.pointer()));
            }
            (_, None) => {
                let rule = if reversed { &WEBHOOK_REMOVED } else { &OPERATION_REMOVED };
                report_one_sided(rule, &either, operation, changes, Some(either.pointer()), None);
            }
        }
    }
}

fn report_one_sided(
    rule: &'static Rule,
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
        old: String::new(),
        new: String::new(),
        operation: Some(operation),
        positions: Positions::BOTH,
        polarity: Polarity::Same,
        is_tolerated: true,
        old_pointer,
        new_pointer,
        fingerprint: 0,
    });
}

/// Compares title, version, servers, tags and security schemes.
pub fn compare(old: &Value, new: &Value, changes: &mut Changes) {
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
            old_pointer: Some(steps.to_vec()),
            new_pointer: Some(steps.to_vec()),
            fingerprint: 0,
        });
    };
    compare_info(old, new, &mut report);
    compare_servers(old, new, &mut report);
    compare_tags(old, new, &mut report);
    compare_security_schemes(old, new, &mut report);
}

type Report<'s> = &'s mut dyn FnMut(String, &[Step], PartChange);

fn shown(value: Option<&Value>) -> String {
    value.map_or("absent".to_owned(), show)
}

fn compare_info(old: &Value, new: &Value, report: Report<'_>) {
    let get = |root: &'_ Value, key: &str| root.get("info").and_then(|info| info.get(key)).cloned();
    for (key, rule) in [
        ("title", &TITLE_CHANGED),
        ("version", &VERSION_CHANGED),
        ("description", &DESCRIPTION_CHANGED),
    ] {
        let (a, b) = (get(old, key), get(new, key));
        if a != b {
            let change = PartChange::new(rule).old(shown(a.as_ref())).new_text(shown(b.as_ref()));
            report("the document".to_owned(), &[Step::key("info"), Step::key(key)], change);
        }
    }
}

/// The items of an array by the property that identifies them.
fn entries<'v>(root: &'v Value, list: &str, key: &str) -> Vec<(&'v str, &'v Value)> {
    let items = root.get(list).and_then(Value::as_array);
    let named = |item: &'v Value| Some((item.get(key)?.as_str()?, item));
    items.into_iter().flatten().filter_map(named).collect()
}

fn compare_servers(old: &Value, new: &Value, report: Report<'_>) {
    let (before, after) = (entries(old, "servers", "url"), entries(new, "servers", "url"));
    let pointer = |url: &str| vec![Step::key("servers"), Step::Entry(vec![("url", url.to_owned())])];
    for (url, server) in &after {
        let Some((_, known)) = before.iter().find(|(other, _)| other == url) else {
            report(format!("`{url}`"), &pointer(url), PartChange::new(&SERVER_ADDED));
            continue;
        };
        let variables = |server: &Value| {
            server
                .get("variables")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default()
        };
        let (a, b) = (variables(known), variables(server));
        let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
        for name in names {
            let undescribed = |value: Option<&Value>| {
                let mut value = value.cloned();
                if let Some(object) = value.as_mut().and_then(Value::as_object_mut) {
                    object.shift_remove("description");
                }
                value
            };
            let (x, y) = (undescribed(a.get(name)), undescribed(b.get(name)));
            if x != y {
                let steps = [pointer(url), vec![Step::key("variables"), Step::key(name)]].concat();
                let change = PartChange::new(&SERVER_VARIABLE_CHANGED)
                    .old(shown(x.as_ref()))
                    .new_text(shown(y.as_ref()));
                report(format!("`{{{name}}}` of `{url}`"), &steps, change);
            }
        }
    }
    for (url, _) in before
        .iter()
        .filter(|(url, _)| !after.iter().any(|(other, _)| other == url))
    {
        report(format!("`{url}`"), &pointer(url), PartChange::new(&SERVER_REMOVED));
    }
}

fn compare_tags(old: &Value, new: &Value, report: Report<'_>) {
    let (before, after) = (entries(old, "tags", "name"), entries(new, "tags", "name"));
    let pointer = |name: &str| vec![Step::key("tags"), Step::Entry(vec![("name", name.to_owned())])];
    for (name, tag) in &after {
        match before.iter().find(|(other, _)| other == name) {
            None => report(format!("`{name}`"), &pointer(name), PartChange::new(&TAG_ADDED)),
            Some((_, known)) => {
                let description = |tag: &Value| {
                    tag.get("description")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .trim()
                        .to_owned()
                };
                if description(known) != description(tag) {
                    let change = PartChange::new(&DESCRIPTION_CHANGED)
                        .old(description(known))
                        .new_text(description(tag));
                    report(format!("tag `{name}`"), &pointer(name), change);
                }
            }
        }
    }
    for (name, _) in before
        .iter()
        .filter(|(name, _)| !after.iter().any(|(other, _)| other == name))
    {
        report(format!("`{name}`"), &pointer(name), PartChange::new(&TAG_REMOVED));
    }
}

fn compare_security_schemes(old: &Value, new: &Value, report: Report<'_>) {
    let all = |root: &Value| {
        let schemes = root.pointer("/components/securitySchemes").and_then(Value::as_object);
        schemes.cloned().unwrap_or_default()
    };
    let undescribed = |scheme: &Value| {
        let mut scheme = scheme.clone();
        if let Some(object) = scheme.as_object_mut() {
            object.shift_remove("description");
        }
        scheme
    };
    let (before, after) = (all(old), all(new));
    let pointer = |name: &str| vec![Step::key("components"), Step::key("securitySchemes"), Step::key(name)];
    for (name, scheme) in &after {
        match before.get(name) {
            None => report(format!("`{name}`"), &pointer(name), PartChange::new(&SCHEME_ADDED)),
            Some(known) if undescribed(known) != undescribed(scheme) => {
                let change = PartChange::new(&SCHEME_CHANGED)
                    .old(show(&undescribed(known)))
                    .new_text(show(&undescribed(scheme)));
                report(format!("`{name}`"), &pointer(name), change);
            }
            Some(_) => {}
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        report(format!("`{name}`"), &pointer(name), PartChange::new(&SCHEME_REMOVED));
    }
}
