//! Unions: equal branches once, a discriminator as a constant, and a name for each branch.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use crate::extensions::ID;
use crate::identifier::pascal;
use crate::inline::REF_NAME;
use crate::lower::EXTENSIBLE_ENUM;
use crate::naming::key::key;
use crate::normalize::{NULLABLE, is_annotation};

/// The keywords of unions.
pub const UNIONS: [&str; 2] = ["oneOf", "anyOf"];

const DISCRIMINATOR: &str = "discriminator";

/// Simplifies a union whose branches are normalized: branches that are unions themselves are replaced by their branches, equal ones
/// appear once, and the property of the discriminator has its value in each branch.
pub fn simplify(object: &mut Map<String, Value>) {
    if let Some(discriminator) = object.shift_remove(DISCRIMINATOR) {
        for union in UNIONS {
            if let Some(Value::Array(branches)) = object.get_mut(union) {
                discriminate(branches, &discriminator);
            }
        }
    }
    for union in UNIONS {
        let Some(Value::Array(branches)) = object.get_mut(union) else {
            continue;
        };
        let mut nullable = false;
        let mut flat = Vec::new();
        for branch in std::mem::take(branches) {
            flatten(branch, &mut flat, &mut nullable);
        }
        let (mut seen, count) = (BTreeSet::new(), flat.len());
        flat.retain(|branch| seen.insert(key(branch)));
        // Of equal branches, a value would have to fit none.
        let union = if flat.len() < count { "anyOf" } else { union };
        object.insert(union.to_owned(), Value::Array(flat));
        if union == "anyOf" {
            object.shift_remove("oneOf");
        }
        if nullable {
            object.insert(NULLABLE.to_owned(), json!(true));
        }
    }
}

/// Adds a branch, or those of a branch that is a union without further rules.
fn flatten(branch: Value, flat: &mut Vec<Value>, nullable: &mut bool) {
    let only_union = branch.as_object().and_then(|object| {
        let is_other = |key: &&String| !is_annotation(key) && *key != DISCRIMINATOR;
        let mut rules = object.keys().filter(is_other);
        rules
            .next()
            .filter(|rule| UNIONS.contains(&rule.as_str()) && rules.next().is_none())
    });
    match only_union
        .cloned()
        .and_then(|union| branch.get(union)?.as_array().cloned())
    {
        Some(inner) => {
            *nullable |= branch.get(NULLABLE) == Some(&json!(true));
            inner.into_iter().for_each(|branch| flatten(branch, flat, nullable));
        }
        None => flat.push(branch),
    }
}

/// Restricts the discriminating property of each branch to the values that select it, so that reading and naming need to know constants
/// only. A branch that has other values already keeps them.
fn discriminate(branches: &mut [Value], discriminator: &Value) {
    let Some(property) = discriminator.get("propertyName").and_then(Value::as_str) else {
        return;
    };
    let mut mapping: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (value, target) in discriminator
        .get("mapping")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let target = target.as_str().unwrap_or_default();
        mapping
            .entry(target.rsplit('/').next().unwrap_or(target))
            .or_default()
            .push(value);
    }
    for branch in branches {
        let Some(name) = branch.get(REF_NAME).and_then(Value::as_str).map(str::to_owned) else {
            continue;
        };
        let values = mapping.get(name.as_str()).cloned().unwrap_or_else(|| vec![&name]);
        let Some(Value::Object(properties)) = branch.get_mut("properties") else {
            continue;
        };
        let schema = properties.entry(property).or_insert_with(|| json!({"type": "string"}));
        if schema.get("type").is_some_and(|ty| ty == "string")
            && let Some(schema) = schema.as_object_mut()
        {
            let own = schema.get("enum").and_then(Value::as_array).cloned();
            let selected: Vec<Value> = match own {
                Some(own) => own
                    .into_iter()
                    .filter(|value| values.iter().any(|own| value == own))
                    .collect(),
                None => values.iter().map(|value| json!(value)).collect(),
            };
            if !selected.is_empty() {
                schema.insert("enum".to_owned(), Value::Array(selected));
                schema.shift_remove("default");
            }
        }
    }
}

/// Returns a word for each branch of a union, in Pascal case; `name` returns the component that a branch has in the document.
///
/// The first of these that a branch has and no other one shares: its title, its constant or that of one of its properties, the name of
/// its component, the first property that only it has (required ones before others), all of its properties, its type. What is left is
/// `Variant1` and so on, by position.
///
/// `resolve` returns the component that a schema refers to, or the schema.
pub fn words<'a>(
    branches: &[&'a Value],
    name: impl Fn(usize) -> Option<&'a str>,
    resolve: impl Fn(&'a Value) -> &'a Value,
) -> Vec<String> {
    let branches: Vec<&'a Value> = branches.iter().map(|branch| resolve(branch)).collect();
    let mut owners: HashMap<&str, usize> = HashMap::new();
    for (property, _) in branches.iter().flat_map(|branch| properties(branch)) {
        *owners.entry(property).or_default() += 1;
    }
    let levels: [&dyn Fn(usize) -> Option<String>; 6] = [
        &|at| Some(branches[at].get("title")?.as_str()?.to_owned()),
        &|at| constant(branches[at], &resolve),
        &|at| name(at).map(str::to_owned),
        &|at| own_property(branches[at], &owners),
        &|at| all_properties(branches[at]),
        &|at| type_word(branches[at]),
    ];
    let mut found: Vec<Option<String>> = vec![None; branches.len()];
    let mut taken = BTreeSet::new();
    for level in levels {
        let words: Vec<Option<String>> = (0..branches.len())
            .map(|at| {
                level(at).filter(|text| found[at].is_none() && text.contains(|c: char| c.is_ascii_alphanumeric()))
            })
            .map(|text| text.map(|text| pascal(&text)))
            .collect();
        for (at, word) in words.iter().enumerate() {
            let Some(word) = word else { continue };
            let is_shared = words.iter().flatten().filter(|other| *other == word).count() > 1;
            if !is_shared && word != "Self" && taken.insert(word.clone()) {
                found[at] = Some(word.clone());
            }
        }
    }
    let mut unnamed = |at: usize| {
        let mut words = (at + 1..).map(|number| format!("Variant{number}"));
        words.find(|word| taken.insert(word.clone())).unwrap_or_default()
    };
    let words = found.into_iter().enumerate();
    words.map(|(at, word)| word.unwrap_or_else(|| unnamed(at))).collect()
}

/// The only value of a string, or of a property of an object.
fn constant<'a>(branch: &'a Value, resolve: &dyn Fn(&'a Value) -> &'a Value) -> Option<String> {
    only_value(branch).or_else(|| properties(branch).find_map(|(_, schema)| only_value(resolve(schema))))
}

/// The value of a string that has one only.
pub fn only_value(schema: &Value) -> Option<String> {
    let values = schema.get("enum").or_else(|| schema.get(EXTENSIBLE_ENUM))?;
    match values.as_array()?.as_slice() {
        [Value::String(one)] => Some(one.clone()),
        _ => None,
    }
}

fn properties(branch: &Value) -> impl Iterator<Item = (&String, &Value)> {
    branch
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn is_required(branch: &Value, property: &str) -> bool {
    let required = branch.get("required").and_then(Value::as_array);
    required.into_iter().flatten().any(|name| name == property)
}

fn own_property(branch: &Value, owners: &HashMap<&str, usize>) -> Option<String> {
    let own: Vec<&String> = properties(branch)
        .map(|(name, _)| name)
        .filter(|name| owners.get(name.as_str()) == Some(&1))
        .collect();
    let required = own.iter().find(|name| is_required(branch, name));
    required.or(own.first()).map(|name| (*name).clone())
}

fn all_properties(branch: &Value) -> Option<String> {
    let names: Vec<&str> = properties(branch).map(|(name, _)| name.as_str()).collect();
    (1..=3).contains(&names.len()).then(|| names.join("_and_"))
}

fn type_word(branch: &Value) -> Option<String> {
    let ty = match branch.get("type") {
        Some(Value::Array(types)) => types.iter().find(|ty| *ty != "null"),
        one => one,
    };
    let word = match ty.and_then(Value::as_str) {
        Some("string") if branch.get(ID).is_some() => "Id",
        Some("string") => match branch.get("format").and_then(Value::as_str) {
            Some("date-time") => "Timestamp",
            _ => "String",
        },
        Some("integer") => "Integer",
        Some("number") => "Number",
        Some("boolean") => "Boolean",
        Some("array") => "List",
        Some("object") => "Object",
        Some(_) => return None,
        None => "Any",
    };
    Some(word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simplified(mut union: Value) -> Value {
        simplify(union.as_object_mut().unwrap());
        union
    }

    fn named(branches: &Value) -> Vec<String> {
        let branches: Vec<&Value> = branches.as_array().unwrap().iter().collect();
        words(
            &branches,
            |at| branches[at].get(REF_NAME).and_then(Value::as_str),
            |schema| schema,
        )
    }

    #[test]
    fn equal_and_nested_branches_appear_once() {
        let queue = json!({"type": "object", "properties": {"queue": {"type": "string"}}});
        let described = json!({"type": "object", "description": "d", "properties": {"queue": {"type": "string"}}});
        assert_eq!(
            simplified(json!({"oneOf": [queue, {"type": "string"}, described]})),
            json!({"anyOf": [queue, {"type": "string"}]})
        );
        assert_eq!(
            simplified(
                json!({"anyOf": [{"oneOf": [queue, {"type": "integer"}], "x-nullable": true, "description": "d"}, queue]})
            ),
            json!({"anyOf": [queue, {"type": "integer"}], "x-nullable": true})
        );
    }

    #[test]
    fn discriminator_becomes_a_constant_of_each_branch() {
        let branch = |name: &str, kind: Value| json!({"type": "object", "x-ref-name": name, "properties": {"kind": kind, "name": {"type": "string"}}});
        let union = simplified(json!({
            "oneOf": [
                branch("Cat", json!({"type": "string"})),
                branch("Dog", json!({"type": "string", "enum": ["dog", "wolf", "cat"]})),
                branch("Fish", json!({"type": "string"})),
            ],
            "discriminator": {"propertyName": "kind", "mapping": {
                "cat": "#/components/schemas/Cat", "dog": "Dog", "wolf": "#/components/schemas/Dog"
            }},
        }));
        let kinds: Vec<&Value> = (0..3)
            .map(|at| &union["oneOf"][at]["properties"]["kind"]["enum"])
            .collect();
        assert_eq!(kinds, [&json!(["cat"]), &json!(["dog", "wolf"]), &json!(["Fish"])]);
        assert_eq!(union.get("discriminator"), None);
        assert_eq!(named(&union["oneOf"]), ["Cat", "Dog", "Fish"]);
    }

    #[test]
    fn branches_are_named_by_what_only_they_have() {
        let object = |properties: &[&str]| {
            let properties: Map<String, Value> = properties
                .iter()
                .map(|name| ((*name).to_owned(), json!({"type": "string"})))
                .collect();
            json!({"type": "object", "properties": properties})
        };
        // The shapes of the vendor's filter of call reports.
        assert_eq!(
            named(&json!([
                object(&["caller", "callee", "direction"]),
                object(&["type", "groups"]),
                object(&["enable_exclude", "exclude_before", "call_queues"]),
                object(&["call_queues"]),
                object(&["ring_groups"]),
            ])),
            ["Caller", "Type", "EnableExclude", "CallQueues", "RingGroups"]
        );
        let mut required = object(&["a", "b"]);
        required["required"] = json!(["b"]);
        assert_eq!(
            named(&json!([
                {"title": "A title", "type": "string"},
                {"type": "object", "properties": {"kind": {"enum": ["MOVE"]}, "x": {}}},
                {"type": "object", "properties": {"kind": {"enum": ["STOP"]}, "x": {}}, "x-ref-name": "Halt"},
                {"type": "object", "properties": {"x": {}}, "x-ref-name": "point"},
                required,
                {"type": "string"},
                {"type": "array"},
                {"type": "string", "format": "date-time"},
                {},
                {"type": "object"},
                {"type": "object"},
            ])),
            [
                "ATitle",
                "Move",
                "Stop",
                "Point",
                "B",
                "String",
                "List",
                "Timestamp",
                "Any",
                "Variant10",
                "Variant11"
            ]
        );
    }
}
