//! Reports as text, for terminals.

use std::fmt::Write;

use super::{Report, Summary, by_resource, effects, word};
use openapi_diff::{Change, Operation, Positions, Severity};

const RED: &str = "31";
const YELLOW: &str = "33";
const GREEN: &str = "32";
const BOLD: &str = "1";
const DIM: &str = "2";

/// Formats the changes by resource, the most severe first, with effects, affected operations and locations.
pub fn text(report: &Report<'_>, color: bool) -> String {
    let paint = |code: &str, text: &str| {
        if color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    };
    let mut out = String::new();
    let _ = writeln!(out, "{} -> {}", report.old.name, report.new.name);
    for (resource, changes) in by_resource(report) {
        let _ = writeln!(out, "\n{}", paint(BOLD, resource));
        for change in changes {
            let severity = change.severity();
            let color = match severity {
                _ if change.accepted.is_some() => GREEN,
                Severity::Breaking => RED,
                Severity::Risky => YELLOW,
                _ => GREEN,
            };
            let word = format!("{:<10}", word(change));
            let id = paint(DIM, &format!("[{}]", change.rule.id));
            let _ = writeln!(out, "  {}  {} {id}", paint(color, &word), change.message);
            for line in effects(change)
                .into_iter()
                .chain(texts(change))
                .chain(affected(change))
                .chain(locations(change))
            {
                let _ = writeln!(out, "              {line}");
            }
        }
    }
    let _ = writeln!(out, "\n{}", Summary::new(report.changes).describe(report.all));
    for note in report.notes {
        let _ = writeln!(out, "note: {note}");
    }
    out
}

/// The changed texts, if the message does not contain them.
fn texts(change: &Change) -> Vec<String> {
    let is_shown = |text: &str| text.is_empty() || change.message.contains(text);
    if change.severity() > Severity::Text || (is_shown(&change.old) && is_shown(&change.new)) {
        return Vec::new();
    }
    let same = change
        .old
        .chars()
        .zip(change.new.chars())
        .take_while(|(a, b)| a == b)
        .count();
    // Where only the white space differs, it is shown.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_space = words(&change.old) == words(&change.new);
    let around = |text: &str| {
        let start = same.saturating_sub(20);
        let shown: String = text.chars().skip(start).take(80).collect();
        let shown = match is_space {
            true => shown.escape_debug().to_string(),
            false => words(&shown),
        };
        let before = if start > 0 { "..." } else { "" };
        let after = if text.chars().count() > start + 80 { "..." } else { "" };
        format!("{before}{shown}{after}")
    };
    vec![
        format!("before: {}", around(&change.old)),
        format!("after:  {}", around(&change.new)),
    ]
}

/// The affected operations, by direction.
fn affected(change: &Change) -> Option<String> {
    let named = |operation: &Operation| match &operation.id {
        Some(id) => id.clone(),
        None => format!("{} {}", operation.method, operation.path),
    };
    let list = |operations: &[&Operation]| {
        let shown: Vec<_> = operations.iter().take(6).map(|operation| named(operation)).collect();
        match operations.len().saturating_sub(6) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    };
    // The message names a single operation already.
    if let [one] = change.operations.as_slice()
        && change.at.contains(&named(one))
    {
        return None;
    }
    let mut parts = Vec::new();
    for (request, response, side) in [
        (true, false, "in requests of"),
        (false, true, "in responses of"),
        (true, true, "in"),
    ] {
        let here = |operation: &&Operation| operation.positions == Positions { request, response };
        let operations: Vec<_> = change.operations.iter().filter(here).collect();
        if !operations.is_empty() {
            parts.push(format!("{side} {}", list(&operations)));
        }
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn locations(change: &Change) -> Option<String> {
    match (&change.old_location, &change.new_location) {
        (Some(old), Some(new)) => Some(format!("{old} -> {new}")),
        (Some(old), None) => Some(format!("{old} -> removed")),
        (None, Some(new)) => Some(new.to_string()),
        (None, None) => None,
    }
}
