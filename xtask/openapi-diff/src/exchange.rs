//! Compares what goes over the wire: request bodies, answers, headers.

use serde_json::{Map, Value};

use super::parts::{Part, Parts, Said, flag};
use super::places::Step;
use super::positions::Positions;
use super::rules::answers::*;
use super::rules::requests::*;

pub static NOTHING: Value = Value::Null;

pub fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object).filter(|object| !object.is_empty())
}

impl<'a> Parts<'a, '_> {
    pub(super) fn body(&mut self, whole: &Part<'a>) {
        let (old, new) = whole.child("requestBody");
        let old = old.map(|body| self.schemas.old.resolve(body).0);
        let new = new.map(|body| self.schemas.new.resolve(body).0);
        let (old_way, new_way) = whole.ways(&[Step::key("requestBody")]);
        let part = Part {
            what: self.called("the body"),
            old: old.unwrap_or(&NOTHING),
            new: new.unwrap_or(&NOTHING),
            old_way,
            new_way,
        };
        let request = |rule| Said::new(rule).positions(Positions::REQUEST);
        let (before, after) = match (old, new) {
            (None, None) => return,
            (None, Some(body)) => {
                let rule = if flag(body, "required") {
                    &BODY_DEMANDED
                } else {
                    &BODY_ADDED
                };
                return self.say(&part, &[], request(rule));
            }
            (Some(_), None) => return self.say(&part, &[], request(&BODY_REMOVED)),
            (Some(before), Some(after)) => (before, after),
        };
        match (flag(before, "required"), flag(after, "required")) {
            (false, true) => self.say(&part, &[Step::key("required")], request(&BODY_BECAME_REQUIRED)),
            (true, false) => self.say(&part, &[Step::key("required")], request(&BODY_BECAME_OPTIONAL)),
            _ => {}
        }
        match (flag(before, "x-merge-patch"), flag(after, "x-merge-patch")) {
            (false, true) => self.say(&part, &[Step::key("x-merge-patch")], request(&MERGE_PATCH_BEGAN)),
            (true, false) => self.say(&part, &[Step::key("x-merge-patch")], request(&MERGE_PATCH_ENDED)),
            _ => {}
        }
        self.description(&part);
        self.extensions(&part, &["x-merge-patch"]);
        self.content(&part, Positions::REQUEST);
    }

    /// The `content` of a body, an answer or a parameter.
    pub(super) fn content(&mut self, part: &Part<'a>, positions: Positions) {
        let (old, new) = part.child("content");
        let gone: Vec<_> = members(old)
            .filter(|(media, _)| new.and_then(|n| n.get(media)).is_none())
            .collect();
        let come: Vec<_> = members(new)
            .filter(|(media, _)| old.and_then(|o| o.get(media)).is_none())
            .collect();
        let several = members(new).count() > 1;
        if let ([(before, a)], [(after, b)]) = (gone.as_slice(), come.as_slice()) {
            let at = Part {
                what: part.what.clone(),
                old: a,
                new: b,
                old_way: [part.old_way.as_slice(), &[Step::key("content"), Step::key(*before)]].concat(),
                new_way: [part.new_way.as_slice(), &[Step::key("content"), Step::key(*after)]].concat(),
            };
            let said = Said::new(&MEDIA_TYPE_CHANGED)
                .old(format!("`{before}`"))
                .new_text(format!("`{after}`"));
            self.say(&at, &[], said.positions(positions));
            self.medium(&at, positions);
        } else {
            for (media, _) in come {
                let steps = [Step::key("content"), Step::key(media)];
                let said = Said::new(&MEDIA_TYPE_ADDED).new_text(format!("`{media}`"));
                self.say(part, &steps, said.positions(positions));
            }
            for (media, _) in gone {
                let steps = [Step::key("content"), Step::key(media)];
                let said = Said::new(&MEDIA_TYPE_REMOVED).old(format!("`{media}`"));
                self.say(part, &steps, said.positions(positions));
            }
        }
        for (media, after) in members(new) {
            let Some(before) = old.and_then(|old| old.get(media)) else {
                continue;
            };
            let (old_way, new_way) = part.ways(&[Step::key("content"), Step::key(media)]);
            let what = part.what.as_ref().map(|what| {
                if several {
                    format!("{what} as `{media}`")
                } else {
                    what.clone()
                }
            });
            let at = Part {
                what,
                old: before,
                new: after,
                old_way,
                new_way,
            };
            self.medium(&at, positions);
        }
    }

    fn medium(&mut self, part: &Part<'a>, positions: Positions) {
        let (a, b) = part.child("schema");
        if a.is_some() || b.is_some() {
            self.use_schema(part, &[Step::key("schema")], a, b, positions);
        }
        let (a, b) = part.child("encoding");
        if a != b {
            self.say(
                part,
                &[Step::key("encoding")],
                Said::new(&ENCODING_CHANGED).positions(positions),
            );
        }
        self.example(part);
        self.extensions(part, &[]);
    }

    pub(super) fn answers(&mut self, whole: &Part<'a>) {
        let (old, new) = whole.child("responses");
        let is_success = |status: &str| status.starts_with(['1', '2', '3']);
        let missing_in = |there: Option<&'a Value>, status: &str| {
            !members(there).any(|(other, _)| other.eq_ignore_ascii_case(status))
        };
        let statuses = |value: Option<&'a Value>| {
            members(value)
                .filter(|(status, _)| !status.starts_with("x-"))
                .collect::<Vec<_>>()
        };
        let (old_all, new_all) = (statuses(old), statuses(new));
        let gone: Vec<_> = old_all
            .iter()
            .copied()
            .filter(|(status, _)| missing_in(new, status))
            .collect();
        let come: Vec<_> = new_all
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

        let answer = |status_old: &str, status_new: &str, a: &'a Value, b: &'a Value, parts: &Self| Part {
            what: parts.called(&format!("answer {status_new}")),
            old: parts.schemas.old.resolve(a).0,
            new: parts.schemas.new.resolve(b).0,
            old_way: [
                whole.old_way.as_slice(),
                &[Step::key("responses"), Step::key(status_old)],
            ]
            .concat(),
            new_way: [
                whole.new_way.as_slice(),
                &[Step::key("responses"), Step::key(status_new)],
            ]
            .concat(),
        };
        let mut moved = None;
        if let ([(before, a)], [(after, b)]) = (successes(&gone).as_slice(), successes(&come).as_slice()) {
            let part = answer(before, after, a, b, self);
            let at = Part {
                what: whole.what.clone(),
                ..part
            };
            let said = Said::new(&SUCCESS_CHANGED)
                .old(before.as_str())
                .new_text(after.as_str());
            self.say(&at, &[], said.positions(Positions::ANSWER));
            self.answer(&answer(before, after, a, b, self));
            moved = Some((*before, *after));
        }
        for (status, value) in come
            .iter()
            .filter(|(status, _)| moved.is_none_or(|(_, after)| after != *status))
        {
            let rule = if is_success(status) {
                &SUCCESS_ADDED
            } else {
                &ERROR_ADDED
            };
            let part = answer(status, status, value, value, self);
            self.say(&part, &[], Said::new(rule).positions(Positions::ANSWER));
        }
        for (status, value) in gone
            .iter()
            .filter(|(status, _)| moved.is_none_or(|(before, _)| before != *status))
        {
            let rule = if is_success(status) {
                &SUCCESS_REMOVED
            } else {
                &ERROR_REMOVED
            };
            let part = answer(status, status, value, value, self);
            self.say(&part, &[], Said::new(rule).positions(Positions::ANSWER));
        }
        for (status, b) in new_all {
            if let Some((before, a)) = old_all.iter().find(|(other, _)| other.eq_ignore_ascii_case(status)) {
                self.answer(&answer(before, status, a, b, self));
            }
        }
    }

    fn answer(&mut self, part: &Part<'a>) {
        let said = |rule| Said::new(rule).positions(Positions::ANSWER);
        let (a, b) = part.child("content");
        match (object(a), object(b)) {
            (None, Some(_)) => self.say(part, &[Step::key("content")], said(&ANSWER_BODY_ADDED)),
            (Some(_), None) => self.say(part, &[Step::key("content")], said(&ANSWER_BODY_REMOVED)),
            _ => self.content(part, Positions::ANSWER),
        }
        self.description(part);
        self.extensions(part, &[]);
        self.headers(part);
        let (a, b) = part.child("links");
        for (rule, here, there) in [(&LINK_ADDED, b, a), (&LINK_REMOVED, a, b)] {
            for (name, _) in members(here).filter(|(name, _)| there.and_then(|t| t.get(name)).is_none()) {
                let link = self.inside(part, format!("link `{name}`"), &[Step::key("links"), Step::key(name)]);
                self.say(&link, &[], said(rule));
            }
        }
    }

    /// A part of an answer that is named after it.
    fn inside(&self, part: &Part<'a>, name: String, steps: &[Step]) -> Part<'a> {
        let (old_way, new_way) = part.ways(steps);
        Part {
            what: Some(
                part.what
                    .as_ref()
                    .map_or_else(|| name.clone(), |what| format!("{name} of {what}")),
            ),
            old: &NOTHING,
            new: &NOTHING,
            old_way,
            new_way,
        }
    }

    fn headers(&mut self, part: &Part<'a>) {
        let said = |rule| Said::new(rule).positions(Positions::ANSWER);
        let (old, new) = part.child("headers");
        let find =
            |all: Option<&'a Value>, name: &str| members(all).find(|(other, _)| other.eq_ignore_ascii_case(name));
        for (name, after) in members(new) {
            let header = self.inside(
                part,
                format!("header `{name}`"),
                &[Step::key("headers"), Step::key(name)],
            );
            let Some((_, before)) = find(old, name) else {
                self.say(&header, &[], said(&HEADER_ADDED));
                continue;
            };
            let header = Part {
                old: self.schemas.old.resolve(before).0,
                new: self.schemas.new.resolve(after).0,
                ..header
            };
            match (flag(header.old, "required"), flag(header.new, "required")) {
                (false, true) => self.say(&header, &[Step::key("required")], said(&HEADER_PROMISED)),
                (true, false) => self.say(&header, &[Step::key("required")], said(&HEADER_NOT_PROMISED)),
                _ => {}
            }
            self.description(&header);
            self.deprecation(&header);
            let (a, b) = header.child("schema");
            if a.is_some() || b.is_some() {
                self.use_schema(&header, &[Step::key("schema")], a, b, Positions::ANSWER);
            }
        }
        for (name, _) in members(old).filter(|(name, _)| find(new, name).is_none()) {
            let header = self.inside(
                part,
                format!("header `{name}`"),
                &[Step::key("headers"), Step::key(name)],
            );
            self.say(&header, &[], said(&HEADER_REMOVED));
        }
    }
}
