//! Compares the properties of objects: added, removed and renamed ones, required ones, and additional properties.

use serde_json::Value;

use super::document::Document;
use super::locate::Step;
use super::positions::{Polarity, Positions};
use super::queue::SchemaQueue;
use super::rules::Rule;
use super::rules::schemas::*;
use super::schema::{AdditionalProperties, AllOf, Property, Schema};
use super::schema_diff::{SchemaChange, SchemaDiff, Subschema};
use super::similarity::similar;

pub fn compare<'a>(queue: &mut SchemaQueue<'a>, old: &Schema<'a>, new: &Schema<'a>, diff: &mut SchemaDiff) {
    let missing_in = |properties: &Schema<'a>, other: &Schema<'a>| -> Vec<&'a str> {
        let names = properties.properties.keys().copied();
        names.filter(|name| !other.properties.contains_key(name)).collect()
    };
    let (mut removed, mut added) = (missing_in(old, new), missing_in(new, old));
    for (a, b) in renamed(old, new, &removed, &added) {
        let (before, after) = (&old.properties[a], &new.properties[b]);
        let mut change = SchemaChange::new(&MEMBER_RENAMED)
            .old(format!("`{a}`"))
            .new_text(format!("`{b}`"));
        change.old_pointer = vec![Step::Property(a.to_owned())];
        change.new_pointer = vec![Step::Property(b.to_owned())];
        change.owner = after.owner.map(str::to_owned);
        change.positions = positions(queue, Some(before), Some(after));
        diff.changes.push(change);
        push_property(queue, b, Some(a), before, after, old.view.is_text, diff);
        let required = (old.required.contains(&a), new.required.contains(&b));
        compare_required(queue, required, b, (before, after), diff);
        removed.retain(|name| *name != a);
        added.retain(|name| *name != b);
    }
    for name in removed {
        let property = &old.properties[name];
        let rule = match queue.old.schema(&property.schemas).deprecated {
            true => &DEPRECATED_MEMBER_REMOVED,
            false => &MEMBER_REMOVED,
        };
        let mut change = SchemaChange::new(rule).path(format!(".{name}"));
        change = change.at(&[Step::Property(name.to_owned())]);
        change.positions = positions(queue, Some(property), None);
        change.owner = property.owner.map(str::to_owned);
        diff.changes.push(change);
    }
    for name in added {
        let property = &new.properties[name];
        let required = new.required.contains(&name);
        let rule = if required {
            &REQUIRED_MEMBER_ADDED
        } else {
            &MEMBER_ADDED
        };
        let mut change = SchemaChange::new(rule).path(format!(".{name}"));
        change = change.at(&[Step::Property(name.to_owned())]);
        change.positions = positions(queue, None, Some(property));
        change.owner = property.owner.map(str::to_owned);
        diff.changes.push(change);
    }
    for (name, after) in &new.properties {
        let Some(before) = old.properties.get(name) else {
            continue;
        };
        push_property(queue, name, None, before, after, old.view.is_text, diff);
        let required = (old.required.contains(name), new.required.contains(name));
        compare_required(queue, required, name, (before, after), diff);
    }
    // Properties that are required but not declared.
    let undeclared = |name: &str| !new.properties.contains_key(name) && !old.properties.contains_key(name);
    for name in new.required.iter().filter(|name| undeclared(name)) {
        if !old.required.contains(name) {
            push_required(&MEMBER_BECAME_REQUIRED, name, None, Positions::BOTH, diff);
        }
    }
    for name in old.required.iter().filter(|name| undeclared(name)) {
        if !new.required.contains(name) {
            push_required(&MEMBER_BECAME_OPTIONAL, name, None, Positions::BOTH, diff);
        }
    }
    compare_additional(queue, old, new, diff);
}

/// Requests the diff of a property's schemas; `old_name` is the old name of a renamed one.
fn push_property<'a>(
    queue: &mut SchemaQueue<'a>,
    name: &str,
    old_name: Option<&str>,
    old: &Property<'a>,
    new: &Property<'a>,
    is_text: bool,
    diff: &mut SchemaDiff,
) {
    // Most properties of most objects are equal; this saves normalizing them.
    if old_name.is_none() && is_unchanged_leaf(&old.schemas, &new.schemas) {
        return;
    }
    let text = |property: &Property<'a>| property.schemas.clone().in_text(is_text);
    diff.subschemas.push(Subschema {
        path: format!(".{name}"),
        old_pointer: vec![Step::Property(old_name.unwrap_or(name).to_owned())],
        new_pointer: vec![Step::Property(name.to_owned())],
        positions: positions(queue, Some(old), Some(new)),
        polarity: Polarity::Same,
        owner: new.owner.or(old.owner).map(str::to_owned),
        diff: queue.push(&text(old), &text(new)),
    });
}

/// The directions of a property in either document.
fn positions<'a>(queue: &SchemaQueue<'a>, old: Option<&Property<'a>>, new: Option<&Property<'a>>) -> Positions {
    let old = old.map(|property| property_positions(&queue.old, property));
    let new = new.map(|property| property_positions(&queue.new, property));
    match (old, new) {
        (Some(a), Some(b)) => a.union(b),
        (a, b) => a.or(b).unwrap_or(Positions::BOTH),
    }
}

/// The directions of a property that either document may declare.
pub fn declared_positions<'a>(queue: &SchemaQueue<'a>, old: &Schema<'a>, new: &Schema<'a>, name: &str) -> Positions {
    positions(queue, old.properties.get(name), new.properties.get(name))
}

/// The directions of a property: a read-only one is not in requests, a write-only one not in responses.
fn property_positions<'a>(document: &Document<'a>, property: &Property<'a>) -> Positions {
    let schema = document.schema(&property.schemas);
    Positions {
        request: !schema.read_only,
        response: !schema.write_only,
    }
}

/// Pairs of a removed and an added property with equal content and similar names or the same description, if unambiguous.
fn renamed<'a>(old: &Schema<'a>, new: &Schema<'a>, removed: &[&'a str], added: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let alike = |a: &str, b: &str| {
        let (x, y) = (&old.properties[a].schemas, &new.properties[b].schemas);
        x.len() == y.len()
            && x.iter()
                .zip(y.iter())
                .all(|(x, y)| without_annotations(x) == without_annotations(y))
            && (similar(a, b) || has_same_description(x, y))
    };
    removed
        .iter()
        .filter_map(|a| {
            let mut candidates = added.iter().filter(|b| alike(a, b));
            let only = candidates.next().filter(|_| candidates.next().is_none())?;
            let is_unique = removed.iter().filter(|other| alike(other, only)).count() == 1;
            is_unique.then_some((*a, *only))
        })
        .collect()
}

fn compare_additional<'a>(queue: &mut SchemaQueue<'a>, old: &Schema<'a>, new: &Schema<'a>, diff: &mut SchemaDiff) {
    use AdditionalProperties::{Any, Forbidden, Typed};
    let describe = |document: &Document<'a>, schemas: &AllOf<'a>| document.schema(schemas).describe();
    let change = match (&old.additional, &new.additional) {
        (Typed(a), Typed(b)) => {
            let pointer = vec![Step::key("additionalProperties")];
            diff.subschemas.push(Subschema {
                path: ".*".to_owned(),
                old_pointer: pointer.clone(),
                new_pointer: pointer,
                positions: Positions::BOTH,
                polarity: Polarity::Same,
                owner: None,
                diff: queue.push(a, b),
            });
            return;
        }
        (Any, Any) | (Forbidden, Forbidden) => return,
        (_, Forbidden) => SchemaChange::new(&UNKNOWN_REFUSED),
        (Forbidden, _) => SchemaChange::new(&UNKNOWN_ALLOWED),
        (Any, Typed(schemas)) => SchemaChange::new(&UNKNOWN_TYPED).new_text(describe(&queue.new, schemas)),
        (Typed(schemas), Any) => SchemaChange::new(&UNKNOWN_UNTYPED).old(describe(&queue.old, schemas)),
    };
    diff.changes.push(change.keyword("additionalProperties"));
}

/// Compares whether a property is required. A read-only property is required in responses only, a write-only one in requests only.
fn compare_required<'a>(
    queue: &SchemaQueue<'a>,
    (before, after): (bool, bool),
    name: &str,
    (old, new): (&Property<'a>, &Property<'a>),
    diff: &mut SchemaDiff,
) {
    if !before && !after {
        return;
    }
    let binding = |is_required: bool, document: &Document<'a>, property: &Property<'a>| match is_required {
        true => property_positions(document, property),
        false => Positions::default(),
    };
    let (a, b) = (binding(before, &queue.old, old), binding(after, &queue.new, new));
    let began = b.difference(a);
    if !began.is_empty() {
        push_required(&MEMBER_BECAME_REQUIRED, name, new.owner, began, diff);
    }
    let ended = a.difference(b);
    // If the property is required still, it became read-only or write-only, which is another change.
    if !ended.is_empty() && !after {
        push_required(&MEMBER_BECAME_OPTIONAL, name, new.owner, ended, diff);
    }
}

fn push_required(rule: &'static Rule, name: &str, owner: Option<&str>, positions: Positions, diff: &mut SchemaDiff) {
    let mut change = SchemaChange::new(rule).path(format!(".{name}"));
    change = change.at(&[Step::key("required"), Step::Value(name.to_owned())]);
    change.owner = owner.map(str::to_owned);
    change.positions = positions;
    diff.changes.push(change);
}

/// Returns `true` for equal schemas without references, whose targets might differ.
fn is_unchanged_leaf(old: &AllOf<'_>, new: &AllOf<'_>) -> bool {
    match (&**old, &**new) {
        ([a], [b]) => a == b && !has_reference(a),
        _ => false,
    }
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.contains_key("$ref") || object.values().any(has_reference),
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}

/// The schema without its outermost annotations.
fn without_annotations(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let kept = object
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "description" | "title" | "example" | "examples"));
            Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

fn has_same_description(a: &AllOf<'_>, b: &AllOf<'_>) -> bool {
    let description = |schemas: &AllOf<'_>| {
        schemas
            .iter()
            .find_map(|schema| schema.get("description")?.as_str().map(str::to_owned))
    };
    let text = description(a);
    text.as_ref().is_some_and(|text| !text.trim().is_empty()) && text == description(b)
}
