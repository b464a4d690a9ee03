//! For people at a terminal.

use std::fmt::Write;

use super::{Report, Summary, effects, grouped};
use openapi_diff::{Change, Level, Operation, Positions};

const RED: &str = "31";
const YELLOW: &str = "33";
const GREEN: &str = "32";
const BOLD: &str = "1";
const DIM: &str = "2";

/// By resource, the worst first, with whom it breaks, whom it touches and where it stands.
pub fn text(report: &Report<'_>, colours: bool) -> String {
    let paint = |code: &str, text: &str| {
        if colours {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    };
    let mut out = String::new();
    let _ = writeln!(out, "{} -> {}", report.old.name, report.new.name);
    for (resource, changes) in grouped(report) {
        let _ = writeln!(out, "\n{}", paint(BOLD, resource));
        for change in changes {
            let level = change.level();
            let colour = match level {
                Level::Breaking => RED,
                Level::Risky => YELLOW,
                _ => GREEN,
            };
            let word = format!("{:<10}", level.word());
            let id = paint(DIM, &format!("[{}]", change.rule.id));
            let _ = writeln!(out, "  {}  {} {id}", paint(colour, &word), change.sentence);
            for line in effects(change)
                .into_iter()
                .chain(words(change))
                .chain(touched(change))
                .chain(places(change))
            {
                let _ = writeln!(out, "              {line}");
            }
        }
    }
    let _ = writeln!(out, "\n{}", Summary::of(report.changes).sentence(report.all));
    out
}

/// The words themselves, where the sentence does not tell them.
fn words(change: &Change) -> Vec<String> {
    let told = |text: &str| text.is_empty() || change.sentence.contains(text);
    if change.level() > Level::Text || (told(&change.old) && told(&change.new)) {
        return Vec::new();
    }
    let same = change
        .old
        .chars()
        .zip(change.new.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let around = |text: &str| {
        let start = same.saturating_sub(20);
        let shown: String = text.chars().skip(start).take(80).collect();
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let before = if start > 0 { "..." } else { "" };
        let after = if text.chars().count() > start + 80 { "..." } else { "" };
        format!("{before}{shown}{after}")
    };
    vec![
        format!("before: {}", around(&change.old)),
        format!("after:  {}", around(&change.new)),
    ]
}

/// The operations, and where in them it stands.
fn touched(change: &Change) -> Option<String> {
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
    // One operation is named in the sentence already.
    if let [one] = change.operations.as_slice()
        && change.at.contains(&named(one))
    {
        return None;
    }
    let mut parts = Vec::new();
    for (request, answer, side) in [
        (true, false, "in requests of"),
        (false, true, "in answers of"),
        (true, true, "in"),
    ] {
        let here = |operation: &&Operation| operation.positions == Positions { request, answer };
        let operations: Vec<_> = change.operations.iter().filter(here).collect();
        if !operations.is_empty() {
            parts.push(format!("{side} {}", list(&operations)));
        }
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn places(change: &Change) -> Option<String> {
    match (&change.old_place, &change.new_place) {
        (Some(old), Some(new)) => Some(format!("{old} -> {new}")),
        (Some(old), None) => Some(format!("{old} -> gone")),
        (None, Some(new)) => Some(new.to_string()),
        (None, None) => None,
    }
}
