//! `specs/selection.yaml`: which of the vendor's operations the contract has, and which local ones it prefers to the vendor's.
//!
//! Overlays apply to the whole document, so that they do not depend on the selection; what is left out is removed after them.

use std::collections::BTreeSet;

use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::files::Files;
use openapi_reader::grammar::METHODS;
use openapi_reader::load::Document;
use serde_json::Value;
use spanned_json::{Kind, Language, Location, Node, parse, unescape};

use crate::merge::{LOCAL, UPSTREAM, is_below, without_names};
use crate::operations::{Locations, operations};
use crate::wildcards::{path_matches, wildcard};

/// The name of the file in the specs directory.
pub const FILE: &str = "selection.yaml";

const KEYS: [&str; 3] = ["include", "exclude", "local"];
const COMPONENTS: &str = "#/components/";

/// The content of the file.
#[derive(Debug, Default)]
pub struct Selection {
    /// Empty: all operations.
    include: Vec<Rule>,
    exclude: Vec<Rule>,
    /// Local operations that are preferred to the vendor's.
    local: Vec<Rule>,
}

/// A set of operations.
#[derive(Debug)]
struct Rule {
    text: String,
    location: Location,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// Operations with a tag.
    Tag(String),
    /// Operations by path and, optionally, method (in lower case). Parameters have no names.
    Path { method: Option<String>, path: String },
}

/// An operation as it is compared with rules.
struct Candidate<'a> {
    method: &'a str,
    /// Without the names of parameters.
    path: &'a str,
    tags: Vec<&'a str>,
}

impl Rule {
    fn parse(node: &Node, key: &str) -> Result<Self, Diagnostics> {
        let error = |message: &str| Err(Diagnostics::new(Some(&node.location), message));
        let (text, form) = match (node.as_str(), node.properties()) {
            (None, Some(properties)) if key != "local" && properties.len() == 1 => {
                match properties.get("tag").and_then(Node::as_str) {
                    Some(tag) => (format!("tag: {tag}"), Form::Tag(tag.to_owned())),
                    None => return error("an entry is `/path`, `METHOD /path` or `tag: NAME`"),
                }
            }
            (Some(text), _) => {
                let words: Vec<&str> = text.split_whitespace().collect();
                let (method, path) = match words[..] {
                    [path] if key != "local" => (None, path),
                    [method, path] => (Some(method.to_ascii_lowercase()), path),
                    _ if key == "local" => return error("an entry of `local` is `METHOD /path`"),
                    _ => return error("an entry is `/path`, `METHOD /path` or `tag: NAME`"),
                };
                if method
                    .as_deref()
                    .is_some_and(|method| !METHODS.contains(&method) && method != "*")
                {
                    return error(&format!("`{text}` does not begin with a method of HTTP"));
                }
                if !path.starts_with('/') {
                    return error(&format!("the path of `{text}` does not begin with `/`"));
                }
                let path = without_names(path).0;
                let method = method.filter(|method| method != "*");
                (text.to_owned(), Form::Path { method, path })
            }
            _ => return error("an entry is `/path`, `METHOD /path` or `tag: NAME`"),
        };
        let location = node.location.clone();
        Ok(Self { text, location, form })
    }

    fn matches(&self, candidate: &Candidate<'_>) -> bool {
        match &self.form {
            Form::Tag(tag) => candidate.tags.iter().any(|of_operation| wildcard(tag, of_operation)),
            Form::Path { method, path } => {
                method.as_deref().is_none_or(|method| method == candidate.method) && path_matches(path, candidate.path)
            }
        }
    }
}

impl Selection {
    /// Reads the file; without it, everything is selected.
    ///
    /// # Errors
    ///
    /// Invalid YAML, unknown keys and invalid entries, with their lines.
    pub fn read(files: &Files) -> Result<Self, Diagnostics> {
        let Some(content) = files.get(FILE) else {
            return Ok(Self::default());
        };
        let first = Location::new(FILE, 1);
        let text = std::str::from_utf8(&content)
            .map_err(|_| Diagnostics::new(Some(&first), "is not UTF-8; save it as UTF-8"))?;
        let mut selection = Self::default();
        if text.lines().all(|line| line.is_empty() || line.starts_with('#')) {
            return Ok(selection);
        }
        let root = parse(Language::Yaml, &first, text)?;
        let mut errors = Diagnostics::default();
        let Some(properties) = root.properties() else {
            return Err(Diagnostics::new(
                Some(&first),
                "must be an object with the keys `include`, `exclude` and `local`",
            ));
        };
        for (key, list) in properties {
            let rules = match key.as_str() {
                "include" => &mut selection.include,
                "exclude" => &mut selection.exclude,
                "local" => &mut selection.local,
                _ => {
                    errors.push(
                        Some(&list.location),
                        format!("unknown key `{key}`; the keys are `{}`", KEYS.join("`, `")),
                    );
                    continue;
                }
            };
            if !matches!(list.kind, Kind::Array(_) | Kind::Scalar(Value::Null)) {
                errors.push(Some(&list.location), format!("`{key}` must be a list"));
            }
            for entry in list.items() {
                match Rule::parse(entry, key) {
                    Ok(rule) => rules.push(rule),
                    Err(error) => errors.extend(error),
                }
            }
        }
        errors.into_result()?;
        Ok(selection)
    }

    fn selects(&self, candidate: &Candidate<'_>) -> bool {
        let any = |rules: &[Rule]| rules.iter().any(|rule| rule.matches(candidate));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }

    /// Decides about every operation of the vendor's documents, and removes those that a local one replaces.
    pub fn decide(&self, documents: &mut [Document]) -> Selected {
        let mut selected = Selected::default();
        if self.include.is_empty() && self.exclude.is_empty() && self.local.is_empty() {
            return selected;
        }
        let mut local = BTreeSet::new();
        for document in documents.iter().filter(|document| is_below(&document.location, LOCAL)) {
            for_each(&document.source, &mut |method, path, _| {
                local.insert((path.to_owned(), method.to_owned()));
            });
        }
        let rules = || self.include.iter().chain(&self.exclude);
        // Entries with the same text match the same operations.
        let mut used = BTreeSet::new();
        let mut preferred = BTreeSet::new();
        for document in documents
            .iter_mut()
            .filter(|document| is_below(&document.location, UPSTREAM))
        {
            let mut replaced = Vec::new();
            for_each(&document.source, &mut |method, path, operation| {
                let tags = operation.get("tags").map(Node::items).unwrap_or_default();
                let candidate = Candidate {
                    method,
                    path,
                    tags: tags.iter().filter_map(Node::as_str).collect(),
                };
                used.extend(
                    rules()
                        .filter(|rule| rule.matches(&candidate))
                        .map(|rule| rule.text.as_str()),
                );
                let key = (path.to_owned(), method.to_owned());
                let is_selected = self.selects(&candidate);
                let is_local = local.contains(&key);
                let mut is_preferred = false;
                for rule in self.local.iter().filter(|rule| is_local && rule.matches(&candidate)) {
                    preferred.insert(rule.text.as_str());
                    is_preferred = true;
                }
                // A local operation stands in for what is left out.
                if is_local && (is_preferred || !is_selected) {
                    selected.removed.push(operation.value());
                    replaced.push(key);
                } else if !is_selected {
                    selected.left_out.insert(key);
                }
            });
            remove_operations(&mut document.source, &replaced);
        }
        for rule in rules().filter(|rule| !used.contains(rule.text.as_str())) {
            let message = format!("`{}` matches no operation of the vendor: remove the line", rule.text);
            selected.errors.push(Some(&rule.location), message);
        }
        for rule in self.local.iter().filter(|rule| !preferred.contains(rule.text.as_str())) {
            let message = format!(
                "`{}` is not documented both by the vendor and in `{LOCAL}/`: remove the line",
                rule.text
            );
            selected.errors.push(Some(&rule.location), message);
        }
        selected
    }
}

/// Adds entries to the list `local` of the file.
pub fn with_local(text: &str, entries: &[String]) -> String {
    let added: String = entries.iter().map(|entry| format!("  - {entry}\n")).collect();
    let mut out = String::new();
    let mut is_added = false;
    for line in text.lines() {
        let is_list = line.starts_with("local:") && matches!(line["local:".len()..].trim(), "" | "[]");
        if is_list && !is_added {
            out.push_str("local:\n");
            out.push_str(&added);
            is_added = true;
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    match is_added {
        true => out,
        false => format!("{out}local:\n{added}"),
    }
}

/// Calls `f` with each operation: method, path without names of parameters, and the operation.
fn for_each(document: &Node, f: &mut dyn FnMut(&str, &str, &Node)) {
    let paths = document.get("paths").and_then(Node::properties);
    for (path, item) in paths.into_iter().flatten() {
        let path = without_names(path).0;
        for (method, operation) in item.properties().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                f(method, &path, operation);
            }
        }
    }
}

/// Removes operations, given by path without names of parameters and method.
fn remove_operations(document: &mut Node, keys: &[(String, String)]) {
    if keys.is_empty() {
        return;
    }
    let Some(paths) = document.get_mut("paths").and_then(Node::properties_mut) else {
        return;
    };
    paths.retain(|path, item| {
        let Some(item) = item.properties_mut() else {
            return true;
        };
        let before = item.len();
        let path = without_names(path).0;
        item.retain(|method, _| !keys.iter().any(|(of, removed)| *of == path && removed == method));
        item.len() == before || item.keys().any(|key| METHODS.contains(&key.as_str()))
    });
}

/// The decisions about the vendor's operations.
#[derive(Debug, Clone, Default)]
pub struct Selected {
    /// Operations to leave out: path without names of parameters, and method.
    left_out: BTreeSet<(String, String)>,
    /// Operations of the vendor in place of which there are local ones.
    removed: Vec<Value>,
    /// Entries that match nothing.
    pub errors: Diagnostics,
}

impl Selected {
    /// The operations of the merged document to leave out, by path and method.
    pub fn left_out(&self, document: &Value) -> Vec<(String, String)> {
        operations(document)
            .map(|(path, method, _)| (path.to_owned(), method.to_owned()))
            .filter(|(path, method)| self.left_out.contains(&(without_names(path).0, method.clone())))
            .collect()
    }

    /// Removes what is left out from the merged document; returns the removed operations by path and method.
    pub fn apply(&self, document: &mut Value, locations: &mut Locations) -> Vec<(String, String)> {
        let keys = self.left_out(document);
        let mut removed = self.removed.clone();
        for key in &keys {
            let (path, method) = key;
            if let Some(operation) = remove_operation(document, path, method) {
                removed.push(operation);
            }
            locations.remove(key);
        }
        prune(document, &removed);
        keys
    }
}

/// Removes an operation, and its path if it was the last one there.
pub fn remove_operation(document: &mut Value, path: &str, method: &str) -> Option<Value> {
    let paths = document.get_mut("paths")?.as_object_mut()?;
    let item = paths.get_mut(path)?.as_object_mut()?;
    let removed = item.shift_remove(method)?;
    if !item.keys().any(|key| METHODS.contains(&key.as_str())) {
        paths.shift_remove(path);
    }
    Some(removed)
}

/// Removes components and tags that only removed operations used.
pub fn prune(document: &mut Value, removed: &[Value]) {
    if removed.is_empty() {
        return;
    }
    let mut rest = document.clone();
    let components = rest.as_object_mut().and_then(|root| root.shift_remove("components"));
    let gone = reachable(removed.iter(), components.as_ref());
    let kept = reachable(std::iter::once(&rest), components.as_ref());
    for pointer in gone.difference(&kept) {
        let mut parts = pointer.splitn(2, '/');
        if let (Some(section), Some(name)) = (parts.next(), parts.next())
            && let Some(section) = document["components"].get_mut(section).and_then(Value::as_object_mut)
        {
            section.shift_remove(name);
        }
    }
    let tags = |operation: &Value| -> Vec<String> {
        let tags = operation.get("tags").and_then(Value::as_array);
        let names = tags.into_iter().flatten().filter_map(Value::as_str);
        names.map(str::to_owned).collect()
    };
    let kept: BTreeSet<String> = operations(document)
        .flat_map(|(_, _, operation)| tags(operation))
        .collect();
    let gone: BTreeSet<String> = removed.iter().flat_map(tags).collect();
    if let Some(all) = document.get_mut("tags").and_then(Value::as_array_mut) {
        all.retain(|tag| {
            let name = tag.get("name").and_then(Value::as_str).unwrap_or_default();
            !gone.contains(name) || kept.contains(name)
        });
    }
}

/// The components (`SECTION/NAME`) that values refer to, directly or through other components.
fn reachable<'a>(values: impl Iterator<Item = &'a Value>, components: Option<&'a Value>) -> BTreeSet<String> {
    fn collect<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
        match value {
            // Values of `$ref`, and of the mapping of a discriminator.
            Value::String(text) => out.extend(text.strip_prefix(COMPONENTS)),
            Value::Array(items) => items.iter().for_each(|item| collect(item, out)),
            Value::Object(properties) => properties.values().for_each(|value| collect(value, out)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    let mut waiting = Vec::new();
    values.for_each(|value| collect(value, &mut waiting));
    while let Some(reference) = waiting.pop() {
        if let Some((section, name)) = reference.split_once('/') {
            let name = unescape(name);
            if found.insert(format!("{section}/{name}"))
                && let Some(component) = components.and_then(|all| all.get(section)?.get(&name))
            {
                collect(component, &mut waiting);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

    use serde_json::json;

    use super::*;

    #[test]
    fn invalid_entries_are_errors_with_their_lines() {
        let mut files = Files::default();
        let text =
            "include: /a\nexclude:\n  - a\n  - FETCH /a\n  - {name: x}\n  - GET /a /b\nlocal:\n  - /a\nskip: []\n";
        files.insert(FILE.to_owned(), text.as_bytes().to_vec());
        let errors = Selection::read(&files).unwrap_err().to_string();
        let expected = [
            "selection.yaml:1: `include` must be a list",
            "selection.yaml:3: the path of `a` does not begin with `/`",
            "selection.yaml:4: `FETCH /a` does not begin with a method of HTTP",
            "selection.yaml:5: an entry is `/path`, `METHOD /path` or `tag: NAME`",
            "selection.yaml:6: an entry is `/path`, `METHOD /path` or `tag: NAME`",
            "selection.yaml:8: an entry of `local` is `METHOD /path`",
            "selection.yaml:9: unknown key `skip`; the keys are `include`, `exclude`, `local`",
        ];
        assert_eq!(errors.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn local_entries_are_added() {
        let entries = ["POST /a".to_owned()];
        assert_eq!(with_local("", &entries), "local:\n  - POST /a\n");
        assert_eq!(
            with_local("exclude:\n  - /x\nlocal: []\n", &entries),
            "exclude:\n  - /x\nlocal:\n  - POST /a\n"
        );
        assert_eq!(
            with_local("local:\n  - GET /b\n", &entries),
            "local:\n  - POST /a\n  - GET /b\n"
        );
    }

    #[test]
    fn components_and_tags_of_removed_operations_vanish() {
        let schema = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let mut document = json!({
            "paths": {
                "/a": {"get": {"tags": ["A"], "x": schema("A")}},
                "/b": {"get": {"tags": ["B", "A"], "x": schema("B")}},
            },
            "tags": [{"name": "A"}, {"name": "B"}, {"name": "unused"}],
            "components": {"schemas": {"A": schema("Both"), "B": [schema("Both"), schema("OnlyB")], "Both": {}, "OnlyB": schema("B"), "Unused": {}}},
        });
        let removed = remove_operation(&mut document, "/b", "get").unwrap();
        prune(&mut document, &[removed]);
        assert_eq!(document["tags"], json!([{"name": "A"}, {"name": "unused"}]));
        // What nothing refers to is reported elsewhere.
        let names: Vec<_> = document["components"]["schemas"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["A", "Both", "Unused"]);
        assert!(document["paths"].get("/b").is_none());
    }
}
