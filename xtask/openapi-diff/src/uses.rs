//! Applies the differences of schemas to the operations that use them: each use is followed to every changed subschema.

use std::collections::HashSet;

use super::changes::{Changes, Finding, Subject, fingerprint};
use super::locate::Step;
use super::positions::{Polarity, Positions};
use super::rules::requests::REQUIRED_PARAMETER_DEFAULT_CHANGED;
use super::rules::schemas::{NULL_ALLOWED, NULL_FORBIDDEN};
use super::rules::values::{DEFAULT_ADDED, DEFAULT_CHANGED, DEFAULT_REMOVED};
use super::schema::AllOf;
use super::schema_diff::{SchemaChange, SchemaDiff, Subschema};

/// The use of a schema in an operation.
pub struct SchemaUse<'a> {
    pub operation: usize,
    pub positions: Positions,
    /// `false` where no code is generated from it.
    pub is_in_code: bool,
    /// `true` for a required parameter: its default has no effect.
    pub is_always_sent: bool,
    /// The part of the operation, such as `request body`.
    pub part: String,
    pub old: AllOf<'a>,
    pub new: AllOf<'a>,
    pub old_pointer: Vec<Step>,
    pub new_pointer: Vec<Step>,
    /// The index of its diff.
    pub diff: usize,
}

/// A diff to visit on the way from a use to its changed subschemas.
struct Visit {
    diff: usize,
    subject: Subject,
    path: String,
    fingerprint: u64,
    positions: Positions,
    polarity: Polarity,
    /// The index of its pointer.
    pointer: usize,
}

impl Visit {
    /// The subject, path and fingerprint of a part. A part declared by another component belongs to that component, wherever it is
    /// included.
    fn part(&self, owner: Option<&String>, path: &str) -> (Subject, String, u64) {
        match owner {
            Some(owner) => (Subject::Component(owner.clone()), path.to_owned(), 0),
            None => (self.subject.clone(), format!("{}{path}", self.path), self.fingerprint),
        }
    }
}

/// Pointers as a tree of segments, since chains of schemas may be thousands long.
struct Pointers<'d>(Vec<Segment<'d>>);

struct Segment<'d> {
    parent: Option<usize>,
    old: &'d [Step],
    new: &'d [Step],
}

impl Pointers<'_> {
    /// The whole pointers to a change, on both sides.
    fn join(&self, last: usize, change: &SchemaChange) -> (Vec<Step>, Vec<Step>) {
        let mut segments: Vec<_> = std::iter::successors(Some(last), |index| self.0[*index].parent).collect();
        segments.reverse();
        let old = segments.iter().flat_map(|index| self.0[*index].old);
        let new = segments.iter().flat_map(|index| self.0[*index].new);
        (
            old.chain(&change.old_pointer).cloned().collect(),
            new.chain(&change.new_pointer).cloned().collect(),
        )
    }
}

/// Adds a finding for every change in a schema and its subschemas, for one use. `changed` is from [`transitively_changed`].
pub fn add_changes(schema_use: &SchemaUse<'_>, diffs: &[SchemaDiff], changed: &[bool], changes: &mut Changes) {
    if !changed[schema_use.diff] {
        return;
    }
    let mut pointers = Pointers(vec![Segment {
        parent: None,
        old: &schema_use.old_pointer,
        new: &schema_use.new_pointer,
    }]);
    let mut seen = HashSet::new();
    let mut pending = vec![Visit {
        diff: schema_use.diff,
        subject: Subject::Operation(Some(schema_use.part.clone())),
        path: String::new(),
        fingerprint: fingerprint(schema_use.old.iter().chain(schema_use.new.iter()).copied()),
        positions: schema_use.positions,
        polarity: Polarity::Same,
        pointer: 0,
    }];
    while let Some(mut visit) = pending.pop() {
        if visit.positions.is_empty() || !seen.insert((visit.diff, visit.positions, visit.polarity)) {
            continue;
        }
        let diff = &diffs[visit.diff];
        if let Some(name) = &diff.name {
            visit.subject = Subject::Component(name.clone());
            visit.path = String::new();
            visit.fingerprint = 0;
        }
        for change in &diff.changes {
            let positions = visit.positions.intersection(change.positions);
            if positions.is_empty() {
                continue;
            }
            let (mut subject, path, mut fingerprint) = visit.part(change.owner.as_ref(), &change.path);
            let mut is_tolerated = change.is_tolerated;
            // A response that may be null as a whole is another matter than a nullable property.
            let is_whole_response = visit.pointer == 0 && positions.response;
            if is_whole_response && [NULL_ALLOWED.id, NULL_FORBIDDEN.id].contains(&change.rule.id) {
                subject = Subject::Operation(Some(schema_use.part.clone()));
                fingerprint = 0;
                is_tolerated = false;
            }
            let mut rule = change.rule;
            let is_default = [DEFAULT_ADDED.id, DEFAULT_REMOVED.id, DEFAULT_CHANGED.id].contains(&rule.id);
            let is_without_effect = is_default && visit.pointer == 0 && schema_use.is_always_sent;
            if is_without_effect {
                rule = &REQUIRED_PARAMETER_DEFAULT_CHANGED;
                subject = Subject::Operation(Some(schema_use.part.clone()));
                fingerprint = 0;
            }
            let shown = |text: &String| match is_without_effect && text.is_empty() {
                true => "absent".to_owned(),
                false => text.clone(),
            };
            let (old_pointer, new_pointer) = pointers.join(visit.pointer, change);
            changes.add(Finding {
                rule,
                subject,
                path,
                old: shown(&change.old),
                new: shown(&change.new),
                operation: Some(schema_use.operation),
                positions,
                polarity: visit.polarity,
                is_tolerated,
                is_in_code: schema_use.is_in_code,
                old_pointer: Some(old_pointer),
                new_pointer: Some(new_pointer),
                fingerprint,
            });
        }
        // In reverse, because the last one is visited first.
        for subschema in diff.subschemas.iter().rev().filter(|subschema| changed[subschema.diff]) {
            pending.push(descend(&visit, subschema, &mut pointers));
        }
    }
}

fn descend<'d>(visit: &Visit, subschema: &'d Subschema, pointers: &mut Pointers<'d>) -> Visit {
    pointers.0.push(Segment {
        parent: Some(visit.pointer),
        old: &subschema.old_pointer,
        new: &subschema.new_pointer,
    });
    let (subject, path, fingerprint) = visit.part(subschema.owner.as_ref(), &subschema.path);
    Visit {
        diff: subschema.diff,
        subject,
        path,
        fingerprint,
        positions: visit.positions.intersection(subschema.positions),
        polarity: visit.polarity.compose(subschema.polarity),
        pointer: pointers.0.len() - 1,
    }
}

/// Marks the diffs that have changes, or whose subschemas do.
pub fn transitively_changed(diffs: &[SchemaDiff]) -> Vec<bool> {
    let mut parents: Vec<Vec<usize>> = vec![Vec::new(); diffs.len()];
    for (index, diff) in diffs.iter().enumerate() {
        for subschema in &diff.subschemas {
            parents[subschema.diff].push(index);
        }
    }
    let mut changed: Vec<bool> = diffs.iter().map(|diff| !diff.changes.is_empty()).collect();
    let mut pending: Vec<usize> = (0..diffs.len()).filter(|index| changed[*index]).collect();
    while let Some(index) = pending.pop() {
        for parent in &parents[index] {
            if !changed[*parent] {
                changed[*parent] = true;
                pending.push(*parent);
            }
        }
    }
    changed
}
