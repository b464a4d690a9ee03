//! Compares operations part by part: parameters, bodies, answers, who may call.

use std::collections::BTreeMap;

use serde_json::Value;

use super::changes::{Changes, Found, Subject, fingerprint};
use super::facts::Positions;
use super::limits::show;
use super::operations::{Declared, placeholders};
use super::places::Step;
use super::rules::Rule;
use super::rules::document::*;
use super::rules::operations::*;
use super::rules::requests::*;
use super::schemas::{Schemas, similar};
use super::uses::Use;

/// The comparison of one pair of operations.
pub struct Parts<'a, 's> {
    pub schemas: &'s mut Schemas<'a>,
    pub changes: &'s mut Changes,
    pub uses: &'s mut Vec<Use<'a>>,
    pub old: Declared<'a>,
    pub new: Declared<'a>,
    /// In [`Changes::operations`].
    pub operation: usize,
    /// The server calls and the other side answers: a webhook or a callback.
    pub reversed: bool,
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

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

fn texts<'v>(value: &'v Value, key: &str) -> Vec<&'v str> {
    let items = value.get(key).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

impl<'a> Parts<'a, '_> {
    pub fn compare(&mut self) {
        let whole = Part {
            what: None,
            old: self.old.value,
            new: self.new.value,
            old_way: self.old.way(),
            new_way: self.new.way(),
        };
        self.names(&whole);
        self.words(&whole);
        self.security(&whole);
        self.access(&whole);
        self.parameters();
        self.body(&whole);
        self.answers(&whole);
        self.callbacks(&whole);
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
        let (old, new) = (self.old, self.new);
        let at = |declared: &Declared<'_>| format!("`{} {}`", declared.method.to_uppercase(), declared.path);
        let same_url = old.method == new.method && placeholders(old.path).len() == placeholders(new.path).len() && {
            let bare = |path: &str| {
                let names = placeholders(path);
                names.iter().fold(path.to_owned(), |path, name| {
                    path.replacen(&format!("{{{name}}}"), "{}", 1)
                })
            };
            bare(old.path) == bare(new.path)
        };
        if !same_url {
            self.say(whole, &[], Said::new(&OPERATION_MOVED).old(at(&old)).new_text(at(&new)));
        } else {
            for (before, after) in placeholders(old.path).into_iter().zip(placeholders(new.path)) {
                if before != after {
                    let part = Part {
                        what: Some("a path parameter".to_owned()),
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

    /// The ways to sign in, each as the schemes that it takes together, with their scopes. `None`: anybody may call.
    fn ways_in(root: &Value, operation: &Value) -> Option<BTreeMap<String, Vec<String>>> {
        let ways = operation.get("security").or_else(|| root.get("security"))?.as_array()?;
        let mut all = BTreeMap::new();
        for way in ways {
            let schemes = way.as_object()?;
            if schemes.is_empty() {
                return None;
            }
            let mut names: Vec<_> = schemes.keys().map(|name| quoted(name)).collect();
            names.sort();
            let scopes = schemes.values().filter_map(Value::as_array).flatten();
            let scopes = scopes.filter_map(Value::as_str).map(str::to_owned).collect();
            all.insert(names.join(" with "), scopes);
        }
        (!all.is_empty()).then_some(all)
    }

    fn security(&mut self, whole: &Part<'a>) {
        let old = Self::ways_in(self.schemas.old.root, whole.old);
        let new = Self::ways_in(self.schemas.new.root, whole.new);
        let at = [Step::key("security")];
        let names = |ways: &BTreeMap<String, Vec<String>>| ways.keys().cloned().collect::<Vec<_>>().join(" or ");
        match (old, new) {
            (None, None) => {}
            (None, Some(ways)) => self.say(whole, &at, Said::new(&SIGN_IN_REQUIRED).new_text(names(&ways))),
            (Some(ways), None) => self.say(whole, &at, Said::new(&SIGN_IN_LIFTED).old(names(&ways))),
            (Some(a), Some(b)) => {
                for (way, scopes) in &b {
                    let Some(before) = a.get(way) else {
                        self.say(whole, &at, Said::new(&SIGN_IN_WAY_ADDED).new_text(way));
                        continue;
                    };
                    for scope in scopes.iter().filter(|scope| !before.contains(scope)) {
                        self.say(whole, &at, Said::new(&SCOPE_REQUIRED).new_text(quoted(scope)));
                    }
                    for scope in before.iter().filter(|scope| !scopes.contains(scope)) {
                        self.say(whole, &at, Said::new(&SCOPE_LIFTED).old(quoted(scope)));
                    }
                }
                for way in a.keys().filter(|way| !b.contains_key(*way)) {
                    self.say(whole, &at, Said::new(&SIGN_IN_WAY_REMOVED).old(way));
                }
            }
        }
    }

    fn access(&mut self, whole: &Part<'a>) {
        let signed_in = |root, operation| Self::ways_in(root, operation).is_some();
        let roles = |value: &'a Value| value.get("x-access").map(|_| texts(value, "x-access"));
        let at = [Step::key("x-access")];
        let names = |roles: &[&str]| roles.iter().map(|role| quoted(role)).collect::<Vec<_>>().join(" and ");
        match (roles(whole.old), roles(whole.new)) {
            (None, Some(roles)) if signed_in(self.schemas.old.root, whole.old) => {
                self.say(whole, &at, Said::new(&ACCESS_LIMITED).new_text(names(&roles)));
            }
            (Some(roles), None) if signed_in(self.schemas.new.root, whole.new) => {
                self.say(whole, &at, Said::new(&ACCESS_OPENED).old(names(&roles)));
            }
            (Some(a), Some(b)) => {
                for role in b.iter().filter(|role| !a.contains(role)) {
                    let steps = [Step::key("x-access"), Step::Value((*role).to_owned())];
                    self.say(whole, &steps, Said::new(&ROLE_ADMITTED).new_text(quoted(role)));
                }
                for role in a.iter().filter(|role| !b.contains(role)) {
                    let steps = [Step::key("x-access"), Step::Value((*role).to_owned())];
                    self.say(whole, &steps, Said::new(&ROLE_EXCLUDED).old(quoted(role)));
                }
            }
            _ => {}
        }
    }

    fn parameters(&mut self) {
        let old = declared_parameters(&self.schemas.old, &self.old);
        let new = declared_parameters(&self.schemas.new, &self.new);
        // Path parameters go by their place in the path.
        let names = |declared: &Declared<'a>| placeholders(declared.path);
        let (old_names, new_names) = (names(&self.old), names(&self.new));
        let place_in_path = |names: &[&str], name: &str| names.iter().position(|n| *n == name);
        let same = |a: &Parameter<'a>, b: &Parameter<'a>| match (a.place, b.place) {
            ("path", "path") if old_names.len() == new_names.len() => {
                place_in_path(&old_names, a.name) == place_in_path(&new_names, b.name)
            }
            ("header", "header") => a.name.eq_ignore_ascii_case(b.name),
            (x, y) => x == y && a.name == b.name,
        };
        let mut gone: Vec<_> = old.iter().filter(|a| !new.iter().any(|b| same(a, b))).collect();
        for after in &new {
            if let Some(before) = old.iter().find(|a| same(a, after)) {
                self.parameter(before, after);
                continue;
            }
            // Moved from the query into a header, or called otherwise.
            let moved = gone
                .iter()
                .position(|a| a.name == after.name && a.place != "path" && after.place != "path");
            let renamed = || {
                let alike = |a: &&Parameter<'a>| {
                    a.place == after.place
                        && a.place != "path"
                        && a.value.get("schema") == after.value.get("schema")
                        && (similar(a.name, after.name) || texts(after.value, "x-aliases").contains(&a.name))
                };
                let candidates: Vec<_> = gone
                    .iter()
                    .enumerate()
                    .filter(|(_, a)| alike(a))
                    .map(|(i, _)| i)
                    .collect();
                let come_alike = new
                    .iter()
                    .filter(|b| !old.iter().any(|a| same(a, b)) && b.place == after.place);
                (candidates.len() == 1 && come_alike.count() == 1).then(|| candidates[0])
            };
            if let Some(index) = moved {
                let before = gone.remove(index);
                let part = Part {
                    what: Some(format!("parameter `{}`", after.name)),
                    ..Parameter::part(before, after)
                };
                let said = Said::new(&PARAMETER_RELOCATED).old(before.place).new_text(after.place);
                self.say(&part, &[], said.positions(Positions::REQUEST));
                self.parameter(before, after);
            } else if let Some(index) = renamed() {
                let before = gone.remove(index);
                let part = Part {
                    what: Some(format!("a {} parameter", after.place)),
                    ..Parameter::part(before, after)
                };
                let said = Said::new(&PARAMETER_RENAMED)
                    .old(quoted(before.name))
                    .new_text(quoted(after.name));
                self.say(&part, &[], said.positions(Positions::REQUEST));
                self.parameter(before, after);
            } else if after.place != "path" || old_names.len() == new_names.len() {
                let rule = if flag(after.value, "required") {
                    &PARAMETER_DEMANDED
                } else {
                    &PARAMETER_ADDED
                };
                let said = Said::new(rule).same(fingerprint([after.value]));
                let part = Parameter::part(after, after);
                self.say_one_sided(&part, said, None);
            }
        }
        for before in gone {
            if before.place != "path" || old_names.len() == new_names.len() {
                let said = Said::new(&PARAMETER_REMOVED).same(fingerprint([before.value]));
                let part = Parameter::part(before, before);
                self.say_one_sided(&part, said, Some(()));
            }
        }
    }

    /// Something that one side does not have: there, its place is that of the operation.
    fn say_one_sided(&mut self, part: &Part<'a>, said: Said, old: Option<()>) {
        let part = Part {
            what: part.what.clone(),
            old: part.old,
            new: part.new,
            old_way: if old.is_some() {
                part.old_way.clone()
            } else {
                self.old.way()
            },
            new_way: if old.is_none() {
                part.new_way.clone()
            } else {
                self.new.way()
            },
        };
        self.say(&part, &[], said.positions(Positions::REQUEST));
    }

    fn parameter(&mut self, before: &Parameter<'a>, after: &Parameter<'a>) {
        let part = Parameter::part(before, after);
        let request = |rule| Said::new(rule).positions(Positions::REQUEST);
        // Parameters of a path are always required, whatever is written.
        if after.place != "path" {
            match (flag(before.value, "required"), flag(after.value, "required")) {
                (false, true) => self.say(&part, &[Step::key("required")], request(&PARAMETER_BECAME_REQUIRED)),
                (true, false) => self.say(&part, &[Step::key("required")], request(&PARAMETER_BECAME_OPTIONAL)),
                _ => {}
            }
        }
        match (
            flag(before.value, "allowEmptyValue"),
            flag(after.value, "allowEmptyValue"),
        ) {
            (false, true) => self.say(&part, &[Step::key("allowEmptyValue")], request(&EMPTY_VALUE_ALLOWED)),
            (true, false) => self.say(&part, &[Step::key("allowEmptyValue")], request(&EMPTY_VALUE_FORBIDDEN)),
            _ => {}
        }
        if before.place == after.place && before.style() != after.style() {
            let said = request(&PARAMETER_STYLE_CHANGED)
                .old(before.style())
                .new_text(after.style());
            self.say(&part, &[Step::key("style")], said);
        }
        let (a, b) = (texts(before.value, "x-aliases"), texts(after.value, "x-aliases"));
        for alias in b.iter().filter(|alias| !a.contains(alias)) {
            let steps = [Step::key("x-aliases"), Step::Value((*alias).to_owned())];
            self.say(&part, &steps, request(&PARAMETER_ALIAS_ADDED).new_text(quoted(alias)));
        }
        for alias in a.iter().filter(|alias| !b.contains(alias)) {
            let steps = [Step::key("x-aliases"), Step::Value((*alias).to_owned())];
            self.say(&part, &steps, request(&PARAMETER_ALIAS_REMOVED).old(quoted(alias)));
        }
        self.description(&part);
        self.deprecation(&part);
        self.example(&part);
        self.extensions(&part, &["x-aliases"]);
        let (a, b) = part.child("schema");
        if a.is_some() || b.is_some() {
            self.use_schema(&part, &[Step::key("schema")], a, b, Positions::REQUEST);
        }
        self.content(&part, Positions::REQUEST);
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

/// A parameter of an operation or of its path.
struct Parameter<'a> {
    name: &'a str,
    place: &'a str,
    value: &'a Value,
    way: Vec<Step>,
}

impl<'a> Parameter<'a> {
    fn part(before: &Self, after: &Self) -> Part<'a> {
        Part {
            what: Some(format!("{} parameter `{}`", after.place, after.name)),
            old: before.value,
            new: after.value,
            old_way: before.way.clone(),
            new_way: after.way.clone(),
        }
    }

    /// How it is written, with the defaults of the standard.
    fn style(&self) -> String {
        let by_place = if matches!(self.place, "query" | "cookie") {
            "form"
        } else {
            "simple"
        };
        let style = text(self.value, "style").unwrap_or(by_place);
        let explode = self
            .value
            .get("explode")
            .and_then(Value::as_bool)
            .unwrap_or(style == "form");
        let reserved = if flag(self.value, "allowReserved") {
            ", reserved characters as they are"
        } else {
            ""
        };
        format!("`{style}`{}{reserved}", if explode { ", exploded" } else { "" })
    }
}

fn declared_parameters<'a>(document: &super::schema::Document<'a>, declared: &Declared<'a>) -> Vec<Parameter<'a>> {
    let own = declared.way();
    let shared = own[..2].to_vec();
    let mut all: Vec<Parameter<'a>> = Vec::new();
    for (holder, way) in [(declared.value, own), (declared.item, shared)] {
        let list = holder.get("parameters").and_then(Value::as_array);
        for parameter in list.into_iter().flatten() {
            let (value, _) = document.resolve(parameter);
            let (Some(name), Some(place)) = (text(value, "name"), text(value, "in")) else {
                continue;
            };
            if all.iter().any(|known| known.name == name && known.place == place) {
                continue;
            }
            let told = vec![("name", name.to_owned()), ("in", place.to_owned())];
            let way = [way.as_slice(), &[Step::key("parameters"), Step::Entry(told)]].concat();
            all.push(Parameter {
                name,
                place,
                value,
                way,
            });
        }
    }
    all
}
