//! Compares the less common keywords of schemas: `patternProperties`, `propertyNames`, `dependentRequired`, `dependentSchemas`,
//! `prefixItems`, `contains`, `not`, `if`, `contentEncoding`, `contentMediaType`, `contentSchema` and `xml`.
//!
//! Their subschemas are compared as schemas, with the right [`Polarity`].

use std::collections::BTreeMap;

use serde_json::Value;

use super::equality::same_schema;
use super::locate::Step;
use super::positions::{Polarity, Positions};
use super::properties::declared_positions;
use super::queue::SchemaQueue;
use super::rules::Rule;
use super::rules::conditions::*;
use super::schema::{AdditionalProperties, AllOf, Condition, Contains, Schema};
use super::schema_diff::{SchemaChange, SchemaDiff, Subschema};
use super::show::{show, show_both};

/// The media type that `format: binary` stands for.
pub const OCTETS: &str = "application/octet-stream";

/// The schema that accepts no value.
static FALSE: Value = Value::Bool(false);

/// A pair of subschemas with their pointers.
struct Pair<'a> {
    path: String,
    old: (Vec<Step>, AllOf<'a>),
    new: (Vec<Step>, AllOf<'a>),
    polarity: Polarity,
}

impl<'a> Pair<'a> {
    /// A pair with the same pointer on both sides.
    fn at(path: impl Into<String>, pointer: &[Step], old: AllOf<'a>, new: AllOf<'a>) -> Self {
        Self {
            path: path.into(),
            old: (pointer.to_vec(), old),
            new: (pointer.to_vec(), new),
            polarity: Polarity::Same,
        }
    }

    fn polarity(mut self, polarity: Polarity) -> Self {
        self.polarity = polarity;
        self
    }
}

pub fn compare<'a>(queue: &mut SchemaQueue<'a>, old: &Schema<'a>, new: &Schema<'a>, diff: &mut SchemaDiff) {
    let mut pairs = Vec::new();
    pattern_properties(queue, old, new, &mut pairs, &mut diff.changes);
    items(old, new, &mut pairs, &mut diff.changes);
    not(old, new, &mut pairs, &mut diff.changes);
    conditions(old, new, &mut pairs, &mut diff.changes);
    content(old, new, &mut pairs, &mut diff.changes);
    unknown_keywords(old, new, &mut diff.changes);
    for pair in pairs {
        diff.subschemas.push(Subschema {
            path: pair.path,
            old_pointer: pair.old.0,
            new_pointer: pair.new.0,
            positions: Positions::BOTH,
            polarity: pair.polarity,
            owner: None,
            diff: queue.push(&pair.old.1, &pair.new.1),
        });
    }
}

fn pattern_properties<'a>(
    queue: &SchemaQueue<'a>,
    old: &Schema<'a>,
    new: &Schema<'a>,
    pairs: &mut Vec<Pair<'a>>,
    changes: &mut Vec<SchemaChange>,
) {
    // Without the pattern, its properties are additional properties.
    let of = |schema: &Schema<'a>, pattern: &str| match (schema.pattern_properties.get(pattern), &schema.additional) {
        (Some(schemas), _) => (
            vec![Step::key("patternProperties"), Step::key(pattern)],
            schemas.clone(),
        ),
        (None, AdditionalProperties::Any) => (Vec::new(), AllOf::default()),
        (None, AdditionalProperties::Forbidden) => (vec![Step::key("additionalProperties")], (&FALSE).into()),
        (None, AdditionalProperties::Typed(schemas)) => (vec![Step::key("additionalProperties")], schemas.clone()),
    };
    let added = new
        .pattern_properties
        .keys()
        .filter(|key| !old.pattern_properties.contains_key(*key));
    for pattern in old.pattern_properties.keys().chain(added) {
        pairs.push(Pair {
            path: format!("./{pattern}/"),
            old: of(old, pattern),
            new: of(new, pattern),
            polarity: Polarity::Same,
        });
    }
    if !old.property_names.is_empty() || !new.property_names.is_empty() {
        let pointer = [Step::key("propertyNames")];
        pairs.push(Pair::at(
            "<propertyNames>",
            &pointer,
            old.property_names.clone(),
            new.property_names.clone(),
        ));
    }
    for (rule, here, there) in [
        (&DEPENDENCY_ADDED, &new.dependent_required, &old.dependent_required),
        (&DEPENDENCY_REMOVED, &old.dependent_required, &new.dependent_required),
    ] {
        for (trigger, required) in here.difference(there) {
            let change = SchemaChange::new(rule).path(format!(".{required}"));
            let change = change.old(format!("`{trigger}`")).new_text(format!("`{trigger}`"));
            let mut change = change.at(&[Step::key("dependentRequired"), Step::key(*trigger)]);
            change.positions = declared_positions(queue, old, new, required);
            changes.push(change);
        }
    }
    let (before, after) = (&old.dependent_schemas, &new.dependent_schemas);
    for name in before
        .keys()
        .chain(after.keys().filter(|key| !before.contains_key(*key)))
    {
        let schemas = |all: &BTreeMap<&'a str, AllOf<'a>>| all.get(name).cloned().unwrap_or_default();
        let pointer = [Step::key("dependentSchemas"), Step::key(*name)];
        pairs.push(Pair::at(
            format!("<dependentSchemas.{name}>"),
            &pointer,
            schemas(before),
            schemas(after),
        ));
    }
}

fn items<'a>(old: &Schema<'a>, new: &Schema<'a>, pairs: &mut Vec<Pair<'a>>, changes: &mut Vec<SchemaChange>) {
    // Without its own schema, an item is one of `items`.
    let of = |schema: &Schema<'a>, index: usize| match (schema.prefix_items.get(index), &schema.items) {
        (Some(schemas), _) => (vec![Step::Branch("prefixItems", index)], schemas.clone()),
        (None, Some(schemas)) => (vec![Step::key("items")], schemas.clone()),
        (None, None) => (Vec::new(), AllOf::default()),
    };
    for index in 0..old.prefix_items.len().max(new.prefix_items.len()) {
        pairs.push(Pair {
            path: format!("[{index}]"),
            old: of(old, index),
            new: of(new, index),
            polarity: Polarity::Same,
        });
    }
    let alike = |a: &Contains<'a>, b: &Contains<'a>| same_schema(a.schema, b.schema);
    let (both, removed, added) = paired(&old.contains, &new.contains, alike);
    for (a, b) in both {
        contains(a, b, pairs, changes);
    }
    for (rule, some) in [(&CONTAINS_REMOVED, removed), (&CONTAINS_ADDED, added)] {
        for one in some {
            let count = match (one.min, one.max) {
                (1, None) => "at least 1 item".to_owned(),
                (min, None) => format!("at least {min} items"),
                (0, Some(max)) => format!("at most {max} items"),
                (min, Some(max)) => format!("{min} to {max} items"),
            };
            let text = format!("{count} matching {}", show(one.schema));
            changes.push(
                SchemaChange::new(rule)
                    .old(text.clone())
                    .new_text(text)
                    .keyword("contains"),
            );
        }
    }
}

fn contains<'a>(old: Contains<'a>, new: Contains<'a>, pairs: &mut Vec<Pair<'a>>, changes: &mut Vec<SchemaChange>) {
    // Accepting more items is looser only while their number has no maximum.
    let polarity = match (old.max, new.max) {
        (None, None) => Polarity::Same,
        _ => Polarity::Unknown,
    };
    let pair = Pair::at(
        "<contains>",
        &[Step::key("contains")],
        old.schema.into(),
        new.schema.into(),
    );
    pairs.push(pair.polarity(polarity));
    let mut report = |rule: &'static Rule, keyword: &str, old: Option<u64>, new: Option<u64>| {
        let shown = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
        changes.push(
            SchemaChange::new(rule)
                .old(shown(old))
                .new_text(shown(new))
                .keyword(keyword),
        );
    };
    match old.min.cmp(&new.min) {
        std::cmp::Ordering::Less => report(&MIN_CONTAINS_RAISED, "minContains", Some(old.min), Some(new.min)),
        std::cmp::Ordering::Greater => report(&MIN_CONTAINS_LOWERED, "minContains", Some(old.min), Some(new.min)),
        std::cmp::Ordering::Equal => {}
    }
    let rule = match (old.max, new.max) {
        (None, Some(_)) => &MAX_CONTAINS_ADDED,
        (Some(_), None) => &MAX_CONTAINS_REMOVED,
        (Some(a), Some(b)) if a < b => &MAX_CONTAINS_RAISED,
        (Some(a), Some(b)) if a > b => &MAX_CONTAINS_LOWERED,
        _ => return,
    };
    report(rule, "maxContains", old.max, new.max);
}

fn not<'a>(old: &Schema<'a>, new: &Schema<'a>, pairs: &mut Vec<Pair<'a>>, changes: &mut Vec<SchemaChange>) {
    let (both, removed, added) = paired(&old.not, &new.not, |a, b| same_schema(a, b));
    for (a, b) in &both {
        let pair = Pair::at("<not>", &[Step::key("not")], (*a).into(), (*b).into());
        pairs.push(pair.polarity(Polarity::Inverted));
    }
    changes.extend(
        removed
            .iter()
            .map(|one| SchemaChange::new(&NOT_REMOVED).old(show(one)).keyword("not")),
    );
    changes.extend(
        added
            .iter()
            .map(|one| SchemaChange::new(&NOT_ADDED).new_text(show(one)).keyword("not")),
    );
}

fn conditions<'a>(old: &Schema<'a>, new: &Schema<'a>, pairs: &mut Vec<Pair<'a>>, changes: &mut Vec<SchemaChange>) {
    let alike = |a: &Condition<'a>, b: &Condition<'a>| same_schema(a.test, b.test);
    let (both, removed, added) = paired(&old.conditions, &new.conditions, alike);
    for (a, b) in both {
        let test = Pair::at("<if>", &[Step::key("if")], a.test.into(), b.test.into());
        pairs.push(test.polarity(Polarity::Unknown));
        for (path, key, x, y) in [
            ("<then>", "then", a.then, b.then),
            ("<else>", "else", a.otherwise, b.otherwise),
        ] {
            let schemas = |schema: Option<&'a Value>| schema.into_iter().collect();
            pairs.push(Pair::at(path, &[Step::key(key)], schemas(x), schemas(y)));
        }
    }
    for (rule, some) in [(&CONDITION_REMOVED, removed), (&CONDITION_ADDED, added)] {
        for condition in some {
            let test = show(condition.test);
            changes.push(SchemaChange::new(rule).old(test.clone()).new_text(test).keyword("if"));
        }
    }
}

/// The content encoding, unless the other side's `format` says the same.
fn encoding<'a>(schema: &Schema<'a>, other: &Schema<'_>) -> Option<&'a str> {
    let encoding = schema.content_encoding?;
    let is_said = encoding.eq_ignore_ascii_case("base64") && other.format == Some("byte");
    (!is_said).then_some(encoding)
}

/// The content media type, unless the other side's `format` says the same.
fn media_type<'a>(schema: &Schema<'a>, other: &Schema<'_>) -> Option<&'a str> {
    let media_type = schema.content_media_type?;
    (!(media_type == OCTETS && other.format == Some("binary"))).then_some(media_type)
}

fn content<'a>(old: &Schema<'a>, new: &Schema<'a>, pairs: &mut Vec<Pair<'a>>, changes: &mut Vec<SchemaChange>) {
    for (rule, key, a, b) in [
        (
            &CONTENT_ENCODING_CHANGED,
            "contentEncoding",
            encoding(old, new),
            encoding(new, old),
        ),
        (
            &CONTENT_MEDIA_TYPE_CHANGED,
            "contentMediaType",
            media_type(old, new),
            media_type(new, old),
        ),
    ] {
        if a != b {
            let shown = |value: Option<&str>| value.map_or("none".to_owned(), |value| format!("`{value}`"));
            changes.push(SchemaChange::new(rule).old(shown(a)).new_text(shown(b)).keyword(key));
        }
    }
    if !old.content_schema.is_empty() || !new.content_schema.is_empty() {
        let pointer = [Step::key("contentSchema")];
        pairs.push(Pair::at(
            "<contentSchema>",
            &pointer,
            old.content_schema.clone(),
            new.content_schema.clone(),
        ));
    }
    if old.xml != new.xml {
        let (before, after) = show_both(old.xml, new.xml, "none");
        changes.push(
            SchemaChange::new(&XML_CHANGED)
                .old(before)
                .new_text(after)
                .keyword("xml"),
        );
    }
}

/// Compares unknown keywords as they are.
fn unknown_keywords(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let text = |key: &str, value: &Value| format!("`{key}: {}`", show(value).trim_matches('`'));
    for (key, before) in &old.others {
        let change = match new.others.get(key) {
            None => SchemaChange::new(&KEYWORD_REMOVED).old(text(key, before)),
            Some(after) if after != before => {
                let (before, after) = show_both(Some(before), Some(after), "none");
                let change = SchemaChange::new(&KEYWORD_CHANGED).old(before).new_text(after);
                change.path(format!(".{key}"))
            }
            Some(_) => continue,
        };
        changes.push(change.keyword(key));
    }
    for (key, value) in new.others.iter().filter(|(key, _)| !old.others.contains_key(*key)) {
        changes.push(
            SchemaChange::new(&KEYWORD_ADDED)
                .new_text(text(key, value))
                .keyword(key),
        );
    }
}

/// Pairs the items that are alike, and the last ones if one of each is left. Returns the pairs, and the removed and added items.
fn paired<T: Copy>(old: &[T], new: &[T], alike: impl Fn(&T, &T) -> bool) -> (Vec<(T, T)>, Vec<T>, Vec<T>) {
    let (mut removed, mut added) = (Vec::new(), new.to_vec());
    let mut pairs = Vec::new();
    for one in old {
        match added.iter().position(|other| alike(one, other)) {
            Some(index) => pairs.push((*one, added.remove(index))),
            None => removed.push(*one),
        }
    }
    if let ([one], [other]) = (removed.as_slice(), added.as_slice()) {
        pairs.push((*one, *other));
        (removed, added) = (Vec::new(), Vec::new());
    }
    (pairs, removed, added)
}
