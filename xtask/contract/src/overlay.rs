//! Corrections as OpenAPI Overlay documents, 1.0 or 1.1, applied in the order of their file names.
//!
//! An action that matches nothing or changes nothing is an error, so that a correction does not outlive the vendor's fix.

use serde_json::{Map, Value};
use serde_json_path::JsonPath;

use openapi_reader::check::check;
use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::files::Files;
use openapi_reader::grammar::Kind;
use openapi_reader::notices::Notices;
use openapi_reader::text::parse_file;
use spanned_json::{Location, Node, unescape};

/// One overlay document.
#[derive(Debug)]
pub struct Overlay {
    pub file: String,
    /// The document with the location of each value.
    pub source: Node,
    value: Value,
    /// Overlay 1.1, in which values must fit the nodes that they are merged into, and actions may copy.
    is_1_1: bool,
}

/// Reads the overlays of a directory, in the order of file names.
pub fn load_overlays(files: &Files, directory: &str) -> Result<Vec<Overlay>, Diagnostics> {
    files
        .in_directory(directory)
        .filter(|(name, _)| !name.ends_with(".md"))
        .map(|(name, content)| Overlay::parse(name, content))
        .collect()
}

impl Overlay {
    pub fn parse(file: &str, content: &[u8]) -> Result<Self, Diagnostics> {
        let source = parse_file(file, content).map_err(|errors| {
            let mut invalid = Diagnostics::default();
            for error in errors.iter() {
                invalid.push(error.location.as_ref(), format!("invalid overlay: {}", error.message));
            }
            invalid
        })?;
        let error = |node: &Node, message: String| Err(Diagnostics::new(Some(&node.location), message));
        let Some(version) = source.get("overlay") else {
            return error(
                &source,
                "not an overlay: `overlay: 1.0.0` is missing (Overlay 1.0 and 1.1 are read)".to_owned(),
            );
        };
        // YAML reads `overlay: 1.0` as a number.
        let text = version
            .as_str()
            .map_or_else(|| version.value().to_string(), str::to_owned);
        let is = |minor: &str| text == minor || text.strip_prefix(minor).is_some_and(|rest| rest.starts_with('.'));
        if !is("1.0") && !is("1.1") {
            return error(
                version,
                format!("the version {text} of the overlay is not supported: Overlay 1.0 and 1.1 are read"),
            );
        }
        match source.get("actions") {
            Some(actions) if !matches!(actions.kind, spanned_json::Kind::Array(_)) => {
                return error(actions, "`actions` must be an array".to_owned());
            }
            Some(_) => {}
            None => return error(&source, "the overlay has no `actions`".to_owned()),
        }
        Ok(Self {
            file: file.to_owned(),
            is_1_1: is("1.1"),
            value: source.value(),
            source,
        })
    }

    /// The location of an action: the line of its `target`.
    fn action_location(&self, index: usize) -> Location {
        let action = self
            .source
            .get("actions")
            .and_then(|actions| actions.items().get(index));
        let node = action.map_or(&self.source, |action| action.get("target").unwrap_or(action));
        node.location.clone()
    }
}

/// Applies all actions and returns their number.
///
/// # Errors
///
/// Actions that fail, and an action that leaves a document whose structure is wrong.
pub fn apply(document: &mut Value, overlays: &[Overlay]) -> Result<usize, Diagnostics> {
    let before = document.clone();
    let mut count = 0;
    let errors = apply_each(document, overlays, &mut |_| count += 1);
    errors.into_result()?;
    match malformed(document) {
        None => Ok(count),
        Some(message) => Err(blame(before, overlays, &message)),
    }
}

/// Returns what is wrong with the structure of a document, which the reader has checked before.
fn malformed(document: &Value) -> Option<String> {
    let mut node = Node::from_value(&Location::new("", 1), document.clone());
    let (mut errors, mut notices) = (Diagnostics::default(), Notices::default());
    check(&mut node, Kind::Document, &mut errors, &mut notices);
    let first = errors.iter().next().map(|error| error.message.clone());
    first.or_else(|| notices.first().map(str::to_owned))
}

/// Finds the action that leaves a malformed document, by applying one after the other.
fn blame(mut document: Value, overlays: &[Overlay], message: &str) -> Diagnostics {
    let was_malformed = malformed(&document).is_some();
    let mut location = None;
    for overlay in overlays.iter().filter(|_| !was_malformed) {
        let actions = overlay.value.get("actions").and_then(Value::as_array);
        for (index, action) in actions.into_iter().flatten().enumerate() {
            let mut applied = Applied::new(overlay, index);
            // All actions succeeded before.
            let _ = apply_action(&mut document, action, &mut applied);
            if malformed(&document).is_some() {
                location = Some(applied.location());
                break;
            }
        }
        if location.is_some() {
            break;
        }
    }
    Diagnostics::new(
        location.as_ref(),
        format!("the action leaves a document that cannot be read: {message}"),
    )
}

/// The outcome of an action.
pub struct Applied<'a> {
    pub overlay: &'a Overlay,
    /// The index of the action in its overlay.
    pub index: usize,
    /// JSON Pointers to the nodes that its target matched, in the order of application.
    pub pointers: Vec<String>,
    /// Those of them that it did not change.
    pub unchanged: Vec<String>,
    /// The JSON Pointer to the node that it copies.
    pub copied: Option<String>,
    /// The error, if it failed.
    pub error: Option<ActionError>,
}

impl<'a> Applied<'a> {
    fn new(overlay: &'a Overlay, index: usize) -> Self {
        Self {
            overlay,
            index,
            pointers: Vec::new(),
            unchanged: Vec::new(),
            copied: None,
            error: None,
        }
    }

    /// The location of the action.
    pub fn location(&self) -> Location {
        self.overlay.action_location(self.index)
    }

    /// The action's target, a JSONPath.
    pub fn target(&self) -> &str {
        let action = self
            .overlay
            .value
            .get("actions")
            .and_then(|actions| actions.get(self.index));
        let target = action.and_then(|action| action.get("target")).and_then(Value::as_str);
        target.unwrap_or_default().trim()
    }
}

/// A failure of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionError {
    /// The target matches nothing.
    NoMatch,
    /// The document already has what the action sets, or lacks what it removes.
    NoChange,
    /// The action itself is invalid, with the reason.
    Invalid(String),
}

/// Applies all actions and passes each outcome to `each`. Returns the errors of those that failed, which leave the document unchanged.
pub fn apply_each(document: &mut Value, overlays: &[Overlay], each: &mut dyn FnMut(Applied<'_>)) -> Diagnostics {
    let mut errors = Diagnostics::default();
    for overlay in overlays {
        let actions = overlay.value.get("actions").and_then(Value::as_array);
        for (index, action) in actions.into_iter().flatten().enumerate() {
            let mut applied = Applied::new(overlay, index);
            applied.error = apply_action(document, action, &mut applied).err();
            let target = applied.target();
            let message = match &applied.error {
                None => None,
                Some(ActionError::NoMatch) => Some(format!(
                    "the action on `{target}` matches nothing; delete it if the vendor fixed the page"
                )),
                Some(ActionError::NoChange) => Some(format!(
                    "the action on `{target}` changes nothing; delete it, the page is already correct"
                )),
                Some(ActionError::Invalid(message)) => Some(message.clone()),
            };
            if let Some(message) = message {
                errors.push(Some(&applied.location()), message);
            }
            each(applied);
        }
    }
    errors
}

/// Applies an action, and notes which nodes it matches, changes and copies.
fn apply_action(document: &mut Value, action: &Value, applied: &mut Applied<'_>) -> Result<(), ActionError> {
    let is_1_1 = applied.overlay.is_1_1;
    let Applied {
        pointers,
        unchanged,
        copied,
        ..
    } = applied;
    let invalid = |message: String| Err(ActionError::Invalid(message));
    let text = |key: &str| {
        action
            .get(key)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|t| !t.is_empty())
    };
    let Some(target) = text("target") else {
        return invalid("an action needs a `target`, a JSONPath (RFC 9535)".to_owned());
    };
    if text("description").is_none() {
        return invalid(format!(
            "the action on `{target}` needs a `description` with the reason"
        ));
    }
    if let Some(key) = action.as_object().and_then(|a| {
        a.keys().find(|k| {
            !matches!(k.as_str(), "target" | "description" | "update" | "remove" | "copy") && !k.starts_with("x-")
        })
    }) {
        return invalid(format!("the action on `{target}` has an unknown key `{key}`"));
    }
    let remove = match action.get("remove") {
        None => false,
        Some(Value::Bool(remove)) => *remove,
        Some(_) => {
            return invalid(format!(
                "`remove` of the action on `{target}` must be `true` or `false`"
            ));
        }
    };
    let copy = match action.get("copy") {
        None => None,
        Some(_) if !is_1_1 => {
            return invalid(format!(
                "the action on `{target}` has `copy`, which Overlay 1.1 has; write `overlay: 1.1.0`"
            ));
        }
        Some(Value::String(copy)) => Some(copy.as_str()),
        Some(_) => return invalid(format!("`copy` of the action on `{target}` must be a JSONPath")),
    };
    let update = action.get("update");
    if [remove, copy.is_some(), update.is_some()]
        .iter()
        .filter(|is_set| **is_set)
        .count()
        != 1
    {
        let one = if is_1_1 {
            "one of `update`, `copy` and"
        } else {
            "either `update` or"
        };
        return invalid(format!("the action on `{target}` needs {one} `remove: true`"));
    }
    let parse = |path: &str| {
        JsonPath::parse(path).map_err(|error| ActionError::Invalid(format!("`{path}` is not a JSONPath: {error}")))
    };
    let path = parse(target)?;
    let update = match copy {
        None => update.cloned(),
        Some(copy) => {
            let nodes = parse(copy)?.query_located(document);
            let found: Vec<_> = nodes.locations().map(|location| location.to_json_pointer()).collect();
            let [pointer] = found.as_slice() else {
                let count = found.len();
                return invalid(format!(
                    "the action on `{target}` must copy one node, and `{copy}` matches {count}"
                ));
            };
            *copied = Some(pointer.clone());
            document.pointer(pointer).cloned()
        }
    };

    // Pointers from last to first, so that a removal does not move what is still to be removed.
    pointers.extend(
        path.query_located(document)
            .locations()
            .map(|location| location.to_json_pointer()),
    );
    pointers.dedup();
    pointers.reverse();
    if pointers.is_empty() {
        return Err(ActionError::NoMatch);
    }
    if let Some(update) = update.as_ref().filter(|_| is_1_1) {
        for node in pointers.iter().filter_map(|pointer| document.pointer(pointer)) {
            if let Err(at) = check_fits(node, update) {
                return invalid(format!(
                    "the action on `{target}` merges values of different kinds{at}; remove the old one in an action before"
                ));
            }
        }
    }
    for pointer in pointers.iter() {
        let changed = match &update {
            None => remove_at(document, pointer),
            Some(update) => document
                .pointer_mut(pointer)
                .is_some_and(|node| merge_into(node, update)),
        };
        if !changed {
            unchanged.push(pointer.clone());
        }
    }
    if unchanged.len() == pointers.len() {
        return Err(ActionError::NoChange);
    }
    Ok(())
}

/// Checks that a value can be merged into a node, as Overlay 1.1 demands; the error is the place where it cannot.
fn check_fits(node: &Value, update: &Value) -> Result<(), String> {
    match (node, update) {
        (Value::Object(node), Value::Object(update)) => {
            update.iter().try_for_each(|(key, value)| match node.get(key) {
                Some(known) => check_fits(known, value).map_err(|at| match at.as_str() {
                    "" => format!(" at `{key}`"),
                    at => format!(" at `{key}`,{at}"),
                }),
                None => Ok(()),
            })
        }
        (Value::Object(_), _) => Err(String::new()),
        (Value::Array(_), _) => Ok(()),
        (_, Value::Object(_) | Value::Array(_)) => Err(String::new()),
        _ => Ok(()),
    }
}

/// Merges as the Overlay standard defines: objects merge, arrays are appended to, everything else is replaced. Returns `true` if
/// anything changed.
fn merge_into(node: &mut Value, update: &Value) -> bool {
    match (node, update) {
        (Value::Object(node), Value::Object(update)) => merge_objects(node, update),
        (Value::Array(items), Value::Array(more)) => {
            items.extend(more.iter().cloned());
            !more.is_empty()
        }
        (Value::Array(items), one) => {
            items.push(one.clone());
            true
        }
        (node, update) => {
            let changed = node != update;
            *node = update.clone();
            changed
        }
    }
}

fn merge_objects(node: &mut Map<String, Value>, update: &Map<String, Value>) -> bool {
    let mut changed = false;
    for (key, value) in update {
        changed |= match node.get_mut(key) {
            Some(existing) => merge_into(existing, value),
            None => {
                node.insert(key.clone(), value.clone());
                true
            }
        };
    }
    changed
}

fn remove_at(document: &mut Value, pointer: &str) -> bool {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return false;
    };
    let key = unescape(last);
    match document.pointer_mut(parent) {
        // Keys keep their order.
        Some(Value::Object(object)) => object.shift_remove(&key).is_some(),
        Some(Value::Array(items)) => match key.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests;
