//! Compares request bodies, responses and headers.

use serde_json::{Map, Value};

use super::locate::Step;
use super::operation_diff::{OperationDiff, Part, PartChange, flag};
use super::positions::Positions;
use super::rules::requests::*;
use super::rules::responses::*;

pub static NULL: Value = Value::Null;

pub fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object).filter(|object| !object.is_empty())
}

impl<'a> OperationDiff<'a, '_> {
    pub(super) fn compare_body(&mut self, operation: &Part<'a>) {
        let (old, new) = operation.child("requestBody");
        let old = old.map(|body| self.schemas.old.resolve(body).0);
        let new = new.map(|body| self.schemas.new.resolve(body).0);
        let (old_pointer, new_pointer) = operation.pointers(&[Step::key("requestBody")]);
        let part = Part {
            name: self.part_name("request body"),
            old: old.unwrap_or(&NULL),
            new: new.unwrap_or(&NULL),
            old_pointer,
            new_pointer,
        };
        let request = |rule| PartChange::new(rule).positions(Positions::REQUEST);
        let (before, after) = match (old, new) {
            (None, None) => return,
            (None, Some(body)) => {
                let rule = if flag(body, "required") {
                    &REQUIRED_BODY_ADDED
                } else {
                    &BODY_ADDED
                };
                return self.report(&part, &[], request(rule));
            }
            (Some(_), None) => return self.report(&part, &[], request(&BODY_REMOVED)),
            (Some(before), Some(after)) => (before, after),
        };
        match (flag(before, "required"), flag(after, "required")) {
            (false, true) => self.report(&part, &[Step::key("required")], request(&BODY_BECAME_REQUIRED)),
            (true, false) => self.report(&part, &[Step::key("required")], request(&BODY_BECAME_OPTIONAL)),
            _ => {}
        }
        match (flag(before, "x-merge-patch"), flag(after, "x-merge-patch")) {
            (false, true) => self.report(&part, &[Step::key("x-merge-patch")], request(&MERGE_PATCH_BEGAN)),
            (true, false) => self.report(&part, &[Step::key("x-merge-patch")], request(&MERGE_PATCH_ENDED)),
            _ => {}
        }
        self.compare_description(&part);
        self.compare_extensions(&part, &["x-merge-patch"]);
        self.compare_content(&part, Positions::REQUEST);
    }

    /// Compares the `content` of a request body, response or parameter.
    pub(super) fn compare_content(&mut self, part: &Part<'a>, positions: Positions) {
        let (old, new) = part.child("content");
        let removed: Vec<_> = entries(old)
            .filter(|(media, _)| new.and_then(|n| n.get(media)).is_none())
            .collect();
        let added: Vec<_> = entries(new)
            .filter(|(media, _)| old.and_then(|o| o.get(media)).is_none())
            .collect();
        let several = entries(new).count() > 1;
        if let ([(before, a)], [(after, b)]) = (removed.as_slice(), added.as_slice()) {
            let at = Part {
                name: part.name.clone(),
                old: a,
                new: b,
                old_pointer: [part.old_pointer.as_slice(), &[Step::key("content"), Step::key(*before)]].concat(),
                new_pointer: [part.new_pointer.as_slice(), &[Step::key("content"), Step::key(*after)]].concat(),
            };
            let change = PartChange::new(&MEDIA_TYPE_CHANGED)
                .old(format!("`{before}`"))
                .new_text(format!("`{after}`"));
            self.report(&at, &[], change.positions(positions));
            self.compare_media_type(&at, positions);
        } else {
            for (media, _) in added {
                let steps = [Step::key("content"), Step::key(media)];
                let change = PartChange::new(&MEDIA_TYPE_ADDED).new_text(format!("`{media}`"));
                self.report(part, &steps, change.positions(positions));
            }
            for (media, _) in removed {
                let steps = [Step::key("content"), Step::key(media)];
                let change = PartChange::new(&MEDIA_TYPE_REMOVED).old(format!("`{media}`"));
                self.report(part, &steps, change.positions(positions));
            }
        }
        for (media, after) in entries(new) {
            let Some(before) = old.and_then(|old| old.get(media)) else {
                continue;
            };
            let (old_pointer, new_pointer) = part.pointers(&[Step::key("content"), Step::key(media)]);
            let name = part.name.as_ref().map(|name| {
                if several {
                    format!("{name} as `{media}`")
                } else {
                    name.clone()
                }
            });
            let at = Part {
                name,
                old: before,
                new: after,
                old_pointer,
                new_pointer,
            };
            self.compare_media_type(&at, positions);
        }
    }

    fn compare_media_type(&mut self, part: &Part<'a>, positions: Positions) {
        let (a, b) = part.child("schema");
        if a.is_some() || b.is_some() {
            self.use_schema(part, &[Step::key("schema")], a, b, positions);
        }
        let (a, b) = part.child("encoding");
        if a != b {
            self.report(
                part,
                &[Step::key("encoding")],
                PartChange::new(&ENCODING_CHANGED).positions(positions),
            );
        }
        self.compare_examples(part);
        self.compare_extensions(part, &[]);
    }

    pub(super) fn compare_responses(&mut self, operation: &Part<'a>) {
        let (old, new) = operation.child("responses");
        let is_success = |status: &str| status.starts_with(['1', '2', '3']);
        let missing_in = |there: Option<&'a Value>, status: &str| {
            !entries(there).any(|(other, _)| other.eq_ignore_ascii_case(status))
        };
        let statuses = |value: Option<&'a Value>| {
            entries(value)
                .filter(|(status, _)| !status.starts_with("x-"))
                .collect::<Vec<_>>()
        };
        let (old_all, new_all) = (statuses(old), statuses(new));
        let removed: Vec<_> = old_all
            .iter()
            .copied()
            .filter(|(status, _)| missing_in(new, status))
            .collect();
        let added: Vec<_> = new_all
            .iter()
            .copied()
            .filter(|(status, _)| missing_in(old, status))
            .collect();
        let successes = |all: &[(&'a String, &'a Value)]| {
            all.iter()
                .copied()
                .filter(|(status, _)| is_success(status))
                .collect::<Vec<_>>()
        };

        let response = |old_status: &str, new_status: &str, a: &'a Value, b: &'a Value, diff: &Self| Part {
            name: diff.part_name(&format!("response {new_status}")),
            old: diff.schemas.old.resolve(a).0,
            new: diff.schemas.new.resolve(b).0,
            old_pointer: [
                operation.old_pointer.as_slice(),
                &[Step::key("responses"), Step::key(old_status)],
            ]
            .concat(),
            new_pointer: [
                operation.new_pointer.as_slice(),
                &[Step::key("responses"), Step::key(new_status)],
            ]
            .concat(),
        };
        let mut moved = None;
        if let ([(before, a)], [(after, b)]) = (successes(&removed).as_slice(), successes(&added).as_slice()) {
            let part = response(before, after, a, b, self);
            let at = Part {
                name: operation.name.clone(),
                ..part
            };
            let change = PartChange::new(&SUCCESS_CHANGED)
                .old(before.as_str())
                .new_text(after.as_str());
            self.report(&at, &[], change.positions(Positions::RESPONSE));
            self.compare_response(&response(before, after, a, b, self));
            moved = Some((*before, *after));
        }
        for (status, value) in added
            .iter()
            .filter(|(status, _)| moved.is_none_or(|(_, after)| after != *status))
        {
            let rule = if is_success(status) {
                &SUCCESS_ADDED
            } else {
                &ERROR_ADDED
            };
            let part = response(status, status, value, value, self);
            self.report(&part, &[], PartChange::new(rule).positions(Positions::RESPONSE));
        }
        for (status, value) in removed
            .iter()
            .filter(|(status, _)| moved.is_none_or(|(before, _)| before != *status))
        {
            let rule = if is_success(status) {
                &SUCCESS_REMOVED
            } else {
                &ERROR_REMOVED
            };
            let part = response(status, status, value, value, self);
            self.report(&part, &[], PartChange::new(rule).positions(Positions::RESPONSE));
        }
        for (status, b) in new_all {
            if let Some((before, a)) = old_all.iter().find(|(other, _)| other.eq_ignore_ascii_case(status)) {
                self.compare_response(&response(before, status, a, b, self));
            }
        }
    }

    fn compare_response(&mut self, part: &Part<'a>) {
        let change = |rule| PartChange::new(rule).positions(Positions::RESPONSE);
        let (a, b) = part.child("content");
        match (object(a), object(b)) {
            (None, Some(_)) => self.report(part, &[Step::key("content")], change(&ANSWER_BODY_ADDED)),
            (Some(_), None) => self.report(part, &[Step::key("content")], change(&ANSWER_BODY_REMOVED)),
            _ => self.compare_content(part, Positions::RESPONSE),
        }
        self.compare_description(part);
        self.compare_extensions(part, &[]);
        self.compare_headers(part);
        let (a, b) = part.child("links");
        for (rule, here, there) in [(&LINK_ADDED, b, a), (&LINK_REMOVED, a, b)] {
            for (name, _) in entries(here).filter(|(name, _)| there.and_then(|t| t.get(name)).is_none()) {
                let link = self.response_part(part, format!("link `{name}`"), &[Step::key("links"), Step::key(name)]);
                self.report(&link, &[], change(rule));
            }
        }
    }

    /// A part of a response, named after it.
    fn response_part(&self, response: &Part<'a>, name: String, steps: &[Step]) -> Part<'a> {
        let (old_pointer, new_pointer) = response.pointers(steps);
        Part {
            name: Some(match &response.name {
                Some(response) => format!("{name} of {response}"),
                None => name,
            }),
            old: &NULL,
            new: &NULL,
            old_pointer,
            new_pointer,
        }
    }

    fn compare_headers(&mut self, part: &Part<'a>) {
        let change = |rule| PartChange::new(rule).positions(Positions::RESPONSE);
        let (old, new) = part.child("headers");
        let find =
            |all: Option<&'a Value>, name: &str| entries(all).find(|(other, _)| other.eq_ignore_ascii_case(name));
        for (name, after) in entries(new) {
            let header = self.response_part(
                part,
                format!("header `{name}`"),
                &[Step::key("headers"), Step::key(name)],
            );
            let Some((_, before)) = find(old, name) else {
                self.report(&header, &[], change(&HEADER_ADDED));
                continue;
            };
            let header = Part {
                old: self.schemas.old.resolve(before).0,
                new: self.schemas.new.resolve(after).0,
                ..header
            };
            match (flag(header.old, "required"), flag(header.new, "required")) {
                (false, true) => self.report(&header, &[Step::key("required")], change(&HEADER_BECAME_REQUIRED)),
                (true, false) => self.report(&header, &[Step::key("required")], change(&HEADER_BECAME_OPTIONAL)),
                _ => {}
            }
            self.compare_description(&header);
            self.compare_deprecation(&header);
            let (a, b) = header.child("schema");
            if a.is_some() || b.is_some() {
                self.use_schema(&header, &[Step::key("schema")], a, b, Positions::RESPONSE);
            }
        }
        for (name, _) in entries(old).filter(|(name, _)| find(new, name).is_none()) {
            let header = self.response_part(
                part,
                format!("header `{name}`"),
                &[Step::key("headers"), Step::key(name)],
            );
            self.report(&header, &[], change(&HEADER_REMOVED));
        }
    }
}
