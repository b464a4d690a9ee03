//! Compares request bodies, and the content of bodies, responses and parameters.

use serde_json::Value;

use super::locate::Step;
use super::media_types;
use super::operation_diff::{OperationDiff, Part, PartChange, flag, quoted};
use super::positions::Positions;
use super::rules::requests::*;

pub static NULL: Value = Value::Null;

pub fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// The value of a media type on both sides.
fn media_part<'a>(part: &Part<'a>, name: Option<String>, before: &str, after: &str) -> Part<'a> {
    let value = |holder: &'a Value, media: &str| holder.get("content").and_then(|content| content.get(media));
    let pointer = |holder: &[Step], media: &str| [holder, &[Step::key("content"), Step::key(media)]].concat();
    Part {
        name,
        old: value(part.old, before).unwrap_or(&NULL),
        new: value(part.new, after).unwrap_or(&NULL),
        old_pointer: pointer(&part.old_pointer, before),
        new_pointer: pointer(&part.new_pointer, after),
    }
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

    /// Compares the `content` of a request body, response, parameter or header.
    pub(super) fn compare_content(&mut self, part: &Part<'a>, positions: Positions) {
        let (old, new) = part.child("content");
        let several = entries(new).count() > 1;
        let pairs = media_types::pair(old, new);
        for (before, after) in &pairs.same {
            let name = part.name.as_ref().map(|name| match several {
                true => format!("{name} as `{after}`"),
                false => name.clone(),
            });
            let at = media_part(part, name, before, after);
            if !media_types::has_same_parameters(before, after) {
                let change = PartChange::new(&MEDIA_TYPE_PARAMETERS_CHANGED);
                let change = change.old(quoted(before)).new_text(quoted(after));
                self.report(&at, &[], change.positions(positions));
            }
            self.compare_media_type(&at, positions);
        }
        for (rule, groups) in [
            (&MEDIA_TYPE_NARROWED, &pairs.narrowed),
            (&MEDIA_TYPE_WIDENED, &pairs.widened),
        ] {
            for group in groups {
                let list = |side: fn(&(&'a str, &'a str)) -> &'a str| {
                    let mut names: Vec<_> = group.iter().map(|pair| quoted(side(pair))).collect();
                    names.dedup();
                    names.join(" and ")
                };
                let change = PartChange::new(rule)
                    .old(list(|pair| pair.0))
                    .new_text(list(|pair| pair.1));
                if let Some((before, after)) = group.first() {
                    let at = media_part(part, part.name.clone(), before, after);
                    self.report(&at, &[], change.positions(positions));
                }
                for (before, after) in group {
                    let at = media_part(part, part.name.clone(), before, after);
                    self.compare_media_type(&at, positions);
                }
            }
        }
        if let ([before], [after]) = (pairs.removed.as_slice(), pairs.added.as_slice()) {
            let at = media_part(part, part.name.clone(), before, after);
            let change = PartChange::new(&MEDIA_TYPE_CHANGED);
            let change = change.old(quoted(before)).new_text(quoted(after));
            self.report(&at, &[], change.positions(positions));
            self.compare_media_type(&at, positions);
            return;
        }
        for media in pairs.added {
            let change = PartChange::new(&MEDIA_TYPE_ADDED).new_text(quoted(media));
            self.report(
                part,
                &[Step::key("content"), Step::key(media)],
                change.positions(positions),
            );
        }
        for media in pairs.removed {
            let change = PartChange::new(&MEDIA_TYPE_REMOVED).old(quoted(media));
            self.report(
                part,
                &[Step::key("content"), Step::key(media)],
                change.positions(positions),
            );
        }
    }

    fn compare_media_type(&mut self, part: &Part<'a>, positions: Positions) {
        let (a, b) = part.child("schema");
        if a.is_some() || b.is_some() {
            self.use_schema(part, &[Step::key("schema")], a, b, positions);
        }
        self.compare_encodings(part, positions);
        self.compare_examples(part);
        self.compare_extensions(part, &[]);
    }
}
