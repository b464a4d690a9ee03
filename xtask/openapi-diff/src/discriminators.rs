//! Compares discriminators: the property, and the schemas that its values select. Without a mapping, the name of a component is its
//! value; a mapping that says so changes nothing.

use indexmap::IndexMap;
use serde_json::Value;

use super::document::Document;
use super::document::component;
use super::locate::Step;
use super::queue::SchemaQueue;
use super::rules::schemas::*;
use super::schema::Schema;
use super::schema_diff::SchemaChange;

/// The components that are paired variants of unions, and those that are variants on one side only and reported as such.
#[derive(Default)]
pub struct PairedNames<'a> {
    pub both: Vec<(&'a str, &'a str)>,
    pub removed: Vec<&'a str>,
    pub added: Vec<&'a str>,
}

/// The values of a discriminator.
#[derive(Default)]
pub struct Values<'a> {
    /// The components that values select.
    pub targets: IndexMap<&'a str, &'a str>,
    /// All components that may be selected. The name of one is a value, too, where it has another.
    names: Vec<&'a str>,
}

/// The values of a discriminator. `variants` are the components of a union.
pub fn values<'a>(
    document: &Document<'a>,
    schema: &Schema<'a>,
    variants: impl IntoIterator<Item = &'a str>,
) -> Values<'a> {
    let mut values = Values::default();
    let Some(discriminator) = schema.discriminator else {
        return values;
    };
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    for (value, target) in mapping.into_iter().flatten() {
        let target = target.as_str().unwrap_or_default();
        values
            .targets
            .insert(value, target.rsplit('/').next().unwrap_or(target));
    }
    values.names.extend(variants);
    // An object with a discriminator stands for the components that extend it.
    if schema.unions.is_empty()
        && let (Some(name), None) = (schema.name, schema.discriminator_owner)
    {
        values.names.extend(extensions(document, name));
    }
    for name in &values.names {
        if !values.targets.values().any(|target| target == name) {
            values.targets.entry(name).or_insert(name);
        }
    }
    values
}

/// The components with an `allOf` of a component, directly or not.
fn extensions<'a>(document: &Document<'a>, base: &'a str) -> Vec<&'a str> {
    let components = document.root.pointer("/components/schemas").and_then(Value::as_object);
    let mut found = vec![base];
    let mut next = 0;
    while let Some(base) = found.get(next).copied() {
        next += 1;
        for (name, schema) in components.into_iter().flatten() {
            let mut branches = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
            let extends = branches.any(|branch| {
                let reference = branch.get("$ref").and_then(Value::as_str);
                reference.and_then(component) == Some(base)
            });
            if extends && !found.contains(&name.as_str()) {
                found.push(name);
            }
        }
    }
    found.split_off(1)
}

/// Compares discriminators. `names` has the paired variants of a union.
pub fn compare<'a>(
    queue: &SchemaQueue<'a>,
    old: &Schema<'a>,
    new: &Schema<'a>,
    names: &PairedNames<'a>,
    changes: &mut Vec<SchemaChange>,
) {
    if old.discriminator.is_none() && new.discriminator.is_none() {
        return;
    }
    let from = changes.len();
    let property = |schema: &Schema<'_>| {
        let name = schema.discriminator?.get("propertyName")?.as_str()?;
        Some(format!("`{name}`"))
    };
    let change = match (property(old), property(new)) {
        (None, Some(name)) => Some(SchemaChange::new(&DISCRIMINATOR_ADDED).new_text(name)),
        (Some(name), None) => Some(SchemaChange::new(&DISCRIMINATOR_REMOVED).old(name)),
        (Some(a), Some(b)) if a != b => Some(SchemaChange::new(&DISCRIMINATOR_CHANGED).old(a).new_text(b)),
        _ => None,
    };
    match change {
        Some(change) => changes.push(change.keyword("discriminator")),
        None => compare_values(queue, old, new, names, changes),
    }
    let owner = new.discriminator_owner.or(old.discriminator_owner);
    for change in &mut changes[from..] {
        change.owner = owner.map(str::to_owned);
    }
}

fn compare_values<'a>(
    queue: &SchemaQueue<'a>,
    old: &Schema<'a>,
    new: &Schema<'a>,
    names: &PairedNames<'a>,
    changes: &mut Vec<SchemaChange>,
) {
    let (old_names, new_names) = (names.both.iter().map(|(a, _)| *a), names.both.iter().map(|(_, b)| *b));
    let before = values(&queue.old, old, old_names.chain(names.removed.iter().copied()));
    let after = values(&queue.new, new, new_names.chain(names.added.iter().copied()));
    let is_same = |a: &'a str, b: &'a str| a == b || names.both.contains(&(a, b)) || queue.is_renamed(a, b);
    let at = |value: &str| [Step::key("discriminator"), Step::key("mapping"), Step::key(value)];
    let shown = |text: &str| format!("`{text}`");
    let missing = |here: &Values<'a>, value: &str| !here.targets.contains_key(value) && !here.names.contains(&value);
    let removed = before.targets.iter().filter(|(value, _)| missing(&after, value));
    let mut added: Vec<_> = after
        .targets
        .iter()
        .filter(|(value, _)| missing(&before, value))
        .collect();
    for (value, a) in &before.targets {
        if let Some(b) = after.targets.get(value).filter(|b| !is_same(a, b)) {
            // Where both variants are reported, the value is told with them.
            if names.removed.contains(a) && names.added.contains(b) {
                continue;
            }
            let change = SchemaChange::new(&MAPPING_CHANGED).old(shown(a)).new_text(shown(b));
            changes.push(change.at(&at(value)).path(format!(" ({value})")));
        }
    }
    for (value, a) in removed {
        if names.removed.contains(a) {
            continue;
        }
        // The variant stays and is selected by another value.
        let other = added
            .iter()
            .position(|(_, b)| *a == **b || names.both.contains(&(*a, **b)));
        if let Some(position) = other {
            let (other, target) = added.remove(position);
            let change = SchemaChange::new(&DISCRIMINATOR_VALUE_CHANGED)
                .old(shown(value))
                .new_text(shown(other));
            changes.push(change.keyword("discriminator").path(format!(" ({target})")));
        } else {
            changes.push(SchemaChange::new(&MAPPING_REMOVED).old(shown(value)).at(&at(value)));
        }
    }
    for (value, _) in added.into_iter().filter(|(_, b)| !names.added.contains(b)) {
        changes.push(SchemaChange::new(&MAPPING_ADDED).new_text(shown(value)).at(&at(value)));
    }
}
