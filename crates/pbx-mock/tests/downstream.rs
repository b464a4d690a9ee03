//! A program of somebody else's, with tests of its own against the mock, is built and tested as its author would.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn a_program_of_somebody_elses_passes_its_tests() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let package = workspace.join("tests/downstream");
    // The same versions as here, which are there already: nothing is fetched.
    fs::copy(workspace.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--offline", "--quiet", "--manifest-path"]);
    cargo.arg(package.join("Cargo.toml")).env("CARGO_TARGET_DIR", target);
    // What cargo tells this test about its package would make the build scripts of dependencies run again.
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    {
        cargo.env_remove(name);
    }
    let output = cargo.output().unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{text}");
    assert!(text.contains("test result: ok. 5 passed"), "{text}");
    assert!(!text.contains("warning"), "{text}");
}
