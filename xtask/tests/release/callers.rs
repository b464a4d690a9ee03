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

/// What a caller may send: nothing that is not declared, but also what has its outer members only.
fn forms() -> impl Iterator<Item = Form> {
    let declared = FORMS.into_iter().filter(|form| *form != Form::Further);
    declared.chain([Form::Hollow(1), Form::Hollow(3), Form::Hollow(5)])
}

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

/// A contract as a server keeps it, and the bodies that it takes of those that can be made up for it.
struct Keeper<'a> {
    side: &'a Side,
    validator: jsonschema::Validator,
    taken: Vec<(Endpoint, Vec<Value>)>,
}

impl<'a> Keeper<'a> {
    fn new(side: &'a Side) -> Self {
        let validator = validator(&side.document);
        let taken = bodies(&side.document).map(|(endpoint, schema)| {
            let samples = forms().map(|form| sample(&side.document, schema, Writer::Caller, form));
            let samples = samples.map(|body| json!({key(&endpoint): body}));
            let taken = samples.filter(|body| validator.is_valid(body)).collect();
            (endpoint, taken)
        });
        Self {
            side,
            taken: taken.collect(),
            validator,
        }
    }
}

/// Where what is said is not so.
fn wrong(name: &str, old: &Keeper<'_>, new: &Keeper<'_>) -> Vec<String> {
    let reported: BTreeSet<Endpoint> = xtask::diff::input::compare(old.side, new.side)
        .into_iter()
        .filter(|change| change.callers == Severity::Breaking)
        .flat_map(|change| change.operations)
        .filter(|operation| operation.positions.request)
        .map(|operation| (operation.method, operation.path))
        .collect();
    let mut wrong = Vec::new();
    for (endpoint, taken) in &old.taken {
        let refused = |body: &Value| Some(new.validator.validate(body).err()?.to_string());
        let refused = taken.iter().find_map(|body| Some((body, refused(body)?)));
        if refused.is_some() != reported.contains(endpoint) {
            let verdict = verdict(reported.contains(endpoint));
            wrong.push(format!(
                "{name}, {endpoint:?}: called {verdict}, and what is refused is {refused:?}"
            ));
        }
    }
    wrong
}

#[test]
fn severities_for_callers_are_correct() {
    let before = generated(&workspace());
    let old = Keeper::new(&before);
    let mut all = Vec::new();
    for (name, change) in SCHEMAS {
        let (document, count) = changed(&before.document, change);
        assert!(count > 0, "{name}: nowhere in the contract");
        let after = Side::from_bytes("after.json", document.to_string().as_bytes()).unwrap();
        let new = Keeper::new(&after);
        all.extend(wrong(name, &old, &new));
        all.extend(wrong(&format!("{name}, and back"), &new, &old));
    }
    assert!(all.is_empty(), "{} verdicts are not so:\n{}", all.len(), all.join("\n"));
}
