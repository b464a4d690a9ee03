//! The commands, paths and links in the documentation. Each command is run, or checked by the argument parser of its program; the
//! others are listed with the reason. An unlisted command fails the test, and so does an entry of a list that no page needs.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod limits;
mod pages;
mod references;
mod shell;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use pages::{Snippet, pages, snippets, workspace};
use pbx_test_harness::{PASSWORD, Start, programs};
use serde_json::Value;

/// Programs that are neither run nor parsed, and why.
const NOT_RUN: [(&str, &str); 4] = [
    ("apt-get", "installs packages on the machine"),
    (
        "createdb",
        "needs a PostgreSQL server; tests/engines has one that is created the same way",
    ),
    (
        "sed",
        "is run with the block that it stands in, see `first_requests_of_readme_work`",
    ),
    (
        "sqlite3",
        "need not be installed; tests/engines/sqlite.rs runs its statement, and restores the backup",
    ),
];

/// Scripts whose syntax is checked but which are not run, and why.
const SCRIPTS: [(&str, &str); 2] = [
    (
        "tests/bench/run.sh",
        "measures for a minute, on a machine with nothing else to do",
    ),
    (
        "tests/schemathesis.sh",
        "runs for minutes, with tools from other registries",
    ),
];

/// Returns every command of every page.
fn commands() -> Vec<(Snippet, Vec<Vec<String>>)> {
    let mut found = Vec::new();
    for path in pages() {
        let name = path.strip_prefix(workspace()).unwrap().to_str().unwrap().to_owned();
        for snippet in snippets(&name, &fs::read_to_string(&path).unwrap()) {
            let calls = shell::calls(&snippet).unwrap_or_else(|problem| panic!("{problem}"));
            found.push((snippet, calls));
        }
    }
    assert!(found.len() > 20, "the pages were not read: {found:?}");
    found
}

/// Checks arguments with the program's own parser: with `--help` appended, it does nothing else.
fn accepts(program: &str, arguments: &[String]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).arg("--help").output().unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Returns the targets of each workspace member, by package.
fn workspace_members() -> BTreeMap<String, BTreeSet<String>> {
    let mut metadata = programs::cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let metadata: Value = serde_json::from_slice(&metadata.output().unwrap().stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    packages
        .iter()
        .map(|package| {
            let targets = package["targets"].as_array().unwrap();
            let names = targets.iter().map(|target| text(&target["name"])).collect();
            (text(&package["name"]), names)
        })
        .collect()
}

/// Checks a call of cargo: `xtask` and `run` with the program they start, the others by their packages, targets and paths.
fn cargo_accepts(arguments: &[String]) -> Result<(), String> {
    let workspace_members = workspace_members();
    let value = |names: &[&str]| {
        let at = arguments
            .iter()
            .position(|argument| names.contains(&argument.as_str()))?;
        arguments.get(at + 1)
    };
    let package = value(&["-p", "--package"]);
    if let Some(package) = package
        && !workspace_members.contains_key(package)
    {
        return Err(format!("there is no package `{package}`"));
    }
    let after = arguments.iter().position(|argument| argument == "--");
    let passed = after.map_or(&[][..], |at| &arguments[at + 1..]);
    match (arguments.first().map(String::as_str), package.map(String::as_str)) {
        (Some("xtask"), _) => {
            let mut all = vec!["run", "--quiet", "--offline", "--package", "xtask", "--"];
            all.extend(arguments[1..].iter().map(String::as_str));
            all.push("--help");
            let output = programs::cargo(&all).output().unwrap();
            match output.status.success() {
                true => Ok(()),
                false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            }
        }
        (Some("run"), Some("pbx-server")) => accepts(programs::server(), passed),
        (Some("run"), Some("pbx-cli")) => accepts(programs::command(), passed),
        (Some("test"), package) => match value(&["--test"]) {
            Some(test) if !package.is_some_and(|package| workspace_members[package].contains(test)) => {
                Err(format!("there is no test `{test}` of {package:?}"))
            }
            _ => Ok(()),
        },
        (Some("install"), _) => match value(&["--path"]) {
            Some(path) if workspace().join(path).join("Cargo.toml").exists() => Ok(()),
            path => Err(format!("there is no package at {path:?}")),
        },
        // Another program, which the page offers beside a command of ours.
        (Some("insta"), _) => Ok(()),
        (Some("check" | "doc" | "build"), _) => Ok(()),
        _ => Err("a call of cargo that this test does not know".to_owned()),
    }
}

/// Checks one command.
fn check(call: &[String]) -> Result<(), String> {
    let (program, arguments) = call.split_first().unwrap();
    match program.as_str() {
        "cargo" => cargo_accepts(arguments),
        "pbx" => accepts(programs::command(), arguments),
        "pbx-server" => accepts(programs::server(), arguments),
        "curl" => Ok(()),
        script if SCRIPTS.iter().any(|(known, _)| *known == script) => {
            let status = Command::new("/bin/sh")
                .arg("-n")
                .arg(workspace().join(script))
                .status()
                .unwrap();
            let bash = Command::new("bash").arg("-n").arg(workspace().join(script)).status();
            match status.success() || bash.is_ok_and(|status| status.success()) {
                true => Ok(()),
                false => Err("a shell cannot read it".to_owned()),
            }
        }
        other if NOT_RUN.iter().any(|(known, _)| *known == other) => Ok(()),
        _ => Err("unlisted program: see the tables in tests/docs".to_owned()),
    }
}

#[test]
fn every_command_is_accepted_by_its_program() {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (snippet, calls) in commands() {
        if calls.is_empty() {
            problems.push(format!("{}: starts nothing: {}", snippet.location, snippet.text));
        }
        for call in calls {
            if let Err(problem) = check(&call) {
                problems.push(format!("{}: {}: {problem}", snippet.location, call.join(" ")));
            }
            seen.insert(call[0].clone());
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    for (program, _) in NOT_RUN.iter().chain(&SCRIPTS) {
        assert!(
            seen.contains(*program),
            "no page names {program}: remove it from the table"
        );
    }
}

/// The block of the README with `curl`, run as it stands against a server.
#[test]
fn first_requests_of_readme_work() {
    let blocks: Vec<Snippet> = commands()
        .into_iter()
        .filter(|(_, calls)| calls.iter().any(|call| call[0] == "curl"))
        .map(|(snippet, _)| snippet)
        .collect();
    let [block] = blocks.as_slice() else {
        panic!("one block uses curl, and this test runs it: {blocks:?}");
    };
    let server = Start::new().ready();
    let mut text = block.text.clone();
    for (from, to) in [("http://127.0.0.1:8888/api", server.base()), ("THE PASSWORD", PASSWORD)] {
        assert!(text.contains(from), "`{from}` is not in {text}");
        text = text.replace(from, to);
    }
    let output = match Command::new("/bin/sh").args(["-eu", "-c", &text]).output() {
        Ok(output) if Command::new("curl").arg("--version").output().is_ok() => output,
        _ => {
            eprintln!("SKIPPED: there is no curl to run the block of {} with", block.location);
            return;
        }
    };
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{stdout}");
    let responses: Vec<Value> = serde_json::Deserializer::from_str(&stdout)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let [created, list] = responses.as_slice() else {
        panic!("two responses are printed: {stdout}");
    };
    assert!(created["id"].is_string(), "{created}");
    assert_eq!(list["items"][0]["id"], created["id"]);
    assert_eq!(list["items"][0]["cidr"], "192.0.2.0/24");
}

#[test]
fn every_path_and_link_leads_somewhere() {
    let root = workspace();
    let mut problems = Vec::new();
    for path in pages() {
        let name = path.strip_prefix(&root).unwrap().display();
        let page = fs::read_to_string(&path).unwrap();
        let paths = references::missing_paths(&root, &page).into_iter();
        problems.extend(paths.map(|missing| format!("{name}:{missing} does not exist")));
        let links = references::broken_links(&path, &page).into_iter();
        problems.extend(links.map(|link| format!("{name}: the link {link} leads nowhere")));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn security_page_has_every_limit_with_its_default() {
    let output = Command::new(programs::server())
        .args(["serve", "--help"])
        .output()
        .unwrap();
    let page = fs::read_to_string(workspace().join("SECURITY.md")).unwrap();
    let differences = limits::differences(&page, &String::from_utf8(output.stdout).unwrap());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A test that cannot fail is a defect.
#[test]
fn missing_paths_and_broken_links_are_reported() {
    let root = workspace();
    let page = "\
`crates/pbx-api/src/` and `crates/nowhere/` and `specs/overlays/*.yaml` and `specs/overlays/*.txt`.

| where | what |
|---|---|
| **`tests/docs/`** | |
| `main.rs`, `lost.rs` | `tests/docs/shell.{rs,txt}` |
| `crates/pbx-store/src/<resource>.rs` | |

`lost.rs`

```
`crates/in_a_block/`
```

# A heading, with `code`

[one](#a-heading-with-code) [two](#another) [three](README.md#two-commands) [four](README.md#lost) [five](lost.md)
";
    assert_eq!(
        references::missing_paths(&root, page),
        [
            "1: crates/nowhere/",
            "1: specs/overlays/*.txt",
            "6: tests/docs/lost.rs",
            "6: tests/docs/shell.{rs,txt}",
        ]
    );
    assert_eq!(
        references::broken_links(&root.join("PAGE.md"), page),
        ["#another", "README.md#lost", "lost.md"]
    );
}

/// Wrong commands.
#[test]
fn wrong_commands_are_reported() {
    let page = "\
Text with `pbx tenants lost` and `pbx`.

```sh
pbx tenants list --filtre x
pbx-server serve --no-such-setting 5
cargo test -p pbx-nothing
cargo test -p xtask --test nothing
cargo xtask codegen --chek
cargo frobnicate
```

```sh
frobnicate now
```

| a table | `cargo xtask diff HEAD~1 --format yaml` |
|---|---|
";
    let found = snippets("PAGE.md", page);
    let locations: Vec<&str> = found.iter().map(|snippet| snippet.location.as_str()).collect();
    assert_eq!(locations, ["PAGE.md:1", "PAGE.md:3", "PAGE.md:12", "PAGE.md:16"]);
    assert!(
        shell::calls(&found[2]).unwrap_err().contains("frobnicate"),
        "a program that is not in the table"
    );
    let calls: Vec<_> = [&found[0], &found[1], &found[3]]
        .into_iter()
        .flat_map(|s| shell::calls(s).unwrap())
        .collect();
    assert_eq!(calls.len(), 8);
    for call in calls {
        assert!(check(&call).is_err(), "{call:?} passes");
    }
    // And a right one.
    let right = ["cargo", "xtask", "diff", "HEAD~1", "--format", "json"].map(str::to_owned);
    assert_eq!(check(&right), Ok(()));
}
