//! Compares the parameters of operations: which is which, and what each takes.

use serde_json::Value;

use super::changes::fingerprint;
use super::document::Document;
use super::operations::Declared;
use super::parts::{Part, Parts, Said, flag, quoted, text, texts};
use super::places::Step;
use super::positions::Positions;
use super::rules::requests::*;
use super::similarity::similar;

impl<'a> Parts<'a, '_> {
    pub(super) fn parameters(&mut self) {
        let old = declared_parameters(&self.schemas.old, &self.old);
        let new = declared_parameters(&self.schemas.new, &self.new);
        // Path parameters go by their place in the path.
        let of = |declared: &Declared<'a>| {
            declared
                .placeholders()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (old_names, new_names) = (of(&self.old), of(&self.new));
        let place_in_path = |names: &[String], name: &str| names.iter().position(|n| *n == name);
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
                    what: self.called(&format!("parameter `{}`", after.name)),
                    ..self.pair(before, after)
                };
                let said = Said::new(&PARAMETER_RELOCATED).old(before.place).new_text(after.place);
                self.say(&part, &[], said.positions(Positions::REQUEST));
                self.parameter(before, after);
            } else if let Some(index) = renamed() {
                let before = gone.remove(index);
                let part = Part {
                    what: self.called(&format!("a {} parameter", after.place)),
                    ..self.pair(before, after)
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
                let part = self.pair(after, after);
                self.say_one_sided(&part, said, None);
            }
        }
        for before in gone {
            if before.place != "path" || old_names.len() == new_names.len() {
                let said = Said::new(&PARAMETER_REMOVED).same(fingerprint([before.value]));
                let part = self.pair(before, before);
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

    fn pair(&self, before: &Parameter<'a>, after: &Parameter<'a>) -> Part<'a> {
        Part {
            what: self.called(&format!("{} parameter `{}`", after.place, after.name)),
            old: before.value,
            new: after.value,
            old_way: before.way.clone(),
            new_way: after.way.clone(),
        }
    }

    fn parameter(&mut self, before: &Parameter<'a>, after: &Parameter<'a>) {
        let part = self.pair(before, after);
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
}

/// A parameter of an operation or of its path.
struct Parameter<'a> {
    name: &'a str,
    place: &'a str,
    value: &'a Value,
    way: Vec<Step>,
}

impl Parameter<'_> {
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

fn declared_parameters<'a>(document: &Document<'a>, declared: &Declared<'a>) -> Vec<Parameter<'a>> {
    let (own, shared) = (declared.way(), declared.item_way.clone());
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
