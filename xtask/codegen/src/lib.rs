//! Generates the contract's files and the generated parts of the crates of the client, the mock, the server traits and the command.
//!
//! Directories called `generated` are owned by this crate: it writes, replaces and deletes files in them.

pub mod cli;
pub mod client;
pub mod lists;
pub mod mock;
mod rust;
pub mod server;
mod split;
pub mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use contract::operations::Locations;
use contract::{emit, limits, lower, model, pipeline, texts};
use openapi_reader::files::relative;

use crate::lists::Lists;

/// The directories owned by codegen, relative to the output directory.
const OWNED: [&str; 7] = [
    "specs/generated",
    "crates/pbx-client/src/generated",
    "crates/pbx-mock/src/generated",
    "crates/pbx-types/src/generated",
    "crates/pbx-api/src/generated",
    "crates/pbx-domain/src/generated",
    "crates/pbx-cli/src/generated",
];

/// The outcome of a run without errors.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// `check` found differences and printed them.
    Stale,
}

/// Generates everything from `specs` into `out`; with `check` only compares.
pub fn run(specs: &Path, out: &Path, check: bool) -> anyhow::Result<Outcome> {
    let generated = generate(specs)?;
    for notice in &generated.notices {
        eprintln!("note: {notice}");
    }
    let differences = compare(out, &generated.files)?;
    if check {
        for difference in &differences {
            eprintln!("{difference}");
        }
        if differences.is_empty() {
            return Ok(Outcome::Done);
        }
        eprintln!(
            "{} generated file(s) differ from the documents; run `cargo xtask codegen`",
            differences.len()
        );
        return Ok(Outcome::Stale);
    }
    write(out, &generated.files, &differences)?;
    eprintln!("{}, {} file(s) changed", generated.summary, differences.len());
    Ok(Outcome::Done)
}

/// All generated files, by path relative to the output directory.
#[derive(Debug)]
pub struct Generated {
    pub files: BTreeMap<String, String>,
    pub notices: Vec<String>,
    pub summary: String,
}

/// Generates all files from a specs directory, in memory.
pub fn generate(specs: &Path) -> anyhow::Result<Generated> {
    let (contract, lists) = (pipeline::build(specs)?, Lists::read(specs)?);
    let api = model::read(&contract.document, &contract.locations)?;
    lists.check(&api)?;
    from_contract(contract, api, &lists)
}

/// Generates all files from a contract and its model, in memory. Entries of the lists that match nothing are ignored.
pub fn from_contract(contract: pipeline::Contract, mut api: model::Api, lists: &Lists) -> anyhow::Result<Generated> {
    let mut files = BTreeMap::new();
    let mut add = |path: String, content: String| {
        files.insert(path, content);
    };
    let lowered = lower::lower(&contract.document);
    let client_json = format!("{}\n", serde_json::to_string_pretty(&lowered)?);
    add(
        "specs/generated/openapi.yaml".to_owned(),
        emit::yaml(&contract.document)?,
    );
    add(
        "specs/generated/operations.txt".to_owned(),
        emit::operations_list(&contract.document),
    );

    let mut notices = contract.notices;
    api.operations.retain(|operation| {
        let is_routable = operation.is_routable();
        if !is_routable {
            let location = contract
                .locations
                .get(&(operation.path.clone(), operation.method.clone()));
            let place = location.map(|location| format!("{location}: ")).unwrap_or_default();
            notices.push(format!(
                "{place}`{} {}` mixes text and parameters in a segment of its path: the server does not have it",
                operation.method.to_uppercase(),
                operation.path
            ));
        }
        is_routable
    });
    let locate = |error| locate(error, &api, &contract.locations);
    let server = server::generate(&api, &contract.document, &lists.not_implemented).map_err(locate)?;
    for (name, content) in server.types {
        add(format!("crates/pbx-types/src/generated/{name}"), content);
    }
    for (name, content) in server.api {
        add(format!("crates/pbx-api/src/generated/{name}"), content);
    }
    let state = state::generate(&implemented(&api, lists)).map_err(locate)?;
    for (name, content) in state.files {
        add(format!("crates/pbx-domain/src/generated/{name}"), content);
    }
    // The command may be used with the vendor's server.
    let cli_api = model::read(
        &texts::without(&limits::without(&contract.document)),
        &contract.locations,
    )?;
    for (name, content) in cli::generate(&cli_api, &lists.commands).map_err(locate)? {
        add(format!("crates/pbx-cli/src/generated/{name}"), content);
    }
    let client_api = model::read(&lowered, &contract.locations).context("the lowered document")?;
    let openapi: openapiv3::OpenAPI = serde_json::from_value(lowered).context("client.json is not OpenAPI 3.0")?;
    for (name, content) in client::generate(&openapi, &client_api).map_err(locate)? {
        add(format!("crates/pbx-client/src/generated/{name}"), content);
    }
    for (name, content) in mock::generate(&client_api).map_err(locate)? {
        add(format!("crates/pbx-mock/src/generated/{name}"), content);
    }
    add("specs/generated/client.json".to_owned(), client_json);
    let summary = format!(
        "{} operations, {} types, {} overlay actions",
        contract.operations,
        api.types.len(),
        contract.actions
    );
    Ok(Generated {
        files,
        notices: notices.into_iter().chain(state.notices).collect(),
        summary,
    })
}

/// Returns the API without the operations that the server does not implement: nothing stores what they set.
fn implemented(api: &model::Api, lists: &Lists) -> model::Api {
    let mut api = api.clone();
    api.operations
        .retain(|operation| !lists.not_implemented.contains(operation));
    api
}

/// The operation that a generator's error is about; [`generate`] adds its file and line.
#[derive(Debug)]
pub struct AtOperation(pub String);

impl std::fmt::Display for AtOperation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "operation `{}`", self.0)
    }
}

fn locate(error: anyhow::Error, api: &model::Api, locations: &Locations) -> anyhow::Error {
    let operation = error
        .downcast_ref::<AtOperation>()
        .and_then(|AtOperation(id)| api.operations.iter().find(|operation| operation.id == *id));
    match operation.and_then(|o| locations.get(&(o.path.clone(), o.method.clone()))) {
        Some(location) => error.context(location.to_string()),
        None => error,
    }
}

/// A file that differs from the generated one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    Stale(String),
    Missing(String),
    /// No longer generated.
    Orphaned(String),
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stale(path) => write!(f, "stale:    {path}"),
            Self::Missing(path) => write!(f, "missing:  {path}"),
            Self::Orphaned(path) => write!(f, "orphaned: {path}"),
        }
    }
}

/// Compares the owned directories with the generated files.
fn compare(out: &Path, files: &BTreeMap<String, String>) -> anyhow::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    for (path, content) in files {
        match fs::read_to_string(out.join(path)) {
            Ok(present) if present.replace("\r\n", "\n") == *content => {}
            Ok(_) => differences.push(Difference::Stale(path.clone())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => differences.push(Difference::Missing(path.clone())),
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => differences.push(Difference::Stale(path.clone())),
            Err(e) => return Err(e).with_context(|| path.clone()),
        }
    }
    let mut present = BTreeSet::new();
    for directory in OWNED {
        list(out, &out.join(directory), &mut present)?;
    }
    differences.extend(
        present
            .into_iter()
            .filter(|path| !files.contains_key(path))
            .map(Difference::Orphaned),
    );
    Ok(differences)
}

fn list(out: &Path, directory: &Path, present: &mut BTreeSet<String>) -> anyhow::Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path: PathBuf = entry?.path();
        if path.is_dir() {
            list(out, &path, present)?;
        } else {
            present.insert(relative(out, &path));
        }
    }
    Ok(())
}

fn write(out: &Path, files: &BTreeMap<String, String>, differences: &[Difference]) -> anyhow::Result<()> {
    for difference in differences {
        match difference {
            Difference::Stale(path) | Difference::Missing(path) => {
                let target = out.join(path);
                if let Some(parent) = target.parent() {
                    fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
                }
                fs::write(&target, &files[path]).with_context(|| target.display().to_string())?;
            }
            Difference::Orphaned(path) => fs::remove_file(out.join(path)).with_context(|| path.clone())?,
        }
    }
    Ok(())
}
