//! The kind of object that an ID names, as `x-id` on the schema of the ID.
//!
//! * The path parameter `id` names an object of the collection before it: `Tenant` in `/tenants/{id}`.
//! * Any other parameter of a path or query that ends with `_id` names an object of the kind in its name: `Tenant` for `tenant_id`.
//! * The property `id` of a response has the kind of the parameter `id`: in the responses on `/tenants/{id}`, in the items of the list
//!   at `/tenants`, and in the response that creates a tenant there.
//!
//! An `x-id` in the document overrides the rule; `false` marks a string that is no ID. Stated on the path parameter `id`, it
//! holds for every operation on that path and below it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use openapi_reader::diagnostic::Diagnostics;

use crate::extensions::ID;
use crate::naming::words::{pascal, singular};
use crate::operations::{Locations, for_each_operation, location_of, operations};
use crate::schemas::{for_each_schema, list_items};

/// Sets `x-id` by the rules on normalized schemas.
pub fn apply(document: &mut Value, locations: &Locations) -> Result<(), Diagnostics> {
    let kinds = kinds(document, locations)?;
    let mut errors = Diagnostics::default();
    for_each_operation(document, |path, method, operation| {
        parameters(operation, path, &kinds);
        responses(operation, path, method, &kinds);
        for_each_schema(operation, "", &mut |at, schema| {
            if let Err(message) = check(schema) {
                let text = format!("`{} {path}` at `{at}`: {message}", method.to_uppercase());
                errors.push(location_of(locations, path, method), text);
            }
        });
    });
    errors.into_result()
}

/// The kind of the parameter `id`, by the path up to it; `false` if it is no ID.
fn kinds(document: &Value, locations: &Locations) -> Result<BTreeMap<String, Value>, Diagnostics> {
    let mut stated: BTreeMap<String, &Value> = BTreeMap::new();
    let mut kinds = BTreeMap::new();
    let mut errors = Diagnostics::default();
    for (path, method, operation) in operations(document) {
        let Some((path_to_id, collection)) = split_at_id(path) else {
            continue;
        };
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let parameter = parameters.into_iter().flatten().find(|p| is_path_id(p));
        let schema = parameter.and_then(|p| p.get("schema"));
        let rule = match schema {
            // One of a list of values names no object, and neither does the property `id` of its response.
            Some(schema) if schema.get("enum").is_some() => json!(false),
            _ => json!(pascal(&singular(collection))),
        };
        kinds.entry(path_to_id.to_owned()).or_insert(rule);
        let Some(kind) = schema.and_then(|schema| schema.get(ID)) else {
            continue;
        };
        match stated.insert(path_to_id.to_owned(), kind) {
            Some(other) if other != kind => errors.push(
                location_of(locations, path, method),
                format!(
                    "`{ID}` of the parameter `id` in `{path_to_id}` is {kind} here and {other} elsewhere; keep one"
                ),
            ),
            _ => {}
        }
    }
    errors.into_result()?;
    kinds.extend(stated.into_iter().map(|(path, kind)| (path, kind.clone())));
    Ok(kinds)
}

/// Splits a path at its parameter `id`: the path up to it, and the segment before it.
fn split_at_id(path: &str) -> Option<(&str, &str)> {
    let end = path.find("/{id}")?;
    let collection = path[..end].rsplit('/').next()?;
    let plain = !collection.is_empty() && !collection.contains('{');
    plain.then_some((&path[..end + "/{id}".len()], collection))
}

fn is_path_id(parameter: &Value) -> bool {
    parameter["in"] == "path" && parameter["name"] == "id"
}

fn parameters(operation: &mut Value, path: &str, kinds: &BTreeMap<String, Value>) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let kind = if is_path_id(parameter) {
            split_at_id(path).and_then(|(path, _)| kinds.get(path)).cloned()
        } else if parameter["in"] == "path" || parameter["in"] == "query" {
            let object = name.strip_suffix("_id").filter(|object| !object.is_empty());
            object.map(|object| json!(pascal(object)))
        } else {
            None
        };
        if let (Some(kind), Some(schema)) = (kind, parameter.get_mut("schema")) {
            set(schema, &kind);
        }
    }
}

fn responses(operation: &mut Value, path: &str, method: &str, kinds: &BTreeMap<String, Value>) {
    let (kind, is_list) = match kinds.get(path) {
        Some(kind) => (kind, false),
        None => match kinds.get(&format!("{path}/{{id}}")) {
            Some(kind) => (kind, method == "get"),
            None => return,
        },
    };
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    for (_, response) in responses.into_iter().flatten().filter(|(s, _)| s.starts_with('2')) {
        let Some(schema) = response.pointer_mut("/content/application~1json/schema") else {
            continue;
        };
        let at = match list_items(schema) {
            Some((_, at)) if is_list => at,
            None if !is_list => "",
            _ => continue,
        };
        if let Some(id) = schema.pointer_mut(&format!("{at}/properties/id")) {
            set(id, kind);
        }
    }
}

/// Sets the kind of a string that states none.
fn set(schema: &mut Value, kind: &Value) {
    if schema["type"] == "string"
        && let Some(schema) = schema.as_object_mut()
        && !schema.contains_key("enum")
    {
        schema.entry(ID).or_insert_with(|| kind.clone());
    }
}

/// Removes every `x-id: false`, and rejects what is neither `false` nor a kind on a string.
fn check(schema: &mut Value) -> Result<(), String> {
    match schema {
        Value::Array(items) => items.iter_mut().try_for_each(check),
        Value::Object(object) => {
            // A string: a property can be called `x-id`.
            match object
                .get(ID)
                .filter(|_| object.get("type").is_some_and(Value::is_string))
            {
                None => {}
                Some(Value::Bool(false)) => {
                    object.shift_remove(ID);
                }
                Some(Value::String(kind)) if object["type"] == "string" && *kind == pascal(kind) => {}
                Some(kind) => {
                    return Err(format!(
                        "`{ID}: {kind}`: it must be a name like `Tenant` on a schema of type string, or `false`"
                    ));
                }
            }
            object.values_mut().try_for_each(check)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_schema(schema: &Value) -> Value {
        json!({"content": {"application/json": {"schema": schema}}})
    }

    fn parameter(location: &str, name: &str, schema: Value) -> Value {
        json!({"in": location, "name": name, "schema": schema})
    }

    fn document() -> Value {
        let string = json!({"type": "string"});
        let object = json!({"type": "object", "properties": {"id": string, "other_id": string, "part": {"properties": {"id": string}}}});
        let list = json!({"type": "object", "properties": {"items": {"type": "array", "items": object}}});
        let id = parameter("path", "id", string.clone());
        json!({"paths": {
            "/ip_filters": {
                "get": {"responses": {"200": json_schema(&list)}},
                "post": {"requestBody": json_schema(&object), "responses": {"200": json_schema(&object)}},
            },
            "/ip_filters/{id}": {
                "get": {"parameters": [id], "responses": {"200": json_schema(&object), "4XX": json_schema(&object)}},
            },
            "/ip_filters/{id}/users/{user_id}": {
                "get": {"parameters": [
                    id, parameter("path", "user_id", string.clone()), parameter("query", "file_id", string.clone()),
                    parameter("query", "number_id", json!({"type": "integer"})), parameter("query", "id", string.clone()),
                    parameter("header", "x_id", string),
                ], "responses": {"200": json_schema(&object)}},
            },
        }})
    }

    /// Every `x-id` with its JSON Pointer.
    fn found(value: &Value, at: &str, out: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                for (key, child) in object {
                    if key == ID {
                        out.push(format!("{at} {child}"));
                    }
                    found(child, &format!("{at}/{}", openapi_reader::pointer::token(key)), out);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    found(item, &format!("{at}/{index}"), out);
                }
            }
            _ => {}
        }
    }

    fn applied(mut document: Value) -> Vec<String> {
        apply(&mut document, &Locations::new()).unwrap();
        let mut out = Vec::new();
        found(&document["paths"], "", &mut out);
        out.iter()
            .map(|line| line.replace("/content/application~1json/schema", ""))
            .collect()
    }

    #[test]
    fn parameters_and_responses_have_the_kind_that_the_path_says() {
        assert_eq!(
            applied(document()),
            [
                r#"/~1ip_filters/get/responses/200/properties/items/items/properties/id "IpFilter""#,
                r#"/~1ip_filters/post/responses/200/properties/id "IpFilter""#,
                r#"/~1ip_filters~1{id}/get/parameters/0/schema "IpFilter""#,
                r#"/~1ip_filters~1{id}/get/responses/200/properties/id "IpFilter""#,
                r#"/~1ip_filters~1{id}~1users~1{user_id}/get/parameters/0/schema "IpFilter""#,
                r#"/~1ip_filters~1{id}~1users~1{user_id}/get/parameters/1/schema "User""#,
                r#"/~1ip_filters~1{id}~1users~1{user_id}/get/parameters/2/schema "File""#,
            ]
        );
    }

    #[test]
    fn kind_in_the_document_wins_and_false_removes_it() {
        let mut document = document();
        let get = &mut document["paths"]["/ip_filters/{id}"]["get"];
        get["parameters"][0]["schema"][ID] = json!("IpRule");
        get["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["id"][ID] = json!(false);
        let users = &mut document["paths"]["/ip_filters/{id}/users/{user_id}"]["get"];
        users["parameters"][1]["schema"][ID] = json!(false);
        users["parameters"][2]["schema"][ID] = json!("Picture");
        assert_eq!(
            applied(document),
            [
                r#"/~1ip_filters/get/responses/200/properties/items/items/properties/id "IpRule""#,
                r#"/~1ip_filters/post/responses/200/properties/id "IpRule""#,
                r#"/~1ip_filters~1{id}/get/parameters/0/schema "IpRule""#,
                r#"/~1ip_filters~1{id}~1users~1{user_id}/get/parameters/0/schema "IpRule""#,
                r#"/~1ip_filters~1{id}~1users~1{user_id}/get/parameters/2/schema "Picture""#,
            ]
        );
    }

    #[test]
    fn two_kinds_of_one_path_and_invalid_kinds_are_errors() {
        let pointer = "/paths/~1ip_filters~1{id}/get/parameters/0/schema";
        let nested = "/paths/~1ip_filters~1{id}~1users~1{user_id}/get/parameters/0/schema";
        let mut document = document();
        document.pointer_mut(pointer).unwrap()[ID] = json!("IpRule");
        document.pointer_mut(nested).unwrap()[ID] = json!("Rule");
        let error = apply(&mut document, &Locations::new()).unwrap_err().to_string();
        assert!(
            error.contains(r#"in `/ip_filters/{id}` is "Rule" here and "IpRule" elsewhere"#),
            "{error}"
        );

        for schema in [
            json!({"type": "string", "x-id": "ip_rule"}),
            json!({"type": "integer", "x-id": "IpRule"}),
            json!({"type": "string", "x-id": true}),
        ] {
            let mut document = self::document();
            *document
                .pointer_mut("/paths/~1ip_filters~1{id}~1users~1{user_id}/get/parameters/4/schema")
                .unwrap() = schema;
            let error = apply(&mut document, &Locations::new()).unwrap_err().to_string();
            assert!(
                error.starts_with("`GET /ip_filters/{id}/users/{user_id}` at `/parameters/4/schema`: `x-id: "),
                "{error}"
            );
        }
    }
}
