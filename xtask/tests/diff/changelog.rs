//! The changelog of the contract: one section per release, the newest first.

use serde_json::json;
use xtask::diff::accepted::Accepted;
use xtask::diff::changelog::{insert, release};

use super::side;

#[test]
fn new_section_comes_first_and_existing_one_is_replaced_in_place() {
    let first = insert("# Changes\n\nWords.\n", "v1", "One.\n\n### things\n\n- a\n");
    assert_eq!(first, "# Changes\n\nWords.\n\n## v1\n\nOne.\n\n### things\n\n- a\n");
    let second = insert(&first, "v2", "Two.\n");
    assert_eq!(
        second,
        "# Changes\n\nWords.\n\n## v2\n\nTwo.\n\n## v1\n\nOne.\n\n### things\n\n- a\n"
    );
    assert_eq!(insert(&second, "v2", "Two.\n"), second);
    assert_eq!(
        insert(&second, "v1", "Another.\n"),
        "# Changes\n\nWords.\n\n## v2\n\nTwo.\n\n## v1\n\nAnother.\n"
    );
}

#[test]
fn section_lists_changes_by_resource() {
    let document = |path: &str| {
        json!({"openapi": "3.1.0", "info": {"title": "T", "version": "1"},
            "paths": {path: {"get": {"operationId": "listThings", "responses": {"200": {"description": "OK"}}}}}})
    };
    assert_eq!(
        release(
            &side("old.json", &document("/things")),
            &side("new.json", &document("/stuff")),
            &Accepted::default()
        ),
        "1 change: 1 breaking (1 for callers).\n\n- the version is still `1`; a breaking change needs a new major version\n\n### stuff\n\n\
         - **Breaking**: operation `listThings` moved from `GET /things` to `GET /stuff` (breaks callers; may break code on the \
         generated crates).\n"
    );
    let same = side("old.json", &document("/things"));
    assert_eq!(release(&same, &same, &Accepted::default()), "No changes.\n");
}

/// The changelog of this workspace is up to date.
#[test]
fn changelog_has_a_section_for_the_current_release() {
    let specs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    let changelog = std::fs::read_to_string(specs.join("CHANGELOG.md")).unwrap();
    let document = std::fs::read(specs.join("generated/openapi.yaml")).unwrap();
    let document = xtask::diff::input::Side::from_bytes("openapi.yaml", &document)
        .unwrap()
        .document;
    let newest = changelog.lines().find(|line| line.starts_with("## ")).unwrap();
    let version = document["info"]["version"].as_str().unwrap();
    assert!(
        newest.starts_with(&format!("## v{version}")),
        "the newest section of specs/CHANGELOG.md is `{newest}`, the contract is {version}; \
         write its section with `cargo xtask changelog v{version} REVISION`, where REVISION is the last one of the previous release"
    );
}
