//! Initial values: the value of a property before anyone sets it, as `x-initial`.
//!
//! A JSON Merge Patch must not have defaults, and a response does not need them. Their values are kept as initial values of the object
//! that `GET` shows at the path of the merge patch: the `default` there, or else that of the update's property, or else that in the
//! body that creates the object. A property that `GET` does not show keeps its initial value on the update. Defaults that disagree are
//! a notice, unless the document states `x-initial` on one of them; values of `x-initial` that disagree are an error.
//!
//! `x-state` on such an object names the stored state that it shows, if several operations show the same one.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::pointer::token;

use crate::extensions::{INITIAL, MERGE_PATCH, STATE};
use crate::naming::key::shape;
use crate::normalize::NULLABLE;
use crate::operations::{Locations, for_each_operation, location_of, operations};
use crate::schemas::{JSON, for_each_schema, needs_name, properties_mut, walk};

/// Sets `x-initial`, on normalized schemas whose merge patches are marked. Returns notices.
pub fn apply(document: &mut Value, locations: &Locations, errors: &mut Diagnostics) -> Vec<String> {
    let mut notices = Diagnostics::default();
    let updates: Vec<(String, String)> = operations(document)
        .filter(|(_, _, operation)| operation["requestBody"][MERGE_PATCH] == true)
        .map(|(path, method, _)| (path.to_owned(), method.to_owned()))
        .collect();
    for (path, method) in updates {
        let shown = pointer(&path, "get", "responses/200");
        let update = pointer(&path, &method, "requestBody");
        let create = path
            .strip_suffix('}')
            .and_then(|rest| rest.rsplit_once("/{"))
            .map(|(collection, _)| pointer(collection, "post", "requestBody"));
        let others: Vec<Value> = [Some(&update), create.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(|at| document.pointer(at).cloned())
            .collect();
        let mut messages = Messages::default();
        if let Some(shown) = document.pointer_mut(&shown) {
            set(shown, &others.iter().collect::<Vec<_>>(), "", &mut messages);
        }
        let shown = document.pointer(&shown).cloned();
        if let Some(update) = document.pointer_mut(&update) {
            keep_unshown(update, shown.as_ref());
        }
        if let Some(create) = create.and_then(|at| document.pointer_mut(&at)) {
            remove_shown(create, shown.as_ref());
        }
        for (messages, all) in [(messages.errors, &mut *errors), (messages.notices, &mut notices)] {
            for message in messages {
                let text = format!("`{} {path}`: {message}", method.to_uppercase());
                all.push(location_of(locations, &path, &method), text);
            }
        }
    }
    notices.iter().map(ToString::to_string).collect()
}

/// The messages about the properties of one update.
#[derive(Default)]
struct Messages {
    errors: Vec<String>,
    notices: Vec<String>,
}

/// The pointer to the JSON schema of a request body or response.
fn pointer(path: &str, method: &str, holder: &str) -> String {
    format!(
        "/paths/{}/{method}/{holder}/content/{}/schema",
        token(path),
        token(JSON)
    )
}

/// Sets the initial value of every property of `schema`, which others may state as well.
fn set(schema: &mut Value, others: &[&Value], at: &str, messages: &mut Messages) {
    let others_at =
        |pointer: &str| -> Vec<&Value> { others.iter().filter_map(|other| other.pointer(pointer)).collect() };
    if let Some(items) = schema.get_mut("items") {
        set(items, &others_at("/items"), &format!("{at}[]"), messages);
    }
    for (name, property) in properties_mut(schema) {
        let at = format!("{at}.{name}");
        let others = others_at(&format!("/properties/{}", token(name)));
        let values = |keyword: &str| {
            let mut values: Vec<Value> = Vec::new();
            for schema in std::iter::once(&*property).chain(others.iter().copied()) {
                values.extend(schema.get(keyword).filter(|value| !values.contains(value)).cloned());
            }
            values
        };
        let stated = values(INITIAL);
        let (are_stated, values) = (
            !stated.is_empty(),
            if stated.is_empty() { values("default") } else { stated },
        );
        let place = at.trim_start_matches('.');
        match values.as_slice() {
            [] => {}
            [one, other, ..] if are_stated => messages.errors.push(format!(
                "the initial value of `{place}` is {one} in one place and {other} in another; state one `{INITIAL}` in an overlay"
            )),
            [value, others @ ..] => {
                // A default of the update or of the creation need not be a value that `GET` shows.
                if !are_stated && !allows(property, value) {
                    messages.notices.push(format!(
                        "the default {value} of `{place}` is not valid in the response and is no initial value; state `{INITIAL}` in an overlay"
                    ));
                } else {
                    property[INITIAL] = value.clone();
                    if let Some(other) = others.first() {
                        messages.notices.push(format!(
                            "the default of `{place}` is {value} in one place and {other} in another: {value} is the initial value; if that is wrong, state `{INITIAL}` in an overlay"
                        ));
                    }
                }
            }
        }
        set(property, &others, &at, messages);
    }
}

/// Removes the initial values of properties that `shown` has, and makes the defaults of others initial values.
fn keep_unshown(update: &mut Value, shown: Option<&Value>) {
    for (name, property) in properties_mut(update) {
        let shown = shown.and_then(|shown| shown.get("properties")?.get(name));
        if let Some(property) = property.as_object_mut() {
            if shown.is_some() {
                property.shift_remove(INITIAL);
            } else if let Some(default) = property.get("default").cloned() {
                property.entry(INITIAL).or_insert(default);
            }
        }
        keep_unshown(property, shown);
    }
}

/// Removes the initial values of properties that `shown` has.
fn remove_shown(create: &mut Value, shown: Option<&Value>) {
    for (name, property) in properties_mut(create) {
        let shown = shown.and_then(|shown| shown.get("properties")?.get(name));
        if let Some(property) = property.as_object_mut().filter(|_| shown.is_some()) {
            property.shift_remove(INITIAL);
        }
        remove_shown(property, shown);
    }
}

/// Records every initial value that its schema does not allow, as far as types, enums and properties are concerned.
pub fn check(document: &mut Value, locations: &Locations, errors: &mut Diagnostics) {
    for_each_operation(document, |path, method, operation| {
        for_each_schema(operation, "", &mut |at, schema| {
            walk(schema, at, &mut |at, schema| {
                if let Some(value) = schema.get(INITIAL)
                    && !allows(schema, value)
                {
                    let text = format!(
                        "`{} {path}` at `{at}`: the initial value {value} is not valid for its schema; state another `{INITIAL}` in an overlay",
                        method.to_uppercase()
                    );
                    errors.push(location_of(locations, path, method), text);
                }
            });
        });
    });
}

pub fn allows(schema: &Value, value: &Value) -> bool {
    let is_in_enum = || {
        schema
            .get("enum")
            .and_then(Value::as_array)
            .is_none_or(|all| all.contains(value))
    };
    let is_of_type =
        match (schema["type"].as_str(), value) {
            (_, Value::Null) => return schema.get(NULLABLE) == Some(&json!(true)),
            (Some("boolean"), Value::Bool(_))
            | (Some("string"), Value::String(_))
            | (Some("number"), Value::Number(_)) => true,
            (Some("integer"), Value::Number(number)) => {
                number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            (Some("array"), Value::Array(items)) => items
                .iter()
                .all(|item| schema.get("items").is_none_or(|schema| allows(schema, item))),
            (Some("object"), Value::Object(object)) => object.iter().all(|(name, value)| {
                match (schema.get("properties"), schema.get("additionalProperties")) {
                    (Some(properties), _) => properties.get(name).is_some_and(|schema| allows(schema, value)),
                    (None, Some(values)) => allows(values, value),
                    (None, None) => true,
                }
            }),
            (None, _) => true,
            _ => false,
        };
    is_of_type && is_in_enum()
}

/// Copies the initial values of an object to the objects of the same shape that have none, for example the items of a list, unless
/// several differ. So these stay one component; objects of one shape that differ in initial values or in their state become several.
pub fn share(document: &mut Value) {
    let mut all: Vec<(String, Vec<(String, Value)>)> = Vec::new();
    for_each_component(document, &mut |schema| all.push((shape(schema), states(schema))));
    let mut variants: HashMap<&str, BTreeSet<String>> = HashMap::new();
    let mut donors: HashMap<&str, &Vec<(String, Value)>> = HashMap::new();
    for (shape, states) in all.iter().filter(|(_, states)| !states.is_empty()) {
        variants.entry(shape).or_default().insert(json!(states).to_string());
        donors.entry(shape).or_insert(states);
    }
    donors.retain(|shape, _| variants[shape].len() == 1);
    let mut components = all.iter();
    for_each_component(document, &mut |schema| {
        let Some((shape, _)) = components.next() else { return };
        let Some(donor) = donors.get(shape.as_str()) else {
            return;
        };
        // An object that contains this one may have given it some.
        if states(schema).is_empty() {
            for (at, value) in *donor {
                let (at, keyword) = at.rsplit_once('/').unwrap_or_default();
                if let Some(schema) = schema.pointer_mut(at) {
                    schema[keyword] = value.clone();
                }
            }
        }
    });
}

fn for_each_component(document: &mut Value, f: &mut dyn FnMut(&mut Value)) {
    for_each_operation(document, |_, _, operation| {
        for_each_schema(operation, "", &mut |at, schema| {
            walk(schema, at, &mut |_, schema| {
                if needs_name(schema) {
                    f(schema);
                }
            });
        });
    });
}

/// The initial values and states of a schema, with the pointers to them. The initial value of the schema itself belongs to its use.
fn states(schema: &mut Value) -> Vec<(String, Value)> {
    let mut states = Vec::new();
    walk(schema, "", &mut |at, schema| {
        for keyword in [INITIAL, STATE] {
            let value = schema.get(keyword).filter(|_| keyword == STATE || !at.is_empty());
            states.extend(value.map(|value| (format!("{at}/{keyword}"), value.clone())));
        }
    });
    states
}

#[cfg(test)]
mod tests;
