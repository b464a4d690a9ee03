//! For programs.

use serde_json::{Value, json};

use super::{Report, Summary};
use openapi_diff::Level;
use spanned_json::Place;

/// Everything about every change, words included, whatever `--all` says.
pub fn json(report: &Report<'_>) -> Value {
    let place = |place: &Option<Place>| place.as_ref().map(|p| json!({"file": p.file, "line": p.line}));
    let changes: Vec<_> = report
        .changes
        .iter()
        .map(|change| {
            json!({
                "rule": change.rule.id,
                "level": change.level().word(),
                "callers": change.callers.word(),
                "client": change.client().word(),
                "readers": change.readers.word(),
                "tolerated": change.tolerated,
                "resource": change.resource,
                "at": change.at,
                "message": change.sentence,
                "old": said(&change.old),
                "new": said(&change.new),
                "in": {"request": change.positions.request, "answer": change.positions.answer},
                "operations": change.operations,
                "old_place": place(&change.old_place),
                "new_place": place(&change.new_place),
            })
        })
        .collect();
    json!({
        "old": report.old.name,
        "new": report.new.name,
        "level": report.changes.iter().map(|c| c.level()).max().unwrap_or(Level::None).word(),
        "summary": Summary::of(report.changes),
        "changes": changes,
        "notices": {"old": report.old.notices, "new": report.new.notices},
    })
}

fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
