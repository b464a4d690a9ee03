//! Checks the severities for the client: the contract is changed in one way wherever possible, and the client reads responses
//! of the changed one. An operation whose response is not read completely must be reported as breaking for the client, and no other.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use xtask::diff::input::Side;

use super::client::{self, Outcome, Reader};
use super::copy::workspace;
use super::{generated, unreadable};

pub type Schema = Map<String, Value>;

/// A change to a schema; returns `true` if it was possible.
pub type Change = fn(&mut Schema) -> bool;

/// The type without null.
fn ty(schema: &Schema) -> Option<&str> {
    match schema.get("type")? {
        Value::Array(types) => {
            let mut types = types.iter().filter_map(Value::as_str).filter(|ty| *ty != "null");
            types.next().filter(|_| types.next().is_none())
        }
        ty => ty.as_str(),
    }
}

/// Returns `true` for a schema of a single type without enum, const and format.
fn is_plain(schema: &Schema, name: &str) -> bool {
    ty(schema) == Some(name) && !["enum", "const", "format"].iter().any(|key| schema.contains_key(*key))
}

/// Sets another type, and removes the constraints of the old one.
fn set_type(schema: &mut Schema, from: &str, types: Value) -> bool {
    let fits = is_plain(schema, from) || (from != "string" && ty(schema) == Some(from));
    if fits {
        schema.retain(|key, _| matches!(key.as_str(), "readOnly" | "format"));
        schema.insert("type".to_owned(), types);
    }
    fits
}

fn without(schema: &mut Schema, keys: &[&str]) -> bool {
    let count = schema.len();
    schema.retain(|key, _| !keys.contains(&key.as_str()));
    schema.len() < count
}

/// Removes the last property of an object.
fn take_last(schema: &mut Schema) -> Option<(String, Value)> {
    let properties = schema.get_mut("properties")?.as_object_mut()?;
    let name = properties.keys().next_back()?.clone();
    let property = properties.remove(&name)?;
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|needed| *needed != json!(name));
    }
    Some((name, property))
}

pub const SCHEMAS: [(&str, Change); 32] = [
    ("a property is gone", |schema| take_last(schema).is_some()),
    ("a property has another name", |schema| {
        take_last(schema).is_some_and(|(name, property)| {
            schema["properties"][format!("{name}_2")] = property;
            true
        })
    }),
    ("a property more", |schema| {
        let has = schema.get("properties").is_some();
        if has {
            schema["properties"]["zz_more"] = json!({"type": "string"});
            schema.insert("required".to_owned(), json!(["zz_more"]));
        }
        has
    }),
    ("nothing must be there", |schema| without(schema, &["required"])),
    ("nothing is shown", |schema| {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        properties.into_iter().flatten().fold(false, |_, (_, property)| {
            if let Some(property) = property.as_object_mut() {
                property.insert("writeOnly".to_owned(), json!(true));
            }
            true
        })
    }),
    ("null, where there was a value", |schema| {
        match schema.get("type").cloned() {
            Some(Value::String(ty)) => {
                if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
                    values.push(Value::Null);
                }
                schema.insert("type".to_owned(), json!([ty, "null"]));
                true
            }
            _ => false,
        }
    }),
    ("a value more", |schema| {
        let values = schema.get_mut("enum").and_then(Value::as_array_mut);
        values.is_some_and(|values| {
            values.insert(0, json!("ZZ_NEW"));
            true
        })
    }),
    ("any value", |schema| without(schema, &["enum"])),
    ("an integer for text", |schema| {
        set_type(schema, "string", json!("integer"))
    }),
    ("a number for text", |schema| {
        set_type(schema, "string", json!("number"))
    }),
    ("a switch for text", |schema| {
        set_type(schema, "string", json!("boolean"))
    }),
    ("an object for text", |schema| {
        set_type(schema, "string", json!("object"))
    }),
    ("a list for text", |schema| set_type(schema, "string", json!("array"))),
    ("text or an integer for text", |schema| {
        set_type(schema, "string", json!(["integer", "string"]))
    }),
    ("text or a list for text", |schema| {
        set_type(schema, "string", json!(["array", "string"]))
    }),
    ("text for an integer", |schema| {
        set_type(schema, "integer", json!("string"))
    }),
    ("a number for an integer", |schema| {
        set_type(schema, "integer", json!("number"))
    }),
    ("a switch for an integer", |schema| {
        set_type(schema, "integer", json!("boolean"))
    }),
    ("an integer or text for an integer", |schema| {
        set_type(schema, "integer", json!(["string", "integer"]))
    }),
    ("text for a number", |schema| {
        set_type(schema, "number", json!("string"))
    }),
    ("an integer for a number", |schema| {
        set_type(schema, "number", json!("integer"))
    }),
    ("text for a switch", |schema| {
        set_type(schema, "boolean", json!("string"))
    }),
    ("an integer for a switch", |schema| {
        set_type(schema, "boolean", json!("integer"))
    }),
    ("a list for a switch", |schema| {
        set_type(schema, "boolean", json!("array"))
    }),
    ("text for an object", |schema| {
        set_type(schema, "object", json!("string"))
    }),
    ("a list for an object", |schema| {
        set_type(schema, "object", json!("array"))
    }),
    ("text for a list", |schema| set_type(schema, "array", json!("string"))),
    ("no limits of numbers", |schema| {
        without(schema, &["minimum", "maximum"])
    }),
    ("a higher limit", |schema| {
        let limit = schema.get_mut("maximum");
        limit.is_some_and(|limit| {
            *limit = json!(limit.as_i64().unwrap() * 2);
            true
        })
    }),
    ("no limits of text", |schema| {
        // The limits of this server are reported for review only.
        !schema.contains_key("x-limit") && without(schema, &["minLength", "maxLength", "pattern"])
    }),
    ("text for a time", |schema| {
        let is_time = schema.get("format").is_some_and(|format| format == "date-time");
        is_time && without(schema, &["format"])
    }),
    ("a time for text", |schema| {
        let fits = is_plain(schema, "string") && !schema.contains_key("pattern");
        if fits {
            schema.insert("format".to_owned(), json!("date-time"));
        }
        fits
    }),
];

/// A change to the responses of an operation; returns `true` if it was possible.
const RESPONSES: [(&str, Change); 6] = [
    ("another status", |responses| {
        let response = responses.remove("200");
        response.is_some_and(|response| responses.insert("206".to_owned(), response).is_none())
    }),
    ("a status more", |responses| {
        let response = responses.get("200").cloned();
        response.is_some_and(|response| responses.insert("206".to_owned(), response).is_none())
    }),
    ("a failure more", |responses| {
        responses
            .insert("419".to_owned(), json!({"description": "A teapot"}))
            .is_none()
    }),
    ("no body", |responses| {
        let response = responses.get_mut("200").and_then(Value::as_object_mut);
        let response = response.filter(|response| {
            response
                .get("content")
                .is_some_and(|all| all.get("application/json").is_some())
        });
        response.is_some_and(|response| response.remove("content").is_some())
    }),
    ("a body", |responses| {
        let response = responses.get_mut("200").and_then(Value::as_object_mut);
        response
            .filter(|response| !response.contains_key("content"))
            .is_some_and(|response| {
                response.insert(
                    "content".to_owned(),
                    json!({"application/json": {"schema": {"type": "object"}}}),
                );
                true
            })
    }),
    ("a header more", |responses| {
        let response = responses.get_mut("200").and_then(Value::as_object_mut);
        response.is_some_and(|response| {
            response.insert(
                "headers".to_owned(),
                json!({"X-New": {"required": true, "schema": {"type": "string"}}}),
            );
            true
        })
    }),
];

/// Changes a schema and its subschemas; returns the number of changed places.
fn everywhere(schema: &mut Value, change: Change) -> usize {
    let Some(object) = schema.as_object_mut() else {
        return 0;
    };
    let mut count = 0;
    for (key, value) in object.iter_mut() {
        count += match key.as_str() {
            "properties" => value
                .as_object_mut()
                .into_iter()
                .flatten()
                .map(|(_, property)| everywhere(property, change))
                .sum(),
            "items" | "additionalProperties" => everywhere(value, change),
            "oneOf" | "anyOf" | "allOf" => value
                .as_array_mut()
                .into_iter()
                .flatten()
                .map(|one| everywhere(one, change))
                .sum(),
            _ => 0,
        };
    }
    count + usize::from(change(object))
}

/// The components that a value refers to, directly or not.
fn reachable(contract: &Value, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(properties) => {
            if let Some(name) = properties
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|name| name.rsplit('/').next())
                && found.insert(name.to_owned())
            {
                reachable(contract, &contract["components"]["schemas"][name], found);
            }
            properties
                .values()
                .for_each(|property| reachable(contract, property, found));
        }
        Value::Array(items) => items.iter().for_each(|item| reachable(contract, item, found)),
        _ => {}
    }
}

/// The contract with one change in all places, except error responses, which are not read here.
pub fn changed(contract: &Value, change: Change) -> (Value, usize) {
    let mut errors = BTreeSet::new();
    for (_, operation) in client::operations(contract) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if !status.starts_with('2') {
                reachable(contract, response, &mut errors);
            }
        }
    }
    let mut contract = contract.clone();
    let schemas = contract["components"]["schemas"].as_object_mut().unwrap();
    let schemas = schemas.iter_mut().filter(|(name, _)| !errors.contains(*name));
    let count = schemas.map(|(_, schema)| everywhere(schema, change)).sum();
    (contract, count)
}

fn changed_responses(contract: &Value, change: Change) -> (Value, usize) {
    let mut contract = contract.clone();
    let mut count = 0;
    for (_, item) in contract["paths"].as_object_mut().unwrap() {
        for (_, operation) in item.as_object_mut().unwrap() {
            let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
            count += usize::from(responses.is_some_and(change));
        }
    }
    (contract, count)
}

/// The reported severity of an operation.
pub fn verdict(is_breaking: bool) -> &'static str {
    if is_breaking { "breaking" } else { "harmless" }
}

#[tokio::test]
async fn severities_for_the_client_are_correct() {
    let before = generated(&workspace());
    let reader = Reader::new(&before.document).await;
    let schemas = SCHEMAS.map(|(name, change)| (name, changed(&before.document, change)));
    let responses = RESPONSES.map(|(name, change)| (name, changed_responses(&before.document, change)));
    let mut wrong = Vec::new();
    for (name, (document, count)) in schemas.into_iter().chain(responses) {
        assert!(count > 0, "{name}: nowhere in the contract");
        let after = Side::from_bytes("after.json", document.to_string().as_bytes()).unwrap();
        let reported = unreadable(&before, &after);
        for (endpoint, (outcome, response)) in reader.outcomes(&document).await {
            if (outcome != Outcome::Read) != reported.contains(&endpoint) {
                let response: String = response.chars().take(300).collect();
                let verdict = verdict(reported.contains(&endpoint));
                wrong.push(format!(
                    "{name}, {endpoint:?}: reported as {verdict}, but the outcome is {outcome:?} of {response}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} severities are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
