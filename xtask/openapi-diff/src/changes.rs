//! Groups findings into changes, so that each is reported once with every operation that it affects.

use std::hash::{DefaultHasher, Hash, Hasher};

use indexmap::IndexMap;
use serde_json::Value;
use spanned_json::Location;

use super::audience::{Audience, Audiences};
use super::locate::Step;
use super::positions::{Polarity, Positions};
use super::rules::{Rule, Severity};

/// An operation affected by a change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Operation {
    /// In capitals.
    pub method: String,
    pub path: String,
    /// The operationId, if it has one.
    pub id: Option<String>,
    /// The directions in which the change affects it.
    #[serde(rename = "in")]
    pub positions: Positions,
}

impl Operation {
    /// The operation's name in messages.
    pub fn name(&self) -> String {
        match &self.id {
            Some(id) => format!("`{id}`"),
            None => format!("`{} {}`", self.method, self.path),
        }
    }
}

/// The subject of a change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A part of the document outside of operations.
    Document(String),
    /// An operation, or a part of it such as `request body`.
    Operation(Option<String>),
    /// A component that operations share.
    Component(String),
}

/// A change, reported once.
#[derive(Debug, Clone)]
pub struct Change {
    pub rule: &'static Rule,
    /// The subject: `` `Dealer.name` ``, ``request body of `createDealer` ``.
    pub at: String,
    pub message: String,
    /// The resource of the affected operations; `shared` if there are several, `document` for the document itself.
    pub resource: String,
    pub operations: Vec<Operation>,
    pub positions: Positions,
    /// The severity for callers of the server.
    pub callers: Severity,
    /// The severity for strict readers of responses, which insist on the old contract.
    pub readers: Severity,
    /// The reason why `pbx-client` tolerates it although `readers` is breaking.
    pub tolerated: Option<&'static str>,
    /// The severity for code on the generated crates, once it is compiled with those of the new contract.
    pub code: Severity,
    /// The audiences that [`Change::severity`] is about.
    pub audiences: Audiences,
    /// The reason why the change was accepted, if it was; then it does not count.
    pub accepted: Option<String>,
    pub old: String,
    pub new: String,
    pub old_location: Option<Location>,
    pub new_location: Option<Location>,
}

impl Change {
    /// The severity for `pbx-client` as a reader of responses.
    pub fn client(&self) -> Severity {
        match self.tolerated {
            Some(_) => self.readers.min(Severity::Compatible),
            None => self.readers,
        }
    }

    /// The severity for one audience.
    pub fn severity_for(&self, audience: Audience) -> Severity {
        match audience {
            Audience::Callers => self.callers,
            Audience::Client => self.client(),
            Audience::Readers => self.readers,
            Audience::Code => self.code,
        }
    }

    /// The highest severity for the audiences of the comparison.
    pub fn severity(&self) -> Severity {
        let severities = self.audiences.iter().map(|audience| self.severity_for(audience));
        severities.max().unwrap_or(Severity::None)
    }
}

/// A change in one place, before grouping.
pub struct Finding {
    pub rule: &'static Rule,
    pub subject: Subject,
    /// The path within the subject: `.name`, `[]`.
    pub path: String,
    pub old: String,
    pub new: String,
    /// The index of the operation; `None` for the document itself.
    pub operation: Option<usize>,
    pub positions: Positions,
    pub polarity: Polarity,
    /// `false` where the rule's reason for `pbx-client` to tolerate it does not hold.
    pub is_tolerated: bool,
    /// `false` where no code is generated: in webhooks, callbacks and error responses.
    pub is_in_code: bool,
    pub old_pointer: Option<Vec<Step>>,
    pub new_pointer: Option<Vec<Step>>,
    /// Findings are grouped only if this is equal too.
    pub fingerprint: u64,
}

/// Hashes values; equal values have equal fingerprints.
pub fn fingerprint<'a>(values: impl IntoIterator<Item = &'a Value>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for value in values {
        value.to_string().hash(&mut hasher);
    }
    hasher.finish()
}

type Key = (&'static str, Subject, String, String, String, Polarity, u64);

struct Group {
    first: Finding,
    operations: IndexMap<usize, Positions>,
}

/// All findings, grouped.
#[derive(Default)]
pub struct Changes {
    groups: IndexMap<Key, Group>,
    pub operations: Vec<Operation>,
}

impl Changes {
    pub fn add(&mut self, mut finding: Finding) {
        // Without an effect on valid values, it is the same change wherever it is.
        if finding.polarity != Polarity::Same && !finding.rule.is_constraint() {
            finding.polarity = Polarity::Same;
        }
        let key = (
            finding.rule.id,
            finding.subject.clone(),
            finding.path.clone(),
            finding.old.clone(),
            finding.new.clone(),
            finding.polarity,
            finding.fingerprint,
        );
        let operation = finding.operation;
        let (positions, is_tolerated) = (finding.positions, finding.is_tolerated);
        let is_in_code = finding.is_in_code;
        let group = self.groups.entry(key).or_insert_with(|| Group {
            first: finding,
            operations: IndexMap::new(),
        });
        if let Some(operation) = operation {
            let known = group.operations.entry(operation).or_default();
            *known = known.union(positions);
        }
        group.first.positions = group.first.positions.union(positions);
        group.first.is_tolerated &= is_tolerated;
        group.first.is_in_code |= is_in_code;
    }

    /// Converts the groups to changes. `old` and `new` locate a pointer in the source of either side.
    pub fn finish(
        self,
        old: impl Fn(&[Step]) -> Option<Location>,
        new: impl Fn(&[Step]) -> Option<Location>,
        resource: &dyn Fn(&str) -> String,
    ) -> Vec<Change> {
        let all = &self.operations;
        let changes = self.groups.into_values().map(|Group { first, operations }| {
            let operations = operations.into_iter().map(|(index, positions)| Operation {
                positions,
                ..all[index].clone()
            });
            let operations: Vec<_> = operations.collect();
            let at = name(&first.subject, &first.path, &operations);
            let (request, response, tolerated) = first.rule.severities(first.polarity);
            let (mut callers, mut readers) = (Severity::None, Severity::None);
            if first.positions.request {
                callers = request;
            }
            if first.positions.response {
                readers = response;
            }
            if callers.max(readers) == Severity::None {
                // In a webhook the roles are swapped.
                readers = request.max(response);
            }
            let code = match first.is_in_code {
                true => first.rule.code_severity(first.positions, first.polarity),
                false => Severity::None,
            };
            let tolerated = tolerated.filter(|_| readers == Severity::Breaking && first.is_tolerated);
            Change {
                rule: first.rule,
                resource: shared_resource(&operations, resource),
                message: message(&first, &at, operations.len()),
                at,
                operations,
                positions: first.positions,
                callers,
                readers,
                tolerated,
                code,
                audiences: Audiences::default(),
                accepted: None,
                old: first.old,
                new: first.new,
                old_location: first.old_pointer.as_deref().and_then(&old),
                new_location: first.new_pointer.as_deref().and_then(&new),
            }
        });
        changes.collect()
    }
}

fn message(finding: &Finding, at: &str, operations: usize) -> String {
    let rule = finding.rule;
    let mut template = rule.message.to_owned();
    if finding.subject == Subject::Operation(None) && operations > 1 {
        for (one, several) in [
            ("operation {at}", "operations {at}"),
            ("webhook {at}", "webhooks {at}"),
            ("{at} was ", "{at} were "),
        ] {
            template = template.replace(one, several);
        }
    }
    let message = template
        .replace("{at}", at)
        .replace("{old}", &finding.old)
        .replace("{new}", &finding.new);
    let reservation = match finding.polarity {
        _ if !rule.is_constraint() => "",
        Polarity::Same => "",
        Polarity::Inverted => "; inside `not` the effect is inverted",
        Polarity::Unknown => "; inside a condition the effect is unknown",
    };
    format!("{message}{reservation}")
}

/// The name of a subject in messages.
fn name(subject: &Subject, path: &str, operations: &[Operation]) -> String {
    let (path, suffix) = match path.find(" (") {
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
        Subject::Component(name) => return format!("`{name}{path}`{suffix}"),
        Subject::Document(part) => part.clone(),
        Subject::Operation(None) => of,
        Subject::Operation(Some(part)) => format!("{part} of {of}"),
    };
    match path.strip_prefix('.').unwrap_or(path) {
        "" => format!("{name}{suffix}"),
        path => format!("`{path}` in {name}{suffix}"),
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
