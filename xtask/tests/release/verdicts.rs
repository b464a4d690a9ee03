//! What is said of the client is so: the contract is changed in one way wherever that is possible, and the client reads answers
//! of the changed one. An operation of which a part does not arrive is called breaking for the client, and no other is.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use xtask::diff::input::Side;

use super::client::{self, Outcome, Reader};
use super::copy::workspace;
use super::{generated, unreadable};

pub type Schema = Map<String, Value>;

/// A change to a schema; says whether it was possible.
pub type Change = fn(&mut Schema) -> bool;

/// The type, but for null.
fn ty(schema: &Schema) -> Option<&str> {
    match schema.get("type")? {
        Value::Array(types) => {
            let mut types = types.iter().filter_map(Value::as_str).filter(|ty| *ty != "null");
            types.next().filter(|_| types.next().is_none())
        }
        ty => ty.as_str(),
    }
}

/// Of one type and nothing else that could be told apart.
fn is_plain(schema: &Schema, name: &str) -> bool {
    ty(schema) == Some(name) && !["enum", "const", "format"].iter().any(|key| schema.contains_key(*key))
}

/// Another type, with nothing left of what limited the one before.
fn becomes(schema: &mut Schema, from: &str, types: Value) -> bool {
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

/// Takes the last member out of an object.
fn take_last(schema: &mut Schema) -> Option<(String, Value)> {
    let members = schema.get_mut("properties")?.as_object_mut()?;
    let name = members.keys().next_back()?.clone();
    let member = members.remove(&name)?;
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|needed| *needed != json!(name));
    }
    Some((name, member))
}

pub const SCHEMAS: [(&str, Change); 32] = [
    ("a member is gone", |schema| take_last(schema).is_some()),
    ("a member has another name", |schema| {
        take_last(schema).is_some_and(|(name, member)| {
            schema["properties"][format!("{name}_2")] = member;
            true
        })
    }),
    ("a member more", |schema| {
        let has = schema.get("properties").is_some();
        if has {
            schema["properties"]["zz_more"] = json!({"type": "string"});
            schema.insert("required".to_owned(), json!(["zz_more"]));
        }
        has
    }),
    ("nothing must be there", |schema| without(schema, &["required"])),
    ("nothing is shown", |schema| {
        let members = schema.get_mut("properties").and_then(Value::as_object_mut);
        members.into_iter().flatten().fold(false, |_, (_, member)| {
            if let Some(member) = member.as_object_mut() {
                member.insert("writeOnly".to_owned(), json!(true));
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
        becomes(schema, "string", json!("integer"))
    }),
    ("a number for text", |schema| becomes(schema, "string", json!("number"))),
    ("a switch for text", |schema| {
        becomes(schema, "string", json!("boolean"))
    }),
    ("an object for text", |schema| {
        becomes(schema, "string", json!("object"))
    }),
    ("a list for text", |schema| becomes(schema, "string", json!("array"))),
    ("text or an integer for text", |schema| {
        becomes(schema, "string", json!(["integer", "string"]))
    }),
    ("text or a list for text", |schema| {
        becomes(schema, "string", json!(["array", "string"]))
    }),
    ("text for an integer", |schema| {
        becomes(schema, "integer", json!("string"))
    }),
    ("a number for an integer", |schema| {
        becomes(schema, "integer", json!("number"))
    }),
    ("a switch for an integer", |schema| {
        becomes(schema, "integer", json!("boolean"))
    }),
    ("an integer or text for an integer", |schema| {
        becomes(schema, "integer", json!(["string", "integer"]))
    }),
    ("text for a number", |schema| becomes(schema, "number", json!("string"))),
    ("an integer for a number", |schema| {
        becomes(schema, "number", json!("integer"))
    }),
    ("text for a switch", |schema| {
        becomes(schema, "boolean", json!("string"))
    }),
    ("an integer for a switch", |schema| {
        becomes(schema, "boolean", json!("integer"))
    }),
    ("a list for a switch", |schema| {
        becomes(schema, "boolean", json!("array"))
    }),
    ("text for an object", |schema| {
        becomes(schema, "object", json!("string"))
    }),
    ("a list for an object", |schema| {
        becomes(schema, "object", json!("array"))
    }),
    ("text for a list", |schema| becomes(schema, "array", json!("string"))),
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
        without(schema, &["minLength", "maxLength", "pattern"])
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

/// A change to the answers of an operation.
const ANSWERS: [(&str, Change); 6] = [
    ("another status", |answers| {
        let answer = answers.remove("200");
        answer.is_some_and(|answer| answers.insert("206".to_owned(), answer).is_none())
    }),
    ("a status more", |answers| {
        let answer = answers.get("200").cloned();
        answer.is_some_and(|answer| answers.insert("206".to_owned(), answer).is_none())
    }),
    ("a failure more", |answers| {
        answers
            .insert("419".to_owned(), json!({"description": "A teapot"}))
            .is_none()
    }),
    ("no body", |answers| {
        let answer = answers.get_mut("200").and_then(Value::as_object_mut);
        let answer = answer.filter(|answer| {
            answer
                .get("content")
                .is_some_and(|all| all.get("application/json").is_some())
        });
        answer.is_some_and(|answer| answer.remove("content").is_some())
    }),
    ("a body", |answers| {
        let answer = answers.get_mut("200").and_then(Value::as_object_mut);
        answer
            .filter(|answer| !answer.contains_key("content"))
            .is_some_and(|answer| {
                answer.insert(
                    "content".to_owned(),
                    json!({"application/json": {"schema": {"type": "object"}}}),
                );
                true
            })
    }),
    ("a header more", |answers| {
        let answer = answers.get_mut("200").and_then(Value::as_object_mut);
        answer.is_some_and(|answer| {
            answer.insert(
                "headers".to_owned(),
                json!({"X-New": {"required": true, "schema": {"type": "string"}}}),
            );
            true
        })
    }),
];

/// Changes a schema and all that are in it; says in how many places.
fn everywhere(schema: &mut Value, change: Change) -> usize {
    let Some(members) = schema.as_object_mut() else {
        return 0;
    };
    let mut count = 0;
    for (key, value) in members.iter_mut() {
        count += match key.as_str() {
            "properties" => value
                .as_object_mut()
                .into_iter()
                .flatten()
                .map(|(_, member)| everywhere(member, change))
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
    count + usize::from(change(members))
}

/// The components that a value leads to.
fn reachable(contract: &Value, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(name) = members
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|name| name.rsplit('/').next())
                && found.insert(name.to_owned())
            {
                reachable(contract, &contract["components"]["schemas"][name], found);
            }
            members.values().for_each(|member| reachable(contract, member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| reachable(contract, item, found)),
        _ => {}
    }
}

/// The contract with one change in all places but what errors hold, which is no answer that is read here.
pub fn changed(contract: &Value, change: Change) -> (Value, usize) {
    let mut errors = BTreeSet::new();
    for (_, operation) in client::operations(contract) {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            if !status.starts_with('2') {
                reachable(contract, answer, &mut errors);
            }
        }
    }
    let mut contract = contract.clone();
    let schemas = contract["components"]["schemas"].as_object_mut().unwrap();
    let schemas = schemas.iter_mut().filter(|(name, _)| !errors.contains(*name));
    let count = schemas.map(|(_, schema)| everywhere(schema, change)).sum();
    (contract, count)
}

fn changed_answers(contract: &Value, change: Change) -> (Value, usize) {
    let mut contract = contract.clone();
    let mut count = 0;
    for (_, item) in contract["paths"].as_object_mut().unwrap() {
        for (_, operation) in item.as_object_mut().unwrap() {
            let answers = operation.get_mut("responses").and_then(Value::as_object_mut);
            count += usize::from(answers.is_some_and(change));
        }
    }
    (contract, count)
}

/// What an operation was called.
pub fn verdict(is_breaking: bool) -> &'static str {
    if is_breaking { "breaking" } else { "harmless" }
}

#[tokio::test]
async fn severities_for_the_client_are_correct() {
    let before = generated(&workspace());
    let reader = Reader::new(&before.document).await;
    let schemas = SCHEMAS.map(|(name, change)| (name, changed(&before.document, change)));
    let answers = ANSWERS.map(|(name, change)| (name, changed_answers(&before.document, change)));
    let mut wrong = Vec::new();
    for (name, (document, count)) in schemas.into_iter().chain(answers) {
        assert!(count > 0, "{name}: nowhere in the contract");
        let after = Side::from_bytes("after.json", document.to_string().as_bytes()).unwrap();
        let told = unreadable(&before, &after);
        for (endpoint, (outcome, answer)) in reader.outcomes(&document).await {
            if (outcome != Outcome::Read) != told.contains(&endpoint) {
                let answer: String = answer.chars().take(300).collect();
                let verdict = verdict(told.contains(&endpoint));
                wrong.push(format!(
                    "{name}, {endpoint:?}: called {verdict}, and it is {outcome:?} of {answer}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} verdicts are not so:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
