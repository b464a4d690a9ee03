//! Gathers what was found into changes: one for each meaning, with everything that it touches.

use std::hash::{DefaultHasher, Hash, Hasher};

use indexmap::IndexMap;
use serde_json::Value;

use super::places::Step;
use super::positions::{Positions, Sense};
use super::rules::{Level, Rule};
use spanned_json::Place;

/// An operation that a change touches.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Operation {
    /// In capitals.
    pub method: String,
    pub path: String,
    /// The operationId, if it has one.
    pub id: Option<String>,
    /// Where in it the change stands.
    #[serde(rename = "in")]
    pub positions: Positions,
}

impl Operation {
    /// What a sentence calls it.
    pub fn name(&self) -> String {
        match &self.id {
            Some(id) => format!("`{id}`"),
            None => format!("`{} {}`", self.method, self.path),
        }
    }
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A part of the document that is no operation's.
    Document(String),
    /// An operation, or a part of it such as `the body`.
    Operation(Option<String>),
    /// A component that operations share.
    Component(String),
}

/// One change, told once.
#[derive(Debug, Clone)]
pub struct Change {
    pub rule: &'static Rule,
    /// What it is about, in words: `` `Dealer.name` ``, ``the body of `createDealer` ``.
    pub at: String,
    /// What happened.
    pub sentence: String,
    /// The resource of the operations touched; several share `shared`, and the document itself has `document`.
    pub resource: String,
    pub operations: Vec<Operation>,
    /// Where it stands.
    pub positions: Positions,
    /// What it does to callers of the server.
    pub callers: Level,
    /// What it does to a program that reads answers and insists on the old contract.
    pub readers: Level,
    /// Why `pbx-client` reads it all the same, where `readers` is breaking.
    pub tolerated: Option<&'static str>,
    pub old: String,
    pub new: String,
    pub old_place: Option<Place>,
    pub new_place: Option<Place>,
}

impl Change {
    /// What it does to `pbx-client` reading answers.
    pub fn client(&self) -> Level {
        match self.tolerated {
            Some(_) => self.readers.min(Level::Compatible),
            None => self.readers,
        }
    }

    /// The worse of both directions.
    pub fn level(&self) -> Level {
        self.callers.max(self.client())
    }
}

/// Something found, on its way to becoming a change.
pub struct Found {
    pub rule: &'static Rule,
    pub subject: Subject,
    /// After the subject: `.name`, `[]`.
    pub path: String,
    pub old: String,
    pub new: String,
    /// Which operations; none for the document's own.
    pub operation: Option<usize>,
    pub positions: Positions,
    pub sense: Sense,
    /// Whether what the rule says of `pbx-client` holds here.
    pub is_tolerated: bool,
    pub old_way: Option<Vec<Step>>,
    pub new_way: Option<Vec<Step>>,
    /// What must be equal for two to be the same, beside all of the above.
    pub same: u64,
}

/// Equal for equal contents.
pub fn fingerprint<'a>(values: impl IntoIterator<Item = &'a Value>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for value in values {
        value.to_string().hash(&mut hasher);
    }
    hasher.finish()
}

type Key = (&'static str, Subject, String, String, String, Sense, u64);

struct Gathered {
    first: Found,
    operations: IndexMap<usize, Positions>,
}

/// All that was found.
#[derive(Default)]
pub struct Changes {
    gathered: IndexMap<Key, Gathered>,
    pub operations: Vec<Operation>,
}

impl Changes {
    pub fn add(&mut self, found: Found) {
        let key = (
            found.rule.id,
            found.subject.clone(),
            found.path.clone(),
            found.old.clone(),
            found.new.clone(),
            found.sense,
            found.same,
        );
        let operation = found.operation;
        let (positions, is_tolerated) = (found.positions, found.is_tolerated);
        let entry = self.gathered.entry(key).or_insert_with(|| Gathered {
            first: found,
            operations: IndexMap::new(),
        });
        if let Some(operation) = operation {
            let known = entry.operations.entry(operation).or_default();
            *known = known.or(positions);
        }
        entry.first.positions = entry.first.positions.or(positions);
        entry.first.is_tolerated &= is_tolerated;
    }

    /// The changes, with the lines that `locate` finds for a way on the old and the new side.
    pub fn finish(
        self,
        old: impl Fn(&[Step]) -> Option<Place>,
        new: impl Fn(&[Step]) -> Option<Place>,
        resource: &dyn Fn(&str) -> String,
    ) -> Vec<Change> {
        let all = &self.operations;
        let changes = self.gathered.into_values().map(|Gathered { first, operations }| {
            let operations = operations.into_iter().map(|(index, positions)| Operation {
                positions,
                ..all[index].clone()
            });
            let operations: Vec<_> = operations.collect();
            let at = name(&first.subject, &first.path, &operations);
            let sentence = first
                .rule
                .sentence
                .replace("{at}", &at)
                .replace("{old}", &first.old)
                .replace("{new}", &first.new);
            let (request, answer, tolerated) = first.rule.levels(first.sense);
            let (mut callers, mut readers) = (Level::None, Level::None);
            if first.positions.request {
                callers = request;
            }
            if first.positions.answer {
                readers = answer;
            }
            if callers.max(readers) == Level::None {
                // In a webhook the roles are exchanged.
                readers = request.max(answer);
            }
            let tolerated = tolerated.filter(|_| readers == Level::Breaking && first.is_tolerated);
            Change {
                rule: first.rule,
                resource: shared_resource(&operations, resource),
                at,
                sentence: format!("{sentence}{}", reservation(first.rule, first.sense)),
                operations,
                positions: first.positions,
                callers,
                readers,
                tolerated,
                old: first.old,
                new: first.new,
                old_place: first.old_way.as_deref().and_then(&old),
                new_place: first.new_way.as_deref().and_then(&new),
            }
        });
        changes.collect()
    }
}

/// What must be added to a sentence about a place in a `not` or a condition.
fn reservation(rule: &Rule, sense: Sense) -> &'static str {
    match sense {
        _ if !rule.limits() => "",
        Sense::Same => "",
        Sense::Turned => ". It is in a `not`: what allows less there allows more",
        Sense::Unknown => ". It is in a condition: whether that allows more or less is not told apart",
    }
}

/// What a change is about, in words.
fn name(subject: &Subject, path: &str, operations: &[Operation]) -> String {
    let (path, words) = match path.find(" (") {
        Some(at) => path.split_at(at),
        None => (path, ""),
    };
    let of = match operations {
        [] => String::new(),
        [one] => one.name(),
        [first, second] => format!("{} and {}", first.name(), second.name()),
        [first, rest @ ..] => format!("{} and {} more operations", first.name(), rest.len()),
    };
    let name = match subject {
        Subject::Component(name) => return format!("`{name}{path}`{words}"),
        Subject::Document(what) => what.clone(),
        Subject::Operation(None) => of,
        Subject::Operation(Some(what)) => format!("{what} of {of}"),
    };
    match path.strip_prefix('.').unwrap_or(path) {
        "" => format!("{name}{words}"),
        path => format!("`{path}` in {name}{words}"),
    }
}

fn shared_resource(operations: &[Operation], resource: &dyn Fn(&str) -> String) -> String {
    let mut resources = operations.iter().map(|operation| resource(&operation.path));
    match resources.next() {
        None => "document".to_owned(),
        Some(first) if resources.all(|other| other == first) => first,
        Some(_) => "shared".to_owned(),
    }
}
