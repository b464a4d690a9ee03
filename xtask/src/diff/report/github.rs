//! For GitHub Actions: an annotation at the line that says it.

use std::fmt::Write;

use super::{Report, Summary, effects};
use openapi_diff::Level;

/// One workflow command for each change, and a summary.
pub fn github(report: &Report<'_>) -> String {
    let mut out = String::new();
    for change in report.changes {
        let command = match change.level() {
            Level::Breaking => "error",
            Level::Risky => "warning",
            level if level > Level::Text || report.all => "notice",
            _ => continue,
        };
        let mut message = vec![change.sentence.clone()];
        message.extend(effects(change));
        // The new side is what is in the tree; what went is shown where it was.
        let place = change.new_place.as_ref().or(change.old_place.as_ref());
        let place = place.map_or_else(String::new, |p| format!("file={},line={},", property(&p.file), p.line));
        let title = property(change.rule.id);
        let _ = writeln!(out, "::{command} {place}title={title}::{}", data(&message.join("\n")));
    }
    let _ = writeln!(out, "{}", Summary::of(report.changes).sentence(report.all));
    out
}

/// As the runner unescapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
