//! Compares what single values may be: bounds, lengths, patterns, formats, enums, defaults.

use std::cmp::Ordering;

use serde_json::Value;

use super::facts::Fact;
use super::places::Step;
use super::rules::Rule;
use super::rules::limits::*;
use super::rules::values::*;
use super::schema::{Bound, Schema, Types, tightness};

/// The largest port.
const PORT: f64 = 65_535.0;

/// All of it; facts are pushed with ways that begin at the schema.
pub fn compare(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
    bounds(old, new, facts);
    counts(old, new, facts);
    multiples(old.multiple_of, new.multiple_of, facts);
    match (old.unique, new.unique) {
        (false, true) => facts.push(Fact::new(&UNIQUE_REQUIRED).keyword("uniqueItems")),
        (true, false) => facts.push(Fact::new(&UNIQUE_LIFTED).keyword("uniqueItems")),
        _ => {}
    }
    patterns(old, new, facts);
    formats(old.format, new.format, facts);
    enums(old, new, facts);
    constants(old, new, facts);
    known_values(old, new, facts);
    defaults(old.default, new.default, facts);
}

/// A value as a person reads it in a sentence: text without quotes, unless it could be taken for something else.
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
    // As short as it can be said: 255, 0.5, 1e21.
    Value::from(value)
        .as_f64()
        .filter(|v| v.fract() == 0.0 && v.abs() < 9e15)
        .map_or_else(|| value.to_string(), |v| format!("{v:.0}"))
}

fn bounds(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
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
    let stays_a_port = |bound: Option<Bound>| bound.is_some_and(|bound| (0.0..=PORT).contains(&bound.value));
    for (before, after, lower, rules) in [
        (old.minimum, new.minimum, true, minimum),
        (old.maximum, new.maximum, false, maximum),
    ] {
        let fact = bound(before, after, lower, rules);
        facts.extend(fact.map(|fact| fact.tolerated_if(!is_port(old) || stays_a_port(after))));
    }
}

/// What `pbx-client` has a type for that holds nothing else.
fn is_port(schema: &Schema<'_>) -> bool {
    let is = |bound: Option<Bound>, value: f64| bound.is_some_and(|bound| bound.value.total_cmp(&value).is_eq());
    schema.types == Types::INTEGER && is(schema.maximum, PORT) && schema.minimum.is_some_and(|bound| bound.value >= 0.0)
}

fn bound(old: Option<Bound>, new: Option<Bound>, lower: bool, rules: [&'static Rule; 6]) -> Option<Fact> {
    let [added, removed, raised, lowered, excluded, included] = rules;
    let rule = match (old, new) {
        (None, Some(_)) => added,
        (Some(_), None) => removed,
        (Some(a), Some(b)) => match (b.value.total_cmp(&a.value), tightness(b, a, lower)) {
            (Ordering::Greater, _) => raised,
            (Ordering::Less, _) => lowered,
            (Ordering::Equal, Ordering::Greater) => excluded,
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
    let words = |bound: Bound| match (lower, bound.exclusive) {
        (true, false) => format!("at least {}", number(bound.value)),
        (true, true) => format!("greater than {}", number(bound.value)),
        (false, false) => format!("at most {}", number(bound.value)),
        (false, true) => format!("less than {}", number(bound.value)),
    };
    let mut fact = Fact::new(rule)
        .old(old.map(words).unwrap_or_default())
        .new_text(new.map(words).unwrap_or_default());
    fact.old_way = vec![Step::key(keyword(old.or(new)))];
    fact.new_way = vec![Step::key(keyword(new.or(old)))];
    Some(fact)
}

fn counts(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
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
    for (key, [added, removed, raised, lowered]) in table {
        let (old, new) = (old.counts.get(key), new.counts.get(key));
        let rule = match (old, new) {
            (None, Some(_)) => added,
            (Some(_), None) => removed,
            (Some(a), Some(b)) if b > a => raised,
            (Some(a), Some(b)) if b < a => lowered,
            _ => continue,
        };
        let noun = match key {
            "minLength" | "maxLength" => "character",
            "minItems" | "maxItems" => "item",
            _ => "member",
        };
        let words = |count: Option<&u64>| {
            let words = |n: &u64| format!("{n} {noun}{}", if *n == 1 { "" } else { "s" });
            count.map(words).unwrap_or_default()
        };
        facts.push(Fact::new(rule).old(words(old)).new_text(words(new)).keyword(key));
    }
}

fn multiples(old: Option<f64>, new: Option<f64>, facts: &mut Vec<Fact>) {
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
    let words = |value: Option<f64>| value.map(number).unwrap_or_default();
    facts.push(
        Fact::new(rule)
            .old(words(old))
            .new_text(words(new))
            .keyword("multipleOf"),
    );
}

fn patterns(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
    let gone: Vec<_> = old.patterns.iter().filter(|p| !new.patterns.contains(p)).collect();
    let come: Vec<_> = new.patterns.iter().filter(|p| !old.patterns.contains(p)).collect();
    let words = |patterns: &[&&str]| {
        let all: Vec<_> = patterns.iter().map(|p| format!("`{p}`")).collect();
        all.join(" and ")
    };
    let rule = match (gone.is_empty(), come.is_empty()) {
        (true, true) => return,
        (true, false) => &PATTERN_ADDED,
        (false, true) => &PATTERN_REMOVED,
        (false, false) => &PATTERN_CHANGED,
    };
    facts.push(
        Fact::new(rule)
            .old(words(&gone))
            .new_text(words(&come))
            .keyword("pattern"),
    );
}

/// Formats of which the first is part of the second.
const WIDER: [(&str, &str); 3] = [("int32", "int64"), ("float", "double"), ("idn-email", "email")];

fn formats(old: Option<&str>, new: Option<&str>, facts: &mut Vec<Fact>) {
    let rule = match (old, new) {
        (a, b) if a == b => return,
        (None, _) => &FORMAT_ADDED,
        (_, None) => &FORMAT_REMOVED,
        (Some(a), Some(b)) if WIDER.contains(&(a, b)) => &FORMAT_WIDENED,
        (Some(a), Some(b)) if WIDER.contains(&(b, a)) => &FORMAT_NARROWED,
        _ => &FORMAT_CHANGED,
    };
    let words = |format: Option<&str>| format.map(|f| format!("`{f}`")).unwrap_or_default();
    facts.push(Fact::new(rule).old(words(old)).new_text(words(new)).keyword("format"));
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

fn entry(key: &str, value: &Value) -> Vec<Step> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    vec![Step::key(key), Step::Value(text)]
}

fn enums(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
    match (&old.values, &new.values) {
        (None, Some(values)) => facts.push(Fact::new(&VALUES_LIMITED).new_text(list(values)).keyword("enum")),
        (Some(values), None) => facts.push(Fact::new(&VALUES_OPENED).old(list(values)).keyword("enum")),
        (Some(a), Some(b)) => {
            for value in b.iter().filter(|v| !a.contains(v)) {
                facts.push(Fact::new(&VALUE_ADDED).new_text(show(value)).at(&entry("enum", value)));
            }
            for value in a.iter().filter(|v| !b.contains(v)) {
                facts.push(Fact::new(&VALUE_REMOVED).old(show(value)).at(&entry("enum", value)));
            }
        }
        (None, None) => {}
    }
}

fn constants(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
    let fact = match (old.constant, new.constant) {
        (None, Some(value)) => Fact::new(&CONST_ADDED).new_text(show(value)),
        (Some(value), None) => Fact::new(&CONST_REMOVED).old(show(value)),
        (Some(a), Some(b)) if a != b => Fact::new(&CONST_CHANGED).old(show(a)).new_text(show(b)),
        _ => return,
    };
    facts.push(fact.keyword("const"));
}

/// Values that a client is told of and that do not limit it.
fn known_values(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
    let (Some(a), Some(b)) = (&old.known_values, &new.known_values) else {
        return;
    };
    for value in b.iter().filter(|v| !a.contains(v)) {
        let fact = Fact::new(&KNOWN_VALUE_ADDED).new_text(show(value));
        facts.push(fact.at(&entry("x-extensible-enum", value)));
    }
    for value in a.iter().filter(|v| !b.contains(v)) {
        let fact = Fact::new(&KNOWN_VALUE_REMOVED).old(show(value));
        facts.push(fact.at(&entry("x-extensible-enum", value)));
    }
}

fn defaults(old: Option<&Value>, new: Option<&Value>, facts: &mut Vec<Fact>) {
    let fact = match (old, new) {
        (None, Some(value)) => Fact::new(&DEFAULT_ADDED).new_text(show(value)),
        (Some(value), None) => Fact::new(&DEFAULT_REMOVED).old(show(value)),
        (Some(a), Some(b)) if a != b => Fact::new(&DEFAULT_CHANGED).old(show(a)).new_text(show(b)),
        _ => return,
    };
    facts.push(fact.keyword("default"));
}
