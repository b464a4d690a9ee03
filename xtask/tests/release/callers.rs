//! What is said of callers is so: the contract is changed in one way wherever that is possible, and bodies that the old one
//! takes are held against the new one. An operation that refuses one is called breaking for callers, and no other is.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use xtask::diff::{Level, Side};

use super::client::{Endpoint, operations, schema};
use super::copy::workspace;
use super::generated;
use super::samples::{Form, Writer, sample};
use super::verdicts::{SCHEMAS, changed};

const FORMS: [Form; 9] = [
    Form::Whole(0),
    Form::Whole(1),
    Form::Whole(2),
    Form::Whole(3),
    Form::Nulls,
    Form::Least,
    Form::Hollow(1),
    Form::Hollow(3),
    Form::Hollow(5),
];

/// The name of an operation in the schema of all bodies.
fn key(endpoint: &Endpoint) -> String {
    format!("{} {}", endpoint.0, endpoint.1)
}

/// The bodies that operations take.
fn bodies(contract: &Value) -> impl Iterator<Item = (Endpoint, &Value)> {
    operations(contract)
        .filter_map(|(endpoint, operation)| Some((endpoint, schema(contract, &operation["requestBody"])?)))
}

/// Nothing but what is declared, and not what is only shown: so the server takes it.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(properties) = members.get_mut("properties").and_then(Value::as_object_mut) {
                properties.retain(|_, member| member["readOnly"] != true);
                members.entry("additionalProperties").or_insert(json!(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// What takes the bodies of all operations, each under the operation's name.
fn validator(contract: &Value) -> jsonschema::Validator {
    let bodies: Map<_, _> = bodies(contract)
        .map(|(endpoint, schema)| (key(&endpoint), schema.clone()))
        .collect();
    let mut all = json!({"properties": bodies, "components": {"schemas": contract["components"]["schemas"]}});
    close(&mut all);
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    options.should_validate_formats(true).build(&all).unwrap()
}

/// What is said, and what is so.
fn compare(name: &str, before: &Side, after: &Side, wrong: &mut Vec<String>) {
    let told: BTreeSet<Endpoint> = xtask::diff::compare(before, after)
        .into_iter()
        .filter(|change| change.callers == Level::Breaking)
        .flat_map(|change| change.operations)
        .filter(|operation| operation.positions.request)
        .map(|operation| (operation.method, operation.path))
        .collect();
    let (old, new) = (validator(&before.document), validator(&after.document));
    for (endpoint, schema) in bodies(&before.document) {
        let samples = FORMS.map(|form| sample(&before.document, schema, Writer::Caller, form));
        let samples = samples.map(|body| json!({key(&endpoint): body}));
        let mut taken = samples.iter().filter(|body| old.is_valid(body));
        let refused = taken.find_map(|body| Some((body, new.validate(body).err()?.to_string())));
        if refused.is_some() != told.contains(&endpoint) {
            let verdict = if told.contains(&endpoint) {
                "breaking"
            } else {
                "harmless"
            };
            wrong.push(format!(
                "{name}, {endpoint:?}: called {verdict}, and what is refused is {refused:?}"
            ));
        }
    }
}

#[test]
fn what_is_said_of_callers_is_so() {
    let before = generated(&workspace());
    let mut wrong = Vec::new();
    for (name, change) in SCHEMAS {
        let (document, count) = changed(&before.document, change);
        assert!(count > 0, "{name}: nowhere in the contract");
        let after = Side::of_text("after.json", document.to_string().as_bytes()).unwrap();
        compare(name, &before, &after, &mut wrong);
        compare(&format!("{name}, and back"), &after, &before, &mut wrong);
    }
    assert!(
        wrong.is_empty(),
        "{} verdicts are not so:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
