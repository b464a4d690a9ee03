//! Builds and tests a separate program that depends on the client and the mock.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn downstream_program_passes_its_tests() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let package = workspace.join("tests/downstream");
    // The same versions as in the workspace, so that nothing is downloaded.
    fs::copy(workspace.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--offline", "--quiet", "--manifest-path"]);
    cargo.arg(package.join("Cargo.toml")).env("CARGO_TARGET_DIR", target);
    // These variables of the present package would make build scripts of dependencies run again.
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
