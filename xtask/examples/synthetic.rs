//! Writes contracts of any size for benchmarks: copies of the workspace's contract, each with its own names.
//!
//! `cargo run -p xtask --example synthetic -- DIR [OPERATIONS]` writes `old.yaml` and `new.yaml` and, in `old/` and `new/`, the
//! same operations as pages of fragments. The new ones differ in a little of everything.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool for maintainers, which may panic"
)]

use std::fs;
use std::path::Path;

use contract::{emit, limits, texts};
use openapi_reader::grammar::METHODS;
use serde_json::{Map, Value, json};
use xtask::diff::input::Side;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().expect("give a directory to write to");
    let wanted: usize = arguments
        .next()
        .map_or(570, |n| n.parse().expect("a number of operations"));
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    // One with named components like the contract, one inlined like the vendor's pages.
    let contract = fs::read(specs.join("generated/openapi.yaml")).unwrap();
    let contract = Side::from_bytes("openapi.yaml", &contract).unwrap().document;
    let mut contract = texts::without(&limits::without(&contract));
    remove_extensions(&mut contract);
    let (old, count) = multiplied(&contract, wanted);
    let new = changed(&old);
    for (name, document) in [("old", &old), ("new", &new)] {
        let directory = Path::new(&out).join(name).join("upstream");
        fs::create_dir_all(&directory).unwrap();
        fs::write(
            Path::new(&out).join(format!("{name}.yaml")),
            emit::yaml(document).unwrap(),
        )
        .unwrap();
        fs::write(directory.join("pages.md"), pages(document)).unwrap();
    }
    eprintln!("{count} operations");
}

/// Removes the extensions of the contract, which codegen adds to what the vendor publishes. No property begins with `x-`.
fn remove_extensions(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|key, _| !key.starts_with("x-"));
            object.values_mut().for_each(remove_extensions);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_extensions),
        _ => {}
    }
}

/// Copies of the contract, cut off at the number of operations.
fn multiplied(contract: &Value, wanted: usize) -> (Value, usize) {
    let mut document = contract.clone();
    let mut paths = Map::new();
    let mut schemas = Map::new();
    let mut count = 0;
    for copy in 0.. {
        let text = contract
            .to_string()
            .replace("#/components/schemas/", &format!("#/components/schemas/X{copy}"));
        let renamed: Value = serde_json::from_str(&text).unwrap();
        for (path, item) in renamed["paths"].as_object().unwrap() {
            let mut item = item.as_object().unwrap().clone();
            item.retain(|method, operation| {
                if !METHODS.contains(&method.as_str()) {
                    return true;
                }
                count += 1;
                operation["operationId"] = json!(format!("{}X{copy}", operation["operationId"].as_str().unwrap()));
                count <= wanted
            });
            paths.insert(format!("/x{copy}{path}"), Value::Object(item));
            if count >= wanted {
                break;
            }
        }
        for (name, schema) in renamed["components"]["schemas"].as_object().unwrap() {
            schemas.insert(format!("X{copy}{name}"), schema.clone());
        }
        if count >= wanted {
            break;
        }
    }
    document["paths"] = Value::Object(paths);
    document["components"]["schemas"] = Value::Object(schemas);
    (document, count.min(wanted))
}

/// A release of the vendor's: every seventh operation is gone, and some limits, names and values are others.
fn changed(document: &Value) -> Value {
    let text = document
        .to_string()
        .replace("\"maxLength\":64", "\"maxLength\":65")
        .replace("\"minimum\":90", "\"minimum\":91");
    let text = text
        .replace("\"display_name\"", "\"shown_name\"")
        .replace("\"WAIT_TIME\"", "\"WAITING\"");
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let mut index = 0;
    document["paths"].as_object_mut().unwrap().retain(|_, _| {
        index += 1;
        index % 7 != 0
    });
    document
}

/// One document an operation, with everything in place, as the vendor publishes them.
fn pages(document: &Value) -> String {
    let mut text = String::from("# Pages\n");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut operation = operation.clone();
            inline(&mut operation, document);
            let page = json!({"openapi": "3.1.0", "info": document["info"], "security": document["security"],
                "components": {"securitySchemes": document["components"]["securitySchemes"]},
                "paths": {path: {method: operation}}});
            text.push_str(&format!("\n## {method} {path}\n\n```json\n{page}\n```\n"));
        }
    }
    text
}

fn inline(value: &mut Value, document: &Value) {
    match value {
        Value::Object(object) => {
            if let Some(target) = object.get("$ref").and_then(Value::as_str) {
                let mut target = document.pointer(&target[1..]).unwrap().clone();
                inline(&mut target, document);
                *value = target;
            } else {
                object.values_mut().for_each(|member| inline(member, document));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| inline(item, document)),
        _ => {}
    }
}
