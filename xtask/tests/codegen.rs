//! The command line of `cargo xtask codegen`: its output, `--check`, and exit codes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use codegen::lists::Lists;
use contract::pipeline::Contract;
use contract::{limits, model};
use serde_json::Value;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("codegen")
        .args(arguments)
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn committed_files_are_up_to_date() {
    let output = run(&["--check"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

/// The directories called `generated`, which codegen owns.
fn owned(root: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = files(root)
        .into_keys()
        .filter_map(|path| path.parent().map(Path::to_owned))
        .filter(|folder| folder.ends_with("generated"))
        .collect();
    folders.dedup();
    folders
}

/// In each directory that codegen owns: an edited file, a missing one, and one that is not generated.
#[test]
fn check_lists_every_difference_and_writes_nothing() {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().to_str().unwrap();
    assert!(run(&["--out", path]).status.success());
    assert_eq!(run(&["--out", path, "--check"]).status.code(), Some(0));

    let folders = owned(out.path());
    let here: Vec<PathBuf> = folders
        .iter()
        .map(|folder| folder.strip_prefix(out.path()).unwrap().to_owned())
        .collect();
    for name in fs::read_dir(workspace().join("crates")).unwrap() {
        let generated = PathBuf::from("crates")
            .join(name.unwrap().file_name())
            .join("src/generated");
        assert!(
            here.contains(&generated) || !workspace().join(&generated).exists(),
            "{} is not owned by codegen",
            generated.display()
        );
    }
    let mut expected = Vec::new();
    for (folder, name) in folders.iter().zip(&here) {
        let name = name.to_str().unwrap();
        let mut inside = files(folder).into_keys();
        let (edited, missing) = (inside.next().unwrap(), inside.next().unwrap());
        fs::write(&edited, fs::read_to_string(&edited).unwrap() + "# mine\n").unwrap();
        fs::remove_file(&missing).unwrap();
        fs::write(folder.join("old.rs"), "").unwrap();
        let file = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        expected.extend([
            format!("stale:    {name}/{}", file(&edited)),
            format!("missing:  {name}/{}", file(&missing)),
            format!("orphaned: {name}/old.rs"),
        ]);
    }
    assert!(expected.len() >= 3 * 4, "{expected:?}");
    let count = expected.len();
    expected.push(format!(
        "{count} generated file(s) differ from the documents; run `cargo xtask codegen`"
    ));
    let before = files(out.path());

    let output = run(&["--out", path, "--check"]);
    assert_eq!(output.status.code(), Some(4));
    let text = stderr(&output);
    for line in &expected {
        assert!(text.lines().any(|l| l == line), "`{line}` is missing in:\n{text}");
    }
    assert_eq!(files(out.path()), before, "--check wrote something");

    // Codegen fixes all of it.
    assert!(run(&["--out", path]).status.success());
    assert_eq!(run(&["--out", path, "--check"]).status.code(), Some(0));
}

#[test]
fn output_is_deterministic() {
    let one = tempfile::tempdir().unwrap();
    let two = tempfile::tempdir().unwrap();
    for out in [&one, &two] {
        assert!(run(&["--out", out.path().to_str().unwrap()]).status.success());
    }
    let bare = |root: &Path| -> BTreeMap<PathBuf, Vec<u8>> {
        files(root)
            .into_iter()
            .map(|(path, bytes)| (path.strip_prefix(root).unwrap().to_owned(), bytes))
            .collect()
    };
    assert_eq!(bare(one.path()), bare(two.path()));
}

#[test]
fn error_exits_with_1_and_names_the_location() {
    let specs = tempfile::tempdir().unwrap();
    fs::create_dir(specs.path().join("upstream")).unwrap();
    let page = "# Page\n\n```json\n{\"openapi\": \"3.1.0\", \"paths\": {\n```\n";
    fs::write(specs.path().join("upstream/page.md"), page).unwrap();
    for check in [&["--check"][..], &[]] {
        let mut arguments = vec![
            "--specs",
            specs.path().to_str().unwrap(),
            "--out",
            specs.path().to_str().unwrap(),
        ];
        arguments.extend(check);
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).starts_with("error: upstream/page.md:5: invalid OpenAPI document:"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn specs_without_documents_are_an_error() {
    let specs = tempfile::tempdir().unwrap();
    let output = run(&["--specs", specs.path().to_str().unwrap(), "--check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no OpenAPI document under `upstream/` or `local/`"));
}

#[test]
fn contract_has_all_operations_of_the_pages() {
    let contract = contract::pipeline::build(&workspace().join("specs")).unwrap();
    let upstream = tempfile::tempdir().unwrap();
    fs::create_dir(upstream.path().join("upstream")).unwrap();
    for page in ["administration.md", "tenant.md"] {
        let from = workspace().join("specs/upstream").join(page);
        fs::copy(from, upstream.path().join("upstream").join(page)).unwrap();
    }
    // The vendor's pages are accepted without overlays, too.
    let alone = contract::pipeline::build(upstream.path()).unwrap();
    assert_eq!(alone.operations, 77);
    assert_eq!(alone.document["paths"].as_object().unwrap().len(), 51);
    assert_eq!(alone.document["tags"].as_array().unwrap().len(), 2);
    for (path, item) in alone.document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            assert!(
                contract.document["paths"][path].get(method).is_some(),
                "{method} {path} is missing"
            );
        }
    }
}

#[test]
fn everything_that_callers_send_is_bounded() {
    fn walk(at: &str, value: &Value, unbounded: &mut Vec<String>) {
        match value {
            // Only the present value is accepted, or the value is ignored.
            Value::Object(object) if object.contains_key("x-echo") => {}
            Value::Object(object) => {
                let is = |name: &str| match &value["type"] {
                    Value::Array(types) => types.iter().any(|one| one == name),
                    one => one == name,
                };
                for (name, keyword) in [("string", "maxLength"), ("array", "maxItems")] {
                    if is(name) && !limits::is_bounded(value, keyword) {
                        unbounded.push(at.to_owned());
                    }
                }
                for (key, child) in object {
                    walk(&format!("{at}/{key}"), child, unbounded);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(at, item, unbounded)),
            _ => {}
        }
    }
    let file = workspace().join("crates/pbx-api/src/generated/schemas.json");
    let schemas: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let mut unbounded = Vec::new();
    walk("", &schemas, &mut unbounded);
    assert_eq!(unbounded, [""; 0]);
}

/// The vendor's server may accept what this one does not.
#[test]
fn the_client_and_the_command_have_no_limit_of_this_server() {
    let contract = contract::pipeline::build(&workspace().join("specs")).unwrap();
    let unlimited = Contract {
        document: contract::texts::without(&limits::without(&contract.document)),
        locations: contract.locations.clone(),
        notices: Vec::new(),
        operations: contract.operations,
        left_out: Vec::new(),
        actions: contract.actions,
    };
    let [limited, unlimited] = [contract, unlimited].map(|contract| {
        let api = model::read(&contract.document, &contract.locations).unwrap();
        codegen::from_contract(contract, api, &Lists::default()).unwrap().files
    });
    let differing = limited
        .iter()
        .filter(|(file, text)| unlimited.get(*file) != Some(*text))
        .map(|(file, _)| file.split('/').take(2).collect::<Vec<_>>().join("/"));
    let differing: BTreeSet<_> = differing.collect();
    assert_eq!(
        differing.into_iter().collect::<Vec<_>>(),
        [
            "crates/pbx-api",
            "crates/pbx-domain",
            "crates/pbx-types",
            "specs/generated"
        ]
    );
    assert!(!limited["specs/generated/client.json"].contains("x-limit"));
}

/// An operation of such a name would be a second method of the type.
#[test]
fn hand_written_methods_are_reserved() {
    let mut missing = Vec::new();
    for (name, owner) in [("pbx-client", "Client"), ("pbx-mock", "MockServer")] {
        let mut directories = vec![workspace().join("crates").join(name).join("src")];
        let mut methods = 0;
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.extend((!path.ends_with("generated")).then_some(path));
                    continue;
                }
                for item in syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap().items {
                    let syn::Item::Impl(item) = item else { continue };
                    let syn::Type::Path(ty) = &*item.self_ty else { continue };
                    if item.trait_.is_some() || !ty.path.is_ident(owner) {
                        continue;
                    }
                    for part in item.items {
                        let syn::ImplItem::Fn(method) = part else { continue };
                        let method = method.sig.ident.to_string();
                        methods += 1;
                        if !contract::reserved::METHODS.contains(&method.as_str()) {
                            missing.push(format!("{owner}::{method}"));
                        }
                    }
                }
            }
        }
        assert!(methods > 0, "{owner}");
    }
    assert_eq!(
        missing, [""; 0],
        "add them to `METHODS` in xtask/contract/src/reserved.rs"
    );
}
