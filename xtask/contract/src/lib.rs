//! From the vendor's pages to one contract. Each stage is a pure function from document to document:
//!
//! [`load`] → [`merge`] → [`overlay`] → [`inline`] → [`conventions`] → [`name`] → [`emit`] → [`lower`].
//!
//! No stage knows a path, an operation or a schema by name: what is particular to an API is in `specs/`.

pub mod conventions;
pub mod diagnostic;
pub mod emit;
pub mod files;
pub mod inline;
pub mod listing;
pub mod load;
pub mod lower;
pub mod merge;
pub mod model;
pub mod name;
pub mod normal;
pub mod overlay;
pub mod pointer;
mod strict;

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::diagnostic::{Diagnostics, Place};

/// The methods a path item may hold.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Where each operation came from, by path and method.
pub type Places = HashMap<(String, String), Place>;

/// The contract and what the maintainer should know of how it came about.
#[derive(Debug)]
pub struct Contract {
    /// OpenAPI 3.1, named.
    pub document: Value,
    pub places: Places,
    pub notices: Vec<String>,
    pub operations: usize,
    pub actions: usize,
}

/// The folders of documents, and that of their corrections.
pub const DOCUMENTS: [&str; 2] = ["upstream", "local"];
pub const OVERLAYS: &str = "overlays";

/// Reads the folder of documents and corrections: `upstream/`, and `local/` and `overlays/` where they are.
pub fn read(specs: &Path) -> Result<files::Files, Diagnostics> {
    files::Files::read(specs, &[DOCUMENTS[0], DOCUMENTS[1], OVERLAYS])
}

/// Runs all stages on a folder of documents and corrections.
pub fn build(specs: &Path) -> Result<Contract, Diagnostics> {
    let files = read(specs)?;
    stages(&files, &specs.display().to_string(), overlay::apply)
}

/// The same from memory, and whatever the corrections: `each` hears of every one of them, and those that do not fit are left
/// out.
pub fn build_where_possible(
    files: &files::Files,
    name: &str,
    each: &mut dyn FnMut(overlay::Applied<'_>),
) -> Result<Contract, Diagnostics> {
    stages(files, name, |document, overlays| {
        let mut count = 0;
        overlay::apply_each(document, overlays, &mut |applied| {
            count += 1;
            each(applied);
        });
        Ok(count)
    })
}

fn stages(
    files: &files::Files,
    name: &str,
    correct: impl FnOnce(&mut Value, &[overlay::Overlay]) -> Result<usize, Diagnostics>,
) -> Result<Contract, Diagnostics> {
    let loaded = load::load_files(files, &DOCUMENTS)?;
    if loaded.documents.is_empty() {
        return Err(crate::diagnostic::fault(
            None,
            format!("{name}: no OpenAPI document under `upstream/` or `local/`"),
        ));
    }
    let merged = merge::merge(&loaded.documents)?;
    let mut document = merged.document;
    let overlays = overlay::load_overlays(files, OVERLAYS)?;
    let actions = correct(&mut document, &overlays)?;
    let mut notices = loaded.notices;
    notices.extend(inline::inline(&mut document, &merged.places)?);
    conventions::apply(&mut document, &merged.places)?;
    name::name(&mut document, &merged.places)?;

    let operations = operations(&document).count();
    if operations != merged.operations {
        return Err(crate::diagnostic::fault(
            None,
            format!(
                "{} operations went in and {operations} came out; an overlay removes or adds some",
                merged.operations
            ),
        ));
    }
    Ok(Contract {
        document,
        places: merged.places,
        notices,
        operations,
        actions,
    })
}

/// Every operation of a document: path, method, operation.
pub fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document.get("paths").and_then(Value::as_object);
    paths.into_iter().flatten().flat_map(|(path, item)| {
        METHODS
            .iter()
            .filter_map(move |method| item.get(method).map(|operation| (path.as_str(), *method, operation)))
    })
}

/// Calls `f` with every operation: path, method, operation.
fn for_each_operation(document: &mut Value, mut f: impl FnMut(&str, &str, &mut Value)) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                f(path, method, operation);
            }
        }
    }
}

/// Where an operation stands, for errors.
fn place_of<'a>(places: &'a Places, path: &str, method: &str) -> Option<&'a Place> {
    places.get(&(path.to_owned(), method.to_owned()))
}
