//! Pairs the variants of two unions by meaning: by name, content, discriminator value, title, tags and common properties, without words.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value;

use super::equality::same_schema;
use super::numbers::same;
use super::queue::SchemaQueue;
use super::schema::{AllOf, Schema, Types};
use super::show::show;

/// Beyond this number of possible pairs, only names and contents decide.
const MAX_PAIRS: usize = 10_000;

/// A variant of a union, or a schema that is compared to one.
pub struct Variant<'a> {
    /// The index of its branch.
    pub index: usize,
    pub schemas: AllOf<'a>,
    /// The same, with what stands beside the union.
    pub whole: AllOf<'a>,
    /// The values of the discriminator that select it.
    pub values: Vec<String>,
    schema: Rc<Schema<'a>>,
}

/// The side of a variant.
#[derive(Clone, Copy, PartialEq)]
pub enum Side {
    Old,
    New,
}

/// Variants, by their positions: pairs, and those that only one side has.
#[derive(Default)]
pub struct Pairs {
    pub both: Vec<(usize, usize)>,
    pub removed: Vec<usize>,
    pub added: Vec<usize>,
}

impl<'a> Variant<'a> {
    pub fn new(queue: &SchemaQueue<'a>, side: Side, index: usize, schemas: AllOf<'a>) -> Self {
        let document = match side {
            Side::Old => &queue.old,
            Side::New => &queue.new,
        };
        let schema = document.schema(&schemas);
        Self {
            index,
            values: Vec::new(),
            whole: schemas.clone(),
            schema,
            schemas,
        }
    }

    /// A short description: the component, the title, the tags, the types, or the constraints.
    pub fn describe(&self) -> String {
        let schema = &self.schema;
        if schema.name.is_some() {
            return schema.describe();
        }
        if let Some(title) = schema.title {
            return format!("`{title}`");
        }
        if let Some((property, value)) = self.tags().first() {
            return format!("`{property}: {}`", show(value).trim_matches('`'));
        }
        match (schema.types == Types::ANY, self.schemas.last()) {
            (true, Some(branch)) if !schema.is_any() => show(branch),
            _ => schema.describe(),
        }
    }

    pub fn is_object(&self) -> bool {
        self.schema.types == Types::OBJECT
    }

    /// Properties that can have one value only.
    fn tags(&self) -> Vec<(&'a str, &'a Value)> {
        let tag = |schemas: &AllOf<'a>| {
            schemas.iter().find_map(|schema| {
                let values = schema.get("enum").and_then(Value::as_array);
                let only = values.filter(|values| values.len() == 1).map(|values| &values[0]);
                schema.get("const").or(only)
            })
        };
        let properties = self.schema.properties.iter();
        properties
            .filter_map(|(name, property)| Some((*name, tag(&property.schemas)?)))
            .collect()
    }
}

/// Replaces variants that are unions of the same keyword by their variants, unless the other side has them as they are. `None` if there
/// are none.
pub fn flatten<'a>(
    queue: &SchemaQueue<'a>,
    side: Side,
    all: &[Variant<'a>],
    others: &[Variant<'a>],
    keyword: &str,
) -> Option<Vec<Variant<'a>>> {
    let nested = |variant: &Variant<'a>| {
        let schema = variant.schema.clone();
        let is_plain = !schema.is_constrained() && !schema.nullable && schema.discriminator.is_none();
        let is_known = |other: &Variant<'a>| {
            (schema.name.is_some() && schema.name == other.schema.name) || same_content(variant, other)
        };
        let is_nested = matches!(schema.unions.as_slice(), [union] if union.keyword == keyword && is_plain);
        (is_nested && !others.iter().any(is_known)).then_some(schema)
    };
    let mut flat = Vec::new();
    let mut has_nested = false;
    // Unions may contain themselves, so that only one level counts.
    for variant in all {
        let schema = nested(variant);
        has_nested |= schema.is_some();
        match schema {
            Some(schema) => flat.extend(schema.unions[0].branches.iter().map(|(_, branch)| {
                let branch = AllOf::from(*branch).in_text(variant.schemas.view.is_text);
                Variant::new(queue, side, variant.index, branch)
            })),
            None => flat.push(Variant {
                values: variant.values.clone(),
                ..Variant::new(queue, side, variant.index, variant.schemas.clone())
            }),
        }
    }
    has_nested.then_some(flat)
}

/// Pairs variants. Variants that occur twice count once.
pub fn pair<'a>(queue: &SchemaQueue<'a>, old: &[Variant<'a>], new: &[Variant<'a>]) -> Pairs {
    let mut matching = Matching::new(queue, old, new);
    matching.by_identity();
    if old.len().saturating_mul(new.len()) <= MAX_PAIRS {
        matching.by_meaning();
    }
    matching.finish()
}

/// Pairs variants of the same name or content only.
pub fn pair_identical<'a>(queue: &SchemaQueue<'a>, old: &[Variant<'a>], new: &[Variant<'a>]) -> Pairs {
    let mut matching = Matching::new(queue, old, new);
    matching.by_identity();
    matching.finish()
}

struct Matching<'m, 'a> {
    queue: &'m SchemaQueue<'a>,
    old: &'m [Variant<'a>],
    new: &'m [Variant<'a>],
    removed: Vec<usize>,
    added: Vec<usize>,
    both: Vec<(usize, usize)>,
}

impl<'m, 'a> Matching<'m, 'a> {
    fn new(queue: &'m SchemaQueue<'a>, old: &'m [Variant<'a>], new: &'m [Variant<'a>]) -> Self {
        Self {
            queue,
            old,
            new,
            removed: distinct(old),
            added: distinct(new),
            both: Vec::new(),
        }
    }

    /// Pairs each variant with the first one that is like it.
    fn first(&mut self, alike: impl Fn(&Variant<'a>, &Variant<'a>) -> bool) {
        let (old, new, added, both) = (self.old, self.new, &mut self.added, &mut self.both);
        self.removed.retain(|a| {
            let Some(position) = added.iter().position(|b| alike(&old[*a], &new[*b])) else {
                return true;
            };
            both.push((*a, added.remove(position)));
            false
        });
    }

    /// Pairs the best matches first; a score of zero is no match.
    fn best(&mut self, score: impl Fn(&Variant<'a>, &Variant<'a>) -> usize) {
        let mut scores = Vec::new();
        for a in &self.removed {
            for b in &self.added {
                let score = score(&self.old[*a], &self.new[*b]);
                if score > 0 && self.may_pair(*a, *b) {
                    scores.push((std::cmp::Reverse(score), a.abs_diff(*b), *a, *b));
                }
            }
        }
        scores.sort_unstable();
        for (_, _, a, b) in scores {
            if self.removed.contains(&a) && self.added.contains(&b) {
                self.removed.retain(|other| *other != a);
                self.added.retain(|other| *other != b);
                self.both.push((a, b));
            }
        }
    }

    /// Two components that stay are different things.
    fn may_pair(&self, old: usize, new: usize) -> bool {
        match (self.old[old].schema.name, self.new[new].schema.name) {
            (Some(a), Some(b)) => a == b || self.queue.is_renamed(a, b),
            _ => true,
        }
    }

    fn by_identity(&mut self) {
        self.first(|a, b| a.schema.name.is_some() && a.schema.name == b.schema.name);
        // Of several that are equal but for words, those with the same words belong together.
        self.first(|a, b| a.schemas.view == b.schemas.view && *a.schemas == *b.schemas);
        self.first(|a, b| a.schema.description == b.schema.description && same_content(a, b));
        self.first(same_content);
    }

    fn by_meaning(&mut self) {
        if self.removed.is_empty() || self.added.is_empty() {
            return;
        }
        self.best(|a, b| a.values.iter().filter(|value| b.values.contains(value)).count());
        self.best(|a, b| usize::from(a.schema.title.is_some() && a.schema.title == b.schema.title));
        self.best(|a, b| match compare_tags(a, b) {
            (common, 0) => common,
            _ => 0,
        });
        self.best(|a, b| {
            let names = |variant: &Variant<'a>| variant.schema.properties.keys().copied().collect::<BTreeSet<_>>();
            let (x, y) = (names(a), names(b));
            let common = x.intersection(&y).count();
            let (_, conflicts) = compare_tags(a, b);
            match conflicts > 0 && x != y {
                true => 0,
                false => common * 1000 / x.union(&y).count().max(1),
            }
        });
        // The only ones of a type.
        let (removed, added) = (self.removed.clone(), self.added.clone());
        for a in removed {
            let alike = |a: usize, b: usize| {
                let (x, y) = (&self.old[a].schema, &self.new[b].schema);
                let is_object = x.types == Types::OBJECT && !x.properties.is_empty();
                x.types == y.types && (!is_object || y.properties.is_empty()) && self.may_pair(a, b)
            };
            let candidates: Vec<_> = added.iter().filter(|b| alike(a, **b)).collect();
            if let [b] = candidates.as_slice()
                && self.added.contains(b)
                && self.removed.iter().filter(|other| alike(**other, **b)).count() == 1
            {
                let b = **b;
                self.both.push((a, b));
                self.removed.retain(|other| *other != a);
                self.added.retain(|other| *other != b);
            }
        }
    }

    fn finish(mut self) -> Pairs {
        self.both.sort_by_key(|(_, new)| *new);
        Pairs {
            both: self.both,
            removed: self.removed,
            added: self.added,
        }
    }
}

/// The positions of the variants, without those that occur twice.
fn distinct(variants: &[Variant<'_>]) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for (position, variant) in variants.iter().enumerate() {
        let is_known = kept.iter().any(|other| {
            let other = &variants[*other];
            (variant.schema.name.is_some() && variant.schema.name == other.schema.name)
                || (variant.schemas.view == other.schemas.view && *variant.schemas == *other.schemas)
        });
        if !is_known {
            kept.push(position);
        }
    }
    kept
}

/// The number of tags with equal values, and with different ones.
fn compare_tags(a: &Variant<'_>, b: &Variant<'_>) -> (usize, usize) {
    let (a, b) = (a.tags(), b.tags());
    let (mut common, mut conflicts) = (0, 0);
    for (name, value) in &a {
        match b.iter().find(|(other, _)| other == name) {
            Some((_, other)) if same(value, other) => common += 1,
            Some(_) => conflicts += 1,
            None => {}
        }
    }
    (common, conflicts)
}

/// Returns `true` for variants with equal branches, apart from words.
fn same_content(a: &Variant<'_>, b: &Variant<'_>) -> bool {
    let types = a.schema.types == b.schema.types;
    types
        && a.schemas.len() == b.schemas.len()
        && a.schemas.iter().zip(b.schemas.iter()).all(|(a, b)| same_schema(a, b))
}

/// Returns `true` if no value fits two of the variants, so that `oneOf` and `anyOf` are the same.
pub fn are_disjoint(variants: &[Variant<'_>]) -> bool {
    variants.len() <= 100
        && variants.iter().enumerate().all(|(index, a)| {
            variants[index + 1..].iter().all(|b| {
                let (_, conflicts) = compare_tags(a, b);
                let required = |variant: &Variant<'_>, name: &str| variant.schema.required.contains(&name);
                let by_tag = conflicts > 0 && a.tags().iter().any(|(name, _)| required(a, name) && required(b, name));
                !a.schema.types.overlaps(b.schema.types) || by_tag
            })
        })
}
