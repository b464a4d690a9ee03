//! Compares operations part by part; this file has the context of a comparison, and the parts without a file of their own.

use serde_json::Value;

use super::changes::{Changes, Finding, Subject};
use super::locate::Step;
use super::operations::Endpoint;
use super::positions::{Polarity, Positions};
use super::queue::SchemaQueue;
use super::rules::Rule;
use super::rules::document::*;
use super::rules::operations::*;
use super::rules::requests::*;
use super::schema::AllOf;
use super::show::show_both;
use super::uses::SchemaUse;

/// The comparison of one pair of operations.
pub struct OperationDiff<'a, 's> {
    pub schemas: &'s mut SchemaQueue<'a>,
    pub changes: &'s mut Changes,
    pub uses: &'s mut Vec<SchemaUse<'a>>,
    /// The date of the comparison, if it was given.
    pub today: Option<&'s str>,
    pub old: Endpoint<'a>,
    pub new: Endpoint<'a>,
    /// The index in [`Changes::operations`].
    pub operation: usize,
    /// `true` for webhooks and callbacks, whose requests the server sends.
    pub reversed: bool,
    /// `false` where no code is generated: in webhooks, callbacks and error responses.
    pub in_code: bool,
    /// The name of the callback, if the pair is a callback of the operation and not the operation itself.
    pub callback: Option<String>,
}

/// A part of an operation in both documents.
pub struct Part<'a> {
    /// The name in messages, such as `request body`; `None` for the whole operation.
    pub name: Option<String>,
    pub old: &'a Value,
    pub new: &'a Value,
    pub old_pointer: Vec<Step>,
    pub new_pointer: Vec<Step>,
}

impl<'a> Part<'a> {
    /// A property of this part, which may be absent on either side.
    pub fn child(&self, key: &str) -> (Option<&'a Value>, Option<&'a Value>) {
        (self.old.get(key), self.new.get(key))
    }

    pub fn pointers(&self, steps: &[Step]) -> (Vec<Step>, Vec<Step>) {
        (
            [self.old_pointer.as_slice(), steps].concat(),
            [self.new_pointer.as_slice(), steps].concat(),
        )
    }
}

/// A change in a part, without its location.
pub struct PartChange {
    pub rule: &'static Rule,
    pub old: String,
    pub new: String,
    pub positions: Positions,
    /// `false` where the rule's reason for `pbx-client` to tolerate it does not hold.
    pub is_tolerated: bool,
    /// Findings with equal messages are grouped only if this is equal too.
    pub fingerprint: u64,
}

impl PartChange {
    pub fn new(rule: &'static Rule) -> Self {
        Self {
            rule,
            old: String::new(),
            new: String::new(),
            positions: Positions::BOTH,
            is_tolerated: true,
            fingerprint: 0,
        }
    }

    pub fn old(mut self, text: impl Into<String>) -> Self {
        self.old = text.into();
        self
    }

    pub fn new_text(mut self, text: impl Into<String>) -> Self {
        self.new = text.into();
        self
    }

    /// The values before and after; of long ones, what differs.
    pub fn between(self, old: Option<&Value>, new: Option<&Value>) -> Self {
        let (old, new) = show_both(old, new, "absent");
        self.old(old).new_text(new)
    }

    pub fn positions(mut self, positions: Positions) -> Self {
        self.positions = positions;
        self
    }

    pub fn tolerated_if(mut self, holds: bool) -> Self {
        self.is_tolerated = holds;
        self
    }

    pub fn fingerprint(mut self, fingerprint: u64) -> Self {
        self.fingerprint = fingerprint;
        self
    }
}

pub fn flag(value: &Value, key: &str) -> bool {
    value.get(key) == Some(&Value::Bool(true))
}

pub fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

pub fn texts<'v>(value: &'v Value, key: &str) -> Vec<&'v str> {
    let items = value.get(key).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).collect()
}

pub fn quoted(text: &str) -> String {
    format!("`{text}`")
}

/// The properties that begin with `x-` and differ.
pub fn changed_extensions<'v>(
    old: &'v Value,
    new: &'v Value,
) -> impl Iterator<Item = (&'v str, Option<&'v Value>, Option<&'v Value>)> {
    let keys = |value: &'v Value| value.as_object().into_iter().flat_map(|object| object.keys());
    let added = keys(new).filter(|key| old.get(key.as_str()).is_none());
    let all = keys(old).chain(added).filter(|key| key.starts_with("x-"));
    all.map(|key| (key.as_str(), old.get(key), new.get(key)))
        .filter(|(_, a, b)| a != b)
}

impl<'a> OperationDiff<'a, '_> {
    pub fn compare(&mut self) {
        let operation = Part {
            name: self.callback.clone(),
            old: self.old.value,
            new: self.new.value,
            old_pointer: self.old.pointer(),
            new_pointer: self.new.pointer(),
        };
        self.compare_url_and_id(&operation);
        self.compare_texts(&operation);
        self.compare_servers(&operation);
        // The document's security applies to the server's operations, not to callbacks, which others implement.
        if self.callback.is_none()
            || [operation.old, operation.new]
                .iter()
                .any(|value| value.get("security").is_some())
        {
            self.compare_security(&operation);
        }
        self.compare_access(&operation);
        self.compare_parameters();
        self.compare_body(&operation);
        self.compare_responses(&operation);
        self.compare_callbacks(&operation);
    }

    /// The full name of a part, such as `request body`.
    pub fn part_name(&self, part: &str) -> Option<String> {
        Some(match &self.callback {
            Some(callback) => format!("{part} of {callback}"),
            None => part.to_owned(),
        })
    }

    /// Reports a change of a part, or of a place within it.
    pub fn report(&mut self, part: &Part<'a>, steps: &[Step], change: PartChange) {
        let (old_pointer, new_pointer) = part.pointers(steps);
        let mut positions = change.positions;
        if self.reversed {
            std::mem::swap(&mut positions.request, &mut positions.response);
        }
        self.changes.add(Finding {
            rule: change.rule,
            subject: Subject::Operation(part.name.clone()),
            path: String::new(),
            old: change.old,
            new: change.new,
            operation: Some(self.operation),
            positions,
            polarity: Polarity::Same,
            is_tolerated: change.is_tolerated,
            is_in_code: self.in_code,
            old_pointer: Some(old_pointer),
            new_pointer: Some(new_pointer),
            fingerprint: change.fingerprint,
        });
    }

    /// Records the use of a pair of schemas, which are compared after all operations.
    pub fn use_schema(
        &mut self,
        part: &Part<'a>,
        steps: &[Step],
        old: Option<&'a Value>,
        new: Option<&'a Value>,
        positions: Positions,
    ) {
        let schemas = (old.into_iter().collect(), new.into_iter().collect());
        self.use_schemas(part, steps, schemas, positions);
    }

    /// The same for the schemas of a parameter or header, whose scalar values are strings on the wire.
    pub fn use_text_schema(&mut self, part: &Part<'a>, positions: Positions) {
        let (old, new) = part.child("schema");
        if old.is_some() || new.is_some() {
            let text = |schema: Option<&'a Value>| schema.into_iter().collect::<AllOf<'a>>().in_text(true);
            self.use_schemas(part, &[Step::key("schema")], (text(old), text(new)), positions);
        }
    }

    fn use_schemas(
        &mut self,
        part: &Part<'a>,
        steps: &[Step],
        (old, new): (AllOf<'a>, AllOf<'a>),
        positions: Positions,
    ) {
        let diff = self.schemas.push(&old, &new);
        let (old_pointer, new_pointer) = part.pointers(steps);
        let mut positions = positions;
        if self.reversed {
            std::mem::swap(&mut positions.request, &mut positions.response);
        }
        self.uses.push(SchemaUse {
            operation: self.operation,
            positions,
            is_in_code: self.in_code,
            is_always_sent: false,
            part: part.name.clone().unwrap_or_default(),
            old,
            new,
            old_pointer,
            new_pointer,
            diff,
        });
    }

    fn compare_url_and_id(&mut self, operation: &Part<'a>) {
        let (old, new) = (self.old.clone(), self.new.clone());
        let at = |endpoint: &Endpoint<'_>| format!("`{} {}`", endpoint.method.to_uppercase(), endpoint.url);
        let same_url = old.method == new.method && old.normalized_path() == new.normalized_path();
        if !same_url {
            let rule = if self.callback.is_some() {
                &CALLBACK_MOVED
            } else {
                &OPERATION_MOVED
            };
            self.report(operation, &[], PartChange::new(rule).old(at(&old)).new_text(at(&new)));
        } else {
            for (before, after) in old.parameter_names().into_iter().zip(new.parameter_names()) {
                if before != after {
                    let part = Part {
                        name: self.part_name("path parameter"),
                        old: operation.old,
                        new: operation.new,
                        old_pointer: operation.old_pointer.clone(),
                        new_pointer: operation.new_pointer.clone(),
                    };
                    let change = PartChange::new(&PATH_PARAMETER_RENAMED)
                        .old(quoted(before))
                        .new_text(quoted(after));
                    self.report(&part, &[], change);
                }
            }
        }
        let change = match (old.id, new.id) {
            (a, b) if a == b => return,
            (Some(a), Some(b)) => PartChange::new(&OPERATION_RENAMED).old(quoted(a)).new_text(quoted(b)),
            (None, Some(b)) => PartChange::new(&OPERATION_ID_ADDED).new_text(quoted(b)),
            (Some(a), None) => PartChange::new(&OPERATION_ID_REMOVED).old(quoted(a)),
            (None, None) => return,
        };
        self.report(operation, &[Step::key("operationId")], change);
    }

    fn compare_texts(&mut self, operation: &Part<'a>) {
        self.compare_description(operation);
        if text(operation.old, "summary") != text(operation.new, "summary") {
            let shown = |value| text(value, "summary").map_or("absent".to_owned(), quoted);
            let change = PartChange::new(&SUMMARY_CHANGED)
                .old(shown(operation.old))
                .new_text(shown(operation.new));
            self.report(operation, &[Step::key("summary")], change);
        }
        self.compare_deprecation(operation);
        let (before, after) = (texts(operation.old, "tags"), texts(operation.new, "tags"));
        for tag in after.iter().filter(|tag| !before.contains(tag)) {
            let steps = [Step::key("tags"), Step::Value((*tag).to_owned())];
            self.report(
                operation,
                &steps,
                PartChange::new(&OPERATION_TAGGED).new_text(quoted(tag)),
            );
        }
        for tag in before.iter().filter(|tag| !after.contains(tag)) {
            let steps = [Step::key("tags"), Step::Value((*tag).to_owned())];
            self.report(operation, &steps, PartChange::new(&OPERATION_UNTAGGED).old(quoted(tag)));
        }
        self.compare_extensions(operation, &["x-access", "x-merge-patch", "x-sunset"]);
    }

    pub fn compare_description(&mut self, part: &Part<'a>) {
        let (a, b) = (text(part.old, "description"), text(part.new, "description"));
        if a.map(str::trim) != b.map(str::trim) {
            let change = PartChange::new(&DESCRIPTION_CHANGED).old(a.unwrap_or_default().trim());
            self.report(
                part,
                &[Step::key("description")],
                change.new_text(b.unwrap_or_default().trim()),
            );
        }
    }

    /// Compares the properties that begin with `x-`, except those in `elsewhere`.
    pub fn compare_extensions(&mut self, part: &Part<'a>, elsewhere: &[&str]) {
        for (key, a, b) in changed_extensions(part.old, part.new) {
            if !elsewhere.contains(&key) {
                self.report_extension(part, key, a, b);
            }
        }
        let (a, b) = part.child("externalDocs");
        if a != b {
            let change = PartChange::new(&DOCUMENTATION_CHANGED).between(a, b);
            let part = self.documentation(part, "external documentation");
            self.report(&part, &[Step::key("externalDocs")], change);
        }
    }

    pub(super) fn report_extension(&mut self, part: &Part<'a>, key: &str, old: Option<&Value>, new: Option<&Value>) {
        let change = PartChange::new(&EXTENSION_CHANGED).between(old, new);
        let part = self.documentation(part, &quoted(key));
        self.report(&part, &[Step::key(key)], change);
    }

    /// The part, with the name of a piece of its documentation.
    fn documentation(&self, part: &Part<'a>, name: &str) -> Part<'a> {
        Part {
            name: Some(match &part.name {
                Some(part) => format!("{name} of {part}"),
                None => name.to_owned(),
            }),
            old: part.old,
            new: part.new,
            old_pointer: part.old_pointer.clone(),
            new_pointer: part.new_pointer.clone(),
        }
    }

    pub fn compare_examples(&mut self, part: &Part<'a>) {
        for key in ["example", "examples"] {
            let (a, b) = part.child(key);
            if a != b {
                self.report(part, &[Step::key(key)], PartChange::new(&EXAMPLE_CHANGED));
            }
        }
    }
}
