//! Small pages with every construct of the vendor's complete API, beyond this workspace's documents. The crates generated from them
//! must compile.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod names;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/constructs")
}

/// Copies the hand-written part of a crate.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() {
            if name != "generated" && name != "tests" {
                copy(&path, &to.join(name));
            }
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// Returns a workspace with the crates generated from a specs directory.
fn generate(specs: &Path) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for name in [
        "pbx-client",
        "pbx-mock",
        "pbx-record-derive",
        "pbx-types",
        "pbx-domain",
        "pbx-api",
        "pbx-cli",
    ] {
        copy(
            &workspace().join("crates").join(name),
            &root.path().join("crates").join(name),
        );
    }
    // Of the domain only what generated states build on: the rules are those of the present contract.
    let modules = [
        "check",
        "convert",
        "error",
        "generated",
        "named",
        "state",
        "token",
        "vault",
    ]
    .map(|name| format!("pub mod {name};\n"));
    let domain = format!("#![allow(dead_code)]\n{}", modules.concat());
    fs::write(root.path().join("crates/pbx-domain/src/lib.rs"), domain).unwrap();
    let manifest = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let members = manifest.lines().find(|line| line.starts_with("members = [")).unwrap();
    let manifest = manifest.replace(members, r#"members = ["crates/*"]"#);
    fs::write(root.path().join("Cargo.toml"), manifest).unwrap();
    fs::copy(workspace().join("Cargo.lock"), root.path().join("Cargo.lock")).unwrap();

    let outcome = codegen::run(specs, root.path(), false).unwrap();
    assert_eq!(outcome, codegen::Outcome::Done);
    root
}

/// Runs cargo in a workspace, without warnings.
fn cargo(root: &Path, arguments: &[&str]) {
    // Sharing the build directory avoids compiling the dependencies again.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).args(["--offline", "--quiet"]);
    cargo.env("CARGO_TARGET_DIR", target).current_dir(root);
    // Cargo's variables about this package would make the build scripts of dependencies run again.
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    {
        cargo.env_remove(name);
    }
    let output = cargo.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stdout)
    );
    // Profiles of unused packages are ignored.
    let warnings: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("warning: profile package spec"))
        .collect();
    assert!(warnings.is_empty(), "{}", warnings.join("\n"));
}

#[test]
fn crates_generated_from_every_construct_compile() {
    let root = generate(&pages());
    cargo(root.path(), &["check", "--workspace", "--lib", "--no-default-features"]);
}

/// The document of `names/` has the names that meet Rust's or those of the crates, and unions whose branches overlap; the tests of
/// `names/tests/` read and write its values.
#[test]
fn crates_generated_from_any_names_compile_and_keep_values() {
    let specs = tempfile::tempdir().unwrap();
    fs::create_dir_all(specs.path().join("upstream")).unwrap();
    let document = names::document().to_string();
    fs::write(specs.path().join("upstream/names.json"), document).unwrap();
    let root = generate(specs.path());
    cargo(root.path(), &["check", "--workspace", "--lib", "--no-default-features"]);
    for name in ["pbx-types", "pbx-client"] {
        let tests = root.path().join("crates").join(name).join("tests");
        fs::create_dir_all(&tests).unwrap();
        let test = pages().parent().unwrap().join("names").join(format!("{name}.rs"));
        fs::copy(test, tests.join("names.rs")).unwrap();
    }
    cargo(
        root.path(),
        &[
            "test",
            "-p",
            "pbx-types",
            "-p",
            "pbx-client",
            "--test",
            "names",
            "--no-default-features",
        ],
    );
}

#[test]
fn contract_has_every_construct() {
    let contract = contract::pipeline::build(&pages()).unwrap();
    let api = contract::model::read(&contract.document, &contract.locations).unwrap();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("constructs", format!("{}\n{}", contract::listing::operations(&api, &contract.document), contract::listing::types(&api, &contract.document)));
    });
}
