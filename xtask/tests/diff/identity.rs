//! A document has no changes against itself, nor against one that differs in order only: over our own documents, random ones, and, if
//! the variable `OPENAPI_DOCUMENTS` names a directory, all documents in it and below.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use xtask::diff::input::{Side, compare};

use super::random::Random;
use super::{changes, side};

impl Random {
    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for index in (1..all.len()).rev() {
            all.swap(index, self.below(index + 1));
        }
    }
}

const NAMES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];
const PROPERTIES: [&str; 8] = ["a", "b", "c", "d", "default", "enum", "example", "type"];

/// A random schema with any keyword, however odd.
fn schema(random: &mut Random, depth: u64) -> Value {
    if random.chance(20) || depth == 0 {
        return match random.below(8) {
            0 => json!(random.chance(80)),
            1 => json!({}),
            2 => json!({"type": "null"}),
            _ => json!({"$ref": format!("#/components/schemas/{}", random.pick(&NAMES))}),
        };
    }
    let mut object = Map::new();
    let types = ["string", "integer", "number", "boolean", "array", "object", "null"];
    if random.chance(70) {
        let count = 1 + random.below(3);
        let list: Vec<_> = (0..count).map(|_| random.pick(&types)).collect();
        let ty = if count == 1 { json!(list[0]) } else { json!(list) };
        object.insert("type".to_owned(), ty);
    }
    for _ in 0..random.below(5) {
        let (key, value) = keyword(random, depth - 1);
        object.insert(key.to_owned(), value);
    }
    Value::Object(object)
}

fn keyword(random: &mut Random, depth: u64) -> (&'static str, Value) {
    let list = |random: &mut Random| {
        let count = random.below(4);
        Value::from_iter((0..count).map(|_| schema(random, depth)).collect::<Vec<_>>())
    };
    let named = |random: &mut Random| {
        let count = random.below(4);
        let entries = (0..count).map(|_| (random.pick(&PROPERTIES).to_owned(), schema(random, depth)));
        Value::Object(entries.collect())
    };
    let values = [
        json!(1),
        json!(1.0),
        json!("a"),
        json!("1"),
        json!(null),
        json!(true),
        json!([1]),
        json!({"x": 1.5}),
    ];
    let some = |random: &mut Random| {
        let count = 1 + random.below(4);
        Value::from_iter((0..count).map(|_| random.pick(&values)).collect::<Vec<_>>())
    };
    let number = json!(random.pick(&[0.0, -1.5, 1e300, 9_007_199_254_740_993.0]));
    let count = json!(random.below(5));
    let text = json!(random.pick(&["", ".*", "^a", "x".repeat(200).as_str()]));
    match random.below(34) {
        0..=2 => ("properties", named(random)),
        3 => ("required", json!([random.pick(&PROPERTIES), random.pick(&PROPERTIES)])),
        4..=6 => ("oneOf", list(random)),
        7..=9 => ("anyOf", list(random)),
        10 | 11 => ("allOf", list(random)),
        12 => ("items", schema(random, depth)),
        13 => ("prefixItems", list(random)),
        14 => ("additionalProperties", schema(random, depth)),
        15 => ("not", schema(random, depth)),
        16 => ("if", schema(random, depth)),
        17 => ("then", schema(random, depth)),
        18 => ("contains", schema(random, depth)),
        19 => ("patternProperties", named(random)),
        20 => ("dependentSchemas", named(random)),
        21 => ("propertyNames", schema(random, depth)),
        22 | 23 => ("enum", some(random)),
        24 => ("const", random.pick(&values)),
        25 => ("default", random.pick(&values)),
        26 => (random.pick(&["minimum", "exclusiveMaximum", "multipleOf"]), number),
        27 => (random.pick(&["minLength", "maxItems", "minProperties"]), count),
        28 => ("pattern", text),
        29 => ("format", json!(random.pick(&["byte", "binary", "int32", "date"]))),
        30 => (
            random.pick(&["readOnly", "writeOnly", "nullable", "uniqueItems"]),
            json!(random.chance(70)),
        ),
        31 => (
            "discriminator",
            json!({"propertyName": "a", "mapping": {"x": random.pick(&NAMES)}}),
        ),
        32 => ("discriminator", json!({"propertyName": random.pick(&PROPERTIES)})),
        _ => (random.pick(&["description", "title", "x-note"]), text),
    }
}

/// A random component; one that refers to itself only is an error elsewhere.
fn component(random: &mut Random) -> Value {
    loop {
        let schema = schema(random, 3);
        if schema.get("$ref").is_none() {
            return schema;
        }
    }
}

/// A random document, in which all components are used in requests and responses.
fn document(random: &mut Random) -> Value {
    let schemas: Map<_, _> = NAMES
        .iter()
        .map(|name| ((*name).to_owned(), component(random)))
        .collect();
    let mut paths = Map::new();
    for name in NAMES {
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        let content = |schema: Value| json!({"application/json": {"schema": schema}});
        let parameter = json!({"name": "p", "in": "query", "schema": schema(random, 1)});
        let operation = json!({
            "tags": ["x", "y"],
            "parameters": [parameter],
            "requestBody": {"content": content(json!({"anyOf": [reference, schema(random, 2)]}))},
            "responses": {"200": {"description": "OK", "content": content(reference)}},
        });
        paths.insert(format!("/{name}"), json!({ "post": operation }));
    }
    json!({"openapi": random.pick(&["3.0.3", "3.1.0"]), "info": {"title": "T", "version": "1"},
        "tags": [{"name": "x"}, {"name": "y"}], "paths": paths, "components": {"schemas": schemas}})
}

/// Shuffles what has no order: keys, and the items of `required`, `enum`, `type`, `anyOf`, `oneOf` and `tags`. In data, the items of
/// arrays have one.
fn shuffle(value: &mut Value, key: &str, is_data: bool, random: &mut Random) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = std::mem::take(object).into_iter().collect();
            random.shuffle(&mut entries);
            for (name, value) in &mut entries {
                let begins_data =
                    name.starts_with("x-") || matches!(name.as_str(), "default" | "example" | "examples" | "const");
                // Below these keywords, names are not keywords.
                let is_name = matches!(key, "properties" | "patternProperties" | "dependentSchemas");
                let is_data = is_data || (begins_data && !is_name);
                shuffle(value, if is_name { "" } else { name }, is_data, random);
            }
            object.extend(entries);
        }
        Value::Array(items) => {
            for item in &mut *items {
                shuffle(item, "", is_data || key == "enum", random);
            }
            let schemas = matches!(key, "anyOf" | "oneOf");
            if !is_data && (schemas || matches!(key, "required" | "enum" | "type" | "tags")) {
                random.shuffle(items);
            }
        }
        _ => {}
    }
}

fn found(old: &Value, new: &Value) -> Vec<String> {
    let changes = changes(old, new);
    changes
        .iter()
        .map(|change| format!("{} [{}]", change.message, change.rule.id))
        .collect()
}

fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("OPENAPI_SEEDS").ok().and_then(|count| count.parse().ok());
    1..count.unwrap_or(100)
}

#[test]
fn random_document_has_no_changes_against_itself_in_any_order() {
    for seed in seeds() {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let document = document(&mut random);
        assert_eq!(
            found(&document, &document),
            Vec::<String>::new(),
            "seed {seed}: {document}"
        );
        let mut shuffled = document.clone();
        shuffle(&mut shuffled, "", false, &mut random);
        assert_eq!(
            found(&document, &shuffled),
            Vec::<String>::new(),
            "seed {seed}: {document} {shuffled}"
        );
    }
}

/// Also, no input is too odd for the comparison, and back there are changes as well.
#[test]
fn change_of_a_random_document_is_reported_once() {
    for seed in seeds() {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let old = document(&mut random);
        let mut new = old.clone();
        for _ in 0..=random.below(2) {
            let name = random.pick(&NAMES);
            new["components"]["schemas"][name] = component(&mut random);
        }
        for (old, new) in [(&old, &new), (&new, &old)] {
            let mut counts = BTreeMap::new();
            for line in found(old, new) {
                *counts.entry(line).or_insert(0) += 1;
            }
            let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
            assert!(twice.is_empty(), "seed {seed}: {twice:?}");
        }
    }
}

#[test]
fn real_document_has_no_changes_against_itself_in_any_order() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/generated");
    let mut pending = vec![specs];
    pending.extend(std::env::var_os("OPENAPI_DOCUMENTS").map(PathBuf::from));
    let (mut count, mut failed) = (0, Vec::new());
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let name = path.to_string_lossy().into_owned();
        let is_document = [".json", ".yaml", ".yml"].iter().any(|end| name.ends_with(end));
        // What is no document of OpenAPI 3 is an error elsewhere.
        let Some(original) = is_document.then(|| Side::from_file(&name, &path).ok()).flatten() else {
            continue;
        };
        count += 1;
        let mut shuffled = original.document.clone();
        shuffle(&mut shuffled, "", false, &mut Random(count));
        for other in [Side::from_file(&name, &path).unwrap(), side("shuffled.json", &shuffled)] {
            let changes = compare(&original, &other);
            failed.extend(
                changes
                    .iter()
                    .take(3)
                    .map(|c| format!("{name}: {} [{}]", c.message, c.rule.id)),
            );
        }
    }
    assert!(count > 0);
    assert!(failed.is_empty(), "{count} documents: {failed:#?}");
}
