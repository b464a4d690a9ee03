//! Small pages with every construct of the vendor's complete API, beyond this workspace's documents. The crates generated from them
//! must compile.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

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

#[test]
fn crates_generated_from_every_construct_compile() {
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

    let outcome = codegen::run(&pages(), root.path(), false).unwrap();
    assert_eq!(outcome, codegen::Outcome::Done);
    // Sharing the build directory avoids compiling the dependencies again.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "check",
        "--offline",
        "--quiet",
        "--workspace",
        "--lib",
        "--no-default-features",
    ]);
    cargo.env("CARGO_TARGET_DIR", target).current_dir(root.path());
    // Cargo's variables about this package would make the build scripts of dependencies run again.
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    {
        cargo.env_remove(name);
    }
    let output = cargo.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    // Profiles of unused packages are ignored.
    let warnings: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("warning: profile package spec"))
        .collect();
    assert!(warnings.is_empty(), "{}", warnings.join("\n"));
}

#[test]
fn contract_has_every_construct() {
    let contract = contract::pipeline::build(&pages()).unwrap();
    let api = contract::model::read(&contract.document, &contract.locations).unwrap();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("constructs", format!("{}\n{}", contract::listing::operations(&api, &contract.document), contract::listing::types(&api, &contract.document)));
    });
}
