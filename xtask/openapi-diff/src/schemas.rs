//! Compares schemas: types, nullability, items, annotations; [`properties`], [`unions`], [`limits`] and [`keywords`] compare the rest.

use serde_json::Value;

use super::document::Component;
use super::document::Document;
use super::locate::Step;
use super::positions::{Polarity, Positions};
use super::queue::SchemaQueue;
use super::rules::conditions::{VALUE_FORBIDDEN, VALUE_PERMITTED};
use super::rules::document::{DESCRIPTION_CHANGED, EXAMPLE_CHANGED, EXTENSION_CHANGED, TITLE_CHANGED};
use super::rules::operations::{DEPRECATED, UNDEPRECATED};
use super::rules::schemas::*;
use super::schema::{AllOf, Schema, Types};
use super::schema_diff::{SchemaChange, SchemaDiff, Subschema};
use super::show::show_both;
use super::{keywords, limits, properties, unions};

/// Compares all pairs of the queue and their subschemas.
pub fn compare_all(queue: SchemaQueue<'_>) -> Vec<SchemaDiff> {
    compare_some(queue, usize::MAX).unwrap_or_default()
}

/// Compares all pairs of the queue and their subschemas; `None` if there are more than `max`.
pub fn compare_some(mut queue: SchemaQueue<'_>, max: usize) -> Option<Vec<SchemaDiff>> {
    for _ in 0..max {
        let Some((index, old, new)) = queue.pop() else {
            return Some(queue.into_diffs());
        };
        let diff = compare(&mut queue, &old, &new);
        queue.set(index, diff);
    }
    None
}

fn compare<'a>(queue: &mut SchemaQueue<'a>, old_all: &AllOf<'a>, new_all: &AllOf<'a>) -> SchemaDiff {
    let mut diff = SchemaDiff::default();
    // The subject is a component only if both sides are it and nothing else.
    if let (Some(a), Some(b)) = (queue.old.component(old_all), queue.new.component(new_all))
        && (a.name == b.name || queue.is_renamed(a.name, b.name))
    {
        if !a.is_bare || !b.is_bare {
            compare_additions(queue, (old_all, &a), (new_all, &b), &mut diff);
            return diff;
        }
        diff.name = Some(b.name.to_owned());
        if a.name != b.name {
            diff.changes.push(
                SchemaChange::new(&TYPE_RENAMED)
                    .old(format!("`{}`", a.name))
                    .new_text(format!("`{}`", b.name)),
            );
        }
    }
    let (old, new) = (queue.old.schema(old_all), queue.new.schema(new_all));
    if old.view.only.is_none() && new.view.only.is_none() {
        compare_annotations(&old, &new, &mut diff.changes);
        compare_flags(&old, &new, &mut diff.changes);
    }
    match (old.is_false, new.is_false) {
        (false, true) => diff.changes.push(SchemaChange::new(&VALUE_FORBIDDEN)),
        (true, false) => diff.changes.push(SchemaChange::new(&VALUE_PERMITTED)),
        (true, true) | (false, false) => {}
    }
    if old.is_false || new.is_false {
        return diff;
    }
    compare_null(queue, &old, &new, &mut diff.changes);
    if unions::compare(queue, (old_all, &old), (new_all, &new), &mut diff)
        && compare_types(&old, &new, &mut diff.changes)
    {
        limits::compare(&old, &new, &mut diff.changes);
        properties::compare(queue, &old, &new, &mut diff);
        if old.items.is_some() || new.items.is_some() {
            let items = |schema: &Schema<'a>| {
                let items = schema.items.clone().unwrap_or_default();
                items.in_text(schema.view.is_text)
            };
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

/// Compares what two schemas add to the same component, and the component.
fn compare_additions<'a>(
    queue: &mut SchemaQueue<'a>,
    (old_all, a): (&AllOf<'a>, &Component<'a>),
    (new_all, b): (&AllOf<'a>, &Component<'a>),
    diff: &mut SchemaDiff,
) {
    let (whole_old, whole_new) = (queue.old.schema(old_all), queue.new.schema(new_all));
    let (mut old, mut new) = (queue.old.additions(old_all), queue.new.additions(new_all));
    // What the component states already is not added. A `default` of both sides is compared in the component.
    macro_rules! keep_changed {
        ($($field:ident),*) => {
            $(if whole_old.$field == whole_new.$field {
                old.$field = Default::default();
                new.$field = Default::default();
            })*
        };
    }
    keep_changed!(
        title,
        description,
        examples,
        extensions,
        deprecated,
        read_only,
        write_only,
        default,
        initial
    );
    compare_annotations(&old, &new, &mut diff.changes);
    compare_flags(&old, &new, &mut diff.changes);
    limits::compare_defaults(&old, &new, &mut diff.changes);
    let text = |schema: &'a Value, all: &AllOf<'a>| AllOf::from(schema).in_text(all.view.is_text);
    let (a, b) = (text(a.schema, old_all), text(b.schema, new_all));
    if queue.old.schema(&a).nullable == queue.new.schema(&b).nullable {
        compare_null(queue, &whole_old, &whole_new, &mut diff.changes);
    }
    diff.subschemas.push(Subschema {
        path: String::new(),
        old_pointer: Vec::new(),
        new_pointer: Vec::new(),
        positions: Positions::BOTH,
        polarity: Polarity::Same,
        owner: None,
        diff: queue.push(&a, &b),
    });
}

fn compare_null<'a>(queue: &SchemaQueue<'a>, old: &Schema<'a>, new: &Schema<'a>, changes: &mut Vec<SchemaChange>) {
    if old.view.only.is_some() || new.view.only.is_some() {
        return;
    }
    // Where no type was demanded, or null only, the change of the type says it.
    if old.is_untyped() != new.is_untyped() || (old.types == Types::NULL) != (new.types == Types::NULL) {
        return;
    }
    let accepts = |document: &Document<'a>, schema: &Schema<'a>, other: &Schema<'a>| {
        let mut variants = schema.unions.iter().flat_map(|union| &union.branches);
        let mut is_in_variant = || {
            variants.any(|(_, branch)| {
                let branch = document.schema_of(branch);
                branch.nullable && !branch.is_untyped()
            })
        };
        // Variants of two unions are compared one by one.
        schema.nullable || (other.unions.is_empty() && schema.types == Types::ANY && is_in_variant())
    };
    match (accepts(&queue.old, old, new), accepts(&queue.new, new, old)) {
        (false, true) => changes.push(SchemaChange::new(&NULL_ALLOWED).keyword("type")),
        (true, false) => changes.push(SchemaChange::new(&NULL_FORBIDDEN).keyword("type")),
        _ => {}
    }
}

/// Compares types; returns `false` if comparing the rest makes no sense.
fn compare_types(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) -> bool {
    let is_text = old.view.is_text && new.view.is_text;
    let (a, b) = (old.types.on_the_wire(is_text), new.types.on_the_wire(is_text));
    let has_null_only = old.types == Types::NULL || new.types == Types::NULL;
    let (wider, narrower) = match has_null_only {
        false => (b.contains(a), a.contains(b)),
        // Null is apart from the types.
        true => (
            b.contains(a) && (new.nullable || !old.nullable),
            a.contains(b) && (old.nullable || !new.nullable),
        ),
    };
    let rule = match (wider, narrower) {
        (true, true) => return true,
        (true, false) if old.types == Types::STRING && b.is_scalar() && !has_null_only => &TEXT_WIDENED,
        (true, false) => &TYPE_WIDENED,
        (false, true) => &TYPE_NARROWED,
        (false, false) if a.is_scalar() && b.is_scalar() && !has_null_only => &SCALAR_CHANGED,
        (false, false) => &TYPE_CHANGED,
    };
    let shown = |schema: &Schema<'_>| match has_null_only && schema.nullable && schema.types != Types::NULL {
        true if schema.types != Types::ANY => format!("{} or `null`", schema.types.describe()),
        _ => schema.types.describe(),
    };
    let change = SchemaChange::new(rule)
        .old(shown(old))
        .new_text(shown(new))
        .keyword("type");
    changes.push(change.tolerated_if(old.types == Types::STRING));
    // The type of a schema without constraints says everything.
    (wider || narrower) && !has_null_only && !old.is_any() && !new.is_any()
}

fn compare_annotations(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let text = |description: Option<&str>| description.unwrap_or_default().trim().to_owned();
    let (before, after) = (text(old.description), text(new.description));
    if before != after {
        let change = SchemaChange::new(&DESCRIPTION_CHANGED).old(before).new_text(after);
        changes.push(change.keyword("description"));
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
            let (before, after) = show_both(a.copied(), b.copied(), "absent");
            let change = SchemaChange::new(&EXTENSION_CHANGED)
                .old(before)
                .new_text(after)
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
