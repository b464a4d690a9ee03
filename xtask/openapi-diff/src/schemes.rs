//! Compares security schemes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::documentation::{Report, compare_documentation};
use super::locate::Step;
use super::operation_diff::{PartChange, quoted, text};
use super::operations::METHODS;
use super::rules::document::*;
use super::show::show;

/// The security schemes of a document, by name.
pub fn schemes(root: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let schemes = root.pointer("/components/securitySchemes").and_then(Value::as_object);
    schemes.into_iter().flatten()
}

/// A scheme as it shows in requests, without its flows and its documentation.
fn essence(scheme: &Value) -> Value {
    let kept = scheme.as_object().into_iter().flatten().filter_map(|(key, value)| {
        let value = match (key.as_str(), value) {
            // Both are compared without case.
            ("scheme", Value::String(scheme)) => Value::String(scheme.to_lowercase()),
            ("name", Value::String(name)) if text(scheme, "in") == Some("header") => Value::String(name.to_lowercase()),
            // Hints for people; flows are compared one by one.
            ("description" | "bearerFormat" | "deprecated" | "flows", _) => return None,
            (key, _) if key.starts_with("x-") => return None,
            (_, value) => value.clone(),
        };
        Some((key.clone(), value))
    });
    let kept: BTreeMap<_, _> = kept.collect();
    Value::Object(kept.into_iter().collect())
}

/// A scheme as it is shown.
fn undescribed(scheme: &Value) -> Value {
    let mut scheme = scheme.clone();
    if let Some(object) = scheme.as_object_mut() {
        object.shift_remove("description");
    }
    scheme
}

/// The OAuth flows of a scheme, by name: its URLs, and its scopes without their descriptions.
fn flows(scheme: &Value) -> BTreeMap<&str, (Value, BTreeSet<&str>)> {
    let flows = scheme.get("flows").and_then(Value::as_object).into_iter().flatten();
    let flows = flows.filter(|(name, _)| !name.starts_with("x-"));
    let split = flows.map(|(name, flow)| {
        let urls = flow.as_object().into_iter().flatten();
        let urls: BTreeMap<_, _> = urls
            .filter(|(key, _)| *key != "scopes" && !key.starts_with("x-"))
            .collect();
        let urls: Map<_, _> = urls.into_iter().map(|(key, url)| (key.clone(), url.clone())).collect();
        let scopes = flow.get("scopes").and_then(Value::as_object).into_iter().flatten();
        let scopes = scopes.map(|(scope, _)| scope.as_str()).collect();
        (name.as_str(), (Value::Object(urls), scopes))
    });
    split.collect()
}

/// The schemes of the old document that have another name in the new one, with that name. The name does not show in requests.
pub fn renamed<'v>(old: &'v Value, new: &'v Value) -> BTreeMap<&'v str, &'v str> {
    let only = |here: &'v Value, there: &'v Value| {
        let is_there = |name: &str| schemes(there).any(|(other, _)| other == name);
        let only: Vec<_> = schemes(here).filter(|(name, _)| !is_there(name)).collect();
        only
    };
    let (removed, mut added) = (only(old, new), only(new, old));
    let mut renamed = BTreeMap::new();
    for (name, scheme) in removed {
        let same = |other: &Value| essence(other) == essence(scheme) && flows(other) == flows(scheme);
        if let Some(index) = added.iter().position(|(_, other)| same(other)) {
            renamed.insert(name.as_str(), added.remove(index).0.as_str());
        }
    }
    renamed
}

/// The names of the schemes that the document or an operation requires.
fn required(root: &Value) -> BTreeSet<&str> {
    let sections = ["paths", "webhooks"]
        .into_iter()
        .filter_map(|section| root.get(section)?.as_object());
    let items = sections.flat_map(Map::values);
    let operations = items.flat_map(|item| METHODS.into_iter().filter_map(|method| item.get(method)));
    let holders = operations.chain([root]);
    let alternatives = holders
        .filter_map(|holder| holder.get("security")?.as_array())
        .flatten();
    let names = alternatives.filter_map(Value::as_object).flat_map(Map::keys);
    names.map(String::as_str).collect()
}

pub fn compare(old: &Value, new: &Value, report: Report<'_>) {
    let renamed = renamed(old, new);
    let (required_before, required_after) = (required(old), required(new));
    let pointer = |name: &str| vec![Step::key("components"), Step::key("securitySchemes"), Step::key(name)];
    let before: BTreeMap<_, _> = schemes(old).collect();
    let after: BTreeMap<_, _> = schemes(new).collect();
    for (name, scheme) in schemes(new) {
        let old_name = renamed
            .iter()
            .find(|(_, to)| **to == name.as_str())
            .map(|(from, _)| *from);
        if let Some(old_name) = old_name {
            let change = PartChange::new(&SCHEME_RENAMED).old(quoted(old_name));
            report(quoted(name), &pointer(name), change);
            continue;
        }
        let Some(known) = before.get(name) else {
            report(quoted(name), &pointer(name), PartChange::new(&SCHEME_ADDED));
            continue;
        };
        let is_required = required_before.contains(name.as_str()) && required_after.contains(name.as_str());
        compare_scheme(known, scheme, name, is_required, &pointer(name), report);
        let subject = format!("security scheme {}", quoted(name));
        compare_documentation(known, scheme, &subject, &pointer(name), report);
        for key in ["bearerFormat", "deprecated"] {
            if known.get(key) != scheme.get(key) {
                let text = |scheme: &Value| scheme.get(key).map_or("absent".to_owned(), show);
                let change = PartChange::new(&DOCUMENTATION_CHANGED)
                    .old(text(known))
                    .new_text(text(scheme));
                report(format!("`{key}` of {subject}"), &pointer(name), change);
            }
        }
    }
    for (name, _) in schemes(old) {
        if !after.contains_key(name) && !renamed.contains_key(name.as_str()) {
            report(quoted(name), &pointer(name), PartChange::new(&SCHEME_REMOVED));
        }
    }
}

fn compare_scheme(old: &Value, new: &Value, name: &str, is_required: bool, pointer: &[Step], report: Report<'_>) {
    let changed = match is_required {
        true => &SCHEME_CHANGED,
        false => &UNUSED_SCHEME_CHANGED,
    };
    let (a, b) = (essence(old), essence(new));
    if a != b {
        let change = PartChange::new(changed).old(show(&undescribed(old)));
        let change = change.new_text(show(&undescribed(new)));
        return report(quoted(name), pointer, change);
    }
    let (a, b) = (flows(old), flows(new));
    let narrowed = match is_required {
        true => &SCHEME_NARROWED,
        false => &UNUSED_SCHEME_CHANGED,
    };
    let mut differs = |steps: &[&str], change: PartChange| {
        let steps: Vec<_> = steps.iter().map(|key| Step::key(*key)).collect();
        report(quoted(name), &[pointer, &steps].concat(), change);
    };
    for (flow, (urls, scopes)) in &b {
        let Some((known_urls, known_scopes)) = a.get(flow) else {
            let text = format!("flow `{flow}`");
            differs(&["flows", flow], PartChange::new(&SCHEME_WIDENED).new_text(text));
            continue;
        };
        if known_urls != urls {
            let change = PartChange::new(changed).old(show(known_urls)).new_text(show(urls));
            differs(&["flows", flow], change);
        }
        for scope in scopes.difference(known_scopes) {
            let change = PartChange::new(&SCHEME_WIDENED).new_text(format!("scope `{scope}`"));
            differs(&["flows", flow, "scopes", scope], change);
        }
        for scope in known_scopes.difference(scopes) {
            let text = format!("scope `{scope}`");
            let change = PartChange::new(narrowed).old(&text).new_text("absent");
            differs(&["flows", flow, "scopes", scope], change);
        }
    }
    for flow in a.keys().filter(|flow| !b.contains_key(*flow)) {
        let text = format!("flow `{flow}`");
        let change = PartChange::new(narrowed).old(&text).new_text("absent");
        differs(&["flows", flow], change);
    }
}
