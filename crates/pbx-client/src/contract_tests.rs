//! Reads every answer of the contract, whole and with each member spoiled in every way a server is known to.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::generated::{DECODERS, REQUESTS};
use crate::support::Decoder;

const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/generated/client.json");

/// An answer of the contract.
struct Answer {
    /// As in [`DECODERS`].
    name: String,
    schema: Value,
}

pub(crate) fn contract() -> Value {
    let text = std::fs::read_to_string(CONTRACT).expect("specs/generated/client.json: run `cargo xtask codegen`");
    serde_json::from_str(&text).unwrap()
}

/// Every JSON answer of every operation; errors once per schema.
fn answers(contract: &Value) -> Vec<Answer> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for item in contract["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            for (status, response) in operation["responses"].as_object().unwrap() {
                let schema = &response["content"]["application/json"]["schema"];
                if schema.is_null() {
                    continue;
                }
                let name = match status.starts_with(['2', '3']) {
                    true => format!("{id} {status}"),
                    false => format!("error {}", schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap()),
                };
                if seen.insert(name.clone()) {
                    out.push(Answer {
                        name,
                        schema: schema.clone(),
                    });
                }
            }
        }
    }
    out
}

fn decoder(name: &str) -> Decoder {
    let found = DECODERS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no decoder for `{name}`")).1
}

/// The schema itself, without `$ref` and `allOf`.
pub(crate) fn resolve<'a>(contract: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = contract.pointer(reference.trim_start_matches('#'));
        return resolve(contract, target.unwrap_or_else(|| panic!("{reference}")));
    }
    match schema["allOf"].as_array().map(Vec::as_slice) {
        Some([only]) => resolve(contract, only),
        Some(_) => panic!("several branches: {schema}"),
        None => schema,
    }
}

/// A value with every member set.
pub(crate) fn sample(contract: &Value, schema: &Value) -> Value {
    let schema = resolve(contract, schema);
    if let Some(variants) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return sample(contract, &variants[0]);
    }
    if let Some(values) = schema["x-extensible-enum"].as_array() {
        return values.last().unwrap().clone();
    }
    match schema["type"].as_str() {
        Some("boolean") => json!(true),
        Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(7).max(7)),
        Some("number") => json!(1.5),
        Some("array") => json!([sample(contract, &schema["items"])]),
        Some("object") => {
            let mut members = Map::new();
            for (name, member) in schema["properties"].as_object().into_iter().flatten() {
                members.insert(name.clone(), sample(contract, member));
            }
            if schema["additionalProperties"].is_object() {
                members.insert("another".to_owned(), sample(contract, &schema["additionalProperties"]));
            }
            Value::Object(members)
        }
        Some("string") if schema["format"] == "date-time" => json!("2024-05-01T08:30:00.5Z"),
        Some("string") => json!("some text"),
        _ => json!({"any": ["thing"]}),
    }
}

/// The JSON pointers and schemas of all members of a sample, at every depth.
fn members(contract: &Value, schema: &Value, at: &str, out: &mut Vec<(String, Value)>) {
    let schema = resolve(contract, schema);
    if let Some(variants) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return members(contract, &variants[0], at, out);
    }
    if schema["type"] == "array" {
        return members(contract, &schema["items"], &format!("{at}/0"), out);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        out.push((pointer.clone(), resolve(contract, member).clone()));
        members(contract, member, &pointer, out);
    }
}

/// What becomes of a spoiled member.
enum Expected {
    /// It is there as it came.
    Kept,
    /// It is as good as absent.
    Gone,
    /// It is there as this.
    As(Value),
}

/// What a server may send for a member, and what must become of it.
fn spoiled(schema: &Value, whole: &Value) -> Vec<(Value, Expected)> {
    use Expected::{As, Gone, Kept};

    let mut out = vec![(Value::Null, Gone)];
    if !schema["x-extensible-enum"].is_null() {
        out.extend([
            (json!("NOBODY_KNOWS_THIS"), Kept),
            (json!(""), Gone),
            (json!(5), As(json!("5"))),
        ]);
        return out;
    }
    match schema["type"].as_str() {
        Some("string") if schema["format"] == "date-time" => {
            out.extend([
                (json!(""), Gone),
                (json!("some day"), Kept),
                (json!("2024-05-01T08:30:00+02:00"), Kept),
            ]);
        }
        Some("string") => {
            let long = "x".repeat(10_000);
            out.extend([(json!(""), Kept), (json!(long), Kept), (json!(5), As(json!("5")))]);
        }
        Some("integer") => {
            let is_port = schema["maximum"] == 65_535 && schema["minimum"].as_i64() >= Some(0);
            out.extend([
                (json!(""), Gone),
                (json!(u64::MAX), Gone),
                (json!(1e300), Gone),
                (json!(0.5), Gone),
                (json!([1]), Gone),
                (json!(5_000_000_000_i64), if is_port { Gone } else { Kept }),
                (json!(-1), if is_port { Gone } else { Kept }),
            ]);
        }
        Some("number") => out.extend([(json!(""), Gone), (json!([1]), Gone), (json!(1e300), Kept)]),
        Some("boolean") => out.extend([(json!(""), Gone), (json!(2), Gone), (json!("maybe"), Gone)]),
        Some("array") => {
            out.extend([(json!(""), Gone), (json!(1), Gone), (json!([null]), Gone)]);
            // An item that cannot be read costs no other.
            let mut items = whole.as_array().cloned().unwrap_or_default();
            items.push(Value::Null);
            out.push((Value::Array(items), As(whole.clone())));
        }
        Some("object") => out.extend([(json!(""), Gone), (json!(1), Gone), (json!([{}]), Gone)]),
        _ => out.extend([(json!(""), Kept), (json!([1, {"x": null}]), Kept)]),
    }
    out
}

fn parent<'a>(value: &'a mut Value, pointer: &str) -> (&'a mut Map<String, Value>, String) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let members = value.pointer_mut(parent).and_then(Value::as_object_mut);
    (
        members.unwrap_or_else(|| panic!("no object at {parent}")),
        name.replace("~1", "/").replace("~0", "~"),
    )
}

fn without(mut value: Value, pointer: &str) -> Value {
    let (members, name) = parent(&mut value, pointer);
    members.remove(&name);
    value
}

fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    let (members, name) = parent(&mut value, pointer);
    members.insert(name, new);
    value
}

#[test]
fn every_answer_is_read_whole() {
    let contract = contract();
    let answers = answers(&contract);
    let covered: BTreeSet<&str> = answers.iter().map(|answer| answer.name.as_str()).collect();
    let decoders: BTreeSet<&str> = DECODERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(covered, decoders);
    for answer in &answers {
        let sample = sample(&contract, &answer.schema);
        // Nothing is lost, renamed or rewritten.
        assert_eq!(
            decoder(&answer.name)(&sample.to_string()),
            Ok(sample),
            "{}",
            answer.name
        );
    }
}

#[test]
fn no_member_costs_another() {
    let contract = contract();
    let mut tried = 0;
    for answer in answers(&contract) {
        let decode = decoder(&answer.name);
        let whole = sample(&contract, &answer.schema);
        let mut sites = Vec::new();
        members(&contract, &answer.schema, "", &mut sites);
        for (pointer, schema) in sites {
            let rest = without(whole.clone(), &pointer);
            let read = |body: &Value, what: &str| {
                decode(&body.to_string()).unwrap_or_else(|error| panic!("{} {pointer} {what}: {error}", answer.name))
            };
            let absent = read(&rest, "absent");
            assert_eq!(without(absent, &pointer), rest, "{} {pointer} absent", answer.name);
            for (value, expected) in spoiled(&schema, whole.pointer(&pointer).unwrap()) {
                let body = with(whole.clone(), &pointer, value.clone());
                let what: String = value.to_string().chars().take(60).collect();
                let read = read(&body, &what);
                assert_eq!(
                    without(read.clone(), &pointer),
                    rest,
                    "{} {pointer} {what}",
                    answer.name
                );
                let member = read
                    .pointer(&pointer)
                    .filter(|v| !matches!(v, Value::Array(a) if a.is_empty()));
                let expected = match &expected {
                    Expected::Kept => Some(&value),
                    Expected::As(other) => Some(other),
                    Expected::Gone => None,
                };
                assert_eq!(member, expected, "{} {pointer} {what}", answer.name);
                tried += 1;
            }
        }
    }
    assert!(tried > 1000, "only {tried} variations: the contract was not walked");
}

#[test]
fn every_body_that_is_to_be_sent_is_read_exactly() {
    let contract = contract();
    let mut tried = 0;
    for item in contract["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let content = &operation["requestBody"]["content"];
            let media = ["application/json", "application/x-www-form-urlencoded"];
            let Some(schema) = media
                .iter()
                .map(|media| &content[media]["schema"])
                .find(|schema| !schema.is_null())
            else {
                continue;
            };
            let id = operation["operationId"].as_str().unwrap();
            let recode = REQUESTS.iter().find(|(known, _)| *known == id).unwrap().1;
            let whole = sample(&contract, schema);
            assert_eq!(recode(&whole.to_string()), Ok(whole.clone()), "{id}");
            let mut sites = Vec::new();
            members(&contract, schema, "", &mut sites);
            for (pointer, schema) in sites {
                let misspelt = with(whole.clone(), &format!("{pointer}_"), json!(1));
                let fault = recode(&misspelt.to_string()).unwrap_err();
                assert!(fault.contains("is not known"), "{id} {pointer}: {fault}");
                let strange = match schema["type"].as_str() {
                    Some("string") => json!(5),
                    Some(_) => json!("strange"),
                    None => continue,
                };
                let fault = recode(&with(whole.clone(), &pointer, strange).to_string()).unwrap_err();
                assert!(fault.contains("expected"), "{id} {pointer}: {fault}");
                tried += 1;
            }
            for name in resolve(&contract, schema)["required"].as_array().into_iter().flatten() {
                let missing = without(whole.clone(), &format!("/{}", name.as_str().unwrap()));
                let fault = recode(&missing.to_string()).unwrap_err();
                assert!(fault.contains("is required"), "{id} {name}: {fault}");
            }
        }
    }
    assert!(tried > 300, "only {tried} members: the contract was not walked");
}

#[test]
fn nothing_is_invented() {
    let contract = contract();
    for answer in answers(&contract) {
        if resolve(&contract, &answer.schema)["type"] == "object" {
            let read = decoder(&answer.name)("{}").unwrap();
            let invented: Vec<_> = read
                .as_object()
                .unwrap()
                .iter()
                .filter(|(_, v)| **v != json!([]))
                .collect();
            assert!(invented.is_empty(), "{}: {invented:?}", answer.name);
        }
    }
}
