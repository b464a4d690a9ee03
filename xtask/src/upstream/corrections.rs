//! What becomes of the overlays: every action tried on the new pages, in one run, and set against what it does in the tree.

use std::collections::BTreeMap;

use serde_json::Value;

use contract::diagnostic::Diagnostics;
use contract::files::Files;
use contract::overlay::{self, Fault};
use contract::pipeline::{DOCUMENTS, OVERLAYS};
use contract::{load, merge};
use spanned_json::Place;

/// An action that does not do to the new pages what it does to those of the tree.
#[derive(Debug)]
pub struct Correction {
    pub place: Place,
    pub target: String,
    pub verdict: Verdict,
}

/// What is different.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The pages say so themselves: it can go.
    AlreadyTrue,
    /// They do in some of the places that it is about.
    PartlyTrue { already: Vec<String>, left: usize },
    /// What it is about is gone; where that stood, and the first part of it that is not there any more.
    Gone { was: Vec<String>, missing: Option<String> },
    /// It is about places that it was not about.
    MatchesMore { more: Vec<String>, before: usize },
    /// Some of the places that it was about are gone, or are not as its target asks any more.
    MatchesFewer { gone: Vec<String>, left: usize },
    /// It is no action.
    Wrong(String),
}

/// The actions that need a look, in their order, and how many there are in all.
#[derive(Debug, Default)]
pub struct Corrections {
    pub found: Vec<Correction>,
    pub actions: usize,
}

/// What an action did to a document.
struct Done {
    place: Place,
    target: String,
    pointers: Vec<String>,
    idle: Vec<String>,
    fault: Option<Fault>,
}

/// Tries every action on both.
pub fn compare(old: &Files, new: &Files) -> Result<Corrections, Diagnostics> {
    let (_, before) = apply(old)?;
    let (document, after) = apply(new)?;
    let mut found = Vec::new();
    let actions = after.len();
    for (before, after) in before.into_iter().zip(after) {
        // What does not fit the tree either is no news of the pages; codegen says it.
        if before.fault.is_some() && before.fault == after.fault {
            continue;
        }
        if let Some(verdict) = verdict(&document, &before, &after) {
            found.push(Correction {
                place: after.place,
                target: after.target,
                verdict,
            });
        }
    }
    Ok(Corrections { found, actions })
}

fn apply(files: &Files) -> Result<(Value, Vec<Done>), Diagnostics> {
    let loaded = load::load_files(files, &DOCUMENTS)?;
    let mut document = merge::merge(&loaded.documents)?.document;
    let overlays = overlay::load_overlays(files, OVERLAYS)?;
    let mut done = Vec::new();
    overlay::apply_each(&mut document, &overlays, &mut |applied| {
        done.push(Done {
            place: applied.place(),
            target: applied.target().to_owned(),
            pointers: applied.pointers,
            idle: applied.idle,
            fault: applied.fault,
        });
    });
    Ok((document, done))
}

fn verdict(document: &Value, before: &Done, after: &Done) -> Option<Verdict> {
    match &after.fault {
        Some(Fault::NoChange) => return Some(Verdict::AlreadyTrue),
        Some(Fault::Wrong(message)) => return Some(Verdict::Wrong(message.clone())),
        Some(Fault::NoMatch) => {
            let missing = before.pointers.iter().find_map(|pointer| missing(document, pointer));
            let was = shown(&before.pointers);
            return Some(Verdict::Gone { was, missing });
        }
        None => {}
    }
    if after.idle.len() > before.idle.len() {
        return Some(Verdict::PartlyTrue {
            already: shown(&after.idle),
            left: after.pointers.len() - after.idle.len(),
        });
    }
    let (more, gone) = different(&before.pointers, &after.pointers);
    if !more.is_empty() {
        return Some(Verdict::MatchesMore {
            more,
            before: before.pointers.len(),
        });
    }
    if !gone.is_empty() {
        return Some(Verdict::MatchesFewer {
            gone,
            left: after.pointers.len(),
        });
    }
    None
}

/// The places of `after` that are not in `before`, and those of `before` that are not in `after`. Which item of a list it is
/// does not count: a parameter more moves those after it.
fn different(before: &[String], after: &[String]) -> (Vec<String>, Vec<String>) {
    let mut balance: BTreeMap<String, isize> = BTreeMap::new();
    for (pointers, weight) in [(after, 1), (before, -1)] {
        for pointer in pointers {
            *balance.entry(without_items(pointer)).or_default() += weight;
        }
    }
    let take = |from: &[String], sign: isize| {
        let mut left: BTreeMap<&String, isize> = balance.iter().map(|(key, count)| (key, count * sign)).collect();
        let mut out = Vec::new();
        // From the end: what was added stands behind.
        for pointer in from.iter() {
            if let Some(count) = left.get_mut(&without_items(pointer))
                && *count > 0
            {
                *count -= 1;
                out.push(pointer.clone());
            }
        }
        shown(&out)
    };
    (take(after, 1), take(before, -1))
}

fn without_items(pointer: &str) -> String {
    let segments = pointer.split('/');
    let segments = segments.map(
        |segment| match segment.is_empty() || !segment.bytes().all(|b| b.is_ascii_digit()) {
            true => segment,
            false => "*",
        },
    );
    segments.collect::<Vec<_>>().join("/")
}

/// The first part of a pointer that the document does not have; `None` when it has all of it.
fn missing(document: &Value, pointer: &str) -> Option<String> {
    let ends = pointer
        .match_indices('/')
        .map(|(at, _)| at)
        .skip(1)
        .chain([pointer.len()]);
    let mut prefixes = ends.map(|end| &pointer[..end]);
    let first = prefixes.find(|prefix| document.pointer(prefix).is_none())?;
    Some(show(first))
}

/// In the order of the document; actions work from the last to the first.
fn shown(pointers: &[String]) -> Vec<String> {
    pointers.iter().rev().map(|pointer| show(pointer)).collect()
}

/// A pointer for a person: `POST /tenants: requestBody.content.application/json.schema`.
fn show(pointer: &str) -> String {
    let segments: Vec<String> = pointer
        .split('/')
        .skip(1)
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect();
    match segments.as_slice() {
        [paths, path] if paths == "paths" => path.clone(),
        [paths, path, method, rest @ ..] if paths == "paths" => {
            let place = format!("{} {path}", method.to_uppercase());
            match rest.is_empty() {
                true => place,
                false => format!("{place}: {}", rest.join(" › ")),
            }
        }
        other => other.join(" › "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of one action when the pages change from one document to another.
    fn verdict_of(old: &str, new: &str, action: &str) -> Option<Verdict> {
        let files = |members: &str| {
            let mut files = Files::default();
            let page = format!(
                "{{\"openapi\": \"3.1.0\", \"info\": {{\"title\": \"t\", \"version\": \"1\"}}, \"paths\": {{{members}}}}}"
            );
            files.insert("upstream/page.json".to_owned(), page.into_bytes());
            let overlay = format!("overlay: 1.0.0\nactions:\n- {{description: d, {action}}}\n");
            files.insert("overlays/a.yaml".to_owned(), overlay.into_bytes());
            files
        };
        let mut found = compare(&files(old), &files(new)).unwrap().found;
        assert!(found.len() <= 1);
        found.pop().map(|correction| correction.verdict)
    }

    const ONE: &str = r#""/a": {"get": {"operationId": "a", "parameters": [{"name": "x", "in": "query", "schema": {"type": "string"}}]}}"#;

    #[test]
    fn every_verdict() {
        let limit = "target: \"$.paths..parameters[?@.name == 'x'].schema\", update: {maxLength: 5}";
        assert_eq!(verdict_of(ONE, ONE, limit), None);
        let repaired = ONE.replace(r#""type": "string""#, r#""type": "string", "maxLength": 5"#);
        assert_eq!(verdict_of(ONE, &repaired, limit), Some(Verdict::AlreadyTrue));
        let renamed = ONE.replace(r#""name": "x""#, r#""name": "y""#);
        assert_eq!(
            verdict_of(ONE, &renamed, limit),
            Some(Verdict::Gone {
                was: vec!["GET /a: parameters › 0 › schema".to_owned()],
                missing: None
            })
        );
        let removed = ONE.replace("\"/a\"", "\"/b\"");
        assert_eq!(
            verdict_of(ONE, &removed, "target: \"$.paths['/a'].get\", update: {summary: s}"),
            Some(Verdict::Gone {
                was: vec!["GET /a".to_owned()],
                missing: Some("/a".to_owned())
            })
        );
        let two = format!("{ONE}, {}", ONE.replace("\"/a\"", "\"/b\"").replace("\"a\"", "\"b\""));
        assert_eq!(
            verdict_of(ONE, &two, limit),
            Some(Verdict::MatchesMore {
                more: vec!["GET /b: parameters › 0 › schema".to_owned()],
                before: 1
            })
        );
        assert_eq!(
            verdict_of(&two, ONE, limit),
            Some(Verdict::MatchesFewer {
                gone: vec!["GET /b: parameters › 0 › schema".to_owned()],
                left: 1
            })
        );
        let half = format!(
            "{repaired}, {}",
            ONE.replace("\"/a\"", "\"/b\"").replace("\"a\"", "\"b\"")
        );
        assert_eq!(
            verdict_of(&two, &half, limit),
            Some(Verdict::PartlyTrue {
                already: vec!["GET /a: parameters › 0 › schema".to_owned()],
                left: 1
            })
        );
    }

    #[test]
    fn what_is_wrong_with_both_is_no_news() {
        assert_eq!(verdict_of(ONE, ONE, "target: $.nothing, remove: true"), None);
        assert_eq!(verdict_of(ONE, ONE, "target: '$.a[', remove: true"), None);
    }

    #[test]
    fn another_place_in_a_list_is_the_same_place() {
        let more = ONE.replace(
            "[{",
            r#"[{"name": "w", "in": "query", "schema": {"type": "string"}}, {"#,
        );
        let limit = "target: \"$.paths..parameters[?@.name == 'x'].schema\", update: {maxLength: 5}";
        assert_eq!(verdict_of(ONE, &more, limit), None);
    }
}
