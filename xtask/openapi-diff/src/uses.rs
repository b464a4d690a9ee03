//! Whom the difference between two schemas touches: every use of a schema is followed to what changed inside of it.

use std::collections::HashSet;

use super::changes::{Changes, Found, Subject, fingerprint};
use super::facts::{Delta, Fact, Inner};
use super::places::Step;
use super::positions::{Positions, Sense};
use super::rules::schemas::{NULL_ALLOWED, NULL_FORBIDDEN};
use super::schema::Parts;

/// A schema in use.
pub struct Use<'a> {
    pub operation: usize,
    pub positions: Positions,
    pub what: String,
    pub old: Parts<'a>,
    pub new: Parts<'a>,
    pub old_way: Vec<Step>,
    pub new_way: Vec<Step>,
    pub delta: usize,
}

/// On the way from a use to what changed.
struct Visit {
    delta: usize,
    subject: Subject,
    path: String,
    same: u64,
    positions: Positions,
    sense: Sense,
    /// Which of the ways leads here.
    way: usize,
}

impl Visit {
    /// What is said of a part. One that another component says is that one's, whoever includes it.
    fn part(&self, owner: Option<&String>, label: &str) -> (Subject, String, u64) {
        match owner {
            Some(owner) => (Subject::Component(owner.clone()), label.to_owned(), 0),
            None => (self.subject.clone(), format!("{}{label}", self.path), self.same),
        }
    }
}

/// Ways are told by their last part and what they go on from: schemas may lead into each other thousands of times.
struct Ways<'d>(Vec<Way<'d>>);

struct Way<'d> {
    from: Option<usize>,
    old: &'d [Step],
    new: &'d [Step],
}

impl Ways<'_> {
    /// A way from its beginning, on both sides, and what follows it.
    fn whole(&self, last: usize, fact: &Fact) -> (Vec<Step>, Vec<Step>) {
        let mut parts: Vec<_> = std::iter::successors(Some(last), |index| self.0[*index].from).collect();
        parts.reverse();
        let old = parts.iter().flat_map(|index| self.0[*index].old).chain(&fact.old_way);
        let new = parts.iter().flat_map(|index| self.0[*index].new).chain(&fact.new_way);
        (old.cloned().collect(), new.cloned().collect())
    }
}

/// Adds what is different in a schema that is in use.
pub fn add(used: &Use<'_>, deltas: &[Delta], live: &[bool], changes: &mut Changes) {
    if !live[used.delta] {
        return;
    }
    let mut ways = Ways(vec![Way {
        from: None,
        old: &used.old_way,
        new: &used.new_way,
    }]);
    let mut seen = HashSet::new();
    let mut waiting = vec![Visit {
        delta: used.delta,
        subject: Subject::Operation(Some(used.what.clone())),
        path: String::new(),
        same: fingerprint(used.old.iter().chain(&used.new).copied()),
        positions: used.positions,
        sense: Sense::Same,
        way: 0,
    }];
    while let Some(mut visit) = waiting.pop() {
        if visit.positions.is_nowhere() || !seen.insert((visit.delta, visit.positions, visit.sense)) {
            continue;
        }
        let delta = &deltas[visit.delta];
        if let Some(name) = &delta.name {
            visit.subject = Subject::Component(name.clone());
            visit.path = String::new();
            visit.same = 0;
        }
        for fact in &delta.facts {
            let positions = visit.positions.and(fact.positions);
            if positions.is_nowhere() {
                continue;
            }
            let (mut subject, path, mut same) = visit.part(fact.owner.as_ref(), &fact.label);
            let mut is_tolerated = fact.is_tolerated;
            // No answer at all is another matter than a member without a value.
            let is_whole = visit.way == 0 && positions.answer;
            if is_whole && [NULL_ALLOWED.id, NULL_FORBIDDEN.id].contains(&fact.rule.id) {
                subject = Subject::Operation(Some(used.what.clone()));
                same = 0;
                is_tolerated = false;
            }
            let (old_way, new_way) = ways.whole(visit.way, fact);
            changes.add(Found {
                rule: fact.rule,
                subject,
                path,
                old: fact.old.clone(),
                new: fact.new.clone(),
                operation: Some(used.operation),
                positions,
                sense: visit.sense,
                is_tolerated,
                old_way: Some(old_way),
                new_way: Some(new_way),
                same,
            });
        }
        // The last one is visited first.
        for inner in delta.inner.iter().rev().filter(|inner| live[inner.delta]) {
            waiting.push(go_on(&visit, inner, &mut ways));
        }
    }
}

fn go_on<'d>(visit: &Visit, inner: &'d Inner, ways: &mut Ways<'d>) -> Visit {
    ways.0.push(Way {
        from: Some(visit.way),
        old: &inner.old_way,
        new: &inner.new_way,
    });
    let (subject, path, same) = visit.part(inner.owner.as_ref(), &inner.label);
    Visit {
        delta: inner.delta,
        subject,
        path,
        same,
        positions: visit.positions.and(inner.positions),
        sense: visit.sense.then(inner.sense),
        way: ways.0.len() - 1,
    }
}

/// Which deltas have anything in or below them.
pub fn live(deltas: &[Delta]) -> Vec<bool> {
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); deltas.len()];
    for (index, delta) in deltas.iter().enumerate() {
        for inner in &delta.inner {
            users[inner.delta].push(index);
        }
    }
    let mut live: Vec<bool> = deltas.iter().map(|delta| !delta.facts.is_empty()).collect();
    let mut waiting: Vec<usize> = (0..deltas.len()).filter(|index| live[*index]).collect();
    while let Some(index) = waiting.pop() {
        for user in &users[index] {
            if !live[*user] {
                live[*user] = true;
                waiting.push(*user);
            }
        }
    }
    live
}
