//! Compares unions: their variants and discriminators, and unions with schemas that are none.

use serde_json::Value;

use super::discriminators::{self, PairedNames};
use super::locate::Step;
use super::positions::{Polarity, Positions};
use super::queue::SchemaQueue;
use super::rules::schemas::*;
use super::schema::{AllOf, Schema, Types, Union};
use super::schema_diff::{SchemaChange, SchemaDiff, Subschema};
use super::variants::{self, Pairs, Side, Variant};

type Whole<'s, 'a> = (&'s AllOf<'a>, &'s Schema<'a>);

/// Compares unions; returns `false` if comparing the rest of the schemas makes no sense.
pub fn compare<'a>(queue: &mut SchemaQueue<'a>, old: Whole<'_, 'a>, new: Whole<'_, 'a>, diff: &mut SchemaDiff) -> bool {
    let (mut removed, mut added) = (old.1.unions.clone(), new.1.unions.clone());
    let mut names = PairedNames::default();
    if removed.len() + added.len() == 1 && compare_one_sided(queue, old, new, &mut names, diff) {
        // A discriminator that comes or goes with the union is part of it.
        if old.1.discriminator.is_some() && new.1.discriminator.is_some() {
            discriminators::compare(queue, old.1, new.1, &names, &mut diff.changes);
        }
        return false;
    }
    // Equal unions first, then those of the same keyword, then any.
    let criteria: [fn(&Union<'a>, &Union<'a>) -> bool; 3] = [|a, b| a == b, |a, b| a.keyword == b.keyword, |_, _| true];
    for alike in criteria {
        removed.retain(|a| {
            let Some(position) = added.iter().position(|b| alike(a, b)) else {
                return true;
            };
            let b = added.remove(position);
            compare_two(queue, (old.1, a), (new.1, &b), &mut names, diff);
            false
        });
    }
    // Others constrain what stands beside them.
    for union in &added {
        let text = describe(&variants(queue, Side::New, new, union));
        diff.changes
            .push(SchemaChange::new(&UNION_ADDED).new_text(text).keyword(union.keyword));
    }
    for union in &removed {
        let text = describe(&variants(queue, Side::Old, old, union));
        diff.changes
            .push(SchemaChange::new(&UNION_REMOVED).old(text).keyword(union.keyword));
    }
    discriminators::compare(queue, old.1, new.1, &names, &mut diff.changes);
    true
}

/// The variants of a union.
fn variants<'a>(
    queue: &SchemaQueue<'a>,
    side: Side,
    (all, schema): Whole<'_, 'a>,
    union: &Union<'a>,
) -> Vec<Variant<'a>> {
    let variant = |(index, branch): &(usize, &'a Value)| {
        let mut variant = Variant::new(queue, side, *index, AllOf::from(*branch).in_text(all.view.is_text));
        if schema.is_constrained()
            && let Some(whole) = all.clone().variant(branch)
        {
            variant.whole = whole;
        }
        variant
    };
    union.branches.iter().map(variant).collect()
}

fn describe(variants: &[Variant<'_>]) -> String {
    let names: Vec<_> = variants.iter().map(Variant::describe).collect();
    names.join(" and ")
}

fn compare_two<'a>(
    queue: &mut SchemaQueue<'a>,
    (old, a): (&Schema<'a>, &Union<'a>),
    (new, b): (&Schema<'a>, &Union<'a>),
    names: &mut PairedNames<'a>,
    diff: &mut SchemaDiff,
) {
    let of = |queue: &SchemaQueue<'a>, side, schema: &Schema<'a>, union: &Union<'a>| {
        let variant = |(index, branch): &(usize, &'a Value)| {
            let branch = AllOf::from(*branch).in_text(schema.view.is_text);
            Variant::new(queue, side, *index, branch)
        };
        let mut all: Vec<_> = union.branches.iter().map(variant).collect();
        let document = if side == Side::Old { &queue.old } else { &queue.new };
        let name = |variant: &Variant<'a>| document.component(&variant.schemas).map(|component| component.name);
        let values = discriminators::values(document, schema, all.iter().filter_map(name).collect::<Vec<_>>());
        for variant in &mut all {
            if let Some(name) = name(variant) {
                let own = values.targets.iter().filter(|(_, target)| **target == name);
                variant.values = own.map(|(value, _)| (*value).to_owned()).collect();
            }
        }
        all
    };
    let (before, after) = (of(queue, Side::Old, old, a), of(queue, Side::New, new, b));
    let flat = variants::flatten(queue, Side::Old, &before, &after, a.keyword);
    let after = variants::flatten(queue, Side::New, &after, &before, b.keyword).unwrap_or(after);
    let before = flat.unwrap_or(before);
    if a.keyword != b.keyword && !(variants::are_disjoint(&before) && variants::are_disjoint(&after)) {
        let rule = match a.keyword {
            "anyOf" => &UNION_EXCLUSIVE,
            _ => &UNION_INCLUSIVE,
        };
        let mut change = SchemaChange::new(rule);
        change.old_pointer = vec![Step::key(a.keyword)];
        change.new_pointer = vec![Step::key(b.keyword)];
        diff.changes.push(change);
    }
    let pairs = variants::pair(queue, &before, &after);
    report(
        queue,
        (&before, Some(a.keyword)),
        (&after, Some(b.keyword)),
        &pairs,
        names,
        diff,
    );
}

/// Compares a union to a schema that is none, as a variant of it; returns `false` if it is none, because the union constrains what
/// stands beside it.
fn compare_one_sided<'a>(
    queue: &mut SchemaQueue<'a>,
    old: Whole<'_, 'a>,
    new: Whole<'_, 'a>,
    names: &mut PairedNames<'a>,
    diff: &mut SchemaDiff,
) -> bool {
    let side = |queue: &SchemaQueue<'a>, side, whole: Whole<'_, 'a>| match whole.1.unions.as_slice() {
        [union] => variants(queue, side, whole, union),
        _ => by_type(queue, side, whole),
    };
    let (before, after) = (side(queue, Side::Old, old), side(queue, Side::New, new));
    let keyword = |schema: &Schema<'a>| schema.unions.first().map(|union| union.keyword);
    let keywords = (keyword(old.1), keyword(new.1));
    let union = if keywords.0.is_some() { old.1 } else { new.1 };
    let plain = if keywords.0.is_some() { new.1 } else { old.1 };
    let mut pairs = variants::pair_identical(queue, &before, &after);
    let mut is_part = false;
    if pairs.both.is_empty() {
        // The union is part of the schema that was there, or is now: it takes some of its values.
        if union.is_constrained() || plain.is_any() {
            return false;
        }
        let relation = |a: &Variant<'a>, b: &Variant<'a>| queue.relation(&a.whole, &b.whole);
        let narrows = after.iter().all(|b| before.iter().any(|a| relation(a, b).narrows));
        let widens = before.iter().all(|a| after.iter().any(|b| relation(a, b).widens));
        // Any object is valid for an object without properties.
        let is_free = plain.types == Types::OBJECT && !plain.is_constrained();
        let all_objects = |variants: &[Variant<'a>]| is_free && variants.iter().all(Variant::is_object);
        is_part = match keywords {
            (None, _) => (narrows && !widens) || all_objects(&after),
            (Some(_), _) => (widens && !narrows) || all_objects(&before),
        };
    }
    if !is_part && pairs.both.is_empty() {
        pairs = variants::pair(queue, &before, &after);
        if pairs.both.is_empty() {
            pairs = by_relation(queue, &before, &after);
        }
    }
    if pairs.both.is_empty() {
        let change = match (keywords, is_part) {
            ((None, _), true) => SchemaChange::new(&UNION_ADDED).new_text(describe(&after)),
            ((None, _), false) => SchemaChange::new(&UNION_BEGAN).new_text(describe(&after)),
            (_, true) => SchemaChange::new(&UNION_REMOVED).old(describe(&before)),
            (_, false) => SchemaChange::new(&UNION_ENDED).old(describe(&before)),
        };
        diff.changes
            .push(change.keyword(keywords.0.or(keywords.1).unwrap_or_default()));
        return true;
    }
    report(queue, (&before, keywords.0), (&after, keywords.1), &pairs, names, diff);
    true
}

/// Pairs the variants of which one includes the other, equal ones first.
fn by_relation<'a>(queue: &SchemaQueue<'a>, old: &[Variant<'a>], new: &[Variant<'a>]) -> Pairs {
    let mut pairs = Pairs {
        added: (0..new.len()).collect(),
        ..Pairs::default()
    };
    for (a, before) in old.iter().enumerate() {
        let relation = |b: &usize| queue.relation(&before.whole, &new[*b].whole);
        let score = |b: &usize| usize::from(relation(b).widens) + usize::from(relation(b).narrows);
        // The first one of the best.
        match pairs
            .added
            .iter()
            .copied()
            .rev()
            .max_by_key(|b| score(b))
            .filter(|b| score(b) > 0)
        {
            Some(b) => {
                pairs.both.push((a, b));
                pairs.added.retain(|other| *other != b);
            }
            None => pairs.removed.push(a),
        }
    }
    pairs
}

/// A schema as variants, one for each of its types.
fn by_type<'a>(queue: &SchemaQueue<'a>, side: Side, (all, schema): Whole<'_, 'a>) -> Vec<Variant<'a>> {
    let types: Vec<_> = schema.types.each().collect();
    match types.as_slice() {
        [_, _, ..] if schema.types != Types::ANY => {
            let each = types.into_iter();
            each.map(|one| Variant::new(queue, side, 0, all.clone().only(one)))
                .collect()
        }
        // A component stays one; otherwise, null and annotations were compared already.
        _ if schema.name.is_some() => {
            let document = if side == Side::Old { &queue.old } else { &queue.new };
            let component = document.component(all).map(|component| component.schema);
            let schemas = component.map_or_else(|| all.clone(), |schema| AllOf::from(schema).in_text(all.view.is_text));
            vec![Variant::new(queue, side, 0, schemas)]
        }
        _ => vec![Variant::new(queue, side, 0, all.clone().only(Types::ANY))],
    }
}

/// Reports variants; the keyword is `None` for a schema that is no union.
fn report<'a>(
    queue: &mut SchemaQueue<'a>,
    (old, old_keyword): (&[Variant<'a>], Option<&'static str>),
    (new, new_keyword): (&[Variant<'a>], Option<&'static str>),
    pairs: &Pairs,
    names: &mut PairedNames<'a>,
    diff: &mut SchemaDiff,
) {
    // Among few variants, one that others include is recognized.
    let is_small = old.len().max(new.len()) <= 20;
    let pointer = |keyword: Option<&'static str>, variant: &Variant<'a>| {
        let step = keyword.map(|keyword| Step::Branch(keyword, variant.index));
        step.into_iter().collect::<Vec<_>>()
    };
    for (a, b) in &pairs.both {
        let (a, b) = (&old[*a], &new[*b]);
        if let (Some(x), Some(y)) = (queue.old.component(&a.schemas), queue.new.component(&b.schemas)) {
            names.both.push((x.name, y.name));
        }
        let index = if new_keyword.is_some() { b.index } else { a.index };
        diff.subschemas.push(Subschema {
            path: format!("<variant {}>", index + 1),
            old_pointer: pointer(old_keyword, a),
            new_pointer: pointer(new_keyword, b),
            positions: Positions::BOTH,
            polarity: Polarity::Same,
            owner: None,
            diff: queue.push(&a.whole, &b.whole),
        });
    }
    for variant in pairs.added.iter().map(|position| &new[*position]) {
        names
            .added
            .extend(queue.new.component(&variant.schemas).map(|component| component.name));
        let accepted = |a: &&Variant<'a>| queue.relation(&a.whole, &variant.whole).narrows;
        let rule = match new_keyword == Some("anyOf") && is_small && old.iter().any(|a| accepted(&a)) {
            true => &VARIANT_ACCEPTED_BEFORE,
            false => &VARIANT_ADDED,
        };
        let mut change = SchemaChange::new(rule).new_text(variant.describe());
        change.old_pointer = old_keyword.map(Step::key).into_iter().collect();
        change.new_pointer = pointer(new_keyword, variant);
        diff.changes.push(change);
    }
    for variant in pairs.removed.iter().map(|position| &old[*position]) {
        names
            .removed
            .extend(queue.old.component(&variant.schemas).map(|component| component.name));
        let accepted = |b: &&Variant<'a>| queue.relation(&variant.whole, &b.whole).widens;
        let rule = match old_keyword == Some("anyOf") && is_small && new.iter().any(|b| accepted(&b)) {
            true => &VARIANT_STILL_ACCEPTED,
            false => &VARIANT_REMOVED,
        };
        let mut change = SchemaChange::new(rule).old(variant.describe());
        change.old_pointer = pointer(old_keyword, variant);
        change.new_pointer = new_keyword.map(Step::key).into_iter().collect();
        diff.changes.push(change);
    }
}
