//! Names every object, enum and union, and makes equal ones one component.
//!
//! Names are derived from operationIds:
//!
//! | schema | name |
//! |---|---|
//! | request body | the operationId: `CreateDealer` |
//! | response of a reading operation | the operationId without its verb: `Dealer` |
//! | response of an operation that creates | the same with `Created`: `CreatedDealer`; other responses: `SignInResult` |
//! | list | `DealerList`, its items `Dealer`, or `DealerSummary` if `Dealer` is another schema |
//! | property of a response schema | the noun of its parent and the property: `DealerAddress` |
//! | property of a request schema | the same with `Create` or `Update`; `...Input` if both are equal |
//! | enum | the noun of its parent and the property: `DealerLevel` |
//!
//! `x-name` on a schema replaces the noun (of a property) or the whole name (of a body or an enum). A new page can only take a free
//! name: earlier schemas go first.

mod collect;
pub mod key;
pub mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::grammar::{Kind, walk};
use openapi_reader::pointer::first_difference;
use serde_json::{Map, Value, json};

use self::collect::{NAME, Occurrence, collect};
use self::key::key;
use crate::extensions::{EMPTY, ID, INITIAL, LIMIT, RECURSIVE, TEXT};
use crate::initial::share;
use crate::inline::REF_NAME;
use crate::model::{resource_of, trait_of};
use crate::normalize::{NULLABLE, is_annotation};
use crate::operations::{Locations, for_each_operation, location_of, operations};
use crate::reserved::TYPES;
use crate::schemas::{for_each_schema, needs_name, needs_name_object};
use crate::texts::{empty_branch, widen};

/// Keywords that belong to the use of a component and never to the component itself.
const USE_ONLY: [&str; 4] = ["default", INITIAL, "readOnly", "writeOnly"];

/// Extensions that belong to the keywords of a branch of a union.
const BRANCH_EXTENSIONS: [&str; 3] = ["x-pattern-means", LIMIT, TEXT];

/// Moves every schema that needs a name to the components and replaces it by a reference.
pub fn assign_names(document: &mut Value, locations: &Locations) -> Result<(), Diagnostics> {
    share(document);
    let mut occurrences = Vec::new();
    for (path, method, operation) in operations(document) {
        collect(path, method, operation, &mut occurrences);
    }
    let reserved = reserved(document);
    let mut names = assign(&occurrences, &reserved, locations)?;

    for occurrence in &occurrences {
        if let Some(reference) = &occurrence.reference {
            let assigned = names[&occurrence.key].clone();
            names.insert(reference.clone(), assigned);
        }
    }

    let mut components = BTreeMap::new();
    for occurrence in &occurrences {
        let assigned = &names[&occurrence.key];
        if assigned.definer == occurrence.order {
            let mut schema = occurrence.schema.clone();
            rewrite_subschemas(&mut schema, &names);
            remove_internal_keywords(&mut schema);
            components.insert(assigned.name.clone(), schema);
        }
    }
    for_each_operation(document, |_, _, operation| {
        for_each_schema(operation, "", &mut |_, schema| rewrite(schema, &names));
        walk(operation, Kind::Operation, &mut |part, _| {
            if let Some(part) = part.as_object_mut() {
                part.shift_remove(RECURSIVE);
            }
        });
    });
    let components: Map<String, Value> = components.into_iter().collect();
    if !components.is_empty() {
        let root = document.as_object_mut();
        let holder = root.map(|root| root.entry("components").or_insert_with(|| json!({})));
        if let Some(Value::Object(holder)) = holder {
            holder.insert("schemas".to_owned(), Value::Object(components));
        }
    }
    Ok(())
}

#[derive(Clone)]
struct Assigned {
    name: String,
    /// The order of the occurrence whose annotations the component gets.
    definer: usize,
    /// The annotations of that occurrence; a use need not repeat them.
    annotations: Map<String, Value>,
}

/// Returns the names that no component may have: those of the generated code itself, of the traits of resources, and of IDs.
fn reserved(document: &Value) -> BTreeSet<String> {
    fn ids(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get(ID).and_then(Value::as_str).map(|kind| format!("{kind}Id")));
                object.values().for_each(|inner| ids(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|item| ids(item, found)),
            _ => {}
        }
    }
    let mut reserved: BTreeSet<String> = TYPES.iter().map(|name| (*name).to_owned()).collect();
    ids(document, &mut reserved);
    let paths = operations(document).map(|(path, ..)| path);
    reserved.extend(paths.map(|path| trait_of(&resource_of(path))));
    reserved
}

fn assign(
    occurrences: &[Occurrence<'_>],
    reserved: &BTreeSet<String>,
    locations: &Locations,
) -> Result<HashMap<String, Assigned>, Diagnostics> {
    let mut groups: Vec<Vec<&Occurrence<'_>>> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    for occurrence in occurrences {
        let group = *index.entry(&occurrence.key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(occurrence);
    }

    let mut errors = Diagnostics::default();
    let mut wanted: Vec<(Vec<String>, &Occurrence<'_>)> = Vec::new();
    for group in &groups {
        let location = |o: &Occurrence<'_>| location_of(locations, o.path, o.method).cloned();
        let pins: BTreeSet<&str> = group
            .iter()
            .filter(|o| o.pinned)
            .map(|o| o.input_noun.as_deref().unwrap_or(&o.names[0]))
            .collect();
        if pins.len() > 1 {
            let all: Vec<_> = pins.iter().map(|p| format!("`{p}`")).collect();
            let message = format!("{NAME} gives equal schemas several names: {}; keep one", all.join(", "));
            errors.push(location(group[0]).as_ref(), message);
        }
        let joined = input_name(group);
        // `min_by_key` returns the first of equals, so the order of the documents breaks ties.
        let best = group
            .iter()
            .min_by_key(|o| (!o.pinned, o.rank, o.names[0].len(), o.names[0].clone()));
        if let Some(best) = best {
            let mut names = best.names.clone();
            if let Some(joined) = joined {
                names.insert(0, joined);
            }
            wanted.push((names, best));
        }
    }
    errors.into_result()?;

    wanted.sort_by_key(|(_, o)| (!o.pinned, o.rank, o.order));
    let mut errors = Diagnostics::default();
    let mut taken: HashMap<String, &Occurrence<'_>> = HashMap::new();
    let mut names = HashMap::new();
    for (candidates, occurrence) in wanted {
        let free = |name: &&String| !taken.contains_key(*name) && !reserved.contains(*name);
        let choice = if occurrence.pinned {
            candidates.first().filter(free)
        } else {
            candidates.iter().find(free)
        };
        // The documents may use up all names that are derived from them.
        let further = || {
            let name = candidates.first().filter(|_| !occurrence.pinned)?;
            let numbers = (2u32..).map(|number| format!("{name}{number}"));
            let mut names = std::iter::once(format!("{name}Value")).chain(numbers);
            names.find(|name| free(&name))
        };
        match choice.cloned().or_else(further) {
            Some(name) => {
                taken.insert(name.clone(), occurrence);
                let keywords = occurrence.schema.as_object().into_iter().flatten();
                let annotations = keywords.filter(|(keyword, _)| is_annotation(keyword));
                let annotations = annotations
                    .map(|(keyword, value)| (keyword.clone(), value.clone()))
                    .collect();
                let definer = occurrence.order;
                names.insert(
                    occurrence.key.clone(),
                    Assigned {
                        name,
                        definer,
                        annotations,
                    },
                );
            }
            None => errors.push(
                location_of(locations, occurrence.path, occurrence.method),
                conflict_message(&candidates[0], occurrence, taken.get(&candidates[0]).copied()),
            ),
        }
    }
    errors.into_result()?;
    Ok(names)
}

fn conflict_message(name: &str, occurrence: &Occurrence<'_>, other: Option<&Occurrence<'_>>) -> String {
    let at = |o: &Occurrence<'_>| format!("`{} {}` at `{}`", o.method.to_uppercase(), o.path, o.pointer);
    // Keys are JSON.
    let bare = |o: &Occurrence<'_>| serde_json::from_str::<Value>(&o.key).unwrap_or_default();
    match other {
        Some(other) => format!(
            "two different schemas need the name `{name}`: {} and {}; they first differ at `{}`. Set `{NAME}` on one of them in an overlay",
            at(other),
            at(occurrence),
            first_difference(&bare(other), &bare(occurrence)).unwrap_or_default()
        ),
        None => format!(
            "the name `{name}` of {} is reserved; set another `{NAME}` in an overlay",
            at(occurrence)
        ),
    }
}

/// `OfficeHoursInput` for a schema that would be both `CreateOfficeHours` and `UpdateOfficeHours`.
fn input_name(group: &[&Occurrence<'_>]) -> Option<String> {
    let pinned = group.iter().any(|o| o.pinned);
    let mut relevant = group.iter().filter(|o| o.pinned == pinned).peekable();
    let noun = relevant.peek()?.input_noun.clone()?;
    let mut names = BTreeSet::new();
    for occurrence in relevant {
        if occurrence.input_noun.as_ref() != Some(&noun) {
            return None;
        }
        names.insert(occurrence.names[0].as_str());
    }
    (names.len() > 1).then(|| format!("{noun}Input"))
}

fn rewrite(schema: &mut Value, names: &HashMap<String, Assigned>) {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str)
        && let Some(assigned) = names.get(target)
    {
        *schema = reference(schema, assigned);
    } else if needs_name(schema)
        && let Some(assigned) = names.get(&key(schema))
    {
        *schema = reference(schema, assigned);
    } else {
        rewrite_subschemas(schema, names);
        remove_internal_keywords(schema);
        to_nullable_type(schema);
    }
}

/// A reference with the keywords of this use that the component lacks: nullability, default and annotations.
fn reference(schema: &Value, assigned: &Assigned) -> Value {
    let target = json!({"$ref": format!("#/components/schemas/{}", assigned.name)});
    let mut using = if schema.get(EMPTY) == Some(&json!("null")) {
        json!({"anyOf": [target, empty_branch(), {"type": "null"}]})
    } else if schema.get(NULLABLE) == Some(&json!(true)) {
        json!({"anyOf": [target, {"type": "null"}]})
    } else {
        target
    };
    for (key, value) in schema.as_object().into_iter().flatten() {
        let own = USE_ONLY.contains(&key.as_str()) || assigned.annotations.get(key) != Some(value);
        if is_annotation(key) && (!key.starts_with("x-") || key == INITIAL) && own {
            using[key] = value.clone();
        }
    }
    using
}

fn rewrite_subschemas(schema: &mut Value, names: &HashMap<String, Assigned>) {
    let Some(object) = schema.as_object_mut() else { return };
    for (key, child) in object {
        match (key.as_str(), child) {
            ("properties", Value::Object(properties)) => {
                properties.values_mut().for_each(|property| rewrite(property, names));
            }
            ("items" | "additionalProperties", child @ Value::Object(_)) => rewrite(child, names),
            ("oneOf" | "anyOf", Value::Array(branches)) => {
                branches.iter_mut().for_each(|branch| rewrite(branch, names));
            }
            _ => {}
        }
    }
}

/// Removes the keywords that stages leave for each other.
fn remove_internal_keywords(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        object.shift_remove(NAME);
        object.shift_remove(REF_NAME);
        if needs_name_object(object) {
            // Set on each use, see `reference`.
            object.shift_remove(NULLABLE);
            object.shift_remove(EMPTY);
            for key in USE_ONLY {
                object.shift_remove(key);
            }
        }
    }
}

/// Converts nullability to the form of OpenAPI 3.1.
fn to_nullable_type(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    if object.get(EMPTY) == Some(&json!("null")) {
        object.shift_remove(EMPTY);
        if widen(object) {
            object.shift_remove(NULLABLE);
            let (annotations, values) = std::mem::take(object)
                .into_iter()
                .partition(|(key, _)| is_annotation(key) && !BRANCH_EXTENSIONS.contains(&key.as_str()));
            *object = annotations;
            object.insert(
                "anyOf".to_owned(),
                json!([Value::Object(values), empty_branch(), {"type": "null"}]),
            );
            return;
        }
    }
    if object.shift_remove(NULLABLE) == Some(json!(true))
        && let Some(ty) = object.get_mut("type")
    {
        *ty = json!([ty.take(), "null"]);
    }
}

#[cfg(test)]
mod tests;
