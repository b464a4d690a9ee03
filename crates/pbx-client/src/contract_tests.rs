//! Reads every response of the contract: complete, and with each property corrupted in every way that servers are known to.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::generated::{DECODERS, REQUESTS};
use crate::support::Decoder;

const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/generated/client.json");

/// A response of the contract.
struct Response {
    /// The key in [`DECODERS`].
    name: String,
    schema: Value,
}

pub(crate) fn contract() -> Value {
    let text = std::fs::read_to_string(CONTRACT).expect("specs/generated/client.json: run `cargo xtask codegen`");
    serde_json::from_str(&text).unwrap()
}

/// Returns every JSON response of every operation, and errors once per schema.
fn responses(contract: &Value) -> Vec<Response> {
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
                    out.push(Response {
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

/// Resolves `$ref` and `allOf`.
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

/// Returns a value with every property set.
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
            let mut object = Map::new();
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                object.insert(name.clone(), sample(contract, property));
            }
            if schema["additionalProperties"].is_object() {
                object.insert("another".to_owned(), sample(contract, &schema["additionalProperties"]));
            }
            Value::Object(object)
        }
        Some("string") if schema["format"] == "date-time" => json!("2024-05-01T08:30:00.5Z"),
        Some("string") => json!("some text"),
        _ => json!({"any": ["thing"]}),
    }
}

/// Collects the JSON Pointers and schemas of all properties of a sample, at every depth.
fn properties(contract: &Value, schema: &Value, at: &str, out: &mut Vec<(String, Value)>) {
    let schema = resolve(contract, schema);
    if let Some(variants) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return properties(contract, &variants[0], at, out);
    }
    if schema["type"] == "array" {
        return properties(contract, &schema["items"], &format!("{at}/0"), out);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        out.push((pointer.clone(), resolve(contract, property).clone()));
        properties(contract, property, &pointer, out);
    }
}

/// The expected result of reading a corrupted property.
enum Expected {
    /// The value is unchanged.
    Unchanged,
    /// The property is absent.
    Absent,
    /// The value is converted to this one.
    Converted(Value),
}

/// Returns what a server may send for a property, with the expected result of reading it.
fn corrupted(schema: &Value, whole: &Value) -> Vec<(Value, Expected)> {
    use Expected::{Absent, Converted, Unchanged};

    let mut out = vec![(Value::Null, Absent)];
    if !schema["x-extensible-enum"].is_null() {
        out.extend([
            (json!("NOBODY_KNOWS_THIS"), Unchanged),
            (json!(""), Absent),
            (json!(5), Converted(json!("5"))),
        ]);
        return out;
    }
    match schema["type"].as_str() {
        Some("string") if schema["format"] == "date-time" => {
            out.extend([
                (json!(""), Absent),
                (json!("some day"), Unchanged),
                (json!("2024-05-01T08:30:00+02:00"), Unchanged),
            ]);
        }
        Some("string") => {
            let long = "x".repeat(10_000);
            out.extend([
                (json!(""), Unchanged),
                (json!(long), Unchanged),
                (json!(5), Converted(json!("5"))),
            ]);
        }
        Some("integer") => {
            let is_port = schema["maximum"] == 65_535 && schema["minimum"].as_i64() >= Some(0);
            out.extend([
                (json!(""), Absent),
                (json!(u64::MAX), Absent),
                (json!(1e300), Absent),
                (json!(0.5), Absent),
                (json!([1]), Absent),
                (json!(5_000_000_000_i64), if is_port { Absent } else { Unchanged }),
                (json!(-1), if is_port { Absent } else { Unchanged }),
            ]);
        }
        Some("number") => out.extend([(json!(""), Absent), (json!([1]), Absent), (json!(1e300), Unchanged)]),
        Some("boolean") => out.extend([(json!(""), Absent), (json!(2), Absent), (json!("maybe"), Absent)]),
        Some("array") => {
            out.extend([(json!(""), Absent), (json!(1), Absent), (json!([null]), Absent)]);
            // An item that cannot be read is skipped.
            let mut items = whole.as_array().cloned().unwrap_or_default();
            items.push(Value::Null);
            out.push((Value::Array(items), Converted(whole.clone())));
        }
        Some("object") => out.extend([(json!(""), Absent), (json!(1), Absent), (json!([{}]), Absent)]),
        _ => out.extend([(json!(""), Unchanged), (json!([1, {"x": null}]), Unchanged)]),
    }
    out
}

fn parent<'a>(value: &'a mut Value, pointer: &str) -> (&'a mut Map<String, Value>, String) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let object = value.pointer_mut(parent).and_then(Value::as_object_mut);
    (
        object.unwrap_or_else(|| panic!("no object at {parent}")),
        name.replace("~1", "/").replace("~0", "~"),
    )
}

fn without(mut value: Value, pointer: &str) -> Value {
    let (object, name) = parent(&mut value, pointer);
    object.remove(&name);
    value
}

fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    let (object, name) = parent(&mut value, pointer);
    object.insert(name, new);
    value
}

#[test]
fn every_response_is_read_completely() {
    let contract = contract();
    let responses = responses(&contract);
    let covered: BTreeSet<&str> = responses.iter().map(|response| response.name.as_str()).collect();
    let decoders: BTreeSet<&str> = DECODERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(covered, decoders);
    for response in &responses {
        let sample = sample(&contract, &response.schema);
        // Nothing is lost, renamed or converted.
        assert_eq!(
            decoder(&response.name)(&sample.to_string()),
            Ok(sample),
            "{}",
            response.name
        );
    }
}

#[test]
fn corrupted_property_does_not_affect_others() {
    let contract = contract();
    let mut tried = 0;
    for response in responses(&contract) {
        let decode = decoder(&response.name);
        let whole = sample(&contract, &response.schema);
        let mut sites = Vec::new();
        properties(&contract, &response.schema, "", &mut sites);
        for (pointer, schema) in sites {
            let rest = without(whole.clone(), &pointer);
            let read = |body: &Value, what: &str| {
                decode(&body.to_string()).unwrap_or_else(|error| panic!("{} {pointer} {what}: {error}", response.name))
            };
            let absent = read(&rest, "absent");
            assert_eq!(without(absent, &pointer), rest, "{} {pointer} absent", response.name);
            for (value, expected) in corrupted(&schema, whole.pointer(&pointer).unwrap()) {
                let body = with(whole.clone(), &pointer, value.clone());
                let what: String = value.to_string().chars().take(60).collect();
                let read = read(&body, &what);
                assert_eq!(
                    without(read.clone(), &pointer),
                    rest,
                    "{} {pointer} {what}",
                    response.name
                );
                let property = read
                    .pointer(&pointer)
                    .filter(|v| !matches!(v, Value::Array(a) if a.is_empty()));
                let expected = match &expected {
                    Expected::Unchanged => Some(&value),
                    Expected::Converted(other) => Some(other),
                    Expected::Absent => None,
                };
                assert_eq!(property, expected, "{} {pointer} {what}", response.name);
                tried += 1;
            }
        }
    }
    assert!(tried > 1000, "only {tried} variations: the contract was not walked");
}

#[test]
fn every_request_body_is_read_strictly() {
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
            properties(&contract, schema, "", &mut sites);
            for (pointer, schema) in sites {
                let misspelt = with(whole.clone(), &format!("{pointer}_"), json!(1));
                let error = recode(&misspelt.to_string()).unwrap_err();
                assert!(error.contains("unknown property"), "{id} {pointer}: {error}");
                let strange = match schema["type"].as_str() {
                    Some("string") => json!(5),
                    Some(_) => json!("strange"),
                    None => continue,
                };
                let error = recode(&with(whole.clone(), &pointer, strange).to_string()).unwrap_err();
                assert!(error.contains("expected"), "{id} {pointer}: {error}");
                tried += 1;
            }
            for name in resolve(&contract, schema)["required"].as_array().into_iter().flatten() {
                let missing = without(whole.clone(), &format!("/{}", name.as_str().unwrap()));
                let error = recode(&missing.to_string()).unwrap_err();
                assert!(error.contains("is required"), "{id} {name}: {error}");
            }
        }
    }
    assert!(tried > 300, "only {tried} properties: the contract was not walked");
}

/// Returns an object with nothing but the property that a pointer leads to.
fn only(pointer: &str, value: &Value) -> Value {
    pointer.rsplit('/').fold(value.clone(), |inner, name| match name {
        "" => inner,
        name => json!({name: inner}),
    })
}

#[test]
fn update_sends_null_only_where_it_is_set() {
    let contract = contract();
    let mut tried = 0;
    for item in contract["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let body = &operation["requestBody"];
            if body["x-merge-patch"] != true {
                continue;
            }
            let id = operation["operationId"].as_str().unwrap();
            let recode = REQUESTS.iter().find(|(known, _)| *known == id).unwrap().1;
            assert_eq!(recode("{}"), Ok(json!({})), "{id}");
            let schema = &body["content"]["application/json"]["schema"];
            let whole = sample(&contract, schema);
            let mut sites = Vec::new();
            properties(&contract, schema, "", &mut sites);
            // An array is replaced as a whole.
            for (pointer, _) in sites.iter().filter(|(pointer, _)| !pointer.contains("/0/")) {
                for value in [whole.pointer(pointer).unwrap(), &Value::Null] {
                    let sent = only(pointer, value);
                    assert_eq!(recode(&sent.to_string()), Ok(sent), "{id} {pointer}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 300, "only {tried} properties: the contract was not walked");
}

#[test]
fn absent_properties_stay_absent() {
    let contract = contract();
    for response in responses(&contract) {
        if resolve(&contract, &response.schema)["type"] == "object" {
            let read = decoder(&response.name)("{}").unwrap();
            let invented: Vec<_> = read
                .as_object()
                .unwrap()
                .iter()
                .filter(|(_, v)| **v != json!([]))
                .collect();
            assert!(invented.is_empty(), "{}: {invented:?}", response.name);
        }
    }
}
