//! Compares schemas: types, nullability, items, annotations; [`properties`], [`unions`], [`limits`] and [`keywords`] compare the rest.

use serde_json::Value;

use super::document::Document;
use super::limits::show;
use super::locate::Step;
use super::positions::{Polarity, Positions};
use super::queue::SchemaQueue;
use super::rules::conditions::{VALUE_FORBIDDEN, VALUE_PERMITTED};
use super::rules::document::{DESCRIPTION_CHANGED, EXAMPLE_CHANGED, EXTENSION_CHANGED, TITLE_CHANGED};
use super::rules::operations::{DEPRECATED, UNDEPRECATED};
use super::rules::schemas::*;
use super::schema::{AllOf, Schema, Types};
use super::schema_diff::{SchemaChange, SchemaDiff, Subschema};
use super::{keywords, limits, properties, unions};

/// Compares all pairs of the queue and their subschemas.
pub fn compare_all(mut queue: SchemaQueue<'_>) -> Vec<SchemaDiff> {
    while let Some((index, old, new)) = queue.pop() {
        let diff = compare(&mut queue, &old, &new);
        queue.set(index, diff);
    }
    queue.into_diffs()
}

fn compare<'a>(queue: &mut SchemaQueue<'a>, old: &AllOf<'a>, new: &AllOf<'a>) -> SchemaDiff {
    let (old, new) = (queue.old.schema(old), queue.new.schema(new));
    let mut diff = SchemaDiff {
        name: new.name.or(old.name).map(str::to_owned),
        ..SchemaDiff::default()
    };
    compare_names(queue, &old, &new, &mut diff.changes);
    compare_annotations(&old, &new, &mut diff.changes);
    compare_flags(&old, &new, &mut diff.changes);
    match (old.is_false, new.is_false) {
        (false, true) => diff.changes.push(SchemaChange::new(&VALUE_FORBIDDEN)),
        (true, false) => diff.changes.push(SchemaChange::new(&VALUE_PERMITTED)),
        (true, true) | (false, false) => {}
    }
    if old.is_false || new.is_false {
        return diff;
    }
    match (old.nullable, new.nullable) {
        (false, true) => diff.changes.push(SchemaChange::new(&NULL_ALLOWED).keyword("type")),
        (true, false) => diff.changes.push(SchemaChange::new(&NULL_FORBIDDEN).keyword("type")),
        _ => {}
    }
    if unions::compare(queue, &old, &new, &mut diff) && compare_types(&old, &new, &mut diff.changes) {
        limits::compare(&old, &new, &mut diff.changes);
        properties::compare(queue, &old, &new, &mut diff);
        if old.items.is_some() || new.items.is_some() {
            let items = |schema: &Schema<'a>| schema.items.clone().unwrap_or_default();
            let pointer = vec![Step::key("items")];
            diff.subschemas.push(Subschema {
                path: "[]".to_owned(),
                old_pointer: pointer.clone(),
                new_pointer: pointer,
                positions: Positions::BOTH,
                polarity: Polarity::Same,
                owner: None,
                diff: queue.push(&items(&old), &items(&new)),
            });
        }
        keywords::compare(queue, &old, &new, &mut diff);
    }
    diff
}

/// Reports a component that was renamed, as opposed to replaced by another one.
fn compare_names<'a>(queue: &SchemaQueue<'a>, old: &Schema<'a>, new: &Schema<'a>, changes: &mut Vec<SchemaChange>) {
    let (Some(a), Some(b)) = (old.name, new.name) else {
        return;
    };
    let has = |document: &Document<'a>, name: &str| {
        let schemas = document.root.pointer("/components/schemas");
        schemas.is_some_and(|schemas| schemas.get(name).is_some())
    };
    if a != b && !has(&queue.new, a) && !has(&queue.old, b) {
        changes.push(
            SchemaChange::new(&TYPE_RENAMED)
                .old(format!("`{a}`"))
                .new_text(format!("`{b}`")),
        );
    }
}

/// Compares types; returns `false` if comparing the rest makes no sense.
fn compare_types(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) -> bool {
    let (a, b) = (old.types, new.types);
    let (wider, narrower) = (b.contains(a), a.contains(b));
    let rule = match (wider, narrower) {
        (true, true) => return true,
        (true, false) if a == Types::STRING && b.is_scalar() => &TEXT_WIDENED,
        (true, false) => &TYPE_WIDENED,
        (false, true) => &TYPE_NARROWED,
        (false, false) if a.is_scalar() && b.is_scalar() => &SCALAR_CHANGED,
        (false, false) => &TYPE_CHANGED,
    };
    let change = SchemaChange::new(rule)
        .old(a.describe())
        .new_text(b.describe())
        .keyword("type");
    changes.push(change.tolerated_if(a == Types::STRING));
    wider || narrower
}

fn compare_annotations(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    if old.description != new.description {
        let text = |description: Option<&str>| description.unwrap_or_default().trim().to_owned();
        let change = SchemaChange::new(&DESCRIPTION_CHANGED).old(text(old.description));
        changes.push(change.new_text(text(new.description)).keyword("description"));
    }
    if old.title != new.title {
        let shown = |title: Option<&str>| title.map_or("absent".to_owned(), |title| format!("`{title}`"));
        let change = SchemaChange::new(&TITLE_CHANGED)
            .old(shown(old.title))
            .new_text(shown(new.title));
        changes.push(change.keyword("title"));
    }
    if old.examples != new.examples {
        changes.push(SchemaChange::new(&EXAMPLE_CHANGED).keyword("example"));
    }
    let keys = old
        .extensions
        .keys()
        .chain(new.extensions.keys().filter(|k| !old.extensions.contains_key(*k)));
    for key in keys {
        let (a, b) = (old.extensions.get(key), new.extensions.get(key));
        if a != b {
            let shown = |value: Option<&&Value>| value.map_or("absent".to_owned(), |v| show(v));
            let change = SchemaChange::new(&EXTENSION_CHANGED)
                .old(shown(a))
                .new_text(shown(b))
                .keyword(key);
            changes.push(change.path(format!(".{key}")));
        }
    }
}

fn compare_flags(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    for (before, after, keyword, set, unset) in [
        (old.deprecated, new.deprecated, "deprecated", &DEPRECATED, &UNDEPRECATED),
        (
            old.read_only,
            new.read_only,
            "readOnly",
            &READ_ONLY_BEGAN,
            &READ_ONLY_ENDED,
        ),
        (
            old.write_only,
            new.write_only,
            "writeOnly",
            &WRITE_ONLY_BEGAN,
            &WRITE_ONLY_ENDED,
        ),
    ] {
        match (before, after) {
            (false, true) => changes.push(SchemaChange::new(set).keyword(keyword)),
            (true, false) => changes.push(SchemaChange::new(unset).keyword(keyword)),
            _ => {}
        }
    }
}
