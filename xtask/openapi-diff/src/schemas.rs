//! Compares schemas: types, members, unions, and with [`super::limits`] what single values may be.

use serde_json::Value;

use super::document::Document;
use super::facts::{Delta, Fact, Inner};
use super::keywords;
use super::limits::{self, show};
use super::places::Step;
use super::positions::{Positions, Sense};
use super::queue::SchemaQueue;
use super::rules::conditions::{VALUE_FORBIDDEN, VALUE_PERMITTED};
use super::rules::document::{DESCRIPTION_CHANGED, EXAMPLE_CHANGED, EXTENSION_CHANGED, TITLE_CHANGED};
use super::rules::operations::{DEPRECATED, UNDEPRECATED};
use super::rules::schemas::*;
use super::schema::{Member, Parts, Schema, Types, Unknown};
use super::similarity::similar;
use super::unions;

/// Compares everything that was asked for and whatever is inside of it.
pub fn compare_all(mut queue: SchemaQueue<'_>) -> Vec<Delta> {
    while let Some((id, old, new)) = queue.next() {
        let delta = queue.compare(&old, &new);
        queue.finished(id, delta);
    }
    queue.into_deltas()
}

impl<'a> SchemaQueue<'a> {
    fn compare(&mut self, old: &Parts<'a>, new: &Parts<'a>) -> Delta {
        let (old, new) = (self.old.schema(old), self.new.schema(new));
        let mut delta = Delta {
            name: new.name.or(old.name).map(str::to_owned),
            ..Delta::default()
        };
        self.names(&old, &new, &mut delta.facts);
        words(&old, &new, &mut delta.facts);
        visibility(&old, &new, &mut delta.facts);
        match (old.never, new.never) {
            (false, true) => delta.facts.push(Fact::new(&VALUE_FORBIDDEN)),
            (true, false) => delta.facts.push(Fact::new(&VALUE_PERMITTED)),
            (true, true) | (false, false) => {}
        }
        if old.never || new.never {
            return delta;
        }
        match (old.nullable, new.nullable) {
            (false, true) => delta.facts.push(Fact::new(&NULL_ALLOWED).keyword("type")),
            (true, false) => delta.facts.push(Fact::new(&NULL_FORBIDDEN).keyword("type")),
            _ => {}
        }
        if unions::compare(self, &old, &new, &mut delta) && types(&old, &new, &mut delta.facts) {
            limits::compare(&old, &new, &mut delta.facts);
            self.members(&old, &new, &mut delta);
            self.unknown(&old, &new, &mut delta);
            if old.items.is_some() || new.items.is_some() {
                let step = vec![Step::key("items")];
                let (a, b) = (
                    old.items.clone().unwrap_or_default(),
                    new.items.clone().unwrap_or_default(),
                );
                self.inside("[]", step.clone(), step, &a, &b, &mut delta);
            }
            keywords::compare(self, &old, &new, &mut delta);
        }
        delta
    }

    /// A component that is called otherwise, and not just another one.
    fn names(&self, old: &Schema<'a>, new: &Schema<'a>, facts: &mut Vec<Fact>) {
        let (Some(a), Some(b)) = (old.name, new.name) else {
            return;
        };
        let has = |document: &Document<'a>, name: &str| {
            let schemas = document.root.pointer("/components/schemas");
            schemas.is_some_and(|schemas| schemas.get(name).is_some())
        };
        if a != b && !has(&self.new, a) && !has(&self.old, b) {
            facts.push(
                Fact::new(&TYPE_RENAMED)
                    .old(format!("`{a}`"))
                    .new_text(format!("`{b}`")),
            );
        }
    }

    fn members(&mut self, old: &Schema<'a>, new: &Schema<'a>, delta: &mut Delta) {
        let mut gone: Vec<_> = old
            .members
            .keys()
            .copied()
            .filter(|n| !new.members.contains_key(n))
            .collect();
        let mut come: Vec<_> = new
            .members
            .keys()
            .copied()
            .filter(|n| !old.members.contains_key(n))
            .collect();
        for (a, b) in self.renamed(old, new, &gone, &come) {
            let (before, after) = (&old.members[a], &new.members[b]);
            let mut fact = Fact::new(&MEMBER_RENAMED)
                .old(format!("`{a}`"))
                .new_text(format!("`{b}`"));
            fact.old_way = vec![Step::Member(a.to_owned())];
            fact.new_way = vec![Step::Member(b.to_owned())];
            fact.owner = after.owner.map(str::to_owned);
            fact.positions = self.positions(Some(before), Some(after));
            delta.facts.push(fact);
            self.member(b, Some(a), before, after, delta);
            required(old.required.contains(&a), new.required.contains(&b), b, after, delta);
            gone.retain(|name| *name != a);
            come.retain(|name| *name != b);
        }
        for name in gone {
            let member = &old.members[name];
            let mut fact = Fact::new(&MEMBER_REMOVED).label(format!(".{name}"));
            fact = fact.at(&[Step::Member(name.to_owned())]);
            fact.positions = self.positions(Some(member), None);
            fact.owner = member.owner.map(str::to_owned);
            delta.facts.push(fact);
        }
        for name in come {
            let member = &new.members[name];
            let demanded = new.required.contains(&name);
            let rule = if demanded { &MEMBER_DEMANDED } else { &MEMBER_ADDED };
            let mut fact = Fact::new(rule).label(format!(".{name}"));
            fact = fact.at(&[Step::Member(name.to_owned())]);
            fact.positions = self.positions(None, Some(member));
            fact.owner = member.owner.map(str::to_owned);
            delta.facts.push(fact);
        }
        for (name, after) in &new.members {
            let Some(before) = old.members.get(name) else { continue };
            self.member(name, None, before, after, delta);
            required(
                old.required.contains(name),
                new.required.contains(name),
                name,
                after,
                delta,
            );
        }
        // What is demanded and declared nowhere.
        let undeclared = |schema: &Schema<'a>, name: &str| !schema.members.contains_key(name);
        for name in &new.required {
            if undeclared(new, name) && undeclared(old, name) && !old.required.contains(name) {
                push_required(&MEMBER_BECAME_REQUIRED, name, None, delta);
            }
        }
        for name in &old.required {
            if undeclared(new, name) && undeclared(old, name) && !new.required.contains(name) {
                push_required(&MEMBER_BECAME_OPTIONAL, name, None, delta);
            }
        }
    }

    fn member(&mut self, name: &str, before: Option<&str>, old: &Member<'a>, new: &Member<'a>, delta: &mut Delta) {
        // Most members of most objects: spares bringing both into one form.
        if before.is_none() && same_leaf(&old.parts, &new.parts) {
            return;
        }
        let old_way = vec![Step::Member(before.unwrap_or(name).to_owned())];
        let new_way = vec![Step::Member(name.to_owned())];
        let positions = self.positions(Some(old), Some(new));
        let id = self.delta(&old.parts, &new.parts);
        delta.inner.push(Inner {
            label: format!(".{name}"),
            old_way,
            new_way,
            positions,
            sense: Sense::Same,
            owner: new.owner.or(old.owner).map(str::to_owned),
            delta: id,
        });
    }

    /// Where a member can stand: what is only shown is not sent, what is only sent is not shown.
    fn positions(&self, old: Option<&Member<'a>>, new: Option<&Member<'a>>) -> Positions {
        let of = |document: &Document<'a>, member: &Member<'a>| {
            let schema = document.schema(&member.parts);
            Positions {
                request: !schema.read_only,
                answer: !schema.write_only,
            }
        };
        let old = old.map(|member| of(&self.old, member));
        let new = new.map(|member| of(&self.new, member));
        match (old, new) {
            (Some(a), Some(b)) => a.or(b),
            (a, b) => a.or(b).unwrap_or(Positions::BOTH),
        }
    }

    /// Members that went and came with the same content and a similar name, where nothing else could be meant.
    fn renamed(
        &self,
        old: &Schema<'a>,
        new: &Schema<'a>,
        gone: &[&'a str],
        come: &[&'a str],
    ) -> Vec<(&'a str, &'a str)> {
        let same = |a: &str, b: &str| {
            let (x, y) = (&old.members[a], &new.members[b]);
            x.parts.len() == y.parts.len()
                && x.parts
                    .iter()
                    .zip(&y.parts)
                    .all(|(x, y)| without_words(x) == without_words(y))
                && (similar(a, b) || described_alike(&x.parts, &y.parts))
        };
        gone.iter()
            .filter_map(|a| {
                let mut candidates = come.iter().filter(|b| same(a, b));
                let only = candidates.next().filter(|_| candidates.next().is_none())?;
                let unique = gone.iter().filter(|other| same(other, only)).count() == 1;
                unique.then_some((*a, *only))
            })
            .collect()
    }

    fn unknown(&mut self, old: &Schema<'a>, new: &Schema<'a>, delta: &mut Delta) {
        let describe = |document: &Document<'a>, parts: &Parts<'a>| document.schema(parts).describe();
        let fact = match (&old.unknown, &new.unknown) {
            (Unknown::Typed(a), Unknown::Typed(b)) => {
                let step = vec![Step::key("additionalProperties")];
                let (a, b) = (a.clone(), b.clone());
                self.inside(".*", step.clone(), step, &a, &b, delta);
                return;
            }
            (a, b) if a == b => return,
            (_, Unknown::Refused) => Fact::new(&UNKNOWN_REFUSED),
            (Unknown::Refused, _) => Fact::new(&UNKNOWN_ALLOWED),
            (Unknown::Anything, Unknown::Typed(parts)) => {
                Fact::new(&UNKNOWN_TYPED).new_text(describe(&self.new, parts))
            }
            (Unknown::Typed(parts), _) => Fact::new(&UNKNOWN_UNTYPED).old(describe(&self.old, parts)),
            (Unknown::Anything, Unknown::Anything) => return,
        };
        delta.facts.push(fact.keyword("additionalProperties"));
    }
}

fn required(before: bool, after: bool, name: &str, member: &Member<'_>, delta: &mut Delta) {
    match (before, after) {
        (false, true) => push_required(&MEMBER_BECAME_REQUIRED, name, member.owner, delta),
        (true, false) => push_required(&MEMBER_BECAME_OPTIONAL, name, member.owner, delta),
        _ => {}
    }
}

fn push_required(rule: &'static super::rules::Rule, name: &str, owner: Option<&str>, delta: &mut Delta) {
    let mut fact = Fact::new(rule).label(format!(".{name}"));
    fact = fact.at(&[Step::key("required"), Step::Value(name.to_owned())]);
    fact.owner = owner.map(str::to_owned);
    delta.facts.push(fact);
}

/// Equal, and without references to what could be another.
fn same_leaf(old: &Parts<'_>, new: &Parts<'_>) -> bool {
    match (old.as_slice(), new.as_slice()) {
        ([a], [b]) => a == b && !refers(a),
        _ => false,
    }
}

fn refers(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.contains_key("$ref") || object.values().any(refers),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

/// A schema without what only describes it.
fn without_words(schema: &Value) -> Value {
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

fn described_alike(a: &Parts<'_>, b: &Parts<'_>) -> bool {
    let description = |parts: &Parts<'_>| {
        parts
            .iter()
            .find_map(|p| p.get("description")?.as_str().map(str::to_owned))
    };
    let words = description(a);
    words.as_ref().is_some_and(|w| !w.trim().is_empty()) && words == description(b)
}

/// Says whether it makes sense to look inside.
fn types(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) -> bool {
    let (a, b) = (old.types, new.types);
    let (wider, narrower) = (b.contains(a), a.contains(b));
    let rule = match (wider, narrower) {
        (true, true) => return true,
        (true, false) if a == Types::TEXT && b.is_scalar() => &TEXT_WIDENED,
        (true, false) => &TYPE_WIDENED,
        (false, true) => &TYPE_NARROWED,
        (false, false) if a.is_scalar() && b.is_scalar() => &SCALAR_CHANGED,
        (false, false) => &TYPE_CHANGED,
    };
    let fact = Fact::new(rule).old(a.describe()).new_text(b.describe()).keyword("type");
    facts.push(fact.tolerated_if(a == Types::TEXT));
    wider || narrower
}

fn words(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
    if old.description != new.description {
        let text = |words: Option<&str>| words.unwrap_or_default().trim().to_owned();
        let fact = Fact::new(&DESCRIPTION_CHANGED).old(text(old.description));
        facts.push(fact.new_text(text(new.description)).keyword("description"));
    }
    if old.title != new.title {
        let shown = |title: Option<&str>| title.map_or("not at all".to_owned(), |title| format!("`{title}`"));
        let fact = Fact::new(&TITLE_CHANGED)
            .old(shown(old.title))
            .new_text(shown(new.title));
        facts.push(fact.keyword("title"));
    }
    if old.examples != new.examples {
        facts.push(Fact::new(&EXAMPLE_CHANGED).keyword("example"));
    }
    let keys = old
        .extensions
        .keys()
        .chain(new.extensions.keys().filter(|k| !old.extensions.contains_key(*k)));
    for key in keys {
        let (a, b) = (old.extensions.get(key), new.extensions.get(key));
        if a != b {
            let shown = |value: Option<&&Value>| value.map_or("absent".to_owned(), |v| show(v));
            let fact = Fact::new(&EXTENSION_CHANGED)
                .old(shown(a))
                .new_text(shown(b))
                .keyword(key);
            facts.push(fact.label(format!(" ({key})")));
        }
    }
}

fn visibility(old: &Schema<'_>, new: &Schema<'_>, facts: &mut Vec<Fact>) {
    for (before, after, keyword, begins, ends) in [
        (old.deprecated, new.deprecated, "deprecated", &DEPRECATED, &UNDEPRECATED),
        (
            old.read_only,
            new.read_only,
            "readOnly",
            &READ_ONLY_BEGAN,
            &READ_ONLY_ENDED,
        ),
        (
            old.write_only,
            new.write_only,
            "writeOnly",
            &WRITE_ONLY_BEGAN,
            &WRITE_ONLY_ENDED,
        ),
    ] {
        match (before, after) {
            (false, true) => facts.push(Fact::new(begins).keyword(keyword)),
            (true, false) => facts.push(Fact::new(ends).keyword(keyword)),
            _ => {}
        }
    }
}
