//! Replaces every reference by what it refers to, so that the later stages see one form; [`super::name`] shares equal parts
//! again. A schema keeps the name it was referred to by, as [`REF_NAME`].

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::diagnostic::Diagnostics;
use crate::operations::{Places, for_each_operation, place_of};

/// The name of the component that a schema was, between this stage and [`super::name`].
pub const REF_NAME: &str = "x-ref-name";

/// Inlines all references of all operations and removes the components that could be referred to. Returns notices about
/// components that nothing refers to.
pub fn inline(document: &mut Value, places: &Places) -> Result<Vec<String>, Diagnostics> {
    let (notices, faults) = inline_where_possible(document, places);
    faults.into_result()?;
    Ok(notices)
}

/// The same, but a reference that cannot be inlined stays, and with it all components.
pub fn inline_where_possible(document: &mut Value, places: &Places) -> (Vec<String>, Diagnostics) {
    let components = document
        .get("components")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let mut used = BTreeSet::new();
    let mut faults = Diagnostics::default();
    for_each_operation(document, |path, method, operation| {
        let mut inliner = Inliner {
            components: &components,
            used: &mut used,
            stack: Vec::new(),
            faults: BTreeSet::new(),
        };
        inliner.visit(operation);
        for message in inliner.faults {
            faults.push(place_of(places, path, method), message);
        }
    });
    if !faults.is_empty() {
        return (Vec::new(), faults);
    }

    let mut notices = Vec::new();
    if let Some(left) = document.get_mut("components").and_then(Value::as_object_mut) {
        left.retain(|section, entries| {
            if section == "securitySchemes" || section.starts_with("x-") {
                return true;
            }
            for name in entries.as_object().into_iter().flatten().map(|(name, _)| name) {
                if !used.contains(&format!("#/components/{section}/{name}")) {
                    notices.push(format!(
                        "the component `{section}/{name}` is not referred to by any operation"
                    ));
                }
            }
            false
        });
    }
    (notices, faults)
}

struct Inliner<'a> {
    components: &'a Map<String, Value>,
    used: &'a mut BTreeSet<String>,
    stack: Vec<String>,
    faults: BTreeSet<String>,
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
                            self.faults.insert(message);
                            return;
                        }
                    };
                    self.stack.push(reference);
                    self.visit(&mut target);
                    self.stack.pop();
                    // What stands beside a reference adds to it (3.1) or says more of it.
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
                    // Examples and defaults are data, not schemas.
                    .filter(|(key, _)| !matches!(key.as_str(), "example" | "examples" | "default" | "enum"))
                    .for_each(|(_, child)| self.visit(child));
            }
            _ => {}
        }
    }

    fn resolve(&mut self, reference: &str) -> Result<Value, String> {
        if self.stack.iter().any(|s| s == reference) {
            return Err(format!(
                "the schema `{reference}` contains itself, which the generators cannot express; \
                 cut the recursion in an overlay"
            ));
        }
        let (section, name) = reference
            .strip_prefix("#/components/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| format!("the reference `{reference}` does not lead into this document's components"))?;
        let name = name.replace("~1", "/").replace("~0", "~");
        let mut target = self
            .components
            .get(section)
            .and_then(|entries| entries.get(&name))
            .cloned()
            .ok_or_else(|| format!("the reference `{reference}` leads nowhere"))?;
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
    fn references_become_their_targets() {
        let mut document = document(
            json!({"$ref": "#/components/schemas/A", "description": "mine"}),
            json!({"schemas": {"A": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}},
                   "B": {"type": "string"}, "C": {}}, "securitySchemes": {"bearer": {}}}),
        );
        let notices = inline(&mut document, &Places::new()).unwrap();
        assert_eq!(
            notices,
            ["the component `schemas/C` is not referred to by any operation"]
        );
        assert_eq!(
            document["paths"]["/a"]["get"]["s"],
            json!({"type": "object", "properties": {"b": {"type": "string", "x-ref-name": "B"}}, "x-ref-name": "A", "description": "mine"})
        );
        assert_eq!(document["components"], json!({"securitySchemes": {"bearer": {}}}));
    }

    #[test]
    fn recursion_and_dead_references_are_errors() {
        let recursive = json!({"schemas": {"A": {"items": {"$ref": "#/components/schemas/A"}}}});
        for (reference, components, expected) in [
            ("#/components/schemas/A", recursive, "contains itself"),
            ("#/components/schemas/B", json!({}), "leads nowhere"),
            ("other.json#/x", json!({}), "does not lead into"),
        ] {
            let mut document = document(json!({"$ref": reference}), components);
            let error = inline(&mut document, &Places::new()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
