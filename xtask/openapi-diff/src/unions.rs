//! Compares unions: their variants and discriminators.

use serde_json::Value;

use super::document::Document;
use super::locate::Step;
use super::positions::{Polarity, Positions};
use super::queue::SchemaQueue;
use super::rules::schemas::*;
use super::schema::Schema;
use super::schema_diff::{SchemaChange, SchemaDiff, Subschema};

type Branches<'b, 'a> = (&'static str, &'b [(usize, &'a Value)]);

/// Compares unions; returns `false` if comparing the rest of the schemas makes no sense.
pub fn compare<'a>(queue: &mut SchemaQueue<'a>, old: &Schema<'a>, new: &Schema<'a>, diff: &mut SchemaDiff) -> bool {
    match (old.union(), new.union()) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            match (a.0, b.0) {
                ("anyOf", "oneOf") => diff
                    .changes
                    .push(with_keywords(SchemaChange::new(&UNION_EXCLUSIVE), a.0, b.0)),
                ("oneOf", "anyOf") => diff
                    .changes
                    .push(with_keywords(SchemaChange::new(&UNION_INCLUSIVE), a.0, b.0)),
                _ => {}
            }
            compare_variants(queue, a, b, diff);
            compare_discriminators(old, new, &mut diff.changes);
            true
        }
        // The only schema became one of several variants.
        (None, Some((key, branches))) => {
            let is_same = |branch: &'a Value| old.name.is_some() && queue.new.schema(&[branch]).name == old.name;
            let others: Vec<_> = branches.iter().filter(|(_, branch)| !is_same(branch)).collect();
            if others.len() < branches.len() {
                for (index, branch) in others {
                    let text = queue.new.schema(&[branch]).describe();
                    let change = SchemaChange::new(&VARIANT_ADDED).new_text(text);
                    diff.changes.push(change.at(&[Step::Branch(key, *index)]));
                }
            } else {
                let text = variant_names(&queue.new, branches);
                diff.changes
                    .push(SchemaChange::new(&UNION_BEGAN).new_text(text).keyword(key));
            }
            false
        }
        (Some((key, branches)), None) => {
            let is_same = |branch: &'a Value| new.name.is_some() && queue.old.schema(&[branch]).name == new.name;
            let others: Vec<_> = branches.iter().filter(|(_, branch)| !is_same(branch)).collect();
            if others.len() < branches.len() {
                for (index, branch) in others {
                    let text = queue.old.schema(&[branch]).describe();
                    let change = SchemaChange::new(&VARIANT_REMOVED).old(text);
                    diff.changes.push(change.at(&[Step::Branch(key, *index)]));
                }
            } else {
                let text = variant_names(&queue.old, branches);
                diff.changes
                    .push(SchemaChange::new(&UNION_ENDED).old(text).keyword(key));
            }
            false
        }
    }
}

fn with_keywords(mut change: SchemaChange, old: &str, new: &str) -> SchemaChange {
    change.old_pointer = vec![Step::key(old)];
    change.new_pointer = vec![Step::key(new)];
    change
}

fn variant_names<'a>(document: &Document<'a>, branches: &[(usize, &'a Value)]) -> String {
    let names: Vec<_> = branches
        .iter()
        .map(|(_, branch)| document.schema(&[branch]).describe())
        .collect();
    names.join(" and ")
}

fn compare_variants<'a>(
    queue: &mut SchemaQueue<'a>,
    old: Branches<'_, 'a>,
    new: Branches<'_, 'a>,
    diff: &mut SchemaDiff,
) {
    let (mut removed, mut added) = (old.1.to_vec(), new.1.to_vec());
    let mut pairs = Vec::new();
    let by_name = |queue: &SchemaQueue<'a>, a: &'a Value, b: &'a Value| {
        let name = queue.old.schema(&[a]).name;
        name.is_some() && name == queue.new.schema(&[b]).name
    };
    let by_content = |_: &SchemaQueue<'a>, a: &'a Value, b: &'a Value| a == b;
    let by_type = |queue: &SchemaQueue<'a>, a: &'a Value, b: &'a Value| {
        queue.old.schema(&[a]).types == queue.new.schema(&[b]).types
    };
    type Same<'a, 's> = &'s dyn Fn(&SchemaQueue<'a>, &'a Value, &'a Value) -> bool;
    let criteria: [Same<'a, '_>; 3] = [&by_name, &by_content, &by_type];
    for same in criteria {
        removed.retain(|(a_index, a)| {
            let mut candidates = added.iter().enumerate().filter(|(_, (_, b))| same(queue, a, b));
            let Some((position, (b_index, b))) = candidates.next() else {
                return true;
            };
            if candidates.next().is_some() {
                return true;
            }
            pairs.push((*a_index, *a, *b_index, *b));
            added.remove(position);
            false
        });
    }
    pairs.sort_by_key(|(_, _, index, _)| *index);
    for (a_index, a, b_index, b) in pairs {
        diff.subschemas.push(Subschema {
            path: format!("<variant {}>", b_index + 1),
            old_pointer: vec![Step::Branch(old.0, a_index)],
            new_pointer: vec![Step::Branch(new.0, b_index)],
            positions: Positions::BOTH,
            polarity: Polarity::Same,
            owner: None,
            diff: queue.push(&vec![a], &vec![b]),
        });
    }
    for (index, branch) in added {
        let text = queue.new.schema(&[branch]).describe();
        let change = SchemaChange::new(&VARIANT_ADDED).new_text(text);
        diff.changes.push(change.at(&[Step::Branch(new.0, index)]));
    }
    for (index, branch) in removed {
        let text = queue.old.schema(&[branch]).describe();
        let change = SchemaChange::new(&VARIANT_REMOVED).old(text);
        diff.changes.push(change.at(&[Step::Branch(old.0, index)]));
    }
}

fn compare_discriminators(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let property = |schema: &Schema<'_>| {
        let name = schema.discriminator?.get("propertyName")?.as_str()?;
        Some(format!("`{name}`"))
    };
    let change = match (property(old), property(new)) {
        (None, Some(name)) => SchemaChange::new(&DISCRIMINATOR_ADDED).new_text(name),
        (Some(name), None) => SchemaChange::new(&DISCRIMINATOR_REMOVED).old(name),
        (Some(a), Some(b)) if a != b => SchemaChange::new(&DISCRIMINATOR_CHANGED).old(a).new_text(b),
        _ => {
            compare_mappings(old, new, changes);
            return;
        }
    };
    changes.push(change.keyword("discriminator"));
}

fn compare_mappings(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let mapping = |schema: &Schema<'_>| {
        let mapping = schema.discriminator.and_then(|d| d.get("mapping")?.as_object());
        mapping.cloned().unwrap_or_default()
    };
    let (old, new) = (mapping(old), mapping(new));
    let at = |key: &str| [Step::key("discriminator"), Step::key("mapping"), Step::key(key)];
    let target = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        format!("`{}`", text.rsplit('/').next().unwrap_or(text))
    };
    for (key, before) in &old {
        match new.get(key) {
            None => changes.push(SchemaChange::new(&MAPPING_REMOVED).old(format!("`{key}`")).at(&at(key))),
            Some(after) if target(after) != target(before) => {
                let change = SchemaChange::new(&MAPPING_CHANGED)
                    .old(target(before))
                    .new_text(target(after));
                changes.push(change.at(&at(key)).path(format!(" ({key})")));
            }
            Some(_) => {}
        }
    }
    for key in new.keys().filter(|key| !old.contains_key(*key)) {
        changes.push(
            SchemaChange::new(&MAPPING_ADDED)
                .new_text(format!("`{key}`"))
                .at(&at(key)),
        );
    }
}
