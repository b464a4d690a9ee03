//! What a person reviews when a page, a correction or a generator changes: a few lines each, in `tests/snapshots`.
//!
//! `cargo insta review`, or `INSTA_UPDATE=always cargo test -p xtask`, takes a change over.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod public_api;

use std::path::{Path, PathBuf};

use xtask::model::Api;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn api() -> Api {
    let contract = xtask::contract::build(&workspace().join("specs")).unwrap();
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
    check("operations", &xtask::listing::operations(&api()));
}

#[test]
fn names() {
    check("names", &xtask::listing::names(&api()));
}

#[test]
fn types() {
    check("types", &xtask::listing::types(&api()));
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
    let changed = xtask::listing::types(&xtask::model::read(&contract.document, &contract.places).unwrap());
    let before = xtask::listing::types(&api());
    let different: Vec<_> = before.lines().zip(changed.lines()).filter(|(a, b)| a != b).collect();
    assert_eq!(different.len(), 3, "{different:?}");
    assert_eq!(different[0].0.trim(), "description: string | null maxLength=255");
    assert_eq!(different[0].1.trim(), "description: string | null maxLength=256");
}
