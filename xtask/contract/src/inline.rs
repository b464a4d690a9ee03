//! Replaces every reference by its target, so that the later stages see one form; [`naming`](crate::naming) makes equal schemas
//! components again. A schema keeps the name of its component in [`REF_NAME`]. Schemas that contain themselves stay components, and so do
//! the references to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::grammar::{Kind, each_part, kind_at, walk};
use openapi_reader::pointer::tokens;
use serde_json::{Map, Value};

use crate::operations::{Locations, for_each_operation, location_of};
use crate::recursion;

/// The former component name of a schema, between this stage and [`naming`](crate::naming).
pub const REF_NAME: &str = "x-ref-name";

/// The deepest nesting and the most values that replaced references may lead to. Components that contain each other many times multiply.
const MAX_DEPTH: usize = 256;
const MAX_VALUES: usize = if cfg!(test) { 100_000 } else { 6_000_000 };

/// Inlines all references of all operations and removes the components. Returns notices about unused components.
pub fn inline(document: &mut Value, locations: &Locations) -> Result<Vec<String>, Diagnostics> {
    let (notices, errors) = inline_best_effort(document, locations);
    errors.into_result()?;
    Ok(notices)
}

/// Inlines all references; if one cannot be inlined, it stays, and so do all components.
pub fn inline_best_effort(document: &mut Value, locations: &Locations) -> (Vec<String>, Diagnostics) {
    let components = document
        .get("components")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let mut inliner = Inliner {
        recursive: recursive(&components),
        components: &components,
        inlined: HashMap::new(),
        used: BTreeSet::new(),
        values: 0,
        errors: BTreeSet::new(),
        kept: BTreeSet::new(),
        stack: Vec::new(),
        cut: BTreeSet::new(),
    };
    let mut errors = Diagnostics::default();
    for_each_operation(document, |path, method, operation| {
        // Reported with the operation that exceeds it.
        if inliner.values > MAX_VALUES {
            return;
        }
        inliner.visit(operation, Kind::Operation, 0);
        for message in std::mem::take(&mut inliner.errors) {
            errors.push(location_of(locations, path, method), message);
        }
    });
    let webhooks = document.get_mut("webhooks").and_then(Value::as_object_mut);
    for (name, item) in webhooks.into_iter().flatten() {
        inliner.visit(item, Kind::PathItem, 0);
        for message in std::mem::take(&mut inliner.errors) {
            errors.push(None, format!("the webhook `{name}`: {message}"));
        }
    }
    let schemas = inliner.keep();
    for message in std::mem::take(&mut inliner.errors) {
        errors.push(None, message);
    }
    if !errors.is_empty() {
        return (Vec::new(), errors);
    }

    let mut notices: Vec<String> = inliner.cut.iter().map(|name| recursion::notice(name)).collect();
    let used = inliner.used;
    if let Some(left) = document.get_mut("components").and_then(Value::as_object_mut) {
        left.retain(|section, entries| {
            if section == "securitySchemes" || section.starts_with("x-") {
                return true;
            }
            for name in entries.as_object().into_iter().flatten().map(|(name, _)| name) {
                if !used.contains(&(section.clone(), name.clone())) {
                    notices.push(format!("the component `{section}/{name}` is not used by any operation"));
                }
            }
            false
        });
        if !schemas.is_empty() {
            left.insert("schemas".to_owned(), Value::Object(schemas));
        }
    }
    (notices, errors)
}

/// The section and name of a component.
type Key = (String, String);

/// The component that a reference leads to.
fn key_of(reference: &str) -> Option<Key> {
    let keys = tokens(reference.strip_prefix('#')?);
    match keys.as_slice() {
        [components, section, name] if components == "components" => Some((section.clone(), name.clone())),
        _ => None,
    }
}

/// The components that contain themselves, also through others.
fn recursive(components: &Map<String, Value>) -> BTreeSet<Key> {
    let mut references: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for (section, entries) in components {
        let Some(kind) = kind_at(["components", section, "x"]) else {
            continue;
        };
        for (name, entry) in entries.as_object().into_iter().flatten() {
            let found = references.entry((section.clone(), name.clone())).or_default();
            walk(&mut entry.clone(), kind, &mut |part, kind| {
                let reference = part
                    .get("$ref")
                    .and_then(Value::as_str)
                    .filter(|_| kind.section().is_some());
                found.extend(reference.and_then(key_of));
            });
        }
    }
    // What leads to nothing more is in no circle.
    let mut sources: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
    let mut open: BTreeMap<Key, usize> = BTreeMap::new();
    for (key, targets) in &references {
        open.insert(
            key.clone(),
            targets.iter().filter(|target| references.contains_key(*target)).count(),
        );
        for target in targets {
            sources.entry(target.clone()).or_default().push(key.clone());
        }
    }
    let mut leaves: Vec<Key> = open
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(key, _)| key.clone())
        .collect();
    while let Some(leaf) = leaves.pop() {
        references.remove(&leaf);
        for source in sources.get(&leaf).into_iter().flatten() {
            if let Some(count) = open.get_mut(source) {
                *count -= 1;
                if *count == 0 {
                    leaves.push(source.clone());
                }
            }
        }
    }
    let reaches_itself = |start: &&Key| {
        let mut seen = BTreeSet::new();
        let mut left: Vec<&Key> = references[*start].iter().collect();
        while let Some(key) = left.pop() {
            if key == *start {
                return true;
            }
            if seen.insert(key) {
                left.extend(references.get(key).into_iter().flatten());
            }
        }
        false
    };
    references.keys().filter(reaches_itself).cloned().collect()
}

struct Inliner<'a> {
    components: &'a Map<String, Value>,
    /// The components that contain themselves.
    recursive: BTreeSet<Key>,
    /// Components without references, and the number of their values.
    inlined: HashMap<Key, (Value, usize)>,
    used: BTreeSet<Key>,
    /// The number of values that references were replaced by.
    values: usize,
    errors: BTreeSet<String>,
    /// The schemas that stay components.
    kept: BTreeSet<Key>,
    /// The schemas that contain themselves and are being replaced.
    stack: Vec<Key>,
    /// The names of those that no reference could replace.
    cut: BTreeSet<String>,
}

impl Inliner<'_> {
    /// Returns the schemas that stay components, without other references.
    fn keep(&mut self) -> Map<String, Value> {
        let mut schemas = Map::new();
        while let Some(key) = self.kept.iter().find(|key| !schemas.contains_key(&key.1)).cloned() {
            let mut body = self.components[&key.0][&key.1].clone();
            self.stack.push(key.clone());
            self.visit(&mut body, Kind::Schema, 0);
            self.stack.pop();
            if let Some(body) = body.as_object_mut() {
                body.entry(REF_NAME.to_owned())
                    .or_insert_with(|| Value::String(key.1.clone()));
            }
            schemas.insert(key.1, body);
        }
        schemas
    }

    /// Returns what a reference to a schema that contains itself becomes: itself if the schema has a type, or its target. A branch of
    /// `allOf` is always replaced.
    fn recursive(&mut self, part: &Value, key: Key, in_all_of: bool, depth: usize) -> Value {
        let target = &self.components[&key.0][&key.1];
        let has_type = ["properties", "oneOf", "anyOf", "allOf"]
            .iter()
            .any(|keyword| target.get(keyword).is_some());
        if has_type && !in_all_of {
            self.kept.insert(key);
            return part.clone();
        }
        self.values += measure(target).1;
        if self.stack.contains(&key) || depth > MAX_DEPTH || self.values > MAX_VALUES {
            self.cut.insert(key.1);
            return Value::Object(Map::new());
        }
        let mut target = target.clone();
        self.stack.push(key);
        self.visit(&mut target, Kind::Schema, depth + 1);
        self.stack.pop();
        target
    }

    /// Replaces the references in a part. `depth` is the number of parts that contain it, also through references.
    fn visit(&mut self, part: &mut Value, kind: Kind, depth: usize) {
        if depth > MAX_DEPTH {
            self.errors.insert(format!(
                "the references lead to parts that are nested more than {MAX_DEPTH} levels deep; break the chain in an overlay"
            ));
            return;
        }
        let reference = part
            .get("$ref")
            .and_then(Value::as_str)
            .filter(|_| kind.section().is_some());
        let Some(reference) = reference.map(str::to_owned) else {
            each_part(
                part,
                kind,
                &mut |inner, inner_kind, keys| match self.recursive_key(inner, inner_kind) {
                    Some(key) if keys[0] == "allOf" => {
                        self.used.insert(key.clone());
                        *inner = self.recursive(inner, key, true, depth + 1);
                    }
                    _ => self.visit(inner, inner_kind, depth + 1),
                },
            );
            return;
        };
        if let Some(key) = self.recursive_key(part, kind) {
            self.used.insert(key.clone());
            let mut target = self.recursive(part, key, false, depth);
            if let (Value::Object(target), Some(object)) = (&mut target, part.as_object()) {
                target.extend(
                    object
                        .iter()
                        .filter(|(key, _)| *key != "$ref")
                        .map(|(k, v)| (k.clone(), v.clone())),
                );
            }
            *part = target;
            return;
        }
        match self.resolve(&reference, kind, depth) {
            Err(message) => {
                self.errors.insert(message);
            }
            Ok(mut target) => {
                // Siblings of a reference add to its target (OpenAPI 3.1) or annotate it.
                if let (Value::Object(target), Some(object)) = (&mut target, part.as_object()) {
                    let mut siblings = object.clone();
                    siblings.shift_remove("$ref");
                    let mut siblings = Value::Object(siblings);
                    each_part(&mut siblings, kind, &mut |inner, kind, _| {
                        self.visit(inner, kind, depth + 1)
                    });
                    if let Value::Object(siblings) = siblings {
                        target.extend(siblings);
                    }
                }
                *part = target;
            }
        }
    }

    /// The schema that contains itself to which a part refers.
    fn recursive_key(&self, part: &Value, kind: Kind) -> Option<Key> {
        let reference = part
            .get("$ref")
            .and_then(Value::as_str)
            .filter(|_| kind == Kind::Schema)?;
        key_of(reference).filter(|key| self.recursive.contains(key))
    }

    fn resolve(&mut self, reference: &str, kind: Kind, depth: usize) -> Result<Value, String> {
        let key = key_of(reference)
            .ok_or_else(|| format!("the reference `{reference}` does not point into this document's components"))?;
        let target = self
            .components
            .get(&key.0)
            .and_then(|entries| entries.get(&key.1))
            .ok_or_else(|| format!("the reference `{reference}` does not resolve"))?;
        self.used.insert(key.clone());
        if self.recursive.contains(&key) {
            return Err(format!(
                "the component `{reference}` refers to itself; break the circle in an overlay"
            ));
        }
        if !self.inlined.contains_key(&key) {
            let mut target = target.clone();
            self.visit(&mut target, kind, depth + 1);
            if let Some(schema) = target.as_object_mut().filter(|_| key.0 == "schemas") {
                // The names of components of several documents differ where their content does.
                schema
                    .entry(REF_NAME.to_owned())
                    .or_insert_with(|| Value::String(key.1.clone()));
            }
            let (height, values) = measure(&target);
            if height > MAX_DEPTH {
                return Err(format!(
                    "the references lead to values that are nested more than {MAX_DEPTH} levels deep; break the chain in an overlay"
                ));
            }
            self.inlined.insert(key.clone(), (target, values));
        }
        let (target, values) = &self.inlined[&key];
        self.values += values;
        if self.values > MAX_VALUES {
            return Err(format!(
                "the contract has more than {MAX_VALUES} values when references are replaced; components contain each other too often"
            ));
        }
        Ok(target.clone())
    }
}

/// The depth of a value, and the number of values in it.
fn measure(value: &Value) -> (usize, usize) {
    let inner = |(height, count): (usize, usize), value: &Value| {
        let (h, c) = measure(value);
        (height.max(h), count + c)
    };
    let (height, count) = match value {
        Value::Array(items) => items.iter().fold((0, 0), inner),
        Value::Object(object) => object.values().fold((0, 0), inner),
        _ => (0, 0),
    };
    (height + 1, count + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(schema: Value, components: Value) -> Value {
        json!({"paths": {"/a": {"get": {"parameters": [{"schema": schema}]}}}, "components": components})
    }

    #[test]
    fn references_are_replaced_by_their_targets() {
        let mut document = document(
            json!({"$ref": "#/components/schemas/A", "description": "mine"}),
            json!({"schemas": {"A": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}},
                   "B": {"type": "string"}, "C": {}}, "securitySchemes": {"bearer": {}}}),
        );
        let notices = inline(&mut document, &Locations::new()).unwrap();
        assert_eq!(notices, ["the component `schemas/C` is not used by any operation"]);
        assert_eq!(
            document["paths"]["/a"]["get"]["parameters"][0]["schema"],
            json!({"type": "object", "properties": {"b": {"type": "string", "x-ref-name": "B"}}, "x-ref-name": "A", "description": "mine"})
        );
        assert_eq!(document["components"], json!({"securitySchemes": {"bearer": {}}}));
    }

    #[test]
    fn unresolved_references_are_errors() {
        let circle = json!({"responses": {"A": {"$ref": "#/components/responses/A"}}});
        for (reference, components, expected) in [
            ("#/components/schemas/B", json!({}), "does not resolve"),
            ("other.json#/x", json!({}), "does not point into"),
        ] {
            let mut document = document(json!({"$ref": reference}), components);
            let error = inline(&mut document, &Locations::new()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let mut document = json!({"paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/components/responses/A"}}}}}, "components": circle});
        let error = inline(&mut document, &Locations::new()).unwrap_err().to_string();
        assert!(error.contains("refers to itself"), "{error}");
    }

    #[test]
    fn components_that_multiply_or_nest_without_end_are_errors() {
        let reference = |number: usize| json!({"$ref": format!("#/components/schemas/S{number}")});
        let chain = |count: usize, schema: &dyn Fn(usize) -> Value| {
            let schemas: Map<String, Value> = (0..=count)
                .map(|number| {
                    (
                        format!("S{number}"),
                        if number == count { json!({}) } else { schema(number + 1) },
                    )
                })
                .collect();
            let mut document = document(reference(0), json!({"schemas": schemas}));
            let errors = inline(&mut document, &Locations::new()).unwrap_err();
            assert_eq!(errors.iter().count(), 1, "{errors}");
            errors.to_string()
        };
        let twice = |number: usize| json!({"properties": {"a": reference(number), "b": reference(number)}});
        assert!(chain(60, &twice).contains("more than 100000 values when references are replaced"));
        let nested = |number: usize| json!({"properties": {"a": {"properties": {"b": reference(number)}}}});
        assert!(chain(80, &nested).contains("values that are nested more than 256 levels deep"));
        assert!(
            chain(5_000, &|number| json!({"items": reference(number)}))
                .contains("parts that are nested more than 256 levels deep")
        );
    }
}
