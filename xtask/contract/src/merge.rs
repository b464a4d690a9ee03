//! Merges the documents into one. Nothing is dropped: a conflict is an error that names both locations.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use spanned_json::Location;

use crate::diagnostic::Diagnostics;
use crate::load::Document;
use crate::operations::{Locations, METHODS};
use crate::pointer::{first_difference, token};

/// The merged document and the locations of its operations.
#[derive(Debug)]
pub struct Merged {
    pub document: Value,
    pub locations: Locations,
    /// The number of operations, counting identical repetitions once.
    pub operations: usize,
}

/// Merges the documents in order.
pub fn merge(documents: &[Document]) -> Result<Merged, Diagnostics> {
    let mut merger = Merger::default();
    for document in documents {
        merger.add(document);
    }
    merger.finish()
}

#[derive(Default)]
struct Merger {
    root: Map<String, Value>,
    /// The location of each part, by JSON Pointer in the merged document.
    part_locations: HashMap<String, Location>,
    locations: Locations,
    operation_ids: HashMap<String, Location>,
    /// Path templates by their form without parameter names, to find those that match the same URLs.
    templates: HashMap<String, (String, Location)>,
    errors: Diagnostics,
}

impl Merger {
    fn add(&mut self, document: &Document) {
        let Some(root) = document.value.as_object() else {
            self.errors
                .push(Some(&document.location), "an OpenAPI document must be an object");
            return;
        };
        let security = root.get("security");
        for (key, value) in root {
            match (key.as_str(), value) {
                ("paths", Value::Object(paths)) => self.add_paths(document, paths, security),
                ("tags", Value::Array(tags)) => self.add_list(document, "tags", "name", tags),
                ("servers", Value::Array(servers)) => {
                    let servers: Vec<_> = servers.iter().map(with_string_defaults).collect();
                    self.add_list(document, "servers", "url", &servers);
                }
                ("components", Value::Object(sections)) => self.add_components(document, sections),
                // Where a page's security differs from the first page's, it is set on the page's operations.
                ("security", _) if self.root.contains_key("security") => {}
                _ => self.set(&[key], value, &document.location),
            }
        }
    }

    fn add_paths(&mut self, document: &Document, paths: &Map<String, Value>, security: Option<&Value>) {
        for (path, item) in paths {
            let Some(item) = item.as_object() else {
                self.errors
                    .push(Some(&document.location), format!("`{path}` is not an object"));
                continue;
            };
            self.check_template(path, &document.location);
            for (key, value) in item {
                if METHODS.contains(&key.as_str()) {
                    self.add_operation(document, path, key, value, item.get("parameters"), security);
                } else if key != "parameters" {
                    self.set(&["paths", path, key], value, &document.location);
                }
            }
        }
    }

    /// Two templates that differ only in parameter names match the same URLs.
    fn check_template(&mut self, path: &str, location: &Location) {
        let normalized: Vec<_> = path
            .split('/')
            .map(|s| if s.starts_with('{') { "{}" } else { s })
            .collect();
        let (first, first_location) = self
            .templates
            .entry(normalized.join("/"))
            .or_insert_with(|| (path.to_owned(), location.clone()));
        if first != path {
            let message = format!(
                "the path `{path}` matches the same URLs as `{first}` at {first_location}; give the parameters the same names"
            );
            self.errors.push(Some(location), message);
        }
    }

    fn add_operation(
        &mut self,
        document: &Document,
        path: &str,
        method: &str,
        operation: &Value,
        shared: Option<&Value>,
        security: Option<&Value>,
    ) {
        let id = operation.get("operationId").and_then(Value::as_str);
        let location = document.operation_location(id);
        let Some(fields) = operation.as_object() else {
            self.errors
                .push(Some(&location), format!("`{method} {path}` is not an object"));
            return;
        };
        let mut operation = fields.clone();
        add_shared_parameters(&mut operation, shared);
        if let Some(Value::Array(tags)) = operation.get_mut("tags") {
            let mut seen = Vec::new();
            tags.retain(|tag| {
                let new = !seen.contains(tag);
                seen.push(tag.clone());
                new
            });
        }
        if !operation.contains_key("security")
            && let Some(security) = security
            && self.root.get("security").is_some_and(|first| first != security)
        {
            operation.insert("security".to_owned(), security.clone());
        }

        let key = (path.to_owned(), method.to_owned());
        if let Some(first) = self.locations.get(&key) {
            let existing = &self.root["paths"][path][method];
            if let Some(pointer) = first_difference(existing, &Value::Object(operation)) {
                let message = format!(
                    "`{} {path}` is described differently at {first}: the first difference is at `{pointer}`; \
                     keep one of the two",
                    method.to_uppercase()
                );
                self.errors.push(Some(&location), message);
            }
            return;
        }
        if let Some(id) = id {
            if let Some(first) = self.operation_ids.get(id) {
                let message = format!("the operationId `{id}` is already used at {first}; operationIds are unique");
                self.errors.push(Some(&location), message);
            } else {
                self.operation_ids.insert(id.to_owned(), location.clone());
            }
        }
        self.locations.insert(key, location);
        object_at(&mut self.root, &["paths", path]).insert(method.to_owned(), Value::Object(operation));
    }

    /// Merges tags or servers: lists whose items are identified by one property.
    fn add_list(&mut self, document: &Document, list: &str, key: &str, items: &[Value]) {
        for item in items {
            let name = item.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let all = self.root.entry(list).or_insert_with(|| json!([]));
            let Some(all) = all.as_array_mut() else { return };
            let pointer = format!("/{list}/{}", token(&name));
            match all.iter_mut().find(|i| i.get(key) == item.get(key)) {
                None => {
                    all.push(item.clone());
                    self.part_locations.insert(pointer, document.location.clone());
                }
                Some(existing) => {
                    // One page may describe a tag that another only names.
                    let existing_bare = existing.as_object().is_some_and(|o| o.len() == 1);
                    let item_bare = item.as_object().is_some_and(|o| o.len() == 1);
                    if existing_bare {
                        *existing = item.clone();
                    } else if !item_bare && let Some(difference) = first_difference(existing, item) {
                        let first = self.part_locations.get(&pointer).unwrap_or(&document.location);
                        let message = format!(
                            "the entry `{name}` of `{list}` is described differently at {first}: \
                             the first difference is at `{difference}`"
                        );
                        self.errors.push(Some(&document.location), message);
                    }
                }
            }
        }
    }

    fn add_components(&mut self, document: &Document, sections: &Map<String, Value>) {
        for (section, entries) in sections {
            match entries {
                Value::Object(entries) => {
                    for (name, entry) in entries {
                        self.set(&["components", section, name], entry, &document.location);
                    }
                }
                other => self.set(&["components", section], other, &document.location),
            }
        }
    }

    /// Sets a part on which all documents must agree.
    fn set(&mut self, path: &[&str], value: &Value, location: &Location) {
        let (Some(last), parents) = (path.last(), &path[..path.len() - 1]) else {
            return;
        };
        let pointer: String = path.iter().map(|p| format!("/{}", token(p))).collect();
        let parent = object_at(&mut self.root, parents);
        match parent.get(*last) {
            None => {
                parent.insert((*last).to_owned(), value.clone());
                self.part_locations.insert(pointer, location.clone());
            }
            Some(existing) => {
                if let Some(difference) = first_difference(existing, value) {
                    let first = self.part_locations.get(&pointer).unwrap_or(location);
                    let message = format!(
                        "`{pointer}` differs from the one at {first}: the first difference is at `{pointer}{difference}`"
                    );
                    self.errors.push(Some(location), message);
                }
            }
        }
    }

    fn finish(self) -> Result<Merged, Diagnostics> {
        self.errors.into_result()?;
        Ok(Merged {
            operations: self.locations.len(),
            document: Value::Object(self.root),
            locations: self.locations,
        })
    }
}

/// The object at a path of keys, created where it is missing.
fn object_at<'a>(mut object: &'a mut Map<String, Value>, path: &[&str]) -> &'a mut Map<String, Value> {
    for key in path {
        let entry = object.entry(*key).or_insert_with(|| json!({}));
        if !entry.is_object() {
            *entry = json!({});
        }
        #[expect(clippy::unwrap_used, reason = "made an object just above")]
        let next = entry.as_object_mut().unwrap();
        object = next;
    }
    object
}

/// Adds the parameters of the path item to the operation, except those that it declares itself (same name and location).
fn add_shared_parameters(operation: &mut Map<String, Value>, shared: Option<&Value>) {
    let Some(shared) = shared.and_then(Value::as_array).filter(|s| !s.is_empty()) else {
        return;
    };
    let own = operation.entry("parameters").or_insert_with(|| json!([]));
    let Some(own) = own.as_array_mut() else { return };
    let same = |a: &Value, b: &Value| a.get("name") == b.get("name") && a.get("in") == b.get("in");
    let missing: Vec<_> = shared
        .iter()
        .filter(|s| s.get("$ref").is_some() || !own.iter().any(|o| same(o, s)))
        .cloned()
        .collect();
    own.splice(0..0, missing);
}

/// Converts defaults of server variables to strings, as the standard demands: some pages write a port as a number.
fn with_string_defaults(server: &Value) -> Value {
    let mut server = server.clone();
    let variables = server.get_mut("variables").and_then(Value::as_object_mut);
    for variable in variables.into_iter().flat_map(|v| v.values_mut()) {
        if let Some(default @ (Value::Number(_) | Value::Bool(_))) = variable.get_mut("default") {
            *default = Value::String(default.to_string());
        }
    }
    server
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::load::load;

    fn merged(pages: &[Value]) -> Result<Merged, Diagnostics> {
        let directory = tempfile::tempdir().unwrap();
        for (index, page) in pages.iter().enumerate() {
            fs::write(directory.path().join(format!("{index}.json")), page.to_string()).unwrap();
        }
        merge(&load(directory.path(), &[""]).unwrap().documents)
    }

    fn page(path: &str, method: &str, operation: Value) -> Value {
        json!({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {path: {method: operation}}})
    }

    #[track_caller]
    fn fails(pages: &[Value], expected: &str) {
        let text = merged(pages).unwrap_err().to_string();
        assert_eq!(text, expected);
    }

    #[test]
    fn operations_of_all_pages_are_merged() {
        let merged = merged(&[
            page("/a", "get", json!({"operationId": "a"})),
            page("/a", "post", json!({"operationId": "b"})),
            page("/a", "get", json!({"operationId": "a"})),
        ])
        .unwrap();
        assert_eq!(merged.operations, 2);
        let methods: Vec<_> = merged.document["paths"]["/a"].as_object().unwrap().keys().collect();
        assert_eq!(methods, ["get", "post"]);
    }

    #[test]
    fn conflicting_operations_name_both_locations_and_the_difference() {
        fails(
            &[
                page(
                    "/a",
                    "get",
                    json!({"operationId": "a", "responses": {"200": {"description": "x"}}}),
                ),
                page(
                    "/a",
                    "get",
                    json!({"operationId": "a", "responses": {"200": {"description": "y"}}}),
                ),
            ],
            "1.json:1: `GET /a` is described differently at 0.json:1: the first difference is at \
             `/responses/200/description`; keep one of the two",
        );
    }

    #[test]
    fn duplicate_operation_id_is_an_error() {
        fails(
            &[
                page("/a", "get", json!({"operationId": "a"})),
                page("/b", "get", json!({"operationId": "a"})),
            ],
            "1.json:1: the operationId `a` is already used at 0.json:1; operationIds are unique",
        );
    }

    #[test]
    fn templates_that_match_the_same_urls_are_an_error() {
        fails(
            &[
                page("/a/{id}/b", "get", json!({"operationId": "a"})),
                page("/a/{x}/b", "post", json!({"operationId": "b"})),
            ],
            "1.json:1: the path `/a/{x}/b` matches the same URLs as `/a/{id}/b` at 0.json:1; give the parameters the same names",
        );
    }

    #[test]
    fn conflicting_tags_servers_components_and_info_are_errors() {
        let with = |extra: Value| {
            let mut page = json!({"openapi": "3.1.0", "info": {"title": "T"}});
            page.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            page
        };
        let cases = [
            (
                json!({"tags": [{"name": "A", "description": "x"}]}),
                json!({"tags": [{"name": "A", "description": "y"}]}),
            ),
            (
                json!({"servers": [{"url": "u", "variables": {"a": {"default": "1"}}}]}),
                json!({"servers": [{"url": "u"}, {"url": "u", "x-y": 1}]}),
            ),
            (
                json!({"components": {"securitySchemes": {"b": {"type": "http"}}}}),
                json!({"components": {"securitySchemes": {"b": {"type": "apiKey"}}}}),
            ),
            (
                json!({"components": {"schemas": {"S": {"type": "string"}}}}),
                json!({"components": {"schemas": {"S": {}}}}),
            ),
            (json!({"info": {"title": "T"}}), json!({"info": {"title": "U"}})),
        ];
        for (first, second) in cases {
            let text = merged(&[with(first.clone()), with(second)]).unwrap_err().to_string();
            assert!(
                text.contains("1.json:1") && text.contains("0.json:1") && text.contains("first difference"),
                "{text}"
            );
            assert!(merged(&[with(first.clone()), with(first)]).is_ok());
        }
    }

    #[test]
    fn repeated_tags_and_numeric_defaults_are_accepted() {
        let mut first = page("/a", "get", json!({"operationId": "a", "tags": ["A", "A"]}));
        first["tags"] = json!([{"name": "A"}, {"name": "A", "description": "d"}, {"name": "A"}]);
        first["servers"] = json!([{"url": "u", "variables": {"port": {"default": 8887}}}]);
        let merged = merged(&[first]).unwrap().document;
        assert_eq!(merged["tags"], json!([{"name": "A", "description": "d"}]));
        assert_eq!(merged["paths"]["/a"]["get"]["tags"], json!(["A"]));
        assert_eq!(merged["servers"][0]["variables"]["port"]["default"], "8887");
    }

    #[test]
    fn page_security_and_path_parameters_move_to_operations() {
        let mut first = page("/a", "get", json!({"operationId": "a"}));
        first["security"] = json!([{"bearer": []}]);
        let mut second = page(
            "/b/{id}",
            "get",
            json!({"operationId": "b", "parameters": [{"name": "own", "in": "query"}]}),
        );
        second["security"] = json!([]);
        second["paths"]["/b/{id}"]["parameters"] =
            json!([{"name": "id", "in": "path"}, {"name": "own", "in": "query", "x": 1}]);
        let merged = merged(&[first, second]).unwrap().document;
        assert_eq!(merged["paths"]["/b/{id}"]["get"]["security"], json!([]));
        let names: Vec<_> = merged["paths"]["/b/{id}"]["get"]["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["id", "own"]);
        assert_eq!(merged["security"], json!([{"bearer": []}]));
    }
}
