//! What a person reviews when a page, a correction or a generator changes: a few lines each, in `tests/snapshots`.
//!
//! `cargo insta review`, or `INSTA_UPDATE=always cargo test -p xtask`, takes a change over.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod public_api;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use xtask::contract::Contract;
use xtask::listing;
use xtask::model::Api;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn contract() -> Contract {
    xtask::contract::build(&workspace().join("specs")).unwrap()
}

fn api(contract: &Contract) -> Api {
    xtask::model::read(&contract.document, &contract.places).unwrap()
}

fn check(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(workspace().join("tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn operations() {
    let contract = contract();
    check("operations", &listing::operations(&api(&contract), &contract.document));
}

#[test]
fn names() {
    check("names", &listing::names(&api(&contract())));
}

#[test]
fn types() {
    let contract = contract();
    check("types", &listing::types(&api(&contract), &contract.document));
}

#[test]
fn document() {
    check("document", &listing::document(&contract().document));
}

#[test]
fn texts() {
    check("texts", &listing::texts(&contract().document));
}

#[test]
fn public_api_of_the_client() {
    check(
        "public_api_client",
        &public_api::listing(&workspace().join("crates/pbx-client/src/generated")),
    );
}

#[test]
fn public_api_of_the_mock() {
    check(
        "public_api_mock",
        &public_api::listing(&workspace().join("crates/pbx-mock/src/generated")),
    );
}

#[test]
fn public_api_of_the_server_traits() {
    check(
        "public_api_server",
        &public_api::listing(&workspace().join("crates/pbx-api/src/generated")),
    );
}

/// `insta::assert_snapshot!` must fail when a page changes: a gate that cannot fail is none.
#[test]
fn a_changed_page_changes_the_listing() {
    let specs = tempfile::tempdir().unwrap();
    for folder in ["upstream", "local", "overlays"] {
        std::fs::create_dir(specs.path().join(folder)).unwrap();
        for entry in std::fs::read_dir(workspace().join("specs").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let changed = text.replace(
                r#""description":{"type":"string","maxLength":255"#,
                r#""description":{"type":"string","maxLength":256"#,
            );
            std::fs::write(specs.path().join(folder).join(path.file_name().unwrap()), changed).unwrap();
        }
    }
    let contract = xtask::contract::build(specs.path()).unwrap();
    let changed = listing::types(&api(&contract), &contract.document);
    let before = self::contract();
    let before = listing::types(&api(&before), &before.document);
    let different: Vec<_> = before.lines().zip(changed.lines()).filter(|(a, b)| a != b).collect();
    assert_eq!(different.len(), 3, "{different:?}");
    assert_eq!(different[0].0.trim(), "description: string | null maxLength=255");
    assert_eq!(different[0].1.trim(), "description: string | null maxLength=256");
}

/// Whatever keyword of the contract changes, a few lines of the snapshots do.
#[test]
fn every_keyword_shows() {
    let contract = contract();
    let all = |document: &Value| -> Option<Vec<String>> {
        let api = xtask::model::read(document, &contract.places).ok()?;
        let listings = [
            listing::document(document),
            listing::operations(&api, document),
            listing::types(&api, document),
            listing::texts(document),
        ];
        Some(
            listings
                .iter()
                .flat_map(|text| text.lines().map(str::to_owned))
                .collect(),
        )
    };
    let before = all(&contract.document).unwrap();
    for pointer in keywords(&contract.document) {
        let mut document = contract.document.clone();
        let value = document.pointer_mut(&pointer).unwrap();
        *value = match value.take() {
            Value::Bool(yes) => json!(!yes),
            Value::Number(_) => json!(7),
            Value::String(text) => json!(format!("{text}x")),
            other => panic!("{pointer}: {other}"),
        };
        // What the generators refuse is seen as well.
        let Some(after) = all(&document) else { continue };
        let (gone, come) = (without(&before, &after), without(&after, &before));
        assert!(gone + come > 0, "a change at `{pointer}` shows in no snapshot");
        assert!(
            gone.max(come) <= 3,
            "a change at `{pointer}` shows in {gone} and {come} lines"
        );
    }
}

/// How many lines of the first are not in the second, however often they are in it.
fn without(lines: &[String], others: &[String]) -> usize {
    let mut left = others.to_vec();
    left.sort();
    let mut left = left.into_iter().peekable();
    let mut lines = lines.to_vec();
    lines.sort();
    let missing = lines.into_iter().filter(|line| {
        while left.next_if(|other| other < line).is_some() {}
        left.next_if(|other| other == line).is_none()
    });
    missing.count()
}

/// For each keyword, told apart by what it is in, the first place that has it.
fn keywords(document: &Value) -> Vec<String> {
    fn visit(value: &Value, pointer: &str, kind: &str, found: &mut std::collections::BTreeMap<String, String>) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    let inside = format!("{pointer}/{}", xtask::contract::pointer::token(key));
                    // Names of members, types, paths and statuses are all of one kind.
                    let named = matches!(
                        kind.rsplit('/').next().unwrap_or_default(),
                        "properties"
                            | "schemas"
                            | "paths"
                            | "responses"
                            | "content"
                            | "headers"
                            | "variables"
                            | "securitySchemes"
                    );
                    let step = if named || xtask::contract::METHODS.contains(&key.as_str()) {
                        "*"
                    } else {
                        key
                    };
                    visit(value, &inside, &format!("{kind}/{step}"), found);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    visit(item, &format!("{pointer}/{index}"), &format!("{kind}/*"), found);
                }
            }
            Value::Null => {}
            // A reference that leads nowhere is no contract.
            _ if kind.ends_with("$ref") => {}
            _ => {
                let last: Vec<_> = kind.rsplitn(3, '/').take(2).collect();
                found.entry(last.join(" of ")).or_insert_with(|| pointer.to_owned());
            }
        }
    }
    let mut found = std::collections::BTreeMap::new();
    visit(document, "", "", &mut found);
    found.into_values().collect()
}
