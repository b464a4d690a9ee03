//! Writes what the contract says: the contract itself, and the generated halves of the client crate, of the crate of its mock,
//! of the server crate and of the command.
//!
//! Folders called `generated` belong to this module: it writes, replaces and deletes in them.

pub mod cli;
pub mod client;
pub mod mock;
pub mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use contract::files::relative;
use contract::operations::Places;
use contract::{emit, lower, model, pipeline};

/// The folders that codegen owns, below the output folder.
const OWNED: [&str; 5] = [
    "specs/generated",
    "crates/pbx-client/src/generated",
    "crates/pbx-mock/src/generated",
    "crates/pbx-api/src/generated",
    "crates/pbx-cli/src/generated",
];

/// How a run ended, when nothing was broken.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// `check` found differences; they are printed.
    Stale,
}

/// Generates everything from `specs` into `out`, or with `check` compares and writes nothing.
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
            "{} generated file(s) differ from the documents: run `cargo xtask codegen`",
            differences.len()
        );
        return Ok(Outcome::Stale);
    }
    write(out, &generated.files, &differences)?;
    eprintln!("{}, {} file(s) changed", generated.summary, differences.len());
    Ok(Outcome::Done)
}

/// Everything that is generated, by path below the output folder.
#[derive(Debug)]
pub struct Generated {
    pub files: BTreeMap<String, String>,
    pub notices: Vec<String>,
    pub summary: String,
}

/// Generates in memory.
pub fn generate(specs: &Path) -> anyhow::Result<Generated> {
    from_contract(pipeline::build(specs)?)
}

/// Generates in memory from a contract that is there already.
pub fn from_contract(contract: pipeline::Contract) -> anyhow::Result<Generated> {
    let mut files = BTreeMap::new();
    let mut add = |path: String, content: String| {
        files.insert(path, content);
    };
    let low = lower::lower(&contract.document);
    let client_json = format!("{}\n", serde_json::to_string_pretty(&low)?);
    add(
        "specs/generated/openapi.yaml".to_owned(),
        emit::yaml(&contract.document)?,
    );
    add(
        "specs/generated/operations.txt".to_owned(),
        emit::operations_list(&contract.document),
    );

    let api = model::read(&contract.document, &contract.places)?;
    let placed = |error| placed(error, &api, &contract.places);
    for (name, content) in server::generate(&api, &contract.document).map_err(placed)? {
        add(format!("crates/pbx-api/src/generated/{name}"), content);
    }
    for (name, content) in cli::generate(&api).map_err(placed)? {
        add(format!("crates/pbx-cli/src/generated/{name}"), content);
    }
    let client_api = model::read(&low, &contract.places).context("the lowered document")?;
    let openapi: openapiv3::OpenAPI = serde_json::from_value(low).context("client.json is not OpenAPI 3.0")?;
    for (name, content) in client::generate(&openapi, &client_api).map_err(placed)? {
        add(format!("crates/pbx-client/src/generated/{name}"), content);
    }
    for (name, content) in mock::generate(&client_api).map_err(placed)? {
        add(format!("crates/pbx-mock/src/generated/{name}"), content);
    }
    add("specs/generated/client.json".to_owned(), client_json);
    let summary = format!(
        "{} operations, {} types, {} corrections",
        contract.operations,
        api.types.len(),
        contract.actions
    );
    Ok(Generated {
        files,
        notices: contract.notices,
        summary,
    })
}

/// What a generator's error is about; [`generate`] puts file and line before it.
#[derive(Debug)]
pub struct AtOperation(pub String);

impl std::fmt::Display for AtOperation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "operation `{}`", self.0)
    }
}

fn placed(error: anyhow::Error, api: &model::Api, places: &Places) -> anyhow::Error {
    let operation = error
        .downcast_ref::<AtOperation>()
        .and_then(|AtOperation(id)| api.operations.iter().find(|operation| operation.id == *id));
    match operation.and_then(|o| places.get(&(o.path.clone(), o.method.clone()))) {
        Some(place) => error.context(place.to_string()),
        None => error,
    }
}

/// One file that is not as it should be.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    Stale(String),
    Missing(String),
    /// Nothing generates it any more.
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

/// Every difference between the folders that codegen owns and what belongs there.
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
    for folder in OWNED {
        list(out, &out.join(folder), &mut present)?;
    }
    differences.extend(
        present
            .into_iter()
            .filter(|path| !files.contains_key(path))
            .map(Difference::Orphaned),
    );
    Ok(differences)
}

fn list(out: &Path, folder: &Path, present: &mut BTreeSet<String>) -> anyhow::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
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
