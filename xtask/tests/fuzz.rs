//! Mutated documents through all stages, from files to generated code. None may panic: what is wrong is an error, what is odd a notice.
//!
//! The mutations follow from a fixed seed. `PBX_FUZZ=20000 cargo test -p xtask --test fuzz` makes more of them, `PBX_FUZZ_SEED` others.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod random;

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Map, Value, json};

use openapi_reader::files::Files;
use random::Random;

const DOCUMENT: &str = include_str!("fuzz/document.yaml");
const OVERLAY: &str = include_str!("fuzz/overlay.yaml");
const PART: &str = include_str!("fuzz/part.yaml");

/// Runs all stages; an error is a fine outcome.
fn run(document: &str, overlay: &str) {
    let mut files = Files::default();
    for (name, text) in [
        ("upstream/document.yaml", document),
        ("upstream/part.yaml", PART),
        ("overlays/a.yaml", overlay),
    ] {
        files.insert(name.to_owned(), text.as_bytes().to_vec());
    }
    let joined = contract::pipeline::join(&files);
    if let Ok(contract) =
        joined.and_then(|joined| contract::pipeline::build_best_effort(joined, &files, "specs", &mut |_| {}))
    {
        let _ = contract::model::read(&contract.document, &contract.locations)
            .map(|api| codegen::from_contract(contract, api, &codegen::lists::Lists::default()));
    }
}

fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                pointers(inner, &format!("{at}/{}", openapi_reader::pointer::token(key)), found);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                pointers(inner, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Values that are odd in most places.
fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(-1e300),
        json!(""),
        json!("self"),
        json!("Self"),
        json!("ERR"),
        json!("a b"),
        json!("ä€😀"),
        json!("\u{0}\n*/\"#"),
        json!("["),
        json!("integer"),
        json!("object"),
        json!("array"),
        json!("/"),
        json!([]),
        json!([1]),
        json!(["a", "a", "A"]),
        json!(["string", "null"]),
        json!([{}]),
        json!({}),
        json!({"a": 1}),
        json!({"type": "object"}),
        json!({"type": "array"}),
        json!({"type": "string", "enum": [null, 1, ""]}),
        json!({"oneOf": [{"type": "string"}, {"type": "string"}, {"type": "null"}]}),
        json!({"allOf": [{"$ref": "#/components/schemas/Pet"}, {"type": "string"}]}),
        json!({"$ref": "#/components/schemas/Pet"}),
        json!({"$ref": "#/components/schemas/Node"}),
        json!({"$ref": "#/components/responses/Problem"}),
        json!({"$ref": "#/components/parameters/Key"}),
        json!({"$ref": "part.yaml"}),
        json!({"$ref": "#"}),
        json!({"$ref": ""}),
    ]
}

const ODD_KEYS: &[&str] = &[
    "",
    "$ref",
    "get",
    "self",
    "type",
    "_",
    "0",
    "2.0",
    "/2.0/x",
    "/a/{b}",
    "/{a}{b}",
    "/pets/{}",
    "200",
    "2XX",
    "default",
    "x-a",
    "ä",
    "nullable",
    "properties",
    "allOf",
    "const",
    "enum",
    "example",
    "items",
    "Pet",
    "pet",
    "PET",
    "required",
    "schema",
    "text/plain",
    "application/json",
    "multipart/form-data",
    "*/*",
];

const PIECES: [&str; 12] = ["-", "_", " ", "{", "}", "é", "2", "\u{7}", "//", "#", "?", "$"];

/// Changes one place of a document.
fn mutate(document: &mut Value, random: &mut Random, odd: &[Value]) {
    let mut all = Vec::new();
    pointers(document, "", &mut all);
    let at = random.pick(&all);
    let other = document
        .pointer(&all[random.below(all.len())])
        .cloned()
        .unwrap_or_default();
    let choice = random.below(6);
    let key = random.pick(ODD_KEYS);
    let Some(node) = document.pointer_mut(&at) else { return };
    match choice {
        0 => *node = random.pick(odd),
        1 => *node = other,
        // Rename, remove or add a key.
        2 | 3 => {
            if let Value::Object(object) = node
                && !object.is_empty()
            {
                let chosen = random.below(object.len());
                let renamed =
                    std::mem::take(object)
                        .into_iter()
                        .enumerate()
                        .filter_map(|(index, (name, value))| match (index == chosen, choice) {
                            (true, 2) => Some((key.to_owned(), value)),
                            (true, _) => None,
                            (false, _) => Some((name, value)),
                        });
                *object = renamed.collect::<Map<_, _>>();
            } else {
                *node = random.pick(odd);
            }
        }
        4 => match node {
            Value::Object(object) => {
                object.insert(
                    key.to_owned(),
                    if random.below(2) == 0 { other } else { random.pick(odd) },
                );
            }
            Value::Array(items) => items.push(other),
            _ => *node = other,
        },
        _ => match node {
            Value::String(text) => text.push_str(PIECES[random.below(PIECES.len())]),
            Value::Array(items) => items.reverse(),
            other => *other = json!([other.clone()]),
        },
    }
}

/// Runs a case; a panic names it.
fn check(name: &str, document: &str, overlay: &str) {
    let outcome = catch_unwind(AssertUnwindSafe(|| run(document, overlay)));
    assert!(outcome.is_ok(), "{name} panics:\n{document}\n{overlay}");
}

#[test]
fn mutated_documents_never_panic() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |value| value.parse().unwrap());
    let count = number("PBX_FUZZ", 150);
    let seed = number("PBX_FUZZ_SEED", 1);
    let original: Value = serde_yaml::from_str(DOCUMENT).unwrap();
    let overlay: Value = serde_yaml::from_str(OVERLAY).unwrap();
    let odd = odd_values();
    for case in 0..count {
        let mut random = Random(
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .wrapping_add(case + 1)
                .wrapping_mul(0xD134_2543_DE82_EF95)
                | 1,
        );
        let (mut document, mut overlay) = (original.clone(), overlay.clone());
        for _ in 0..=random.below(3) {
            mutate(
                if random.below(8) == 0 {
                    &mut overlay
                } else {
                    &mut document
                },
                &mut random,
                &odd,
            );
        }
        check(
            &format!("case {case} of seed {seed}"),
            &serde_json::to_string_pretty(&document).unwrap(),
            &serde_json::to_string_pretty(&overlay).unwrap(),
        );
    }
}

#[test]
fn mutated_texts_never_panic() {
    let mut random = Random(7);
    for case in 0..100 {
        let mut text = DOCUMENT.to_owned();
        for _ in 0..=random.below(3) {
            let mut start = random.below(text.len());
            let mut end = (start + random.below(20)).min(text.len());
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            while !text.is_char_boundary(end) {
                end += 1;
            }
            let pieces = [
                "", "\n", "  ", "- ", ": ", "{", "]", "\"", "'", "&a ", "*a", "<<: ", "!!str ", "|", "\t", "\u{feff}",
                "---\n", "# ",
            ];
            text.replace_range(start..end, pieces[random.below(pieces.len())]);
        }
        check(&format!("text {case}"), &text, OVERLAY);
    }
}

/// Schemas as deep, as long and as odd as they may be.
#[test]
fn deep_and_long_documents_never_panic() {
    let reference = |number: usize| json!({"$ref": format!("#/components/schemas/S{number}")});
    let chain = |count: usize, schema: &dyn Fn(usize) -> Value| {
        let schemas: Map<String, Value> = (0..=count)
            .map(|number| {
                (
                    format!("S{number}"),
                    if number == count {
                        json!({"type": "string"})
                    } else {
                        schema(number + 1)
                    },
                )
            })
            .collect();
        let body = json!({"content": {"application/json": {"schema": reference(0)}}});
        json!({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "components": {"schemas": schemas},
            "paths": {"/a": {"post": {"operationId": "a", "requestBody": body, "responses": {"204": {"description": "d"}}}}}})
    };
    let objects =
        |number: usize| json!({"type": "object", "properties": {"a": {"type": "array", "items": reference(number)}}});
    let arrays = |number: usize| json!({"type": "array", "items": reference(number)});
    let mapped = |number: usize| json!({"type": "object", "additionalProperties": reference(number)});
    let joined = |number: usize| json!({"allOf": [reference(number), {"description": "d"}]});
    let united = |number: usize| json!({"oneOf": [reference(number), {"type": "null"}, {"type": "integer"}]});
    for (name, document) in [
        ("objects", chain(80, &objects)),
        ("arrays", chain(200, &arrays)),
        ("maps", chain(200, &mapped)),
        ("allOf", chain(100, &joined)),
        ("oneOf", chain(100, &united)),
        ("a long chain", chain(5_000, &objects)),
        (
            "a circle",
            chain(
                50,
                &|number| json!({"type": "object", "properties": {"next": reference(number % 50), "all": {"allOf": [reference(0)]}}}),
            ),
        ),
        (
            "a circle of allOf",
            chain(10, &|number| json!({"allOf": [reference(number % 10)]})),
        ),
        (
            "a circle of arrays",
            chain(
                10,
                &|number| json!({"type": "array", "prefixItems": [reference(number % 10), reference(0)], "items": reference(number % 10)}),
            ),
        ),
    ] {
        check(name, &document.to_string(), OVERLAY);
    }
}

#[test]
fn original_is_generated() {
    let mut files = Files::default();
    for (name, text) in [
        ("upstream/document.yaml", DOCUMENT),
        ("upstream/part.yaml", PART),
        ("overlays/a.yaml", OVERLAY),
    ] {
        files.insert(name.to_owned(), text.as_bytes().to_vec());
    }
    let joined = contract::pipeline::join(&files).unwrap();
    let contract = contract::pipeline::build_best_effort(joined, &files, "specs", &mut |_| {}).unwrap();
    assert_eq!(contract.operations, 7);
    let api = contract::model::read(&contract.document, &contract.locations).unwrap();
    codegen::from_contract(contract, api, &codegen::lists::Lists::default()).unwrap();
}
