//! Compares the constraints of values: bounds, lengths, patterns, formats, enums, and defaults.

use std::cmp::Ordering;

use serde_json::Value;

use super::keywords::OCTETS;
use super::locate::Step;
use super::numbers::{Number, same, same_text};
use super::rules::Rule;
use super::rules::limits::*;
use super::rules::values::*;
use super::schema::{Bound, Schema, Types, tightness};
use super::schema_diff::SchemaChange;
use super::show::{show, show_both};

/// The largest port number.
const PORT: Number = Number::Integer(65_535);
const ZERO: Number = Number::Integer(0);

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
    compare_formats(format(old, new), format(new, old), changes);
    compare_values(old, new, changes);
    compare_known_values(old, new, changes);
    compare_defaults(old, new, changes);
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
    let remains_port = |bound: Option<Bound>| bound.is_some_and(|bound| (ZERO..=PORT).contains(&bound.value));
    for (before, after, lower, rules) in [
        (old.minimum, new.minimum, true, minimum),
        (old.maximum, new.maximum, false, maximum),
    ] {
        // `exclusiveMinimum: 0` is `minimum: 1` for integers.
        let is_integer = old.types == Types::INTEGER && new.types == Types::INTEGER;
        if is_integer && before.map(|bound| inclusive(bound, lower)) == after.map(|bound| inclusive(bound, lower)) {
            continue;
        }
        let change = compare_bound(before, after, lower, rules);
        changes.extend(change.map(|change| change.tolerated_if(!is_port(old) || remains_port(after))));
    }
}

/// The bound of an integer without `exclusive`.
fn inclusive(bound: Bound, lower: bool) -> Bound {
    match (bound.exclusive, bound.value) {
        (true, Number::Integer(value)) => Bound {
            value: Number::Integer(if lower { value + 1 } else { value - 1 }),
            exclusive: false,
        },
        _ => bound,
    }
}

/// Returns `true` for ports, for which `pbx-client` has a type that holds nothing else.
fn is_port(schema: &Schema<'_>) -> bool {
    let is_largest = schema.maximum.is_some_and(|bound| bound.value == PORT);
    schema.types == Types::INTEGER && is_largest && schema.minimum.is_some_and(|bound| bound.value >= ZERO)
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
        (Some(a), Some(b)) => match (b.value.cmp(&a.value), tightness(b, a, lower)) {
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
        false => bound.value.to_string(),
        true => format!("{} (exclusive)", bound.value),
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

fn compare_multiple_of(old: Option<Number>, new: Option<Number>, changes: &mut Vec<SchemaChange>) {
    let divides = |part: Number, whole: Number| match (part, whole) {
        (Number::Integer(part), Number::Integer(whole)) => part != 0 && whole % part == 0,
        (part, whole) => {
            let quotient = whole.to_f64() / part.to_f64();
            (quotient - quotient.round()).abs() < 1e-9
        }
    };
    let rule = match (old, new) {
        (None, Some(_)) => &MULTIPLE_ADDED,
        (Some(_), None) => &MULTIPLE_REMOVED,
        (Some(a), Some(b)) if a == b => return,
        (Some(a), Some(b)) if divides(a, b) => &MULTIPLE_COARSER,
        (Some(a), Some(b)) if divides(b, a) => &MULTIPLE_FINER,
        (Some(_), Some(_)) => &MULTIPLE_CHANGED,
        (None, None) => return,
    };
    let shown = |value: Option<Number>| value.map(|value| value.to_string()).unwrap_or_default();
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

/// The format, unless the other side's `contentEncoding` or `contentMediaType` says the same.
fn format<'a>(schema: &Schema<'a>, other: &Schema<'_>) -> Option<&'a str> {
    let is_said = match schema.format? {
        // The type says it.
        "int32" | "int64" | "float" | "double" => !other.types.overlaps(Types::NUMBER),
        "byte" => other
            .content_encoding
            .is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64")),
        "binary" => other.content_media_type == Some(OCTETS),
        _ => false,
    };
    schema.format.filter(|_| !is_said)
}

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

fn list(values: &[Value]) -> String {
    let shown: Vec<_> = values.iter().take(8).map(show).collect();
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

/// Compares enums and constants; a constant is an enum of one value.
fn compare_values(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let is_text = old.view.is_text && new.view.is_text;
    let is_same = |a: &Value, b: &Value| if is_text { same_text(a, b) } else { same(a, b) };
    let change = match (old.const_value, new.const_value) {
        (Some(a), Some(b)) if is_same(a, b) => return,
        (Some(a), Some(b)) => {
            let (before, after) = show_both(Some(a), Some(b), "");
            SchemaChange::new(&CONST_CHANGED).old(before).new_text(after)
        }
        (None, Some(value)) if old.enum_values.is_none() => SchemaChange::new(&CONST_ADDED).new_text(show(value)),
        (Some(value), None) if new.enum_values.is_none() => SchemaChange::new(&CONST_REMOVED).old(show(value)),
        _ => return compare_enums(old, new, is_same, changes),
    };
    changes.push(change.keyword("const"));
}

fn compare_enums(
    old: &Schema<'_>,
    new: &Schema<'_>,
    is_same: impl Fn(&Value, &Value) -> bool,
    changes: &mut Vec<SchemaChange>,
) {
    let is_text = old.view.is_text && new.view.is_text;
    let values = |schema: &Schema<'_>| match schema.const_value {
        Some(value) => Some(vec![value.clone()]),
        // In a parameter, a boolean is one of two strings.
        None if is_text && schema.types == Types::BOOLEAN && schema.enum_values.is_none() => {
            (old.types != new.types).then(|| vec![Value::Bool(true), Value::Bool(false)])
        }
        None => schema
            .enum_values
            .as_ref()
            .map(|all| all.iter().map(|v| (*v).clone()).collect()),
    };
    let keyword = |schema: &Schema<'_>| if schema.const_value.is_some() { "const" } else { "enum" };
    let pointer = |schema: &Schema<'_>, value: &Value| match keyword(schema) {
        "const" => vec![Step::key("const")],
        keyword => value_pointer(keyword, value),
    };
    match (values(old), values(new)) {
        (None, Some(values)) => changes.push(
            SchemaChange::new(&VALUES_LIMITED)
                .new_text(list(&values))
                .keyword("enum"),
        ),
        (Some(values), None) => changes.push(SchemaChange::new(&VALUES_OPENED).old(list(&values)).keyword("enum")),
        (Some(a), Some(b)) => {
            let missing = |here: &[Value], value: &Value| !here.iter().any(|other| is_same(other, value));
            let mut known: Vec<Value> = Vec::new();
            for value in b.iter().filter(|value| missing(&a, value)) {
                // A value that is listed twice counts once.
                if missing(&known, value) {
                    let mut change = SchemaChange::new(&VALUE_ADDED).new_text(show(value));
                    change.old_pointer = vec![Step::key(keyword(old))];
                    change.new_pointer = pointer(new, value);
                    changes.push(change);
                    known.push(value.clone());
                }
            }
            known.clear();
            for value in a.iter().filter(|value| missing(&b, value)) {
                if missing(&known, value) {
                    let mut change = SchemaChange::new(&VALUE_REMOVED).old(show(value));
                    change.old_pointer = pointer(old, value);
                    change.new_pointer = vec![Step::key(keyword(new))];
                    changes.push(change);
                    known.push(value.clone());
                }
            }
        }
        (None, None) => {}
    }
}

/// Compares documented values that do not constrain.
fn compare_known_values(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let (Some(a), Some(b)) = (&old.known_values, &new.known_values) else {
        return;
    };
    let missing = |here: &[&Value], value: &Value| !here.iter().any(|other| same(other, value));
    for value in b.iter().filter(|v| missing(a, v)) {
        let change = SchemaChange::new(&KNOWN_VALUE_ADDED).new_text(show(value));
        changes.push(change.at(&value_pointer("x-extensible-enum", value)));
    }
    for value in a.iter().filter(|v| missing(b, v)) {
        let change = SchemaChange::new(&KNOWN_VALUE_REMOVED).old(show(value));
        changes.push(change.at(&value_pointer("x-extensible-enum", value)));
    }
}

/// Compares `default` and `x-initial`.
pub fn compare_defaults(old: &Schema<'_>, new: &Schema<'_>, changes: &mut Vec<SchemaChange>) {
    let is_text = old.view.is_text && new.view.is_text;
    let is_same = |a: &Value, b: &Value| if is_text { same_text(a, b) } else { same(a, b) };
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
            (Some(a), Some(b)) if !is_same(a, b) => {
                let (before, after) = show_both(Some(a), Some(b), "");
                SchemaChange::new(changed).old(before).new_text(after)
            }
            _ => continue,
        };
        changes.push(change.keyword(keyword));
    }
}
