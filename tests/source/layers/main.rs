//! Checks the layers: the dependencies of each crate, the imports of each module, and that no crate has a circle of files.
//!
//! The compiler rejects circles of crates, but not circles of modules. A failure names the file, the line and the import.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says so by panicking")]

mod graph;
mod imports;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use graph::Graph;
use plan::{CRATES, PURE};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every `src` directory of the workspace's own crates.
fn sources() -> Vec<String> {
    let mut found = Vec::new();
    for parent in ["crates", "xtask", "tests"] {
        for entry in std::fs::read_dir(root().join(parent)).unwrap() {
            let source = entry.unwrap().path().join("src");
            if source.is_dir() {
                found.push(source.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.push("xtask/src".to_owned());
    found.sort();
    found
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn no_crate_has_a_circle_of_files() {
    let graphs = sources().into_iter().map(|source| Graph::read(&root(), &source));
    report(&graphs.flat_map(|graph| graph.circles()).collect::<Vec<_>>());
}

#[test]
fn imports_name_the_defining_module() {
    let graphs = sources().into_iter().map(|source| Graph::read(&root(), &source));
    report(&graphs.flat_map(|graph| graph.through_root()).collect::<Vec<_>>());
}

#[test]
fn modules_import_from_lower_layers_only() {
    let mut faults = Vec::new();
    for (source, layers) in CRATES {
        faults.extend(Graph::read(&root(), source).crossings(layers));
    }
    report(&faults);
}

#[test]
fn pure_crates_depend_on_no_runtime_and_no_database() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect();
    // Only what is linked: a test may start a runtime.
    let dependencies: BTreeMap<&str, Vec<&str>> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| {
            let linked = node["deps"].as_array().unwrap().iter().filter(|dependency| {
                let kinds = dependency["dep_kinds"].as_array().unwrap();
                kinds.iter().any(|kind| kind["kind"].is_null())
            });
            let ids = linked.map(|dependency| dependency["pkg"].as_str().unwrap());
            (node["id"].as_str().unwrap(), ids.collect())
        })
        .collect();
    let mut faults = Vec::new();
    for (pure, forbidden) in PURE {
        let id = names.iter().find(|(_, name)| *name == pure);
        let (id, _) = id.unwrap_or_else(|| panic!("there is no crate {pure}"));
        let mut reached = BTreeSet::new();
        let mut left = vec![*id];
        while let Some(id) = left.pop() {
            if reached.insert(id) {
                left.extend(&dependencies[id]);
            }
        }
        for name in reached
            .iter()
            .map(|id| names[id])
            .filter(|name| forbidden.contains(name))
        {
            faults.push(format!(
                "{pure} depends on {name}: see `cargo tree -e normal -p {pure} -i {name}`"
            ));
        }
    }
    report(&faults);
}

#[test]
fn the_plan_names_every_crate() {
    let planned: BTreeSet<&str> = CRATES.iter().map(|(source, _)| *source).collect();
    let faults = sources()
        .into_iter()
        .filter(|source| source.starts_with("crates/") && !planned.contains(source.as_str()));
    let faults = faults.map(|source| format!("{source} is not in tests/source/layers/plan.rs: say what imports what"));
    report(&faults.collect::<Vec<_>>());
}

/// A test that cannot fail is a defect: the same checks on a made-up crate with one fault of each kind.
#[test]
fn each_fault_is_found_and_named() {
    let layers: &[&[&str]] = &[&["ground", "circle"], &["middle"], &["top"]];
    let graph = Graph::read(&root(), "tests/source/layers/example/src");
    assert_eq!(
        graph.crossings(layers),
        [
            "tests/source/layers/example/src/ground.rs:3: `crate::top::Top` crosses a layer upwards: `ground` may not import `top`",
            "tests/source/layers/example/src/stray.rs: `stray` has no layer in tests/source/layers/plan.rs"
        ]
    );
    assert_eq!(
        graph.circles(),
        ["circle of files in tests/source/layers/example/src:\
          \n  tests/source/layers/example/src/circle/one.rs:3: `super::two::Two`\
          \n  tests/source/layers/example/src/circle/two.rs:5: `crate::circle::one::One`"]
    );
    assert_eq!(
        graph.through_root(),
        [
            "tests/source/layers/example/src/middle.rs:4: `crate::Ground` goes through the crate root: import it from its module"
        ]
    );
}
