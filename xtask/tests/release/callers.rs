//! Checks the severities for callers: the contract is changed in one way wherever possible, and request bodies valid for the old one
//! are validated by the new one. An operation that rejects one must be reported as breaking for callers, and no other may be.

use std::collections::BTreeSet;

use openapi_diff::Severity;
use serde_json::{Map, Value, json};
use xtask::diff::input::Side;

use super::client::{Endpoint, operations, schema};
use super::copy::workspace;
use super::generated;
use super::samples::{FORMS, Form, Writer, sample};
use super::verdicts::{SCHEMAS, changed, verdict};

/// The forms of request bodies: no undeclared properties, but also bodies with only required nested properties.
fn forms() -> impl Iterator<Item = Form> {
    let declared = FORMS.into_iter().filter(|form| *form != Form::Undeclared);
    declared.chain([Form::RequiredBelow(1), Form::RequiredBelow(3), Form::RequiredBelow(5)])
}

/// The key of an operation in the schema of all bodies.
fn key(endpoint: &Endpoint) -> String {
    format!("{} {}", endpoint.0, endpoint.1)
}

/// The request body schemas of all operations.
fn bodies(contract: &Value) -> impl Iterator<Item = (Endpoint, &Value)> {
    operations(contract)
        .filter_map(|(endpoint, operation)| Some((endpoint, schema(contract, &operation["requestBody"])?)))
}

/// Forbids undeclared and read-only properties, as the server does.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
                properties.retain(|_, property| property["readOnly"] != true);
                object.entry("additionalProperties").or_insert(json!(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// A validator of the bodies of all operations, each under its key.
fn validator(contract: &Value) -> jsonschema::Validator {
    let bodies: Map<_, _> = bodies(contract)
        .map(|(endpoint, schema)| (key(&endpoint), schema.clone()))
        .collect();
    let mut all = json!({"properties": bodies, "components": {"schemas": contract["components"]["schemas"]}});
    close(&mut all);
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    options.should_validate_formats(true).build(&all).unwrap()
}

/// A contract with a validator, and the samples that are valid for it.
struct Validated<'a> {
    side: &'a Side,
    validator: jsonschema::Validator,
    valid: Vec<(Endpoint, Vec<Value>)>,
}

impl<'a> Validated<'a> {
    fn new(side: &'a Side) -> Self {
        let validator = validator(&side.document);
        let valid = bodies(&side.document).map(|(endpoint, schema)| {
            let samples = forms().map(|form| sample(&side.document, schema, Writer::Caller, form));
            let samples = samples.map(|body| json!({key(&endpoint): body}));
            let valid = samples.filter(|body| validator.is_valid(body)).collect();
            (endpoint, valid)
        });
        Self {
            side,
            valid: valid.collect(),
            validator,
        }
    }
}

/// The operations for which the report is wrong.
fn wrong(name: &str, old: &Validated<'_>, new: &Validated<'_>) -> Vec<String> {
    let reported: BTreeSet<Endpoint> = xtask::diff::input::compare(old.side, new.side)
        .into_iter()
        .filter(|change| change.callers == Severity::Breaking)
        .flat_map(|change| change.operations)
        .filter(|operation| operation.positions.request)
        .map(|operation| (operation.method, operation.path))
        .collect();
    let mut wrong = Vec::new();
    for (endpoint, valid) in &old.valid {
        let rejected = |body: &Value| Some(new.validator.validate(body).err()?.to_string());
        let rejected = valid.iter().find_map(|body| Some((body, rejected(body)?)));
        if rejected.is_some() != reported.contains(endpoint) {
            let verdict = verdict(reported.contains(endpoint));
            wrong.push(format!(
                "{name}, {endpoint:?}: reported as {verdict}, but the rejected body is {rejected:?}"
            ));
        }
    }
    wrong
}

#[test]
fn severities_for_callers_are_correct() {
    let before = generated(&workspace());
    let old = Validated::new(&before);
    let mut all = Vec::new();
    for (name, change) in SCHEMAS {
        let (document, count) = changed(&before.document, change);
        assert!(count > 0, "{name}: nowhere in the contract");
        let after = Side::from_bytes("after.json", document.to_string().as_bytes()).unwrap();
        let new = Validated::new(&after);
        all.extend(wrong(name, &old, &new));
        all.extend(wrong(&format!("{name}, reversed"), &new, &old));
    }
    assert!(
        all.is_empty(),
        "{} severities are wrong:\n{}",
        all.len(),
        all.join("\n")
    );
}
