//! Compares operations part by part: parameters, bodies, answers, who may call.

use serde_json::Value;

use super::changes::{Changes, Found, Subject};
use super::limits::show;
use super::operations::Declared;
use super::places::Step;
use super::positions::{Positions, Sense};
use super::queue::SchemaQueue;
use super::rules::Rule;
use super::rules::document::*;
use super::rules::operations::*;
use super::rules::requests::*;
use super::uses::Use;

/// The comparison of one pair of operations.
pub struct Parts<'a, 's> {
    pub schemas: &'s mut SchemaQueue<'a>,
    pub changes: &'s mut Changes,
    pub uses: &'s mut Vec<Use<'a>>,
    pub old: Declared<'a>,
    pub new: Declared<'a>,
    /// In [`Changes::operations`].
    pub operation: usize,
    /// The server calls and the other side answers: a webhook or a callback.
    pub reversed: bool,
    /// What it is called, if it is a callback of the operation and not the operation itself.
    pub callback: Option<String>,
}

/// A part of an operation in both documents.
pub struct Part<'a> {
    pub what: Option<String>,
    pub old: &'a Value,
    pub new: &'a Value,
    pub old_way: Vec<Step>,
    pub new_way: Vec<Step>,
}

impl<'a> Part<'a> {
    /// A member of this part, which may be missing on either side.
    pub fn child(&self, key: &str) -> (Option<&'a Value>, Option<&'a Value>) {
        (self.old.get(key), self.new.get(key))
    }

    pub fn ways(&self, steps: &[Step]) -> (Vec<Step>, Vec<Step>) {
        (
            [self.old_way.as_slice(), steps].concat(),
            [self.new_way.as_slice(), steps].concat(),
        )
    }
}

/// A change in a part, without where it is.
pub struct Said {
    pub rule: &'static Rule,
    pub old: String,
    pub new: String,
    pub positions: Positions,
    pub same: u64,
}

impl Said {
    pub fn new(rule: &'static Rule) -> Self {
        Self {
            rule,
            old: String::new(),
            new: String::new(),
            positions: Positions::BOTH,
            same: 0,
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

    /// Tells it apart from others that read the same.
    pub fn same(mut self, same: u64) -> Self {
        self.same = same;
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

impl<'a> Parts<'a, '_> {
    pub fn compare(&mut self) {
        let whole = Part {
            what: self.callback.clone(),
            old: self.old.value,
            new: self.new.value,
            old_way: self.old.way(),
            new_way: self.new.way(),
        };
        self.names(&whole);
        self.words(&whole);
        self.servers(&whole);
        // What the document says of all operations is not about those that others have to offer.
        if self.callback.is_none()
            || [whole.old, whole.new]
                .iter()
                .any(|value| value.get("security").is_some())
        {
            self.security(&whole);
        }
        self.access(&whole);
        self.parameters();
        self.body(&whole);
        self.answers(&whole);
        self.callbacks(&whole);
    }

    /// A part by its name, such as `the body`.
    pub fn called(&self, part: &str) -> Option<String> {
        Some(match &self.callback {
            Some(callback) => format!("{part} of {callback}"),
            None => part.to_owned(),
        })
    }

    /// Says something of a part, at a place within it.
    pub fn say(&mut self, part: &Part<'a>, steps: &[Step], said: Said) {
        let (old_way, new_way) = part.ways(steps);
        let mut positions = said.positions;
        if self.reversed {
            std::mem::swap(&mut positions.request, &mut positions.answer);
        }
        self.changes.add(Found {
            rule: said.rule,
            subject: Subject::Operation(part.what.clone()),
            path: String::new(),
            old: said.old,
            new: said.new,
            operation: Some(self.operation),
            positions,
            sense: Sense::Same,
            is_tolerated: true,
            old_way: Some(old_way),
            new_way: Some(new_way),
            same: said.same,
        });
    }

    /// Compares schemas of a part later, when all that is used is known.
    pub fn use_schema(
        &mut self,
        part: &Part<'a>,
        steps: &[Step],
        old: Option<&'a Value>,
        new: Option<&'a Value>,
        positions: Positions,
    ) {
        let (old, new): (Vec<_>, Vec<_>) = (old.into_iter().collect(), new.into_iter().collect());
        let delta = self.schemas.delta(&old, &new);
        let (old_way, new_way) = part.ways(steps);
        let mut positions = positions;
        if self.reversed {
            std::mem::swap(&mut positions.request, &mut positions.answer);
        }
        self.uses.push(Use {
            operation: self.operation,
            positions,
            what: part.what.clone().unwrap_or_default(),
            old,
            new,
            old_way,
            new_way,
            delta,
        });
    }

    fn names(&mut self, whole: &Part<'a>) {
        let (old, new) = (self.old.clone(), self.new.clone());
        let at = |declared: &Declared<'_>| format!("`{} {}`", declared.method.to_uppercase(), declared.path);
        let same_url = old.method == new.method && old.shape() == new.shape();
        if !same_url {
            let rule = if self.callback.is_some() {
                &CALLBACK_MOVED
            } else {
                &OPERATION_MOVED
            };
            self.say(whole, &[], Said::new(rule).old(at(&old)).new_text(at(&new)));
        } else {
            for (before, after) in old.placeholders().into_iter().zip(new.placeholders()) {
                if before != after {
                    let part = Part {
                        what: self.called("a path parameter"),
                        old: whole.old,
                        new: whole.new,
                        old_way: whole.old_way.clone(),
                        new_way: whole.new_way.clone(),
                    };
                    let said = Said::new(&PATH_PARAMETER_RENAMED)
                        .old(quoted(before))
                        .new_text(quoted(after));
                    self.say(&part, &[], said);
                }
            }
        }
        if let (Some(a), Some(b)) = (old.id, new.id)
            && a != b
        {
            let said = Said::new(&OPERATION_RENAMED).old(quoted(a)).new_text(quoted(b));
            self.say(whole, &[Step::key("operationId")], said);
        }
    }

    /// The servers of this operation, where it or its path has others than the document.
    fn servers(&mut self, whole: &Part<'a>) {
        let own = |declared: &Declared<'a>| declared.value.get("servers").or(declared.item.get("servers"));
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
                let what = match &whole.what {
                    Some(what) => format!("{} of {what}", quoted(url)),
                    None => quoted(url),
                };
                let part = Part {
                    what: Some(what),
                    old_way: whole.old_way.clone(),
                    new_way: whole.new_way.clone(),
                    ..*whole
                };
                let entry = Step::Entry(vec![("url", (*url).to_owned())]);
                self.say(&part, &[Step::key("servers"), entry], Said::new(rule));
            }
        }
    }

    fn words(&mut self, whole: &Part<'a>) {
        self.description(whole);
        if text(whole.old, "summary") != text(whole.new, "summary") {
            let shown = |value| text(value, "summary").map_or("absent".to_owned(), quoted);
            let said = Said::new(&SUMMARY_CHANGED)
                .old(shown(whole.old))
                .new_text(shown(whole.new));
            self.say(whole, &[Step::key("summary")], said);
        }
        self.deprecation(whole);
        let (before, after) = (texts(whole.old, "tags"), texts(whole.new, "tags"));
        for tag in after.iter().filter(|tag| !before.contains(tag)) {
            let steps = [Step::key("tags"), Step::Value((*tag).to_owned())];
            self.say(whole, &steps, Said::new(&OPERATION_TAGGED).new_text(quoted(tag)));
        }
        for tag in before.iter().filter(|tag| !after.contains(tag)) {
            let steps = [Step::key("tags"), Step::Value((*tag).to_owned())];
            self.say(whole, &steps, Said::new(&OPERATION_UNTAGGED).old(quoted(tag)));
        }
        self.extensions(whole, &["x-access", "x-merge-patch"]);
    }

    pub fn description(&mut self, part: &Part<'a>) {
        let (a, b) = (text(part.old, "description"), text(part.new, "description"));
        if a.map(str::trim) != b.map(str::trim) {
            let said = Said::new(&DESCRIPTION_CHANGED).old(a.unwrap_or_default().trim());
            self.say(
                part,
                &[Step::key("description")],
                said.new_text(b.unwrap_or_default().trim()),
            );
        }
    }

    pub fn deprecation(&mut self, part: &Part<'a>) {
        let rule = match (flag(part.old, "deprecated"), flag(part.new, "deprecated")) {
            (false, true) => &DEPRECATED,
            (true, false) => &UNDEPRECATED,
            _ => return,
        };
        self.say(part, &[Step::key("deprecated")], Said::new(rule));
    }

    /// Everything that begins with `x-` and is not compared elsewhere.
    pub fn extensions(&mut self, part: &Part<'a>, elsewhere: &[&str]) {
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
                    what: Some(
                        part.what
                            .as_ref()
                            .map_or_else(|| quoted(key), |what| format!("`{key}` of {what}")),
                    ),
                    old: part.old,
                    new: part.new,
                    old_way: part.old_way.clone(),
                    new_way: part.new_way.clone(),
                };
                let said = Said::new(&EXTENSION_CHANGED).old(shown(a)).new_text(shown(b));
                self.say(&part, &[Step::key(key.as_str())], said);
            }
        }
    }

    pub fn example(&mut self, part: &Part<'a>) {
        for key in ["example", "examples"] {
            let (a, b) = part.child(key);
            if a != b {
                self.say(part, &[Step::key(key)], Said::new(&EXAMPLE_CHANGED));
            }
        }
    }
}
