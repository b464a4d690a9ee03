//! Compares the parameters of operations.

use serde_json::Value;

use super::changes::fingerprint;
use super::document::Document;
use super::lifecycle::{self, removal};
use super::locate::Step;
use super::operation_diff::{OperationDiff, Part, PartChange, flag, quoted, text, texts};
use super::operations::Endpoint;
use super::positions::Positions;
use super::rules::requests::*;
use super::schema::Types;
use super::similarity::similar;

impl<'a> OperationDiff<'a, '_> {
    pub(super) fn compare_parameters(&mut self) {
        let old = declared_parameters(&self.schemas.old, &self.old);
        let new = declared_parameters(&self.schemas.new, &self.new);
        // Path parameters are identified by their position in the path.
        let names = |endpoint: &Endpoint<'a>| {
            endpoint
                .parameter_names()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (old_names, new_names) = (names(&self.old), names(&self.new));
        let position_in_path = |names: &[String], name: &str| names.iter().position(|n| *n == name);
        let same = |a: &Parameter<'a>, b: &Parameter<'a>| match (a.location, b.location) {
            ("path", "path") if old_names.len() == new_names.len() => {
                match (
                    position_in_path(&old_names, a.name),
                    position_in_path(&new_names, b.name),
                ) {
                    (None, None) => a.name == b.name,
                    (x, y) => x == y,
                }
            }
            ("header", "header") => a.name.eq_ignore_ascii_case(b.name),
            (x, y) => x == y && a.name == b.name,
        };
        let mut removed: Vec<_> = old.iter().filter(|a| !new.iter().any(|b| same(a, b))).collect();
        for after in &new {
            if let Some(before) = old.iter().find(|a| same(a, after)) {
                self.compare_parameter(before, after);
                continue;
            }
            // Moved, for example from the query to a header, or renamed.
            let moved = removed
                .iter()
                .position(|a| a.name == after.name && a.location != "path" && after.location != "path");
            let renamed = || {
                let alike = |a: &&Parameter<'a>| {
                    a.location == after.location
                        && a.location != "path"
                        && a.value.get("schema") == after.value.get("schema")
                        && (similar(a.name, after.name) || texts(after.value, "x-aliases").contains(&a.name))
                };
                let candidates: Vec<_> = removed
                    .iter()
                    .enumerate()
                    .filter(|(_, a)| alike(a))
                    .map(|(i, _)| i)
                    .collect();
                let added_alike = new
                    .iter()
                    .filter(|b| !old.iter().any(|a| same(a, b)) && b.location == after.location);
                (candidates.len() == 1 && added_alike.count() == 1).then(|| candidates[0])
            };
            if let Some(index) = moved {
                let before = removed.remove(index);
                let part = Part {
                    name: self.part_name(&format!("parameter `{}`", after.name)),
                    ..self.pair(before, after)
                };
                let change = PartChange::new(&PARAMETER_RELOCATED)
                    .old(before.location)
                    .new_text(after.location);
                self.report(&part, &[], change.positions(Positions::REQUEST));
                self.compare_parameter(before, after);
            } else if let Some(index) = renamed() {
                let before = removed.remove(index);
                let part = Part {
                    name: self.part_name(&format!("{} parameter", after.location)),
                    ..self.pair(before, after)
                };
                let change = PartChange::new(&PARAMETER_RENAMED)
                    .old(quoted(before.name))
                    .new_text(quoted(after.name));
                self.report(&part, &[], change.positions(Positions::REQUEST));
                self.compare_parameter(before, after);
            } else if after.location != "path" || old_names.len() == new_names.len() {
                let rule = if flag(after.value, "required") {
                    &REQUIRED_PARAMETER_ADDED
                } else {
                    &PARAMETER_ADDED
                };
                let change = PartChange::new(rule).fingerprint(fingerprint([after.value]));
                let part = self.pair(after, after);
                self.report_one_sided(&part, change, Side::New);
            }
        }
        for before in removed {
            if before.location != "path" || old_names.len() == new_names.len() {
                let (rule, sunset) = removal(before.value, self.today, &lifecycle::PARAMETER);
                let change = PartChange::new(rule)
                    .old(sunset)
                    .fingerprint(fingerprint([before.value]));
                let part = self.pair(before, before);
                self.report_one_sided(&part, change, Side::Old);
            }
        }
    }

    /// Reports a parameter that only one side has; on the other side, the pointer is that of the operation.
    fn report_one_sided(&mut self, part: &Part<'a>, change: PartChange, side: Side) {
        let part = Part {
            name: part.name.clone(),
            old: part.old,
            new: part.new,
            old_pointer: if side == Side::Old {
                part.old_pointer.clone()
            } else {
                self.old.pointer()
            },
            new_pointer: if side == Side::New {
                part.new_pointer.clone()
            } else {
                self.new.pointer()
            },
        };
        self.report(&part, &[], change.positions(Positions::REQUEST));
    }

    fn pair(&self, before: &Parameter<'a>, after: &Parameter<'a>) -> Part<'a> {
        Part {
            name: self.part_name(&format!("{} parameter `{}`", after.location, after.name)),
            old: before.value,
            new: after.value,
            old_pointer: before.pointer.clone(),
            new_pointer: after.pointer.clone(),
        }
    }

    fn compare_parameter(&mut self, before: &Parameter<'a>, after: &Parameter<'a>) {
        let part = self.pair(before, after);
        let request = |rule| PartChange::new(rule).positions(Positions::REQUEST);
        // Path parameters are always required.
        if after.location != "path" {
            match (flag(before.value, "required"), flag(after.value, "required")) {
                (false, true) => self.report(&part, &[Step::key("required")], request(&PARAMETER_BECAME_REQUIRED)),
                (true, false) => self.report(&part, &[Step::key("required")], request(&PARAMETER_BECAME_OPTIONAL)),
                _ => {}
            }
        }
        match (
            flag(before.value, "allowEmptyValue"),
            flag(after.value, "allowEmptyValue"),
        ) {
            (false, true) => self.report(&part, &[Step::key("allowEmptyValue")], request(&EMPTY_VALUE_ALLOWED)),
            (true, false) => self.report(&part, &[Step::key("allowEmptyValue")], request(&EMPTY_VALUE_FORBIDDEN)),
            _ => {}
        }
        if before.location == after.location {
            self.compare_style(&part, after.location, Positions::REQUEST);
        }
        let (a, b) = (texts(before.value, "x-aliases"), texts(after.value, "x-aliases"));
        for alias in b.iter().filter(|alias| !a.contains(alias)) {
            let steps = [Step::key("x-aliases"), Step::Value((*alias).to_owned())];
            self.report(&part, &steps, request(&PARAMETER_ALIAS_ADDED).new_text(quoted(alias)));
        }
        for alias in a.iter().filter(|alias| !b.contains(alias)) {
            let steps = [Step::key("x-aliases"), Step::Value((*alias).to_owned())];
            self.report(&part, &steps, request(&PARAMETER_ALIAS_REMOVED).old(quoted(alias)));
        }
        self.compare_description(&part);
        self.compare_deprecation(&part);
        self.compare_examples(&part);
        self.compare_extensions(&part, &["x-aliases", "x-sunset"]);
        self.use_text_schema(&part, Positions::REQUEST);
        if part.old.get("schema").or(part.new.get("schema")).is_some()
            && let Some(schema_use) = self.uses.last_mut()
        {
            // Callers send the parameter, and always did.
            schema_use.is_always_sent = flag(before.value, "required") && flag(after.value, "required");
        }
        self.compare_content(&part, Positions::REQUEST);
    }

    /// Compares the serialization of a parameter or header.
    pub(super) fn compare_style(&mut self, part: &Part<'a>, location: &str, positions: Positions) {
        let types = |document: &Document<'a>, value: &'a Value| {
            let schema = value.get("schema").map(|schema| document.schema_of(schema));
            schema.map_or(Types(0), |schema| schema.types)
        };
        let types = Types(types(&self.schemas.old, part.old).0 | types(&self.schemas.new, part.new).0);
        let (a, b) = (style(part.old, location, types), style(part.new, location, types));
        if a != b {
            let change = PartChange::new(&PARAMETER_STYLE_CHANGED).old(a).new_text(b);
            self.report(part, &[Step::key("style")], change.positions(positions));
        }
    }
}

/// A side of the comparison.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Old,
    New,
}

/// A parameter of an operation or of its path item.
struct Parameter<'a> {
    name: &'a str,
    location: &'a str,
    value: &'a Value,
    pointer: Vec<Step>,
}

/// The serialization style of values of these types, with the defaults of the standard.
fn style(value: &Value, location: &str, types: Types) -> String {
    let default = if matches!(location, "query" | "cookie") {
        "form"
    } else {
        "simple"
    };
    let style = text(value, "style").unwrap_or(default);
    let explode = value.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
    // Arrays and objects have parts to separate; without names, those of arrays are separated by commas in any case.
    let parts = if style == "simple" {
        Types::OBJECT
    } else {
        Types(Types::OBJECT.0 | Types::ARRAY.0)
    };
    let reserved = if flag(value, "allowReserved") {
        ", reserved characters unescaped"
    } else {
        ""
    };
    let exploded = if explode && types.0 & parts.0 != 0 {
        ", exploded"
    } else {
        ""
    };
    format!("`{style}`{exploded}{reserved}")
}

fn declared_parameters<'a>(document: &Document<'a>, endpoint: &Endpoint<'a>) -> Vec<Parameter<'a>> {
    let (own, shared) = (endpoint.pointer(), endpoint.item_pointer.clone());
    let mut all: Vec<Parameter<'a>> = Vec::new();
    for (holder, pointer) in [(endpoint.value, own), (endpoint.item, shared)] {
        let list = holder.get("parameters").and_then(Value::as_array);
        for parameter in list.into_iter().flatten() {
            let (value, _) = document.resolve(parameter);
            let (Some(name), Some(location)) = (text(value, "name"), text(value, "in")) else {
                continue;
            };
            // The names of headers have no case.
            let is_same = |other: &str| other == name || (location == "header" && other.eq_ignore_ascii_case(name));
            if all
                .iter()
                .any(|known| known.location == location && is_same(known.name))
            {
                continue;
            }
            let identity = vec![("name", name.to_owned()), ("in", location.to_owned())];
            let pointer = [pointer.as_slice(), &[Step::key("parameters"), Step::Entry(identity)]].concat();
            all.push(Parameter {
                name,
                location,
                value,
                pointer,
            });
        }
    }
    all
}
