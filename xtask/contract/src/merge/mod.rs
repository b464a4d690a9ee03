//! Merges the documents into one. What differs for callers is an error that names both locations; what does not, such as the texts of
//! tags, is a notice that says which one is kept. Components are those of their document: where two documents have different ones of a
//! name, the later one is renamed.

mod components;
mod parameters;

use std::collections::{BTreeSet, HashMap};

use heck::ToLowerCamelCase;
use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::grammar::METHODS;
use openapi_reader::load::Document;
use openapi_reader::notices::Notices;
use openapi_reader::pointer::{first_difference, token};
use serde_json::{Value, json};
use spanned_json::{Kind, Location, Node};

use self::components::rename_components;
use self::parameters::{add_shared_parameters, rename_path_parameters};
use crate::operations::Locations;

/// The directory of the vendor's documents.
pub const UPSTREAM: &str = "upstream";
/// The directory of documents for what the vendor does not document.
pub const LOCAL: &str = "local";

/// The merged document and the locations of its operations.
#[derive(Debug, Clone)]
pub struct Merged {
    pub document: Value,
    /// The document with the location of each value.
    pub source: Node,
    pub locations: Locations,
    /// The number of operations, counting identical repetitions once.
    pub operations: usize,
    pub notices: Vec<String>,
    /// The local operations that the vendor documents too.
    pub superseded: Vec<Superseded>,
}

/// An operation of `local/` that `upstream/` has too. The merged document has the vendor's.
#[derive(Debug, Clone)]
pub struct Superseded {
    /// The path in the vendor's spelling.
    pub path: String,
    pub method: String,
    pub upstream: Location,
    pub local: Location,
    /// The JSON Pointer to the first difference in the operation; `None` if both are equal.
    pub difference: Option<String>,
}

impl Superseded {
    /// The error of a run that has not decided for one of them.
    pub fn message(&self) -> String {
        format!(
            "`{} {}` is documented by the vendor too, at {}, and the first difference is at `{}`: remove it here, or prefer it to the \
             vendor's under `local` in selection.yaml (`cargo xtask upstream` reports what differs for callers)",
            self.method.to_uppercase(),
            self.path,
            self.upstream,
            self.difference.as_deref().unwrap_or_default(),
        )
    }
}

impl Merged {
    /// The errors of local operations that differ from the vendor's.
    pub fn superseded_errors(&self) -> Diagnostics {
        let mut errors = Diagnostics::default();
        for superseded in self
            .superseded
            .iter()
            .filter(|superseded| superseded.difference.is_some())
        {
            errors.push(Some(&superseded.local), superseded.message());
        }
        errors
    }
}

/// Merges the documents in order.
pub fn merge(documents: &[Document]) -> Result<Merged, Diagnostics> {
    let location = documents
        .first()
        .map_or(Location::new("", 1), |first| first.location.clone());
    let mut merger = Merger {
        root: Node::object(location),
        part_locations: HashMap::new(),
        locations: Locations::new(),
        operation_ids: HashMap::new(),
        templates: HashMap::new(),
        superseded: Vec::new(),
        notices: Notices::default(),
        errors: Diagnostics::default(),
    };
    for document in documents {
        let mut source = document.source.clone();
        rename_components(&mut source, &merger.root, &mut merger.notices);
        merger.add(&source);
    }
    merger.finish()
}

struct Merger {
    root: Node,
    /// The location of each part, by JSON Pointer in the merged document.
    part_locations: HashMap<String, Location>,
    locations: Locations,
    operation_ids: HashMap<String, Location>,
    /// Path templates by their form without parameter names, to find those that match the same URLs.
    templates: HashMap<String, String>,
    superseded: Vec<Superseded>,
    notices: Notices,
    errors: Diagnostics,
}

/// The parts that the operations of a path item share.
struct Shared<'a> {
    document: &'a Node,
    path: &'a str,
    /// The path as this document writes it.
    written: &'a str,
    /// The parameters of the path item.
    parameters: Option<&'a Node>,
    /// The new names of path parameters, by the old ones.
    names: &'a HashMap<String, String>,
}

impl Merger {
    fn add(&mut self, document: &Node) {
        for (key, value) in document.properties().into_iter().flatten() {
            match key.as_str() {
                "paths" => self.add_paths(document, value),
                "tags" => self.add_list("tags", "name", value),
                "servers" => self.add_list("servers", "url", value),
                "components" => {
                    for (section, entries) in value.properties().into_iter().flatten() {
                        for (name, entry) in entries.properties().into_iter().flatten() {
                            self.set(&["components", section, name], entry);
                        }
                    }
                }
                "webhooks" => {
                    for (name, item) in value.properties().into_iter().flatten() {
                        self.set(&["webhooks", name], item);
                    }
                }
                // Where a page's security differs from the first page's, it is set on the page's operations.
                "security" if self.root.get("security").is_some() => {}
                _ => self.set(&[key], value),
            }
        }
    }

    fn add_paths(&mut self, document: &Node, paths: &Node) {
        for (path, item) in paths.properties().into_iter().flatten() {
            if path.starts_with("x-") {
                self.set(&["paths", path], item);
                continue;
            }
            let written = path;
            let (path, names) = self.template(path, &item.location);
            let shared = Shared {
                document,
                path: &path,
                written,
                parameters: item.get("parameters"),
                names: &names,
            };
            for (key, value) in item.properties().into_iter().flatten() {
                if METHODS.contains(&key.as_str()) {
                    self.add_operation(&shared, key, value);
                } else if key != "parameters" {
                    self.set(&["paths", &path, key], value);
                }
            }
        }
    }

    /// Two templates that differ only in the names of parameters match the same URLs. The first one's names are used for both; returns
    /// them by the names of this one.
    fn template(&mut self, path: &str, location: &Location) -> (String, HashMap<String, String>) {
        let (normalized, own) = without_names(path);
        let first = self.templates.entry(normalized).or_insert_with(|| path.to_owned());
        if first == path {
            return (path.to_owned(), HashMap::new());
        }
        let (_, theirs) = without_names(first);
        self.notices.push(
            location,
            format!("the path `{path}` matches the same URLs as `{first}`; the names of its parameters are used"),
        );
        (first.clone(), own.into_iter().zip(theirs).collect())
    }

    fn add_operation(&mut self, shared: &Shared<'_>, method: &str, operation: &Node) {
        let path = shared.path;
        let id = operation.get("operationId").filter(|id| id.as_str() != Some(""));
        let location = id.map_or(&operation.location, |id| &id.location).clone();
        let mut operation = operation.clone();
        add_shared_parameters(
            &mut operation,
            shared.parameters,
            shared.document,
            &mut self.notices,
            &mut self.errors,
        );
        rename_path_parameters(&mut operation, shared.names, shared.document);
        if let Some(Kind::Array(tags)) = operation.get_mut("tags").map(|tags| &mut tags.kind) {
            let mut seen = BTreeSet::new();
            tags.retain(|tag| tag.as_str().is_none_or(|tag| seen.insert(tag.to_owned())));
        }
        if operation.get("security").is_none()
            && let Some(security) = shared.document.get("security")
            && self
                .root
                .get("security")
                .is_some_and(|first| first.value() != security.value())
            && let Some(properties) = operation.properties_mut()
        {
            properties.insert("security".to_owned(), security.clone());
        }

        let key = (path.to_owned(), method.to_owned());
        if let Some(first) = self.locations.get(&key) {
            let existing = self.root.get("paths").and_then(|paths| paths.get(path)?.get(method));
            let difference = existing.and_then(|existing| first_difference(&existing.value(), &operation.value()));
            if is_below(first, UPSTREAM) && is_below(&location, LOCAL) {
                self.superseded.push(Superseded {
                    path: path.to_owned(),
                    method: method.to_owned(),
                    upstream: first.clone(),
                    local: location,
                    difference,
                });
            } else if let Some(pointer) = difference {
                let method = method.to_uppercase();
                let same = match shared.names.is_empty() {
                    true => "is described differently",
                    // The names of parameters do not appear in URLs.
                    false => "has the URLs of an operation that is described differently",
                };
                let message = format!(
                    "`{method} {}` {same} at {first}: the first difference is at `{pointer}`; keep one of the two",
                    shared.written
                );
                self.errors.push(Some(&location), message);
            }
            return;
        }
        if let Some(id) = id.and_then(Node::as_str) {
            if let Some(first) = self.operation_ids.get(id) {
                let message = format!("the operationId `{id}` is already used at {first}; operationIds are unique");
                self.errors.push(Some(&location), message);
            } else {
                self.operation_ids.insert(id.to_owned(), location.clone());
            }
        }
        self.locations.insert(key, location.clone());
        let item = object_at(&mut self.root, &["paths", path], &location);
        if let Some(item) = item.properties_mut() {
            item.insert(method.to_owned(), operation);
        }
    }

    /// Merges tags or servers: lists whose items are identified by one property.
    fn add_list(&mut self, list: &str, key: &str, items: &Node) {
        if self.root.get(list).is_none()
            && let Some(root) = self.root.properties_mut()
        {
            let kind = Kind::Array(Vec::new());
            let location = items.location.clone();
            root.insert(list.to_owned(), Node { location, kind });
        }
        let Some(Kind::Array(all)) = self.root.get_mut(list).map(|node| &mut node.kind) else {
            return;
        };
        for item in items.items() {
            let Some(name) = item.get(key).and_then(Node::as_str) else {
                let message = format!("an entry of `{list}` must be an object with a string `{key}`");
                self.errors.push(Some(&item.location), message);
                continue;
            };
            let mut item = item.clone();
            if list == "servers" {
                with_string_defaults(&mut item);
            }
            match all
                .iter_mut()
                .find(|known| known.get(key).and_then(Node::as_str) == Some(name))
            {
                None => all.push(item),
                Some(existing) => {
                    // One page may describe a tag that another only names.
                    let is_bare = |node: &Node| node.properties().is_some_and(|properties| properties.len() == 1);
                    if is_bare(existing) {
                        *existing = item;
                    } else if !is_bare(&item)
                        && let Some(difference) = first_difference(&existing.value(), &item.value())
                    {
                        let message = format!(
                            "the entry `{name}` of `{list}` differs at `{difference}` from the one at {}, which is kept",
                            existing.location
                        );
                        self.notices.push(&item.location, message);
                    }
                }
            }
        }
    }

    /// Sets a part. If another document has set it, that one is kept.
    fn set(&mut self, path: &[&str], value: &Node) {
        let (Some(last), parents) = (path.last(), &path[..path.len().saturating_sub(1)]) else {
            return;
        };
        let pointer: String = path.iter().map(|key| format!("/{}", token(key))).collect();
        let parent = object_at(&mut self.root, parents, &value.location);
        let Some(parent) = parent.properties_mut() else { return };
        match parent.get(*last) {
            None => {
                parent.insert((*last).to_owned(), value.clone());
                self.part_locations.insert(pointer, value.location.clone());
            }
            Some(existing) => {
                // All documents are read as 3.1.0.
                if let Some(difference) = first_difference(&existing.value(), &value.value()) {
                    let first = self.part_locations.get(&pointer).unwrap_or(&existing.location);
                    let message = format!("`{pointer}{difference}` differs from the one at {first}, which is kept");
                    self.notices.push(&value.location, message);
                }
            }
        }
    }

    /// Gives an operationId to operations that have none, when those of all others are known.
    fn derive_ids(&mut self) {
        let paths = self.root.get_mut("paths").and_then(Node::properties_mut);
        for (path, item) in paths.into_iter().flatten() {
            for (method, operation) in item.properties_mut().into_iter().flatten() {
                let has_id = |operation: &Node| operation.get("operationId").is_some_and(|id| id.as_str() != Some(""));
                if !METHODS.contains(&method.as_str()) || has_id(operation) {
                    continue;
                }
                let derived = derived_id(method, path);
                let numbered = (2..).map(|number| format!("{derived}{number}"));
                let mut candidates = std::iter::once(derived.clone()).chain(numbered);
                let id = candidates
                    .find(|id| !self.operation_ids.contains_key(id))
                    .unwrap_or(derived.clone());
                let location = operation.location.clone();
                self.notices.push(
                    &location,
                    format!("`{} {path}` has no operationId and gets `{id}`", method.to_uppercase()),
                );
                self.operation_ids.insert(id.clone(), location.clone());
                if let Some(properties) = operation.properties_mut() {
                    properties.shift_insert(0, "operationId".to_owned(), Node::from_value(&location, json!(id)));
                }
            }
        }
    }

    fn finish(mut self) -> Result<Merged, Diagnostics> {
        self.derive_ids();
        self.errors.into_result()?;
        Ok(Merged {
            operations: self.locations.len(),
            document: self.root.value(),
            source: self.root,
            locations: self.locations,
            notices: self.notices.into_lines(),
            superseded: self.superseded,
        })
    }
}

pub(crate) fn is_below(location: &Location, directory: &str) -> bool {
    location.file.split('/').next() == Some(directory)
}

/// `getPetsByPetId` for `GET /pets/{petId}`.
fn derived_id(method: &str, path: &str) -> String {
    let words = path.split('/').map(|segment| {
        let is_parameter = segment.starts_with('{');
        let word: String = segment
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
            .collect();
        if is_parameter { format!("by {word}") } else { word }
    });
    let words: Vec<_> = words.collect();
    format!("{method} {}", words.join(" ")).to_lower_camel_case()
}

/// `/a/{}.json` and the names of its parameters.
pub fn without_names(path: &str) -> (String, Vec<String>) {
    let mut normalized = String::new();
    let mut names = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        normalized.push_str(before);
        normalized.push_str("{}");
        names.push(name.to_owned());
        rest = after;
    }
    normalized.push_str(rest);
    (normalized, names)
}

/// The object at a path of keys, created where it is missing.
fn object_at<'n>(node: &'n mut Node, path: &[&str], location: &Location) -> &'n mut Node {
    path.iter().fold(node, |node, key| node.entry(key, location))
}

/// Converts defaults of server variables to strings, as the standard demands: some pages write a port as a number.
fn with_string_defaults(server: &mut Node) {
    let variables = server.get_mut("variables").and_then(Node::properties_mut);
    for variable in variables.into_iter().flat_map(|variables| variables.values_mut()) {
        if let Some(Kind::Scalar(default @ (Value::Number(_) | Value::Bool(_)))) =
            variable.get_mut("default").map(|default| &mut default.kind)
        {
            *default = Value::String(default.to_string());
        }
    }
}

#[cfg(test)]
mod tests;
