//! The snapshots that are reviewed when a page, an overlay or a generator changes: a few lines each, in `tests/snapshots`.
//!
//! `cargo insta review`, or `INSTA_UPDATE=always cargo test -p xtask --test snapshots`, accepts a change.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod keywords;
mod public_api;

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::Command;

use contract::listing;
use contract::model::Api;
use contract::pipeline::Contract;

/// The variable with the workspace to list instead of this one, for the tests of the tests below.
const LISTED: &str = "PBX_LISTED_WORKSPACE";
const COMMAND: &str = "INSTA_UPDATE=always cargo test -p xtask --test snapshots";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn listed() -> PathBuf {
    std::env::var_os(LISTED).map_or_else(workspace, PathBuf::from)
}

fn contract() -> Contract {
    contract::pipeline::build(&listed().join("specs")).unwrap()
}

fn api(contract: &Contract) -> Api {
    contract::model::read(&contract.document, &contract.locations).unwrap()
}

fn check(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(workspace().join("tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let checked = std::panic::catch_unwind(AssertUnwindSafe(|| {
        settings.bind(|| insta::assert_snapshot!(name, text))
    }));
    if let Err(difference) = checked {
        eprintln!("To accept the change, run `cargo insta review`, or\n{COMMAND}");
        std::panic::resume_unwind(difference);
    }
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
        &public_api::listing(&listed().join("crates/pbx-client/src/generated")),
    );
}

#[test]
fn public_api_of_the_mock() {
    check(
        "public_api_mock",
        &public_api::listing(&listed().join("crates/pbx-mock/src/generated")),
    );
}

#[test]
fn public_api_of_the_types() {
    check(
        "public_api_types",
        &public_api::listing(&listed().join("crates/pbx-types/src/generated")),
    );
}

#[test]
fn public_api_of_the_server_traits() {
    check(
        "public_api_server",
        &public_api::listing(&listed().join("crates/pbx-api/src/generated")),
    );
}

/// Copies the listed files.
fn copy(to: &Path) {
    let mut folders = vec![
        "specs/upstream".to_owned(),
        "specs/local".to_owned(),
        "specs/overlays".to_owned(),
    ];
    for name in fs::read_dir(workspace().join("crates")).unwrap() {
        let generated = format!("crates/{}/src/generated", name.unwrap().file_name().to_str().unwrap());
        if workspace().join(&generated).exists() {
            folders.push(generated);
        }
    }
    for folder in folders {
        fs::create_dir_all(to.join(&folder)).unwrap();
        for entry in fs::read_dir(workspace().join(&folder)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, to.join(&folder).join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// The tests can fail: a changed page, overlay or generated file fails the test that lists it, with a few readable lines and the
/// command to run.
#[test]
fn change_fails_with_a_diff_and_the_command_to_accept_it() {
    for (test, file, from, to, told) in [
        (
            "types",
            "specs/upstream/administration.md",
            r#""description":{"type":"string","maxLength":255"#,
            r#""description":{"type":"string","maxLength":256"#,
            &[
                "description: string | null maxLength=255",
                "description: string | null maxLength=256",
            ][..],
        ),
        (
            "operations",
            "specs/overlays/90-access.yaml",
            "  - target: $.paths['/voicemail']['get', 'post']\n",
            "  - target: $.paths['/voicemail']['get']\n",
            &["POST /voicemail"],
        ),
        (
            "public_api_of_the_client",
            "crates/pbx-client/src/generated/key.rs",
            "pub fn show_key(",
            "pub fn view_key(",
            &["Client::fn show_key", "Client::fn view_key"],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        copy(folder.path());
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no `{from}`");
        fs::write(&path, text.replace(from, to)).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .env(LISTED, folder.path())
            .env("INSTA_UPDATE", "no")
            .env_remove("INSTA_FORCE_PASS")
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!output.status.success(), "{test} did not fail:\n{text}");
        for line in told.iter().chain(&[COMMAND]) {
            assert!(text.contains(line), "`{line}` is missing in:\n{text}");
        }
        // Without the change, the test passes.
        let same = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .output()
            .unwrap();
        assert!(same.status.success(), "{same:?}");
    }
}
