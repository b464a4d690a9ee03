//! Compares the constraints of values: bounds, lengths, patterns, formats, enums, and defaults.

use std::cmp::Ordering;

use serde_json::Value;

use super::locate::Step;
use super::rules::Rule;
use super::rules::limits::*;
use super::rules::values::*;
use super::schema::{Bound, Schema, Types, tightness};
use super::schema_diff::SchemaChange;

/// The largest port number.
const PORT: f64 = 65_535.0;

/// Compares all constraints.
pub fn compare(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    compare_bounds(old, new, changes);
    compare_counts(old, new, changes);
    compare_multiple_of(old.multiple_of, new.multiple_of, changes);
    match (old.unique_items, new.unique_items) {
        (false, true) => changes.push(SchemaChange::new(&UNIQUE_REQUIRED).keyword("uniqueItems")),
        (true, false) => changes.push(SchemaChange::new(&UNIQUE_LIFTED).keyword("uniqueItems")),
        _ => {}
    }
    compare_patterns(old, new, changes);
    compare_formats(old.format, new.format, changes);
    compare_enums(old, new, changes);
    compare_constants(old, new, changes);
    compare_known_values(old, new, changes);
    compare_defaults(old, new, changes);
}

/// Formats a value for messages: a string without quotes, unless it could be mistaken for another value.
pub fn show(value: &Value) -> String {
    let plain = |text: &&str| {
        text.trim() == *text
            && text.starts_with(|c: char| c.is_alphabetic())
            && !matches!(*text, "true" | "false" | "null")
    };
    let text = value
        .as_str()
        .filter(plain)
        .map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() > 80 {
        let start: String = text.chars().take(77).collect();
        format!("`{start}...`")
    } else {
        format!("`{text}`")
    }
}

fn number(value: f64) -> String {
    // The shortest form: 255, 0.5, 1e21.
    Value::from(value)
        .as_f64()
        .filter(|v| v.fract() == 0.0 && v.abs() < 9e15)
        .map_or_else(|| value.to_string(), |v| format!("{v:.0}"))
}

fn compare_bounds(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let minimum = [
        &MINIMUM_ADDED,
        &MINIMUM_REMOVED,
        &MINIMUM_RAISED,
        &MINIMUM_LOWERED,
        &MINIMUM_EXCLUDED,
        &MINIMUM_INCLUDED,
    ];
    let maximum = [
        &MAXIMUM_ADDED,
        &MAXIMUM_REMOVED,
        &MAXIMUM_RAISED,
        &MAXIMUM_LOWERED,
        &MAXIMUM_EXCLUDED,
        &MAXIMUM_INCLUDED,
    ];
    let remains_port = |bound: Option<Bound>| bound.is_some_and(|bound| (0.0..=PORT).contains(&bound.value));
    for (before, after, lower, rules) in [
        (old.minimum, new.minimum, true, minimum),
        (old.maximum, new.maximum, false, maximum),
    ] {
        let change = compare_bound(before, after, lower, rules);
        changes.extend(change.map(|change| change.tolerated_if(!is_port(old) || remains_port(after))));
    }
}

/// Returns `true` for ports, for which `pbx-client` has a type that holds nothing else.
fn is_port(schema: &Schema<'_>) -> bool {
    let is = |bound: Option<Bound>, value: f64| bound.is_some_and(|bound| bound.value.total_cmp(&value).is_eq());
    schema.types == Types::INTEGER && is(schema.maximum, PORT) && schema.minimum.is_some_and(|bound| bound.value >= 0.0)
}

fn compare_bound(
    old: Option<Bound>,
    new: Option<Bound>,
    lower: bool,
    rules: [&'static Rule; 6],
) -> Option<SchemaChange> {
    let [added, removed, raised, lowered, not, included] = rules;
    let rule = match (old, new) {
        (None, Some(_)) => added,
        (Some(_), None) => removed,
        (Some(a), Some(b)) => match (b.value.total_cmp(&a.value), tightness(b, a, lower)) {
            (Ordering::Greater, _) => raised,
            (Ordering::Less, _) => lowered,
            (Ordering::Equal, Ordering::Greater) => not,
            (Ordering::Equal, Ordering::Less) => included,
            (Ordering::Equal, Ordering::Equal) => return None,
        },
        (None, None) => return None,
    };
    let keyword = |bound: Option<Bound>| match (lower, bound.is_some_and(|b| b.exclusive)) {
        (true, false) => "minimum",
        (true, true) => "exclusiveMinimum",
        (false, false) => "maximum",
        (false, true) => "exclusiveMaximum",
    };
    let shown = |bound: Bound| match bound.exclusive {
        false => number(bound.value),
        true => format!("{} (exclusive)", number(bound.value)),
    };
    let mut change = SchemaChange::new(rule)
        .old(old.map(shown).unwrap_or_default())
        .new_text(new.map(shown).unwrap_or_default());
    change.old_pointer = vec![Step::key(keyword(old.or(new)))];
    change.new_pointer = vec![Step::key(keyword(new.or(old)))];
    Some(change)
}

fn compare_counts(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let table: [(&str, [&'static Rule; 4]); 6] = [
        (
            "minLength",
            [
                &MIN_LENGTH_ADDED,
                &MIN_LENGTH_REMOVED,
                &MIN_LENGTH_RAISED,
                &MIN_LENGTH_LOWERED,
            ],
        ),
        (
            "maxLength",
            [
                &MAX_LENGTH_ADDED,
                &MAX_LENGTH_REMOVED,
                &MAX_LENGTH_RAISED,
                &MAX_LENGTH_LOWERED,
            ],
        ),
        (
            "minItems",
            [
                &MIN_ITEMS_ADDED,
                &MIN_ITEMS_REMOVED,
                &MIN_ITEMS_RAISED,
                &MIN_ITEMS_LOWERED,
            ],
        ),
        (
            "maxItems",
            [
                &MAX_ITEMS_ADDED,
                &MAX_ITEMS_REMOVED,
                &MAX_ITEMS_RAISED,
                &MAX_ITEMS_LOWERED,
            ],
        ),
        (
            "minProperties",
            [
                &MIN_PROPERTIES_ADDED,
                &MIN_PROPERTIES_REMOVED,
                &MIN_PROPERTIES_RAISED,
                &MIN_PROPERTIES_LOWERED,
            ],
        ),
        (
            "maxProperties",
            [
                &MAX_PROPERTIES_ADDED,
                &MAX_PROPERTIES_REMOVED,
                &MAX_PROPERTIES_RAISED,
                &MAX_PROPERTIES_LOWERED,
            ],
        ),
    ];
    let is_of_server = |schema: &Schema<'_>, key: &str| {
        let is_limit = key == "maxLength" || key == "maxItems";
        (is_limit && schema.is_limit_of_server) || schema.server_keywords.contains(&key)
    };
    for (key, [added, removed, raised, lowered]) in table {
        let of_server = (is_of_server(old, key), is_of_server(new, key));
        let (old, new) = (old.counts.get(key), new.counts.get(key));
        let rule = match (old, new) {
            (None, Some(_)) if of_server.1 => &SERVER_LIMIT_ADDED,
            (Some(_), None) if of_server.0 => &SERVER_LIMIT_REMOVED,
            (None, Some(_)) => added,
            (Some(_), None) => removed,
            (Some(a), Some(b)) if b > a => raised,
            (Some(a), Some(b)) if b < a => lowered,
            _ => continue,
        };
        let shown = |count: Option<&u64>| count.map(ToString::to_string).unwrap_or_default();
        changes.push(
            SchemaChange::new(rule)
                .old(shown(old))
                .new_text(shown(new))
                .keyword(key),
        );
    }
}

fn compare_multiple_of(old: Option<f64>, new: Option<f64>, changes: &mut Vec<SchemaChange>) {
    let divides = |part: f64, whole: f64| {
        let quotient = whole / part;
        (quotient - quotient.round()).abs() < 1e-9
    };
    let rule = match (old, new) {
        (None, Some(_)) => &MULTIPLE_ADDED,
        (Some(_), None) => &MULTIPLE_REMOVED,
        (Some(a), Some(b)) if a.total_cmp(&b) == Ordering::Equal => return,
        (Some(a), Some(b)) if divides(a, b) => &MULTIPLE_COARSER,
        (Some(a), Some(b)) if divides(b, a) => &MULTIPLE_FINER,
        (Some(_), Some(_)) => &MULTIPLE_CHANGED,
        (None, None) => return,
    };
    let shown = |value: Option<f64>| value.map(number).unwrap_or_default();
    changes.push(
        SchemaChange::new(rule)
            .old(shown(old))
            .new_text(shown(new))
            .keyword("multipleOf"),
    );
}

fn compare_patterns(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let removed: Vec<_> = old.patterns.iter().filter(|p| !new.patterns.contains(p)).collect();
    let added: Vec<_> = new.patterns.iter().filter(|p| !old.patterns.contains(p)).collect();
    let shown = |patterns: &[&&str]| {
        let all: Vec<_> = patterns.iter().map(|p| format!("`{p}`")).collect();
        all.join(" and ")
    };
    let is_of_server = |schema: &Schema<'_>| schema.server_keywords.contains(&"pattern");
    let rule = match (removed.is_empty(), added.is_empty()) {
        (true, true) => return,
        (true, false) if is_of_server(new) => &SERVER_LIMIT_ADDED,
        (false, true) if is_of_server(old) => &SERVER_LIMIT_REMOVED,
        (true, false) => &PATTERN_ADDED,
        (false, true) => &PATTERN_REMOVED,
        (false, false) => &PATTERN_CHANGED,
    };
    changes.push(
        SchemaChange::new(rule)
            .old(shown(&removed))
            .new_text(shown(&added))
            .keyword("pattern"),
    );
}

/// Pairs of a format and a wider one.
const WIDER: [(&str, &str); 3] = [("int32", "int64"), ("float", "double"), ("idn-email", "email")];

fn compare_formats(old: Option<&str>, new: Option<&str>, changes: &mut Vec<SchemaChange>) {
    let rule = match (old, new) {
        (a, b) if a == b => return,
        (None, _) => &FORMAT_ADDED,
        (_, None) => &FORMAT_REMOVED,
        (Some(a), Some(b)) if WIDER.contains(&(a, b)) => &FORMAT_WIDENED,
        (Some(a), Some(b)) if WIDER.contains(&(b, a)) => &FORMAT_NARROWED,
        _ => &FORMAT_CHANGED,
    };
    let shown = |format: Option<&str>| format.map(|f| format!("`{f}`")).unwrap_or_default();
    changes.push(
        SchemaChange::new(rule)
            .old(shown(old))
            .new_text(shown(new))
            .keyword("format"),
    );
}

fn list(values: &[&Value]) -> String {
    let shown: Vec<_> = values.iter().take(8).map(|v| show(v)).collect();
    let more = values.len().saturating_sub(8);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{rest}", shown.join(", "))
}

fn value_pointer(key: &str, value: &Value) -> Vec<Step> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    vec![Step::key(key), Step::Value(text)]
}

fn compare_enums(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    match (&old.enum_values, &new.enum_values) {
        (None, Some(values)) => changes.push(
            SchemaChange::new(&VALUES_LIMITED)
                .new_text(list(values))
                .keyword("enum"),
        ),
        (Some(values), None) => changes.push(SchemaChange::new(&VALUES_OPENED).old(list(values)).keyword("enum")),
        (Some(a), Some(b)) => {
            for value in b.iter().filter(|v| !a.contains(v)) {
                changes.push(
                    SchemaChange::new(&VALUE_ADDED)
                        .new_text(show(value))
                        .at(&value_pointer("enum", value)),
                );
            }
            for value in a.iter().filter(|v| !b.contains(v)) {
                changes.push(
                    SchemaChange::new(&VALUE_REMOVED)
                        .old(show(value))
                        .at(&value_pointer("enum", value)),
                );
            }
        }
        (None, None) => {}
    }
}

fn compare_constants(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let change = match (old.const_value, new.const_value) {
        (None, Some(value)) => SchemaChange::new(&CONST_ADDED).new_text(show(value)),
        (Some(value), None) => SchemaChange::new(&CONST_REMOVED).old(show(value)),
        (Some(a), Some(b)) if a != b => SchemaChange::new(&CONST_CHANGED).old(show(a)).new_text(show(b)),
        _ => return,
    };
    changes.push(change.keyword("const"));
}

/// Compares documented values that do not constrain.
fn compare_known_values(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let (Some(a), Some(b)) = (&old.known_values, &new.known_values) else {
        return;
    };
    for value in b.iter().filter(|v| !a.contains(v)) {
        let change = SchemaChange::new(&KNOWN_VALUE_ADDED).new_text(show(value));
        changes.push(change.at(&value_pointer("x-extensible-enum", value)));
    }
    for value in a.iter().filter(|v| !b.contains(v)) {
        let change = SchemaChange::new(&KNOWN_VALUE_REMOVED).old(show(value));
        changes.push(change.at(&value_pointer("x-extensible-enum", value)));
    }
}

fn compare_defaults(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    for (keyword, old, new, added, removed, changed) in [
        (
            "default",
            old.default,
            new.default,
            &DEFAULT_ADDED,
            &DEFAULT_REMOVED,
            &DEFAULT_CHANGED,
        ),
        (
            "x-initial",
            old.initial,
            new.initial,
            &INITIAL_ADDED,
            &INITIAL_REMOVED,
            &INITIAL_CHANGED,
        ),
    ] {
        let change = match (old, new) {
            (None, Some(value)) => SchemaChange::new(added).new_text(show(value)),
            (Some(value), None) => SchemaChange::new(removed).old(show(value)),
            (Some(a), Some(b)) if a != b => SchemaChange::new(changed).old(show(a)).new_text(show(b)),
            _ => continue,
        };
        changes.push(change.keyword(keyword));
    }
}
