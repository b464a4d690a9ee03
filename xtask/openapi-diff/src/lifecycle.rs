//! The life cycle of operations and parameters: deprecated, with an announced date (`x-sunset`) or without one, and removed.

use serde_json::Value;

use super::locate::Step;
use super::operation_diff::{OperationDiff, Part, PartChange, flag, quoted, text};
use super::rules::Rule;
use super::rules::operations::*;
use super::rules::requests::*;

/// The rules of a removal: of what was not deprecated, of what was, after its sunset, and before it.
pub struct Removal {
    plain: &'static Rule,
    deprecated: &'static Rule,
    late: &'static Rule,
    early: &'static Rule,
}

pub const OPERATION: Removal = Removal {
    plain: &OPERATION_REMOVED,
    deprecated: &DEPRECATED_OPERATION_REMOVED,
    late: &SUNSET_OPERATION_REMOVED,
    early: &OPERATION_REMOVED_EARLY,
};

pub const PARAMETER: Removal = Removal {
    plain: &PARAMETER_REMOVED,
    deprecated: &DEPRECATED_PARAMETER_REMOVED,
    late: &SUNSET_PARAMETER_REMOVED,
    early: &PARAMETER_REMOVED_EARLY,
};

/// The date in `x-sunset`, of a date or a time as in RFC 3339. Such dates are ordered like their strings.
fn sunset(value: &Value) -> Option<&str> {
    text(value, "x-sunset").and_then(date)
}

/// The date that a text begins with.
pub fn date(text: &str) -> Option<&str> {
    let date = text.get(..10)?;
    let is_digit = |(index, c): (usize, char)| matches!(index, 4 | 7) == (c == '-') && (c == '-' || c.is_ascii_digit());
    date.chars().enumerate().all(is_digit).then_some(date)
}

/// The rule of the removal of a part, and its announced date. `today` is a date; without one, no sunset has passed or is to come.
pub fn removal(value: &Value, today: Option<&str>, rules: &Removal) -> (&'static Rule, String) {
    let (rule, date) = match (flag(value, "deprecated"), sunset(value), today.and_then(date)) {
        (_, Some(sunset), Some(today)) if sunset <= today => (rules.late, sunset),
        (_, Some(sunset), Some(_)) => (rules.early, sunset),
        (_, Some(_), None) | (true, None, _) => (rules.deprecated, ""),
        (false, None, _) => (rules.plain, ""),
    };
    let date = if date.is_empty() { String::new() } else { quoted(date) };
    (rule, date)
}

impl<'a> OperationDiff<'a, '_> {
    /// Compares `deprecated` and `x-sunset`.
    pub(super) fn compare_deprecation(&mut self, part: &Part<'a>) {
        match (flag(part.old, "deprecated"), flag(part.new, "deprecated")) {
            (false, true) => self.report(part, &[Step::key("deprecated")], PartChange::new(&DEPRECATED)),
            (true, false) => self.report(part, &[Step::key("deprecated")], PartChange::new(&UNDEPRECATED)),
            _ => {}
        }
        let (a, b) = part.child("x-sunset");
        if a == b {
            return;
        }
        let rule = match (sunset(part.old), sunset(part.new)) {
            (None, Some(_)) if a.is_none() => &SUNSET_ADDED,
            (Some(_), None) if b.is_none() => &SUNSET_REMOVED,
            (Some(before), Some(after)) if after < before => &SUNSET_ADVANCED,
            (Some(before), Some(after)) if after > before => &SUNSET_POSTPONED,
            _ => return self.report_extension(part, "x-sunset", a, b),
        };
        let shown = |value: Option<&Value>| value.and_then(Value::as_str).map(quoted).unwrap_or_default();
        let change = PartChange::new(rule).old(shown(a)).new_text(shown(b));
        self.report(part, &[Step::key("x-sunset")], change);
    }
}
