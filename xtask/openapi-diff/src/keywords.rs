//! Compares what schemas demand under conditions and of single items and names: `patternProperties`, `propertyNames`,
//! `dependentRequired`, `dependentSchemas`, `prefixItems`, `contains`, `not`, `if`, and what a text holds.
//!
//! Whatever is a schema in there is compared as one, with the [`Sense`] in which it counts.

use serde_json::Value;

use super::facts::{Delta, Fact, Inner};
use super::limits::show;
use super::places::Step;
use super::positions::{Positions, Sense};
use super::queue::SchemaQueue;
use super::rules::Rule;
use super::rules::conditions::*;
use super::schema::{Condition, Contains, Parts, Schema, Unknown};

/// What no value fits.
static NOTHING: Value = Value::Bool(false);

/// A schema in both documents, with the way to it.
struct Pair<'a> {
    label: String,
    old: (Vec<Step>, Parts<'a>),
    new: (Vec<Step>, Parts<'a>),
    sense: Sense,
}

impl<'a> Pair<'a> {
    /// At the same place in both.
    fn at(label: impl Into<String>, steps: &[Step], old: Parts<'a>, new: Parts<'a>) -> Self {
        Self {
            label: label.into(),
            old: (steps.to_vec(), old),
            new: (steps.to_vec(), new),
            sense: Sense::Same,
        }
    }

    fn sense(mut self, sense: Sense) -> Self {
        self.sense = sense;
        self
    }
}

/// All of it.
pub fn compare<'a>(schemas: &mut SchemaQueue<'a>, old: &Schema<'a>, new: &Schema<'a>, delta: &mut Delta) {
    let mut pairs = Vec::new();
    members(old, new, &mut pairs, &mut delta.facts);
    items(old, new, &mut pairs, &mut delta.facts);
    excluded(old, new, &mut pairs, &mut delta.facts);
    conditions(old, new, &mut pairs, &mut delta.facts);
    contents(old, new, &mut pairs, &mut delta.facts);
    others(old, new, &mut delta.facts);
    for pair in pairs {
        let id = schemas.delta(&pair.old.1, &pair.new.1);
        delta.inner.push(Inner {
            label: pair.label,
            old_way: pair.old.0,
            new_way: pair.new.0,
            positions: Positions::BOTH,
            sense: pair.sense,
            owner: None,
            delta: id,
        });
    }
}

fn members<'a>(old: &Schema<'a>, new: &Schema<'a>, pairs: &mut Vec<Pair<'a>>, facts: &mut Vec<Fact>) {
    // What was not declared by a pattern was one of the other members.
    let of = |schema: &Schema<'a>, pattern: &str| match (schema.pattern_members.get(pattern), &schema.unknown) {
        (Some(parts), _) => (vec![Step::key("patternProperties"), Step::key(pattern)], parts.clone()),
        (None, Unknown::Anything) => (Vec::new(), Vec::new()),
        (None, Unknown::Refused) => (vec![Step::key("additionalProperties")], vec![&NOTHING]),
        (None, Unknown::Typed(parts)) => (vec![Step::key("additionalProperties")], parts.clone()),
    };
    let come = new
        .pattern_members
        .keys()
        .filter(|key| !old.pattern_members.contains_key(*key));
    for pattern in old.pattern_members.keys().chain(come) {
        pairs.push(Pair {
            label: format!("./{pattern}/"),
            old: of(old, pattern),
            new: of(new, pattern),
            sense: Sense::Same,
        });
    }
    if !old.names.is_empty() || !new.names.is_empty() {
        let way = [Step::key("propertyNames")];
        pairs.push(Pair::at("<names>", &way, old.names.clone(), new.names.clone()));
    }
    for (rule, here, there) in [
        (&DEPENDENCY_ADDED, &new.dependents, &old.dependents),
        (&DEPENDENCY_REMOVED, &old.dependents, &new.dependents),
    ] {
        for (holder, needed) in here.difference(there) {
            let fact = Fact::new(rule).label(format!(".{needed}"));
            let fact = fact.old(format!("`{holder}`")).new_text(format!("`{holder}`"));
            facts.push(fact.at(&[Step::key("dependentRequired"), Step::key(*holder)]));
        }
    }
    let (before, after) = (&old.dependent_schemas, &new.dependent_schemas);
    for name in before
        .keys()
        .chain(after.keys().filter(|key| !before.contains_key(*key)))
    {
        let parts = |all: &std::collections::BTreeMap<&'a str, Parts<'a>>| all.get(name).cloned().unwrap_or_default();
        let way = [Step::key("dependentSchemas"), Step::key(*name)];
        pairs.push(Pair::at(format!("<with {name}>"), &way, parts(before), parts(after)));
    }
}

fn items<'a>(old: &Schema<'a>, new: &Schema<'a>, pairs: &mut Vec<Pair<'a>>, facts: &mut Vec<Fact>) {
    // What was not declared by its place was one of the other items.
    let of = |schema: &Schema<'a>, index: usize| match (schema.tuple.get(index), &schema.items) {
        (Some(parts), _) => (vec![Step::Branch("prefixItems", index)], parts.clone()),
        (None, Some(parts)) => (vec![Step::key("items")], parts.clone()),
        (None, None) => (Vec::new(), Vec::new()),
    };
    for index in 0..old.tuple.len().max(new.tuple.len()) {
        pairs.push(Pair {
            label: format!("[{index}]"),
            old: of(old, index),
            new: of(new, index),
            sense: Sense::Same,
        });
    }
    let alike = |a: &Contains<'a>, b: &Contains<'a>| a.schema == b.schema;
    let (both, gone, come) = paired(&old.contains, &new.contains, alike);
    for (a, b) in both {
        contains(a, b, pairs, facts);
    }
    for (rule, some) in [(&CONTAINS_REMOVED, gone), (&CONTAINS_ADDED, come)] {
        for one in some {
            let words = match (one.least, one.most) {
                (1, None) => format!("an item that fits {}", show(one.schema)),
                (least, None) => format!("at least {least} items that fit {}", show(one.schema)),
                (0, Some(most)) => format!("at most {most} items that fit {}", show(one.schema)),
                (least, Some(most)) => format!("{least} to {most} items that fit {}", show(one.schema)),
            };
            facts.push(Fact::new(rule).old(words.clone()).new_text(words).keyword("contains"));
        }
    }
}

fn contains<'a>(old: Contains<'a>, new: Contains<'a>, pairs: &mut Vec<Pair<'a>>, facts: &mut Vec<Fact>) {
    // Items that fit are wanted, unless there may be too many of them.
    let sense = match (old.most, new.most) {
        (None, None) => Sense::Same,
        _ => Sense::Unknown,
    };
    let pair = Pair::at(
        "<contains>",
        &[Step::key("contains")],
        vec![old.schema],
        vec![new.schema],
    );
    pairs.push(pair.sense(sense));
    let mut say = |rule: &'static Rule, keyword: &str, old: Option<u64>, new: Option<u64>| {
        let words = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
        facts.push(Fact::new(rule).old(words(old)).new_text(words(new)).keyword(keyword));
    };
    match old.least.cmp(&new.least) {
        std::cmp::Ordering::Less => say(&MIN_CONTAINS_RAISED, "minContains", Some(old.least), Some(new.least)),
        std::cmp::Ordering::Greater => say(&MIN_CONTAINS_LOWERED, "minContains", Some(old.least), Some(new.least)),
        std::cmp::Ordering::Equal => {}
    }
    let rule = match (old.most, new.most) {
        (None, Some(_)) => &MAX_CONTAINS_ADDED,
        (Some(_), None) => &MAX_CONTAINS_REMOVED,
        (Some(a), Some(b)) if a < b => &MAX_CONTAINS_RAISED,
        (Some(a), Some(b)) if a > b => &MAX_CONTAINS_LOWERED,
        _ => return,
    };
    say(rule, "maxContains", old.most, new.most);
}

fn excluded<'a>(old: &Schema<'a>, new: &Schema<'a>, pairs: &mut Vec<Pair<'a>>, facts: &mut Vec<Fact>) {
    let (both, gone, come) = paired(&old.excluded, &new.excluded, |a, b| a == b);
    for (a, b) in both {
        let pair = Pair::at("<not>", &[Step::key("not")], vec![a], vec![b]);
        pairs.push(pair.sense(Sense::Turned));
    }
    facts.extend(
        gone.iter()
            .map(|one| Fact::new(&NOT_REMOVED).old(show(one)).keyword("not")),
    );
    facts.extend(
        come.iter()
            .map(|one| Fact::new(&NOT_ADDED).new_text(show(one)).keyword("not")),
    );
}

fn conditions<'a>(old: &Schema<'a>, new: &Schema<'a>, pairs: &mut Vec<Pair<'a>>, facts: &mut Vec<Fact>) {
    let alike = |a: &Condition<'a>, b: &Condition<'a>| a.test == b.test;
    let (both, gone, come) = paired(&old.conditions, &new.conditions, alike);
    for (a, b) in both {
        let test = Pair::at("<if>", &[Step::key("if")], vec![a.test], vec![b.test]);
        pairs.push(test.sense(Sense::Unknown));
        for (label, key, x, y) in [
            ("<then>", "then", a.then, b.then),
            ("<else>", "else", a.otherwise, b.otherwise),
        ] {
            let parts = |schema: Option<&'a Value>| schema.into_iter().collect();
            pairs.push(Pair::at(label, &[Step::key(key)], parts(x), parts(y)));
        }
    }
    for (rule, some) in [(&CONDITION_REMOVED, gone), (&CONDITION_ADDED, come)] {
        for condition in some {
            let words = show(condition.test);
            facts.push(Fact::new(rule).old(words.clone()).new_text(words).keyword("if"));
        }
    }
}

fn contents<'a>(old: &Schema<'a>, new: &Schema<'a>, pairs: &mut Vec<Pair<'a>>, facts: &mut Vec<Fact>) {
    for (rule, key, a, b) in [
        (
            &CONTENT_ENCODING_CHANGED,
            "contentEncoding",
            old.content_encoding,
            new.content_encoding,
        ),
        (
            &CONTENT_MEDIA_TYPE_CHANGED,
            "contentMediaType",
            old.content_media_type,
            new.content_media_type,
        ),
    ] {
        if a != b {
            let words = |value: Option<&str>| value.map_or("plain text".to_owned(), |value| format!("`{value}`"));
            facts.push(Fact::new(rule).old(words(a)).new_text(words(b)).keyword(key));
        }
    }
    if !old.content.is_empty() || !new.content.is_empty() {
        let way = [Step::key("contentSchema")];
        pairs.push(Pair::at("<content>", &way, old.content.clone(), new.content.clone()));
    }
    if old.xml != new.xml {
        let words =
            |value: Option<&Value>| value.map_or("by its name".to_owned(), |value| format!("by {}", show(value)));
        facts.push(
            Fact::new(&XML_CHANGED)
                .old(words(old.xml))
                .new_text(words(new.xml))
                .keyword("xml"),
        );
    }
}

/// Keywords that are not understood are compared as they are written.
fn others(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
    let text = |key: &str, value: &Value| format!("`{key}: {}`", show(value).trim_matches('`'));
    for (key, before) in &old.others {
        let fact = match new.others.get(key) {
            None => Fact::new(&KEYWORD_REMOVED).old(text(key, before)),
            Some(after) if after != before => {
                let fact = Fact::new(&KEYWORD_CHANGED).old(show(before)).new_text(show(after));
                fact.label(format!(" ({key})"))
            }
            Some(_) => continue,
        };
        facts.push(fact.keyword(key));
    }
    for (key, value) in new.others.iter().filter(|(key, _)| !old.others.contains_key(*key)) {
        facts.push(Fact::new(&KEYWORD_ADDED).new_text(text(key, value)).keyword(key));
    }
}

/// Those that are in both, the first by the second: alike, or the only ones left. Then what is left of either.
fn paired<T: Copy>(old: &[T], new: &[T], alike: impl Fn(&T, &T) -> bool) -> (Vec<(T, T)>, Vec<T>, Vec<T>) {
    let (mut gone, mut come) = (Vec::new(), new.to_vec());
    let mut both = Vec::new();
    for one in old {
        match come.iter().position(|other| alike(one, other)) {
            Some(index) => both.push((*one, come.remove(index))),
            None => gone.push(*one),
        }
    }
    if let ([one], [other]) = (gone.as_slice(), come.as_slice()) {
        both.push((*one, *other));
        (gone, come) = (Vec::new(), Vec::new());
    }
    (both, gone, come)
}
