//! Reports as JSON, for programs.

use serde_json::{Value, json};

use super::{Report, Summary};
use openapi_diff::Severity;
use spanned_json::Location;

/// Formats all changes, including documentation whatever `--all` says.
pub fn json(report: &Report<'_>) -> Value {
    let location = |location: &Option<Location>| location.as_ref().map(|p| json!({"file": &*p.file, "line": p.line}));
    let changes: Vec<_> = report
        .changes
        .iter()
        .map(|change| {
            json!({
                "rule": change.rule.id,
                "accepted": change.accepted,
                "level": change.severity().as_str(),
                "callers": change.callers.as_str(),
                "client": change.client().as_str(),
                "readers": change.readers.as_str(),
                "tolerated": change.tolerated,
                "code": change.code.as_str(),
                "resource": change.resource,
                "at": change.at,
                "message": change.message,
                "old": non_empty(&change.old),
                "new": non_empty(&change.new),
                "in": {"request": change.positions.request, "answer": change.positions.response},
                "operations": change.operations,
                "old_place": location(&change.old_location),
                "new_place": location(&change.new_location),
            })
        })
        .collect();
    json!({
        "old": report.old.name,
        "new": report.new.name,
        "level": report.changes.iter().filter(|c| c.accepted.is_none()).map(|c| c.severity()).max().unwrap_or(Severity::None).as_str(),
        "summary": Summary::new(report.changes),
        "changes": changes,
        "notes": report.notes,
        "notices": {"old": report.old.notices, "new": report.new.notices},
    })
}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
