//! Each reference resolves within its document. Where a component differs from one of the same name in an earlier document, it is
//! renamed with everything that refers to it.

use std::collections::{BTreeMap, HashMap};

use openapi_reader::grammar::{self, walk};
use openapi_reader::notices::Notices;
use openapi_reader::pointer::{token, tokens};
use serde_json::{Value, json};
use spanned_json::{Kind, Node};

use crate::inline::REF_NAME;

/// The new names of components, by section and name.
type Renames = BTreeMap<(String, String), String>;

/// The most rounds in which renamed components make others differ.
const MAX_ROUNDS: usize = 64;

/// Renames the components of a document that differ from those of the merged document.
pub(super) fn rename_components(document: &mut Node, merged: &Node, notices: &mut Notices) {
    let Some(sections) = document.get("components").and_then(Node::properties) else {
        return;
    };
    let Some(known) = merged.get("components") else { return };
    // Those that may differ.
    let mut shared: HashMap<(String, String), (&Node, Value)> = HashMap::new();
    for (section, entries) in sections {
        for (name, entry) in entries.properties().into_iter().flatten() {
            if known.get(section).is_some_and(|entries| entries.get(name).is_some()) {
                shared.insert((section.clone(), name.clone()), (entry, entry.value()));
            }
        }
    }
    let own = |section: &str, name: &str| sections.get(section).is_some_and(|entries| entries.get(name).is_some());
    let mut keys: Vec<_> = shared.keys().cloned().collect();
    keys.sort();
    let mut renames = Renames::new();
    for _ in 0..MAX_ROUNDS {
        let before = renames.clone();
        for key in &keys {
            let (section, name) = key;
            let (_, value) = &shared[key];
            let numbered = (2..).map(|number| format!("{name}_{number}"));
            let mut candidates = std::iter::once(name.clone()).chain(numbered);
            let chosen = candidates.find(|candidate| {
                if candidate != name && own(section, candidate) {
                    return false;
                }
                let Some(existing) = known.get(section).and_then(|entries| entries.get(candidate)) else {
                    return true;
                };
                let mut renames = renames.clone();
                renames.insert(key.clone(), candidate.clone());
                let mut value = value.clone();
                rename(&mut value, kind_of(section), &renames);
                mark(&mut value, key, candidate);
                is_equal(section, &existing.value(), &value)
            });
            match chosen.filter(|chosen| chosen != name) {
                Some(chosen) => renames.insert(key.clone(), chosen),
                None => renames.remove(key),
            };
        }
        if renames == before {
            break;
        }
    }
    if renames.is_empty() {
        return;
    }
    for ((section, name), new) in &renames {
        if let Some((entry, _)) = shared.get(&(section.clone(), name.clone()))
            && let Some(first) = known.get(section).and_then(|entries| entries.get(name))
        {
            let message = format!(
                "the component `{section}/{name}` differs from the one at {}, and is read as `{new}`",
                first.location
            );
            notices.push(&entry.location, message);
        }
    }
    apply(document, &renames);
}

fn apply(document: &mut Node, renames: &Renames) {
    walk(document, grammar::Kind::Document, &mut |part, kind| {
        rename_part(part, kind, renames)
    });
    if let Some(security) = document.get_mut("security") {
        rename_requirements(security, renames);
    }
    for ((section, name), new) in renames {
        let entries = document
            .get_mut("components")
            .and_then(|components| components.get_mut(section));
        let Some(entries) = entries.and_then(Node::properties_mut) else {
            continue;
        };
        let Some((index, _, mut entry)) = entries.shift_remove_full(name) else {
            continue;
        };
        if section == "schemas"
            && let location = entry.location.clone()
            && let Some(properties) = entry.properties_mut()
        {
            properties
                .entry(REF_NAME.to_owned())
                .or_insert_with(|| Node::from_value(&location, json!(name)));
        }
        entries.shift_insert(index, new.clone(), entry);
    }
}

/// Renames the references of a part, not those of the parts in it.
fn rename_part(part: &mut Node, kind: grammar::Kind, renames: &Renames) {
    if kind.section().is_some()
        && let Some(reference) = part.get_mut("$ref")
    {
        rename_reference(reference, renames);
    }
    let Some(properties) = part.properties_mut() else {
        return;
    };
    if kind == grammar::Kind::Operation
        && let Some(security) = properties.get_mut("security")
    {
        rename_requirements(security, renames);
    }
    if kind == grammar::Kind::Schema
        && let Some(mapping) = properties.get_mut("discriminator").and_then(|d| d.get_mut("mapping"))
    {
        for value in mapping
            .properties_mut()
            .into_iter()
            .flat_map(|mapping| mapping.values_mut())
        {
            let named = value
                .as_str()
                .and_then(|name| renames.get(&("schemas".to_owned(), name.to_owned())));
            match named {
                Some(new) => value.kind = Kind::Scalar(json!(new)),
                None => rename_reference(value, renames),
            }
        }
    }
}

fn rename_reference(reference: &mut Node, renames: &Renames) {
    let keys = reference.as_str().map(tokens).unwrap_or_default();
    if let [_, section, name] = keys.as_slice()
        && let Some(new) = renames.get(&(section.clone(), name.clone()))
    {
        reference.kind = Kind::Scalar(json!(format!("#/components/{section}/{}", token(new))));
    }
}

/// Renames the schemes of security requirements.
fn rename_requirements(security: &mut Node, renames: &Renames) {
    for requirement in security.items_mut() {
        let Some(properties) = requirement.properties_mut() else {
            continue;
        };
        let renamed = std::mem::take(properties).into_iter().map(|(name, scopes)| {
            let new = renames.get(&("securitySchemes".to_owned(), name.clone()));
            (new.cloned().unwrap_or(name), scopes)
        });
        *properties = renamed.collect();
    }
}

/// Renames the references of a component's value.
fn rename(value: &mut Value, kind: Option<grammar::Kind>, renames: &Renames) {
    let Some(kind) = kind.filter(|_| !renames.is_empty()) else {
        return;
    };
    let location = spanned_json::Location::new("", 1);
    let mut node = Node::from_value(&location, value.take());
    walk(&mut node, kind, &mut |part, kind| rename_part(part, kind, renames));
    *value = node.value();
}

/// Adds the mark that a renamed schema has.
fn mark(value: &mut Value, (section, name): &(String, String), new: &str) {
    if section == "schemas"
        && name != new
        && let Some(schema) = value.as_object_mut()
    {
        schema.entry(REF_NAME.to_owned()).or_insert_with(|| json!(name));
    }
}

fn kind_of(section: &str) -> Option<grammar::Kind> {
    grammar::kind_at(["components", section, "x"])
}

/// Compares components of two documents. The description of a security scheme is the same for all callers.
fn is_equal(section: &str, a: &Value, b: &Value) -> bool {
    let without_text = |value: &Value| {
        let mut value = value.clone();
        if let Some(object) = value.as_object_mut().filter(|_| section == "securitySchemes") {
            object.shift_remove("description");
        }
        value
    };
    a == b || (section == "securitySchemes" && without_text(a) == without_text(b))
}
