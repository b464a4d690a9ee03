//! The programs under test, each built as its users build it.
//!
//! `cargo test` builds with the features that any crate of the workspace asks for: a server that it built would have, for one,
//! `serde_json/preserve_order`, which the command needs, and sort properties differently from the shipped one. So the harness has
//! cargo build each program separately.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// Returns the path of the server, with a clock that a test can set.
pub fn server() -> &'static str {
    static PROGRAM: OnceLock<Option<String>> = OnceLock::new();
    built(&PROGRAM, "pbx-server-under-test", "pbx-server-under-test")
}

/// Returns the path of the command `pbx`.
pub fn command() -> &'static str {
    static PROGRAM: OnceLock<Option<String>> = OnceLock::new();
    built(&PROGRAM, "pbx-cli", "pbx")
}

/// Returns a call of cargo in the workspace.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    // Cargo sets variables about the package of the test. Inherited, they would make build scripts of dependencies run again.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            cargo.env_remove(name);
        }
    }
    cargo
}

fn built(program: &'static OnceLock<Option<String>>, package: &str, binary: &str) -> &'static str {
    let program = program.get_or_init(|| build(package, binary));
    program
        .as_deref()
        .unwrap_or_else(|| panic!("cargo could not build {binary}; its messages are above"))
}

/// Builds a program; returns its path, or `None` after cargo has reported an error.
fn build(package: &str, binary: &str) -> Option<String> {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let output = cargo(&[
        "build",
        "--package",
        package,
        "--bin",
        binary,
        "--profile",
        profile,
        "--locked",
    ])
    .args(["--message-format", "json-render-diagnostics"])
    // Inherited: the test runner would hide the progress of a build of a minute.
    .stderr(Stdio::inherit())
    .output()
    .expect("cargo");
    let messages = String::from_utf8(output.stdout).expect("UTF-8");
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages.filter(|message| message["target"]["name"] == binary);
    let program = programs.find_map(|message| message["executable"].as_str().map(str::to_owned));
    program.filter(|_| output.status.success())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::cargo;

    /// Returns the dependencies of a package with their features, when cargo builds it alone.
    fn dependencies(package: &str) -> BTreeSet<String> {
        let tree = [
            "tree",
            "--package",
            package,
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ];
        let output = cargo(&tree).args(["--format", "{p} {f}", "--locked"]).output().unwrap();
        let tree = String::from_utf8(output.stdout).unwrap();
        let others = tree.lines().filter(|line| !line.starts_with(&format!("{package} ")));
        others
            .map(|line| line.trim_end_matches(" (*)").trim_end().to_owned())
            .collect()
    }

    #[test]
    fn server_under_test_has_the_dependencies_and_features_of_the_shipped_one() {
        let (tested, shipped) = (dependencies("pbx-server-under-test"), dependencies("pbx-server"));
        assert!(shipped.len() > 100);
        let differences = tested.symmetric_difference(&shipped);
        let differences = differences.filter(|line| !line.starts_with("pbx-server "));
        assert_eq!(differences.collect::<Vec<_>>(), Vec::<&String>::new());
        let ordered = shipped.iter().filter(|line| line.contains("preserve_order"));
        assert_eq!(
            ordered.count(),
            0,
            "the shipped server stores properties in alphabetical order"
        );
    }
}
