//! Reports for GitHub Actions: an annotation at the line of each change.

use std::fmt::Write;

use super::{Report, Summary, effects};
use openapi_diff::Severity;

/// One workflow command for each change, and a summary.
pub fn github(report: &Report<'_>) -> String {
    let mut out = String::new();
    for change in report.changes {
        let command = match change.severity() {
            _ if change.accepted.is_some() => "notice",
            Severity::Breaking => "error",
            Severity::Risky => "warning",
            severity if severity > Severity::Text || report.all => "notice",
            _ => continue,
        };
        let mut message = vec![change.message.clone()];
        message.extend(effects(change));
        // The new side is in the work tree; a removed part is annotated where it was.
        let location = change.new_location.as_ref().or(change.old_location.as_ref());
        let location = location.map_or_else(String::new, |p| format!("file={},line={},", property(&p.file), p.line));
        let title = property(change.rule.id);
        let _ = writeln!(
            out,
            "::{command} {location}title={title}::{}",
            data(&message.join("\n"))
        );
    }
    for note in report.notes {
        let _ = writeln!(out, "::notice ::{}", data(note));
    }
    let _ = writeln!(out, "{}", Summary::new(report.changes).describe(report.all));
    out
}

/// Escapes the message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
