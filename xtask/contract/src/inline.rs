//! Replaces every reference by its target, so that the later stages see one form; [`naming`](crate::naming) makes equal schemas
//! components again. A schema keeps the name of its component in [`REF_NAME`].

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::diagnostic::Diagnostics;
use crate::extensions::INITIAL;
use crate::operations::{Locations, for_each_operation, location_of};

/// The former component name of a schema, between this stage and [`naming`](crate::naming).
pub const REF_NAME: &str = "x-ref-name";

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
    let mut used = BTreeSet::new();
    let mut errors = Diagnostics::default();
    for_each_operation(document, |path, method, operation| {
        let mut inliner = Inliner {
            components: &components,
            used: &mut used,
            stack: Vec::new(),
            errors: BTreeSet::new(),
        };
        inliner.visit(operation);
        for message in inliner.errors {
            errors.push(location_of(locations, path, method), message);
        }
    });
    if !errors.is_empty() {
        return (Vec::new(), errors);
    }

    let mut notices = Vec::new();
    if let Some(left) = document.get_mut("components").and_then(Value::as_object_mut) {
        left.retain(|section, entries| {
            if section == "securitySchemes" || section.starts_with("x-") {
                return true;
            }
            for name in entries.as_object().into_iter().flatten().map(|(name, _)| name) {
                if !used.contains(&format!("#/components/{section}/{name}")) {
                    notices.push(format!("the component `{section}/{name}` is not used by any operation"));
                }
            }
            false
        });
    }
    (notices, errors)
}

struct Inliner<'a> {
    components: &'a Map<String, Value>,
    used: &'a mut BTreeSet<String>,
    stack: Vec<String>,
    errors: BTreeSet<String>,
}

impl Inliner<'_> {
    fn visit(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.visit(item)),
            Value::Object(object) => {
                if let Some(Value::String(reference)) = object.get("$ref") {
                    let reference = reference.clone();
                    let mut target = match self.resolve(&reference) {
                        Ok(target) => target,
                        Err(message) => {
                            self.errors.insert(message);
                            return;
                        }
                    };
                    self.stack.push(reference);
                    self.visit(&mut target);
                    self.stack.pop();
                    // Siblings of a reference add to its target (OpenAPI 3.1) or annotate it.
                    if let Value::Object(target) = &mut target {
                        for (key, sibling) in object.iter().filter(|(k, _)| *k != "$ref") {
                            target.insert(key.clone(), sibling.clone());
                        }
                    }
                    *value = target;
                    return;
                }
                object
                    .iter_mut()
                    // Examples, defaults and initial values are data, not schemas.
                    .filter(|(key, _)| !matches!(key.as_str(), "example" | "examples" | "default" | "enum" | INITIAL))
                    .for_each(|(_, child)| self.visit(child));
            }
            _ => {}
        }
    }

    fn resolve(&mut self, reference: &str) -> Result<Value, String> {
        if self.stack.iter().any(|s| s == reference) {
            return Err(format!(
                "the schema `{reference}` is recursive, which the generators do not support; \
                 break the recursion in an overlay"
            ));
        }
        let (section, name) = reference
            .strip_prefix("#/components/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| format!("the reference `{reference}` does not point into this document's components"))?;
        let name = name.replace("~1", "/").replace("~0", "~");
        let mut target = self
            .components
            .get(section)
            .and_then(|entries| entries.get(&name))
            .cloned()
            .ok_or_else(|| format!("the reference `{reference}` does not resolve"))?;
        self.used.insert(reference.to_owned());
        if section == "schemas"
            && let Some(schema) = target.as_object_mut()
        {
            schema.insert(REF_NAME.to_owned(), Value::String(name));
        }
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(schema: Value, components: Value) -> Value {
        json!({"paths": {"/a": {"get": {"s": schema}}}, "components": components})
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
            document["paths"]["/a"]["get"]["s"],
            json!({"type": "object", "properties": {"b": {"type": "string", "x-ref-name": "B"}}, "x-ref-name": "A", "description": "mine"})
        );
        assert_eq!(document["components"], json!({"securitySchemes": {"bearer": {}}}));
    }

    #[test]
    fn recursive_and_unresolved_references_are_errors() {
        let recursive = json!({"schemas": {"A": {"items": {"$ref": "#/components/schemas/A"}}}});
        for (reference, components, expected) in [
            ("#/components/schemas/A", recursive, "is recursive"),
            ("#/components/schemas/B", json!({}), "does not resolve"),
            ("other.json#/x", json!({}), "does not point into"),
        ] {
            let mut document = document(json!({"$ref": reference}), components);
            let error = inline(&mut document, &Locations::new()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
