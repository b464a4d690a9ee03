//! Schemas that contain themselves. [`inline`](crate::inline) leaves references to them and their components; here they move to the
//! operations that use them, so that the later stages see them like every other schema. Requests and responses have one copy each,
//! because the conventions differ. [`naming`](crate::naming) makes them components again.

use std::collections::BTreeSet;

use openapi_reader::grammar::{Kind, walk};
use serde_json::{Map, Value, json};

use crate::extensions::RECURSIVE;
use crate::operations::for_each_operation;
use crate::schemas::needs_name;
use openapi_reader::pointer::{token, tokens};

/// The start of a reference to one of them.
const PREFIX: &str = "#/recursive/";

/// Returns the reference to a schema in the direction of its holder.
pub fn reference(kind: Kind, name: &str) -> String {
    let direction = if kind == Kind::RequestBody {
        "request"
    } else {
        "response"
    };
    format!("{PREFIX}{direction}/{}", token(name))
}

/// Moves the components to the operations. Returns notices about those that no type can express.
pub fn place(document: &mut Value) -> Vec<String> {
    let components = document.get_mut("components").and_then(Value::as_object_mut);
    let Some(Value::Object(bodies)) = components.and_then(|components| components.shift_remove("schemas")) else {
        return Vec::new();
    };
    let mut placed = BTreeSet::new();
    let mut untyped = BTreeSet::new();
    for_each_operation(document, |_, _, operation| {
        let Some(operation) = operation.as_object_mut() else {
            return;
        };
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for response in responses.into_iter().flatten().map(|(_, response)| response) {
            place_in(response, Kind::Response, &bodies, &mut placed, &mut untyped);
        }
        if let Some(body) = operation.get_mut("requestBody") {
            place_in(body, Kind::RequestBody, &bodies, &mut placed, &mut untyped);
        }
        // A parameter is no object that contains itself.
        if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
            for parameter in parameters {
                walk(parameter, Kind::Parameter, &mut |part, kind| {
                    if kind == Kind::Schema && part.get("$ref").is_some() {
                        *part = json!({});
                    }
                });
            }
        }
    });
    untyped.iter().map(|name| notice(name)).collect()
}

/// The notice about a schema that contains itself and that no type can express.
pub fn notice(name: &str) -> String {
    format!("the schema `{name}` contains itself and has no properties: it is any JSON value where it does")
}

fn place_in(
    holder: &mut Value,
    kind: Kind,
    bodies: &Map<String, Value>,
    placed: &mut BTreeSet<String>,
    untyped: &mut BTreeSet<String>,
) {
    let mut found = Vec::new();
    redirect(holder, kind, kind, bodies, &mut found, untyped);
    while let Some(name) = found.pop() {
        if !placed.insert(reference(kind, &name)) {
            continue;
        }
        let mut body = bodies[&name].clone();
        redirect(&mut body, Kind::Schema, kind, bodies, &mut found, untyped);
        if holder.get(RECURSIVE).is_none() {
            holder[RECURSIVE] = json!({});
        }
        holder[RECURSIVE][&name] = json!({"schema": body});
    }
}

/// Redirects the references in a part to the copies of a direction.
fn redirect(
    part: &mut Value,
    kind: Kind,
    direction: Kind,
    bodies: &Map<String, Value>,
    found: &mut Vec<String>,
    untyped: &mut BTreeSet<String>,
) {
    walk(part, kind, &mut |part, kind| {
        let target = part
            .get("$ref")
            .and_then(Value::as_str)
            .filter(|_| kind == Kind::Schema);
        let Some(target) = target.map(str::to_owned) else {
            return;
        };
        match resolve(&target, bodies) {
            Ok(name) => {
                part["$ref"] = json!(reference(direction, &name));
                found.push(name);
            }
            Err(name) => {
                untyped.insert(name);
                if let Some(part) = part.as_object_mut() {
                    part.shift_remove("$ref");
                }
            }
        }
    });
}

/// The name of the schema with a type that a reference leads to, perhaps through others; an error for one that has none.
fn resolve(reference: &str, bodies: &Map<String, Value>) -> Result<String, String> {
    let name_of = |reference: &str| tokens(reference.trim_start_matches('#')).pop().unwrap_or_default();
    let mut name = name_of(reference);
    for _ in 0..=bodies.len() {
        match bodies.get(&name) {
            Some(body) if needs_name(body) => return Ok(name),
            Some(body) => match body.get("$ref").and_then(Value::as_str) {
                Some(next) => name = name_of(next),
                None => return Err(name),
            },
            None => return Err(name),
        }
    }
    Err(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{self, TypeKind};
    use crate::operations::Locations;
    use crate::{conventions, inline, lower, naming, supported};
    use openapi_reader::diagnostic::Diagnostics;

    /// The stages that schemas which contain themselves pass.
    fn built(schemas: Value) -> (Value, Vec<String>) {
        let content = |name: &str| json!({"content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}});
        let mut document = json!({"openapi": "3.1.0", "paths": {
            "/nodes": {"post": {"operationId": "createNode", "requestBody": content("Node"), "responses": {"200": content("Node")}}},
            "/nodes/{id}": {"get": {"operationId": "getNode",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
                    {"name": "like", "in": "query", "schema": {"$ref": "#/components/schemas/Node"}}],
                "responses": {"200": content("Node"), "default": content("Node")}}},
        }, "components": {"schemas": schemas}});
        let stages = |document: &mut Value| -> Result<Vec<String>, Diagnostics> {
            let mut locations = Locations::new();
            let mut notices = inline::inline(document, &locations)?;
            notices.extend(supported::apply(document, &mut locations));
            notices.extend(place(document));
            notices.extend(conventions::apply(document, &locations)?);
            naming::assign_names(document, &locations)?;
            Ok(notices)
        };
        let notices = stages(&mut document).unwrap();
        (document, notices)
    }

    #[test]
    fn schemas_that_contain_themselves_are_components_of_each_direction() {
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let (document, _) = built(json!({
            "Node": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"},
                "parent": reference("Node"),
                "children": reference("Nodes"),
                "rule": {"oneOf": [{"type": "string"}, reference("Rule")]},
            }},
            "Nodes": {"type": "array", "items": reference("Node")},
            "Rule": {"allOf": [reference("Base"), {"type": "object", "properties": {"next": reference("Rule")}}]},
            "Base": {"type": "object", "properties": {"about": reference("Node")}},
        }));
        let text = document.to_string();
        assert!(!text.contains(PREFIX) && !text.contains(RECURSIVE), "{text}");
        let api = model::read(&document, &Locations::new()).unwrap();
        let names: Vec<_> = api.types.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["CreateNodeRule", "Node", "NodeInput", "NodeRule", "Rule", "RuleInput"]
        );
        for name in ["Node", "NodeInput", "Rule", "RuleInput"] {
            let TypeKind::Object { properties, .. } = &api.types[name].kind else {
                panic!("an object");
            };
            let boxed: Vec<_> = properties
                .iter()
                .filter(|p| p.schema.boxed)
                .map(|p| p.name.as_str())
                .collect();
            assert_eq!(
                boxed,
                if name.starts_with("Node") {
                    vec!["parent", "rule"]
                } else {
                    vec!["about", "next"]
                },
                "{name}"
            );
        }
        assert_eq!(
            document["components"]["schemas"]["NodeInput"]["required"],
            json!(["name"])
        );
        let lowered = lower::lower(&document);
        assert_eq!(model::read(&lowered, &Locations::new()).unwrap().types.len(), 6);
    }

    #[test]
    fn schemas_that_only_contain_themselves_are_any_json() {
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        for schema in [
            json!({"type": "array", "items": reference("Node")}),
            json!({"additionalProperties": reference("Node")}),
            json!({"allOf": [reference("Node")]}),
            json!({"oneOf": [reference("Node"), {"type": "null"}]}),
            json!({"$ref": "#/components/schemas/Node"}),
        ] {
            let (document, notices) = built(json!({"Node": schema}));
            assert!(!document.to_string().contains("$ref"), "{document}");
            assert!(
                notices.iter().any(|notice| notice.contains("contains itself")),
                "{schema} {notices:?}"
            );
        }
    }
}
