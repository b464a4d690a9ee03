//! Applies every overlay action to the new pages, and compares its outcome with that on the present pages.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use contract::merge::{Superseded, without_names};
use contract::operations::operations;
use contract::overlay::{self, ActionError};
use contract::pipeline::{Joined, OVERLAYS};
use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::files::Files;
use openapi_reader::pointer::{token, tokens};
use spanned_json::Location;

/// An action with another outcome on the new pages.
#[derive(Debug)]
pub struct AffectedAction {
    pub location: Location,
    pub target: String,
    pub difference: Difference,
}

/// The difference of the outcomes.
#[derive(Debug, PartialEq, Eq)]
pub enum Difference {
    /// The new pages already have what the action sets; it can be deleted.
    AlreadyApplied,
    /// The new pages already have it in some of the matched places.
    PartlyApplied { already: Vec<String>, remaining: usize },
    /// The target matches nothing. The places that it matched before, and the first part of their pointers that is missing.
    NoMatch {
        before: Vec<String>,
        missing: Option<String>,
    },
    /// The target matches more places.
    MatchesMore { more: Vec<String>, before: usize },
    /// The target matches fewer places.
    MatchesFewer { missing: Vec<String>, remaining: usize },
    /// The action is invalid, with the reason.
    Invalid(String),
}

/// The actions to review, in order, and the number of all actions.
#[derive(Debug, Default)]
pub struct OverlayReport {
    pub affected: Vec<AffectedAction>,
    pub actions: usize,
}

/// The outcome of an action on one side.
struct Outcome {
    location: Location,
    target: String,
    pointers: Vec<String>,
    unchanged: Vec<String>,
    error: Option<ActionError>,
}

/// The merged documents with all overlays.
pub struct Corrected {
    /// With the operations that the selection leaves out.
    document: Value,
    outcomes: Vec<Outcome>,
    /// The operations that the selection leaves out, by path and method.
    pub left_out: Vec<(String, String)>,
    /// Entries of the selection that match nothing.
    pub selection_errors: Diagnostics,
    pub superseded: Vec<Superseded>,
}

/// An operation that the contract has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub method: String,
    pub path: String,
    /// Its operationId.
    pub id: String,
}

impl Endpoint {
    /// Method and path; parameters have no names, because those may change.
    pub fn key(&self) -> (String, String) {
        (without_names(&self.path).0, self.method.clone())
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method.to_uppercase(), self.path)
    }
}

impl Corrected {
    /// The operations of the contract.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let all = operations(&self.document).map(|(path, method, operation)| Endpoint {
            method: method.to_owned(),
            path: path.to_owned(),
            id: operation["operationId"].as_str().unwrap_or_default().to_owned(),
        });
        let left_out: BTreeSet<_> = self.left_out.iter().collect();
        all.filter(|endpoint| !left_out.contains(&(endpoint.path.clone(), endpoint.method.clone())))
            .collect()
    }
}

/// Compares the outcomes of every action.
pub fn compare(old: Corrected, new: Corrected) -> OverlayReport {
    let mut before: HashMap<Location, Outcome> = old
        .outcomes
        .into_iter()
        .map(|outcome| (outcome.location.clone(), outcome))
        .collect();
    let document = new.document;
    let mut affected = Vec::new();
    let actions = new.outcomes.len();
    for after in new.outcomes {
        let Some(before) = before.remove(&after.location) else {
            continue;
        };
        // An action that fails on the present pages is reported by codegen.
        if before.error.is_some() && before.error == after.error {
            continue;
        }
        if let Some(difference) = difference(&document, &before, &after) {
            affected.push(AffectedAction {
                location: after.location,
                target: after.target,
                difference,
            });
        }
    }
    OverlayReport { affected, actions }
}

/// Applies every action to the documents.
pub fn apply(joined: &Joined, files: &Files) -> Result<Corrected, Diagnostics> {
    let Joined { merged, selected, .. } = joined;
    let mut document = merged.document.clone();
    let overlays = overlay::load_overlays(files, OVERLAYS)?;
    let mut outcomes = Vec::new();
    overlay::apply_each(&mut document, &overlays, &mut |applied| {
        outcomes.push(Outcome {
            location: applied.location(),
            target: applied.target().to_owned(),
            pointers: applied.pointers,
            unchanged: applied.unchanged,
            error: applied.error,
        });
    });
    // An action may apply to more places among what is left out; nobody has to review that.
    let left_out = selected.left_out(&document);
    let prefixes: Vec<String> = left_out
        .iter()
        .map(|(path, method)| format!("/paths/{}/{method}", token(path)))
        .collect();
    if !prefixes.is_empty() {
        let is_kept = |pointer: &String| {
            !prefixes.iter().any(|prefix| {
                pointer
                    .strip_prefix(prefix)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        for outcome in &mut outcomes {
            outcome.pointers.retain(is_kept);
            outcome.unchanged.retain(is_kept);
        }
    }
    Ok(Corrected {
        left_out,
        document,
        outcomes,
        selection_errors: selected.errors.clone(),
        superseded: merged.superseded.clone(),
    })
}

fn difference(document: &Value, before: &Outcome, after: &Outcome) -> Option<Difference> {
    match &after.error {
        Some(ActionError::NoChange) => return Some(Difference::AlreadyApplied),
        Some(ActionError::Invalid(message)) => return Some(Difference::Invalid(message.clone())),
        Some(ActionError::NoMatch) => {
            let missing = before.pointers.iter().find_map(|pointer| missing(document, pointer));
            let before = display_all(&before.pointers);
            return Some(Difference::NoMatch { before, missing });
        }
        None => {}
    }
    if after.unchanged.len() > before.unchanged.len() {
        return Some(Difference::PartlyApplied {
            already: display_all(&after.unchanged),
            remaining: after.pointers.len() - after.unchanged.len(),
        });
    }
    let (more, fewer) = different_places(&before.pointers, &after.pointers);
    if !more.is_empty() {
        return Some(Difference::MatchesMore {
            more,
            before: before.pointers.len(),
        });
    }
    if !fewer.is_empty() {
        return Some(Difference::MatchesFewer {
            missing: fewer,
            remaining: after.pointers.len(),
        });
    }
    None
}

/// The places that are only in `after`, and those that are only in `before`. Array indices are ignored, because an added parameter
/// moves those after it.
fn different_places(before: &[String], after: &[String]) -> (Vec<String>, Vec<String>) {
    let mut balance: BTreeMap<String, isize> = BTreeMap::new();
    for (pointers, weight) in [(after, 1), (before, -1)] {
        for pointer in pointers {
            *balance.entry(without_indices(pointer)).or_default() += weight;
        }
    }
    let take = |from: &[String], sign: isize| {
        let mut remaining: BTreeMap<&String, isize> = balance.iter().map(|(key, count)| (key, count * sign)).collect();
        let mut out = Vec::new();
        // From the end, where items are added.
        for pointer in from.iter() {
            if let Some(count) = remaining.get_mut(&without_indices(pointer))
                && *count > 0
            {
                *count -= 1;
                out.push(pointer.clone());
            }
        }
        display_all(&out)
    };
    (take(after, 1), take(before, -1))
}

fn without_indices(pointer: &str) -> String {
    let segments = pointer.split('/');
    let segments = segments.map(
        |segment| match segment.is_empty() || !segment.bytes().all(|b| b.is_ascii_digit()) {
            true => segment,
            false => "*",
        },
    );
    segments.collect::<Vec<_>>().join("/")
}

/// The first prefix of a pointer that the document does not have; `None` if it has the whole pointer.
fn missing(document: &Value, pointer: &str) -> Option<String> {
    let ends = pointer
        .match_indices('/')
        .map(|(at, _)| at)
        .skip(1)
        .chain([pointer.len()]);
    let mut prefixes = ends.map(|end| &pointer[..end]);
    let first = prefixes.find(|prefix| document.pointer(prefix).is_none())?;
    Some(display(first))
}

/// Formats pointers, in the order of the document: actions are applied from the last to the first.
fn display_all(pointers: &[String]) -> Vec<String> {
    pointers.iter().rev().map(|pointer| display(pointer)).collect()
}

/// Formats a pointer for people: `POST /tenants: requestBody › content › application/json › schema`.
fn display(pointer: &str) -> String {
    match tokens(pointer).as_slice() {
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
    use contract::pipeline::join;

    use super::*;

    /// The difference of the outcomes of one action on two documents.
    fn difference_of(old: &str, new: &str, action: &str) -> Option<Difference> {
        let files = |paths: &str| {
            let mut files = Files::default();
            let page = format!(
                "{{\"openapi\": \"3.1.0\", \"info\": {{\"title\": \"t\", \"version\": \"1\"}}, \"paths\": {{{paths}}}}}"
            );
            files.insert("upstream/page.json".to_owned(), page.into_bytes());
            let overlay = format!("overlay: 1.0.0\nactions:\n- {{description: d, {action}}}\n");
            files.insert("overlays/a.yaml".to_owned(), overlay.into_bytes());
            files
        };
        let [old, new] = [files(old), files(new)].map(|files| apply(&join(&files).unwrap(), &files).unwrap());
        let mut affected = compare(old, new).affected;
        assert!(affected.len() <= 1);
        affected.pop().map(|action| action.difference)
    }

    const ONE: &str = r#""/a": {"get": {"operationId": "a", "parameters": [{"name": "x", "in": "query", "schema": {"type": "string"}}]}}"#;

    #[test]
    fn every_difference_is_detected() {
        let limit = "target: \"$.paths..parameters[?@.name == 'x'].schema\", update: {maxLength: 5}";
        assert_eq!(difference_of(ONE, ONE, limit), None);
        let repaired = ONE.replace(r#""type": "string""#, r#""type": "string", "maxLength": 5"#);
        assert_eq!(difference_of(ONE, &repaired, limit), Some(Difference::AlreadyApplied));
        let renamed = ONE.replace(r#""name": "x""#, r#""name": "y""#);
        assert_eq!(
            difference_of(ONE, &renamed, limit),
            Some(Difference::NoMatch {
                before: vec!["GET /a: parameters › 0 › schema".to_owned()],
                missing: None
            })
        );
        let removed = ONE.replace("\"/a\"", "\"/b\"");
        assert_eq!(
            difference_of(ONE, &removed, "target: \"$.paths['/a'].get\", update: {summary: s}"),
            Some(Difference::NoMatch {
                before: vec!["GET /a".to_owned()],
                missing: Some("/a".to_owned())
            })
        );
        let two = format!("{ONE}, {}", ONE.replace("\"/a\"", "\"/b\"").replace("\"a\"", "\"b\""));
        assert_eq!(
            difference_of(ONE, &two, limit),
            Some(Difference::MatchesMore {
                more: vec!["GET /b: parameters › 0 › schema".to_owned()],
                before: 1
            })
        );
        assert_eq!(
            difference_of(&two, ONE, limit),
            Some(Difference::MatchesFewer {
                missing: vec!["GET /b: parameters › 0 › schema".to_owned()],
                remaining: 1
            })
        );
        let half = format!(
            "{repaired}, {}",
            ONE.replace("\"/a\"", "\"/b\"").replace("\"a\"", "\"b\"")
        );
        assert_eq!(
            difference_of(&two, &half, limit),
            Some(Difference::PartlyApplied {
                already: vec!["GET /a: parameters › 0 › schema".to_owned()],
                remaining: 1
            })
        );
    }

    #[test]
    fn action_that_fails_on_both_sides_is_not_reported() {
        assert_eq!(difference_of(ONE, ONE, "target: $.nothing, remove: true"), None);
        assert_eq!(difference_of(ONE, ONE, "target: '$.a[', remove: true"), None);
    }

    #[test]
    fn moved_array_item_is_the_same_place() {
        let more = ONE.replace(
            "[{",
            r#"[{"name": "w", "in": "query", "schema": {"type": "string"}}, {"#,
        );
        let limit = "target: \"$.paths..parameters[?@.name == 'x'].schema\", update: {maxLength: 5}";
        assert_eq!(difference_of(ONE, &more, limit), None);
    }
}
