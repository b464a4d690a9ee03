//! Compares operations part by part; this file has the context of a comparison, and the parts without a file of their own.

use serde_json::Value;

use super::changes::{Changes, Finding, Subject};
use super::limits::show;
use super::locate::Step;
use super::operations::Endpoint;
use super::positions::{Polarity, Positions};
use super::queue::SchemaQueue;
use super::rules::Rule;
use super::rules::document::*;
use super::rules::operations::*;
use super::rules::requests::*;
use super::uses::SchemaUse;

/// The comparison of one pair of operations.
pub struct OperationDiff<'a, 's> {
    pub schemas: &'s mut SchemaQueue<'a>,
    pub changes: &'s mut Changes,
    pub uses: &'s mut Vec<SchemaUse<'a>>,
    pub old: Endpoint<'a>,
    pub new: Endpoint<'a>,
    /// The index in [`Changes::operations`].
    pub operation: usize,
    /// `true` for webhooks and callbacks, whose requests the server sends.
    pub reversed: bool,
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

    pub fn positions(mut self, positions: Positions) -> Self {
        self.positions = positions;
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
            is_tolerated: true,
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
        let (old, new): (Vec<_>, Vec<_>) = (old.into_iter().collect(), new.into_iter().collect());
        let diff = self.schemas.push(&old, &new);
        let (old_pointer, new_pointer) = part.pointers(steps);
        let mut positions = positions;
        if self.reversed {
            std::mem::swap(&mut positions.request, &mut positions.response);
        }
        self.uses.push(SchemaUse {
            operation: self.operation,
            positions,
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
        let at = |endpoint: &Endpoint<'_>| format!("`{} {}`", endpoint.method.to_uppercase(), endpoint.path);
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
        if let (Some(a), Some(b)) = (old.id, new.id)
            && a != b
        {
            let change = PartChange::new(&OPERATION_RENAMED).old(quoted(a)).new_text(quoted(b));
            self.report(operation, &[Step::key("operationId")], change);
        }
    }

    /// Compares the servers of the operation, if it or its path item has its own.
    fn compare_servers(&mut self, operation: &Part<'a>) {
        let own = |endpoint: &Endpoint<'a>| endpoint.value.get("servers").or(endpoint.item.get("servers"));
        let (old, new) = (own(&self.old), own(&self.new));
        if old.is_none() && new.is_none() {
            return;
        }
        let urls = |own: Option<&'a Value>, root: &'a Value| {
            let servers = own.or(root.get("servers")).and_then(Value::as_array);
            let urls = servers.into_iter().flatten().filter_map(|server| text(server, "url"));
            urls.collect::<Vec<_>>()
        };
        let (old, new) = (urls(old, self.schemas.old.root), urls(new, self.schemas.new.root));
        for (rule, here, there) in [(&SERVER_ADDED, &new, &old), (&SERVER_REMOVED, &old, &new)] {
            for url in here.iter().filter(|url| !there.contains(url)) {
                let name = match &operation.name {
                    Some(name) => format!("{} of {name}", quoted(url)),
                    None => quoted(url),
                };
                let part = Part {
                    name: Some(name),
                    old_pointer: operation.old_pointer.clone(),
                    new_pointer: operation.new_pointer.clone(),
                    ..*operation
                };
                let entry = Step::Entry(vec![("url", (*url).to_owned())]);
                self.report(&part, &[Step::key("servers"), entry], PartChange::new(rule));
            }
        }
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
        self.compare_extensions(operation, &["x-access", "x-merge-patch"]);
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

    pub fn compare_deprecation(&mut self, part: &Part<'a>) {
        let rule = match (flag(part.old, "deprecated"), flag(part.new, "deprecated")) {
            (false, true) => &DEPRECATED,
            (true, false) => &UNDEPRECATED,
            _ => return,
        };
        self.report(part, &[Step::key("deprecated")], PartChange::new(rule));
    }

    /// Compares the properties that begin with `x-`, except those in `elsewhere`.
    pub fn compare_extensions(&mut self, part: &Part<'a>, elsewhere: &[&str]) {
        let keys = |value: &'a Value| {
            value
                .as_object()
                .into_iter()
                .flat_map(|o| o.keys())
                .filter(|k| k.starts_with("x-"))
        };
        let mut all: Vec<&String> = keys(part.old).collect();
        all.extend(keys(part.new).filter(|key| part.old.get(key.as_str()).is_none()));
        for key in all.into_iter().filter(|key| !elsewhere.contains(&key.as_str())) {
            let (a, b) = part.child(key);
            if a != b {
                let shown = |value: Option<&Value>| value.map_or("absent".to_owned(), show);
                let part = Part {
                    name: Some(
                        part.name
                            .as_ref()
                            .map_or_else(|| quoted(key), |name| format!("`{key}` of {name}")),
                    ),
                    old: part.old,
                    new: part.new,
                    old_pointer: part.old_pointer.clone(),
                    new_pointer: part.new_pointer.clone(),
                };
                let change = PartChange::new(&EXTENSION_CHANGED).old(shown(a)).new_text(shown(b));
                self.report(&part, &[Step::key(key.as_str())], change);
            }
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
