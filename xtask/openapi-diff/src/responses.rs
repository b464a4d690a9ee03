//! Compares responses: statuses, bodies, headers and links.

use serde_json::{Map, Value};

use super::bodies::{NULL, entries};
use super::locate::Step;
use super::operation_diff::{OperationDiff, Part, PartChange, flag, quoted};
use super::positions::Positions;
use super::rules::Rule;
use super::rules::responses::*;

fn object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object).filter(|object| !object.is_empty())
}

/// Returns `true` for statuses of success, and for `2XX`.
fn is_success(status: &str) -> bool {
    status.starts_with(['1', '2', '3'])
}

/// Returns `true` if `pbx-client` reads a status as a success although the contract does not have it.
fn is_read_as_success(status: &str) -> bool {
    status.starts_with('2')
}

fn is_range(status: &str) -> bool {
    status.len() == 3 && status.as_bytes()[1..].eq_ignore_ascii_case(b"XX")
}

/// Returns `true` if a range such as `4XX` contains a status.
fn contains(range: &str, status: &str) -> bool {
    is_range(range) && !is_range(status) && status.len() == 3 && range.as_bytes()[0] == status.as_bytes()[0]
}

/// A status with its response.
type Response<'a> = (&'a str, &'a Value);

fn find<'a>(all: &[Response<'a>], status: &str) -> Option<Response<'a>> {
    all.iter()
        .copied()
        .find(|(other, _)| other.eq_ignore_ascii_case(status))
}

/// The response that stands for a status that is not listed: its range, or `default`. Where statuses of success are listed,
/// `default` is the response of errors.
fn covering<'a>(all: &[Response<'a>], status: &str) -> Option<Response<'a>> {
    let default = || {
        let is_for_errors = is_success(status) && all.iter().any(|(other, _)| is_success(other));
        find(all, "default").filter(|_| !is_for_errors)
    };
    let range = all.iter().copied().find(|(other, _)| contains(other, status));
    range.or_else(default).filter(|(other, _)| *other != status)
}

impl<'a> OperationDiff<'a, '_> {
    pub(super) fn compare_responses(&mut self, operation: &Part<'a>) {
        let (old, new) = operation.child("responses");
        let statuses = |value: Option<&'a Value>| {
            let all = entries(value).map(|(status, value)| (status.as_str(), value));
            all.filter(|(status, _)| !status.starts_with("x-")).collect::<Vec<_>>()
        };
        if let (Some(old), Some(new)) = (old, new) {
            let part = Part {
                name: self.part_name("responses"),
                old,
                new,
                old_pointer: operation.pointers(&[Step::key("responses")]).0,
                new_pointer: operation.pointers(&[Step::key("responses")]).1,
            };
            self.compare_extensions(&part, &[]);
        }
        let (old, new) = (statuses(old), statuses(new));
        let mut removed: Vec<_> = old
            .iter()
            .copied()
            .filter(|(status, _)| find(&new, status).is_none())
            .collect();
        let mut added: Vec<_> = new
            .iter()
            .copied()
            .filter(|(status, _)| find(&old, status).is_none())
            .collect();

        self.compare_ranges(operation, &mut removed, &mut added, true);
        self.compare_ranges(operation, &mut added, &mut removed, false);
        let successes = |all: &[Response<'a>]| {
            let all = all.iter().copied().filter(|(status, _)| is_success(status));
            all.collect::<Vec<_>>()
        };
        if let ([before], [after]) = (successes(&removed).as_slice(), successes(&added).as_slice()) {
            let at = Part {
                name: operation.name.clone(),
                ..self.response(operation, *before, *after)
            };
            let change = PartChange::new(&SUCCESS_CHANGED).old(before.0).new_text(after.0);
            let change = change.tolerated_if(is_read_as_success(after.0));
            self.report(&at, &[], change.positions(Positions::RESPONSE));
            self.compare_response(operation, *before, *after);
            removed.retain(|response| response.0 != before.0);
            added.retain(|response| response.0 != after.0);
        }
        for response in added {
            let (status, _) = response;
            if let Some(range) = covering(&old, status) {
                self.report_response(
                    operation,
                    response,
                    PartChange::new(&RESPONSE_LISTED).old(quoted(range.0)),
                );
                self.compare_response(operation, range, response);
            } else {
                let rule = if is_success(status) {
                    &SUCCESS_ADDED
                } else {
                    &ERROR_ADDED
                };
                let content = self.schemas.new.resolve(response.1).0.get("content");
                let is_like_another = successes(&old).iter().any(|(_, other)| {
                    let other = self.schemas.old.resolve(other).0.get("content");
                    other.is_none() || other == content
                });
                let change = PartChange::new(rule).tolerated_if(is_read_as_success(status) && is_like_another);
                self.report_response(operation, response, change);
            }
        }
        for response in removed {
            let (status, _) = response;
            if let Some(range) = covering(&new, status) {
                self.report_response(
                    operation,
                    response,
                    PartChange::new(&RESPONSE_UNLISTED).new_text(quoted(range.0)),
                );
                self.compare_response(operation, response, range);
            } else {
                let rule = match is_success(status) {
                    true if new.iter().any(|(other, _)| is_success(other)) => &SUCCESS_REMOVED,
                    true => &ONLY_SUCCESS_REMOVED,
                    false => &ERROR_REMOVED,
                };
                self.report_response(operation, response, PartChange::new(rule));
            }
        }
        for after in &new {
            if let Some(before) = find(&old, after.0) {
                self.compare_response(operation, before, *after);
            }
        }
    }

    /// Takes each range of one side that became some of its statuses (`is_narrowed`), or the other way round, and its statuses.
    fn compare_ranges(
        &mut self,
        operation: &Part<'a>,
        ranges: &mut Vec<Response<'a>>,
        statuses: &mut Vec<Response<'a>>,
        is_narrowed: bool,
    ) {
        ranges.retain(|range| {
            let is_within = |status: &Response<'a>| contains(range.0, status.0);
            let within: Vec<_> = statuses.iter().copied().filter(is_within).collect();
            statuses.retain(|status| !is_within(status));
            self.compare_with_range(operation, *range, &within, is_narrowed);
            within.is_empty()
        });
    }

    /// Reports a range that became statuses, or the other way round, and compares their responses.
    fn compare_with_range(
        &mut self,
        operation: &Part<'a>,
        range: Response<'a>,
        within: &[Response<'a>],
        is_narrowed: bool,
    ) {
        let Some(first) = within.first() else { return };
        let rule: &'static Rule = match (is_success(range.0), is_narrowed) {
            (true, true) => &SUCCESS_NARROWED,
            (true, false) => &SUCCESS_WIDENED,
            (false, true) => &ERROR_NARROWED,
            (false, false) => &ERROR_WIDENED,
        };
        let ordered = |status| if is_narrowed { (range, status) } else { (status, range) };
        let names: Vec<_> = within.iter().map(|(status, _)| *status).collect();
        let names = names.join(" and ");
        let (old, new) = if is_narrowed {
            (range.0, names.as_str())
        } else {
            (names.as_str(), range.0)
        };
        let (before, after) = ordered(*first);
        let at = Part {
            name: operation.name.clone(),
            ..self.response(operation, before, after)
        };
        let change = PartChange::new(rule).old(old).new_text(new);
        self.report(&at, &[], change.positions(Positions::RESPONSE));
        for status in within {
            let (before, after) = ordered(*status);
            self.compare_response(operation, before, after);
        }
    }

    /// A pair of responses, named after the new one.
    fn response(&self, operation: &Part<'a>, before: Response<'a>, after: Response<'a>) -> Part<'a> {
        let steps = |status: &str| [Step::key("responses"), Step::key(status)];
        Part {
            name: self.part_name(&format!("response {}", after.0)),
            old: self.schemas.old.resolve(before.1).0,
            new: self.schemas.new.resolve(after.1).0,
            old_pointer: [operation.old_pointer.as_slice(), &steps(before.0)].concat(),
            new_pointer: [operation.new_pointer.as_slice(), &steps(after.0)].concat(),
        }
    }

    /// Reports a response that one side has.
    fn report_response(&mut self, operation: &Part<'a>, response: Response<'a>, change: PartChange) {
        let part = self.response(operation, response, response);
        self.report(&part, &[], change.positions(Positions::RESPONSE));
    }

    fn compare_response(&mut self, operation: &Part<'a>, before: Response<'a>, after: Response<'a>) {
        let part = &self.response(operation, before, after);
        let in_code = self.in_code;
        self.in_code &= is_success(after.0);
        let change = |rule| PartChange::new(rule).positions(Positions::RESPONSE);
        let (a, b) = part.child("content");
        match (object(a), object(b)) {
            (None, Some(_)) => self.report(part, &[Step::key("content")], change(&ANSWER_BODY_ADDED)),
            (Some(_), None) => {
                let change = change(&ANSWER_BODY_REMOVED).tolerated_if(!is_success(after.0));
                self.report(part, &[Step::key("content")], change);
            }
            _ => self.compare_content(part, Positions::RESPONSE),
        }
        // Other texts are expected where a range is told apart from its statuses.
        if before.0.eq_ignore_ascii_case(after.0) {
            self.compare_description(part);
            self.compare_extensions(part, &[]);
        }
        self.compare_headers(part);
        self.compare_links(part);
        self.in_code = in_code;
    }

    fn compare_links(&mut self, part: &Part<'a>) {
        let (old, new) = part.child("links");
        let change = |rule| PartChange::new(rule).positions(Positions::RESPONSE);
        let link = |diff: &Self, name: &str| {
            diff.response_part(part, format!("link `{name}`"), &[Step::key("links"), Step::key(name)])
        };
        for (name, after) in entries(new) {
            let after = self.schemas.new.resolve(after).0;
            let before = old
                .and_then(|old| old.get(name))
                .map(|link| self.schemas.old.resolve(link).0);
            let link = link(self, name);
            match before {
                None => self.report(&link, &[], change(&LINK_ADDED)),
                Some(before) if before != after => {
                    let change = change(&LINK_CHANGED).between(Some(before), Some(after));
                    self.report(&link, &[], change);
                }
                Some(_) => {}
            }
        }
        for (name, _) in entries(old).filter(|(name, _)| new.and_then(|new| new.get(*name)).is_none()) {
            let link = link(self, name);
            self.report(&link, &[], change(&LINK_REMOVED));
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
        // Generated code does not read headers.
        let in_code = std::mem::replace(&mut self.in_code, false);
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
            self.compare_examples(&header);
            self.compare_extensions(&header, &["x-sunset"]);
            self.compare_style(&header, "header", Positions::RESPONSE);
            self.compare_content(&header, Positions::RESPONSE);
            self.use_text_schema(&header, Positions::RESPONSE);
        }
        for (name, _) in entries(old).filter(|(name, _)| find(new, name).is_none()) {
            let header = self.response_part(
                part,
                format!("header `{name}`"),
                &[Step::key("headers"), Step::key(name)],
            );
            self.report(&header, &[], change(&HEADER_REMOVED));
        }
        self.in_code = in_code;
    }
}
