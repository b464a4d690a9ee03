//! Corrections: OpenAPI Overlay 1.0 documents, applied in the order of their file names.
//!
//! An action that matches nothing or changes nothing is an error: a correction dies when the vendor repairs the page.

use serde_json::{Map, Value};
use serde_json_path::JsonPath;

use spanned_json::Place;

use crate::diagnostic::{Diagnostics, fault};
use crate::files::Files;
use crate::strict::Strict;

/// One overlay document.
#[derive(Debug)]
pub struct Overlay {
    pub file: String,
    value: Value,
    pub text: String,
}

/// Reads the overlays of a folder, in the order of file names.
pub fn load_overlays(files: &Files, folder: &str) -> Result<Vec<Overlay>, Diagnostics> {
    files
        .below(folder)
        .filter(|(name, _)| !name.ends_with(".md"))
        .map(|(name, content)| {
            let place = Place {
                file: name.to_owned(),
                line: 1,
            };
            let text =
                std::str::from_utf8(content).map_err(|_| fault(Some(&place), "is not UTF-8 text; save it as UTF-8"))?;
            Overlay::parse(name.to_owned(), text.to_owned())
        })
        .collect()
}

impl Overlay {
    pub fn parse(file: String, text: String) -> Result<Self, Diagnostics> {
        let Strict(value) = serde_yaml::from_str(&text).map_err(|e| {
            let line = e.location().map_or(1, |l| l.line());
            let place = Place {
                file: file.clone(),
                line,
            };
            fault(Some(&place), format!("broken overlay: {e}"))
        })?;
        let overlay = Self { file, value, text };
        if !overlay
            .value
            .get("overlay")
            .and_then(Value::as_str)
            .is_some_and(|v| v.starts_with("1.0."))
        {
            return Err(fault(
                Some(&overlay.place(0)),
                "not an overlay: `overlay: 1.0.0` is missing",
            ));
        }
        Ok(overlay)
    }

    /// The line of the action of this index: that of its `target`.
    fn place(&self, index: usize) -> Place {
        let line = self
            .text
            .lines()
            .enumerate()
            .filter(|(_, line)| line.trim_start_matches([' ', '-', '"', '{']).starts_with("target"))
            .nth(index)
            .map_or(1, |(line, _)| line + 1);
        Place {
            file: self.file.clone(),
            line,
        }
    }
}

/// Applies all actions; returns how many there were.
pub fn apply(document: &mut Value, overlays: &[Overlay]) -> Result<usize, Diagnostics> {
    let mut count = 0;
    let faults = apply_each(document, overlays, &mut |_| count += 1);
    faults.into_result()?;
    Ok(count)
}

/// What an action did.
pub struct Applied<'a> {
    pub overlay: &'a Overlay,
    /// Which of the overlay's actions it is.
    pub index: usize,
    /// The nodes that it updated or removed, as JSON pointers, in the order in which it did.
    pub pointers: Vec<String>,
    /// Those of them that said already what it wants.
    pub idle: Vec<String>,
    /// Why it did nothing.
    pub fault: Option<Fault>,
}

impl Applied<'_> {
    /// Where the action stands.
    pub fn place(&self) -> Place {
        self.overlay.place(self.index)
    }

    /// What the action is about, a JSONPath.
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

/// Why an action did nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is nothing that its target matches.
    NoMatch,
    /// What it matches says already what it wants.
    NoChange,
    /// It is no action, in words.
    Wrong(String),
}

/// Applies all actions and reports each; those that fail are faults, and leave the document as it was or is.
pub fn apply_each(document: &mut Value, overlays: &[Overlay], each: &mut dyn FnMut(Applied<'_>)) -> Diagnostics {
    let mut faults = Diagnostics::default();
    for overlay in overlays {
        let actions = overlay.value.get("actions").and_then(Value::as_array);
        for (index, action) in actions.into_iter().flatten().enumerate() {
            let mut applied = Applied {
                overlay,
                index,
                pointers: Vec::new(),
                idle: Vec::new(),
                fault: None,
            };
            applied.fault = apply_action(document, action, &mut applied.pointers, &mut applied.idle).err();
            let target = applied.target();
            let message = match &applied.fault {
                None => None,
                Some(Fault::NoMatch) => Some(format!(
                    "the action on `{target}` matches nothing: if the vendor repaired the page, delete the action"
                )),
                Some(Fault::NoChange) => Some(format!(
                    "the action on `{target}` changes nothing: the page already says so, delete the action"
                )),
                Some(Fault::Wrong(message)) => Some(message.clone()),
            };
            if let Some(message) = message {
                faults.push(Some(&applied.place()), message);
            }
            each(applied);
        }
    }
    faults
}

/// Does what an action says; says which nodes it is about, and which of them said so already.
fn apply_action(
    document: &mut Value,
    action: &Value,
    pointers: &mut Vec<String>,
    idle: &mut Vec<String>,
) -> Result<(), Fault> {
    let wrong = |message: String| Err(Fault::Wrong(message));
    let text = |key: &str| {
        action
            .get(key)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|t| !t.is_empty())
    };
    let Some(target) = text("target") else {
        return wrong("an action needs a `target`, a JSONPath (RFC 9535)".to_owned());
    };
    if text("description").is_none() {
        return wrong(format!("the action on `{target}` needs a `description` that says why"));
    }
    if let Some(key) = action.as_object().and_then(|a| {
        a.keys()
            .find(|k| !matches!(k.as_str(), "target" | "description" | "update" | "remove") && !k.starts_with("x-"))
    }) {
        return wrong(format!("the action on `{target}` has an unknown key `{key}`"));
    }
    let remove = action.get("remove").and_then(Value::as_bool).unwrap_or(false);
    let update = action.get("update");
    if remove == update.is_some() {
        return wrong(format!(
            "the action on `{target}` needs either `update` or `remove: true`"
        ));
    }
    let path = match JsonPath::parse(target) {
        Ok(path) => path,
        Err(error) => return wrong(format!("the target `{target}` is not a JSONPath: {error}")),
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
        return Err(Fault::NoMatch);
    }
    for pointer in pointers.iter() {
        let changed = match update {
            None => remove_at(document, pointer),
            Some(update) => document
                .pointer_mut(pointer)
                .is_some_and(|node| merge_into(node, update)),
        };
        if !changed {
            idle.push(pointer.clone());
        }
    }
    if idle.len() == pointers.len() {
        return Err(Fault::NoChange);
    }
    Ok(())
}

/// The merge of the Overlay standard: objects merge, arrays grow, everything else is replaced. Says whether it changed anything.
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
    let key = last.replace("~1", "/").replace("~0", "~");
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
mod tests {
    use serde_json::json;

    use super::*;

    fn run(document: Value, actions: &str) -> Result<Value, String> {
        let mut document = document;
        let overlay = Overlay::parse(
            "overlays/a.yaml".to_owned(),
            format!("overlay: 1.0.0\nactions:\n{actions}"),
        )
        .map_err(|e| e.to_string())?;
        apply(&mut document, &[overlay]).map_err(|e| e.to_string())?;
        Ok(document)
    }

    #[test]
    fn updates_merge_and_removals_remove() {
        let document = json!({"a": {"b": 1, "l": [1]}, "c": [{"x": 1}, {"x": 2}, {"x": 1}]});
        let actions = "
- {target: $.a, description: d, update: {b: 2, l: [2], n: {m: 1}}}
- target: $.c[?@.x == 1]
  description: d
  remove: true
";
        assert_eq!(
            run(document, actions).unwrap(),
            json!({"a": {"b": 2, "l": [1, 2], "n": {"m": 1}}, "c": [{"x": 2}]})
        );
    }

    #[test]
    fn dead_actions_fail_with_their_line() {
        let actions = "
- target: $.b
  description: d
  remove: true
- target: $.a
  description: d
  update: {b: 1}
";
        assert_eq!(
            run(json!({"a": {"b": 1}}), actions).unwrap_err(),
            "overlays/a.yaml:4: the action on `$.b` matches nothing: if the vendor repaired the page, delete the action\n\
             overlays/a.yaml:7: the action on `$.a` changes nothing: the page already says so, delete the action"
        );
    }

    #[test]
    fn bad_actions_fail() {
        for (action, expected) in [
            ("{target: '$.a', update: 1}", "needs a `description`"),
            ("{target: '$.a[', description: d, update: 1}", "is not a JSONPath"),
            ("{target: '$.a', description: d}", "either `update` or `remove"),
            (
                "{target: '$.a', description: d, update: 1, remove: true}",
                "either `update` or `remove",
            ),
            ("{target: '$.a', description: d, updat: 1}", "unknown key `updat`"),
        ] {
            let error = run(json!({"a": 0}), &format!("- {action}\n")).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let error = Overlay::parse("overlays/a.yaml".to_owned(), "actions: []".to_owned()).unwrap_err();
        assert!(error.to_string().contains("not an overlay"), "{error}");
    }
}
