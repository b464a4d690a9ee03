//! Compares what belongs to the document as a whole, and takes its operations one by one.

use serde_json::Value;

use super::changes::{Changes, Found, Subject};
use super::limits::show;
use super::operations::{Declared, declared, pairs};
use super::parts::{Parts, Said};
use super::places::Step;
use super::positions::{Positions, Sense};
use super::queue::SchemaQueue;
use super::rules::Rule;
use super::rules::document::*;
use super::rules::operations::{OPERATION_ADDED, OPERATION_REMOVED};
use super::uses::Use;

/// Pairs the operations of a section and compares them.
pub fn section<'a>(
    section: &'static str,
    schemas: &mut SchemaQueue<'a>,
    changes: &mut Changes,
    uses: &mut Vec<Use<'a>>,
) {
    let reversed = section == "webhooks";
    let of = |root: &'a Value| declared(root, root.get(section), &[Step::key(section)], false);
    for (old, new) in pairs(&of(schemas.old.root), &of(schemas.new.root)) {
        let Some(either) = new.clone().or(old.clone()) else {
            continue;
        };
        let operation = changes.operations.len();
        changes.operations.push(either.operation());
        match (old, new) {
            (Some(old), Some(new)) => {
                let mut parts = Parts {
                    schemas,
                    changes,
                    uses,
                    old,
                    new,
                    operation,
                    reversed,
                    callback: None,
                };
                parts.compare();
            }
            (None, _) => {
                let rule = if reversed { &WEBHOOK_ADDED } else { &OPERATION_ADDED };
                one_sided(rule, &either, operation, changes, None, Some(either.way()));
            }
            (_, None) => {
                let rule = if reversed { &WEBHOOK_REMOVED } else { &OPERATION_REMOVED };
                one_sided(rule, &either, operation, changes, Some(either.way()), None);
            }
        }
    }
}

fn one_sided(
    rule: &'static Rule,
    declared: &Declared<'_>,
    operation: usize,
    changes: &mut Changes,
    old_way: Option<Vec<Step>>,
    new_way: Option<Vec<Step>>,
) {
    let id = declared
        .id
        .map(|_| format!(" (`{} {}`)", declared.method.to_uppercase(), declared.path));
    changes.add(Found {
        rule,
        subject: Subject::Operation(None),
        path: id.unwrap_or_default(),
        old: String::new(),
        new: String::new(),
        operation: Some(operation),
        positions: Positions::BOTH,
        sense: Sense::Same,
        is_tolerated: true,
        old_way,
        new_way,
        same: 0,
    });
}

/// Title, version, servers, tags, ways to sign in.
pub fn document(old: &Value, new: &Value, changes: &mut Changes) {
    let mut say = |what: String, steps: &[Step], said: Said| {
        changes.add(Found {
            rule: said.rule,
            subject: Subject::Document(what),
            path: String::new(),
            old: said.old,
            new: said.new,
            operation: None,
            positions: said.positions,
            sense: Sense::Same,
            is_tolerated: true,
            old_way: Some(steps.to_vec()),
            new_way: Some(steps.to_vec()),
            same: 0,
        });
    };
    info(old, new, &mut say);
    servers(old, new, &mut say);
    tags(old, new, &mut say);
    schemes(old, new, &mut say);
}

type Say<'s> = &'s mut dyn FnMut(String, &[Step], Said);

fn shown(value: Option<&Value>) -> String {
    value.map_or("absent".to_owned(), show)
}

fn info(old: &Value, new: &Value, say: Say<'_>) {
    let get = |root: &'_ Value, key: &str| root.get("info").and_then(|info| info.get(key)).cloned();
    for (key, rule) in [
        ("title", &TITLE_CHANGED),
        ("version", &VERSION_CHANGED),
        ("description", &DESCRIPTION_CHANGED),
    ] {
        let (a, b) = (get(old, key), get(new, key));
        if a != b {
            let said = Said::new(rule).old(shown(a.as_ref())).new_text(shown(b.as_ref()));
            say("the document".to_owned(), &[Step::key("info"), Step::key(key)], said);
        }
    }
}

/// The entries of a list by the member that tells them apart.
fn entries<'v>(root: &'v Value, list: &str, key: &str) -> Vec<(&'v str, &'v Value)> {
    let items = root.get(list).and_then(Value::as_array);
    let named = |item: &'v Value| Some((item.get(key)?.as_str()?, item));
    items.into_iter().flatten().filter_map(named).collect()
}

fn servers(old: &Value, new: &Value, say: Say<'_>) {
    let (before, after) = (entries(old, "servers", "url"), entries(new, "servers", "url"));
    let way = |url: &str| vec![Step::key("servers"), Step::Entry(vec![("url", url.to_owned())])];
    for (url, server) in &after {
        let Some((_, known)) = before.iter().find(|(other, _)| other == url) else {
            say(format!("`{url}`"), &way(url), Said::new(&SERVER_ADDED));
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
            let bare = |value: Option<&Value>| {
                let mut value = value.cloned();
                if let Some(object) = value.as_mut().and_then(Value::as_object_mut) {
                    object.shift_remove("description");
                }
                value
            };
            let (x, y) = (bare(a.get(name)), bare(b.get(name)));
            if x != y {
                let steps = [way(url), vec![Step::key("variables"), Step::key(name)]].concat();
                let said = Said::new(&SERVER_VARIABLE_CHANGED)
                    .old(shown(x.as_ref()))
                    .new_text(shown(y.as_ref()));
                say(format!("`{{{name}}}` of the server `{url}`"), &steps, said);
            }
        }
    }
    for (url, _) in before
        .iter()
        .filter(|(url, _)| !after.iter().any(|(other, _)| other == url))
    {
        say(format!("`{url}`"), &way(url), Said::new(&SERVER_REMOVED));
    }
}

fn tags(old: &Value, new: &Value, say: Say<'_>) {
    let (before, after) = (entries(old, "tags", "name"), entries(new, "tags", "name"));
    let way = |name: &str| vec![Step::key("tags"), Step::Entry(vec![("name", name.to_owned())])];
    for (name, tag) in &after {
        match before.iter().find(|(other, _)| other == name) {
            None => say(format!("`{name}`"), &way(name), Said::new(&TAG_ADDED)),
            Some((_, known)) => {
                let words = |tag: &Value| {
                    tag.get("description")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .trim()
                        .to_owned()
                };
                if words(known) != words(tag) {
                    let said = Said::new(&DESCRIPTION_CHANGED).old(words(known)).new_text(words(tag));
                    say(format!("the tag `{name}`"), &way(name), said);
                }
            }
        }
    }
    for (name, _) in before
        .iter()
        .filter(|(name, _)| !after.iter().any(|(other, _)| other == name))
    {
        say(format!("`{name}`"), &way(name), Said::new(&TAG_REMOVED));
    }
}

fn schemes(old: &Value, new: &Value, say: Say<'_>) {
    let all = |root: &Value| {
        let schemes = root.pointer("/components/securitySchemes").and_then(Value::as_object);
        schemes.cloned().unwrap_or_default()
    };
    let bare = |scheme: &Value| {
        let mut scheme = scheme.clone();
        if let Some(object) = scheme.as_object_mut() {
            object.shift_remove("description");
        }
        scheme
    };
    let (before, after) = (all(old), all(new));
    let way = |name: &str| vec![Step::key("components"), Step::key("securitySchemes"), Step::key(name)];
    for (name, scheme) in &after {
        match before.get(name) {
            None => say(format!("`{name}`"), &way(name), Said::new(&SCHEME_ADDED)),
            Some(known) if bare(known) != bare(scheme) => {
                let said = Said::new(&SCHEME_CHANGED)
                    .old(show(&bare(known)))
                    .new_text(show(&bare(scheme)));
                say(format!("`{name}`"), &way(name), said);
            }
            Some(_) => {}
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        say(format!("`{name}`"), &way(name), Said::new(&SCHEME_REMOVED));
    }
}
