//! For pull requests, and for the changelog of the contract.

use std::fmt::Write;

use super::{Report, Summary, counted, effects, grouped};
use openapi_diff::Level;

/// A report on its own.
pub fn markdown(report: &Report<'_>) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# Changes from `{}` to `{}`\n", report.old.name, report.new.name);
    let _ = writeln!(out, "{}.", Summary::of(report.changes).sentence(report.all));
    out.push_str(&section(report, 2));
    out
}

/// The changes under headings of a level.
pub fn section(report: &Report<'_>, level: usize) -> String {
    let mut out = String::new();
    for (resource, changes) in grouped(report) {
        let _ = writeln!(out, "\n{} {resource}\n", "#".repeat(level));
        for change in changes {
            let effects = effects(change);
            let effects = if effects.is_empty() {
                String::new()
            } else {
                format!(" ({})", effects.join("; "))
            };
            let sentence = &change.sentence;
            let word = match change.level() {
                Level::Breaking => "**Breaking**: ",
                Level::Risky => "**Risky**: ",
                _ => "",
            };
            let touched = match change.operations.as_slice() {
                [] => String::new(),
                [one] if sentence.contains(&one.name()) => String::new(),
                [one] => format!(" In {}.", one.name()),
                several if several.len() > 6 => format!(" In {}.", counted(several.len(), "operation")),
                several => format!(
                    " In {}.",
                    several.iter().map(|o| o.name()).collect::<Vec<_>>().join(", ")
                ),
            };
            let _ = writeln!(out, "- {word}{sentence}{effects}.{touched}");
        }
    }
    out
}

/// What changed, as one sentence for a heading.
pub fn counts(report: &Report<'_>) -> String {
    Summary::of(report.changes).sentence(report.all)
}
