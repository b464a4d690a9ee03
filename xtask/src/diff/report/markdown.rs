//! Reports as Markdown, for pull requests and for the changelog of the contract.

use std::fmt::Write;

use super::{Report, Summary, by_resource, effects, quantity};
use openapi_diff::Severity;

/// Formats a whole report.
pub fn markdown(report: &Report<'_>) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# Changes from `{}` to `{}`\n", report.old.name, report.new.name);
    let _ = writeln!(out, "{}.", Summary::new(report.changes).describe(report.all));
    out.push_str(&notes(report));
    out.push_str(&section(report, 2));
    out
}

/// Formats the notes as a list.
pub fn notes(report: &Report<'_>) -> String {
    let lines: String = report.notes.iter().map(|note| format!("- {note}\n")).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// Formats the changes, under headings of a level.
pub fn section(report: &Report<'_>, level: usize) -> String {
    let mut out = String::new();
    for (resource, changes) in by_resource(report) {
        let _ = writeln!(out, "\n{} {resource}\n", "#".repeat(level));
        for change in changes {
            let effects = effects(change);
            let effects = if effects.is_empty() {
                String::new()
            } else {
                format!(" ({})", effects.join("; "))
            };
            let message = &change.message;
            let label = match change.severity() {
                _ if change.accepted.is_some() => "Accepted: ",
                Severity::Breaking => "**Breaking**: ",
                Severity::Risky => "**Risky**: ",
                _ => "",
            };
            let affected = match change.operations.as_slice() {
                [] => String::new(),
                [one] if message.contains(&one.name()) => String::new(),
                [one] => format!(" In {}.", one.name()),
                several if several.len() > 6 => format!(" In {}.", quantity(several.len(), "operation")),
                several => format!(
                    " In {}.",
                    several.iter().map(|o| o.name()).collect::<Vec<_>>().join(", ")
                ),
            };
            let _ = writeln!(out, "- {label}{message}{effects}.{affected}");
        }
    }
    out
}

/// Describes the number of changes in one sentence.
pub fn counts(report: &Report<'_>) -> String {
    Summary::new(report.changes).describe(report.all)
}
