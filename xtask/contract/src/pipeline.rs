//! The stages in their order, from a folder of documents to the contract.

use std::path::Path;

use serde_json::Value;

use crate::diagnostic::{Diagnostics, fault};
use crate::operations::{Places, operations};
use crate::{conventions, files, inline, load, merge, name, overlay};

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
        return Err(fault(
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
        return Err(fault(
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
