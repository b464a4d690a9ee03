//! Compares unions: which variant is which, and what tells them apart.

use serde_json::Value;

use super::document::Document;
use super::facts::{Delta, Fact};
use super::places::Step;
use super::queue::SchemaQueue;
use super::rules::schemas::*;
use super::schema::Schema;

type Branches<'b, 'a> = (&'static str, &'b [(usize, &'a Value)]);

/// Says whether it makes sense to compare the rest of the schemas.
pub fn compare<'a>(schemas: &mut SchemaQueue<'a>, old: &Schema<'a>, new: &Schema<'a>, delta: &mut Delta) -> bool {
    match (old.union(), new.union()) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            match (a.0, b.0) {
                ("anyOf", "oneOf") => delta.facts.push(way(Fact::new(&UNION_EXCLUSIVE), a.0, b.0)),
                ("oneOf", "anyOf") => delta.facts.push(way(Fact::new(&UNION_INCLUSIVE), a.0, b.0)),
                _ => {}
            }
            variants(schemas, a, b, delta);
            discriminators(old, new, &mut delta.facts);
            true
        }
        // What was the only one becomes one of several.
        (None, Some((key, branches))) => {
            let same = |branch: &'a Value| old.name.is_some() && schemas.new.schema(&[branch]).name == old.name;
            let others: Vec<_> = branches.iter().filter(|(_, branch)| !same(branch)).collect();
            if others.len() < branches.len() {
                for (index, branch) in others {
                    let text = schemas.new.schema(&[branch]).describe();
                    let fact = Fact::new(&VARIANT_ADDED).new_text(text);
                    delta.facts.push(fact.at(&[Step::Branch(key, *index)]));
                }
            } else {
                let text = one_of(&schemas.new, branches);
                delta.facts.push(Fact::new(&UNION_BEGAN).new_text(text).keyword(key));
            }
            false
        }
        (Some((key, branches)), None) => {
            let same = |branch: &'a Value| new.name.is_some() && schemas.old.schema(&[branch]).name == new.name;
            let others: Vec<_> = branches.iter().filter(|(_, branch)| !same(branch)).collect();
            if others.len() < branches.len() {
                for (index, branch) in others {
                    let text = schemas.old.schema(&[branch]).describe();
                    let fact = Fact::new(&VARIANT_REMOVED).old(text);
                    delta.facts.push(fact.at(&[Step::Branch(key, *index)]));
                }
            } else {
                let text = one_of(&schemas.old, branches);
                delta.facts.push(Fact::new(&UNION_ENDED).old(text).keyword(key));
            }
            false
        }
    }
}

fn way(mut fact: Fact, old: &str, new: &str) -> Fact {
    fact.old_way = vec![Step::key(old)];
    fact.new_way = vec![Step::key(new)];
    fact
}

fn one_of<'a>(document: &Document<'a>, branches: &[(usize, &'a Value)]) -> String {
    let names: Vec<_> = branches
        .iter()
        .map(|(_, branch)| document.schema(&[branch]).describe())
        .collect();
    names.join(" or ")
}

fn variants<'a>(schemas: &mut SchemaQueue<'a>, old: Branches<'_, 'a>, new: Branches<'_, 'a>, delta: &mut Delta) {
    let (mut gone, mut come) = (old.1.to_vec(), new.1.to_vec());
    let mut pairs = Vec::new();
    let by_name = |schemas: &SchemaQueue<'a>, a: &'a Value, b: &'a Value| {
        let name = schemas.old.schema(&[a]).name;
        name.is_some() && name == schemas.new.schema(&[b]).name
    };
    let by_content = |_: &SchemaQueue<'a>, a: &'a Value, b: &'a Value| a == b;
    let by_type = |schemas: &SchemaQueue<'a>, a: &'a Value, b: &'a Value| {
        schemas.old.schema(&[a]).types == schemas.new.schema(&[b]).types
    };
    type Same<'a, 's> = &'s dyn Fn(&SchemaQueue<'a>, &'a Value, &'a Value) -> bool;
    let ways: [Same<'a, '_>; 3] = [&by_name, &by_content, &by_type];
    for same in ways {
        gone.retain(|(a_index, a)| {
            let mut candidates = come.iter().enumerate().filter(|(_, (_, b))| same(schemas, a, b));
            let Some((position, (b_index, b))) = candidates.next() else {
                return true;
            };
            if candidates.next().is_some() {
                return true;
            }
            pairs.push((*a_index, *a, *b_index, *b));
            come.remove(position);
            false
        });
    }
    pairs.sort_by_key(|(_, _, index, _)| *index);
    for (a_index, a, b_index, b) in pairs {
        let (a_way, b_way) = (vec![Step::Branch(old.0, a_index)], vec![Step::Branch(new.0, b_index)]);
        schemas.inside(&format!("<{}>", b_index + 1), a_way, b_way, &vec![a], &vec![b], delta);
    }
    for (index, branch) in come {
        let text = schemas.new.schema(&[branch]).describe();
        let fact = Fact::new(&VARIANT_ADDED).new_text(text);
        delta.facts.push(fact.at(&[Step::Branch(new.0, index)]));
    }
    for (index, branch) in gone {
        let text = schemas.old.schema(&[branch]).describe();
        let fact = Fact::new(&VARIANT_REMOVED).old(text);
        delta.facts.push(fact.at(&[Step::Branch(old.0, index)]));
    }
}

fn discriminators(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
    let property = |schema: &Schema<'_>| {
        let name = schema.discriminator?.get("propertyName")?.as_str()?;
        Some(format!("`{name}`"))
    };
    let fact = match (property(old), property(new)) {
        (None, Some(name)) => Fact::new(&DISCRIMINATOR_ADDED).new_text(name),
        (Some(name), None) => Fact::new(&DISCRIMINATOR_REMOVED).old(name),
        (Some(a), Some(b)) if a != b => Fact::new(&DISCRIMINATOR_CHANGED).old(a).new_text(b),
        _ => {
            mappings(old, new, facts);
            return;
        }
    };
    facts.push(fact.keyword("discriminator"));
}

fn mappings(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
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
            None => facts.push(Fact::new(&MAPPING_REMOVED).old(format!("`{key}`")).at(&at(key))),
            Some(after) if target(after) != target(before) => {
                let fact = Fact::new(&MAPPING_CHANGED).old(target(before)).new_text(target(after));
                facts.push(fact.at(&at(key)).label(format!(" ({key})")));
            }
            Some(_) => {}
        }
    }
    for key in new.keys().filter(|key| !old.contains_key(*key)) {
        facts.push(Fact::new(&MAPPING_ADDED).new_text(format!("`{key}`")).at(&at(key)));
    }
}
