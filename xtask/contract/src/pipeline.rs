//! The stages in order, from a directory of documents to the contract.

use std::path::Path;

use serde_json::Value;

use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::{files, load};

use crate::operations::{Locations, operations};
use crate::selection::{self, Selected, Selection};
use crate::{conventions, echo, ids, inline, limits, merge, naming, overlay, recursion, supported, texts};

/// The contract, with notices for the maintainer.
#[derive(Debug)]
pub struct Contract {
    /// OpenAPI 3.1, named.
    pub document: Value,
    pub locations: Locations,
    /// Documents and components that were skipped or look wrong.
    pub notices: Vec<String>,
    /// The number of operations.
    pub operations: usize,
    /// The operations that `selection.yaml` leaves out, by path and method.
    pub left_out: Vec<(String, String)>,
    /// The number of overlay actions.
    pub actions: usize,
}

/// The directories of documents.
pub const DOCUMENTS: [&str; 2] = [merge::UPSTREAM, merge::LOCAL];
/// The directory of overlays.
pub const OVERLAYS: &str = "overlays";

/// Reads a specs directory: `upstream/`, and `local/`, `overlays/` and the selection where they exist.
pub fn read(specs: &Path) -> Result<files::Files, Diagnostics> {
    let mut files = files::Files::read(specs, &[DOCUMENTS[0], DOCUMENTS[1], OVERLAYS])?;
    let file = specs.join(selection::FILE);
    match std::fs::read(&file) {
        Ok(content) => files.insert(selection::FILE.to_owned(), content),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Diagnostics::new(None, format!("{}: {error}", file.display()))),
    }
    Ok(files)
}

/// The documents as one, before overlays and selection are applied.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The number of documents.
    pub documents: usize,
    pub merged: merge::Merged,
    pub selected: Selected,
    /// Documents and parts of them that were skipped or look wrong.
    pub notices: Vec<String>,
}

/// Loads and merges the documents in [`DOCUMENTS`], and decides which operations the selection leaves out.
pub fn join(files: &files::Files) -> Result<Joined, Diagnostics> {
    let mut loaded = load::load_files(files, &DOCUMENTS)?;
    let selected = Selection::read(files)?.decide(&mut loaded.documents);
    joined(loaded, selected)
}

/// Loads and merges the documents of a directory without structure.
pub fn join_all(files: &files::Files) -> Result<Joined, Diagnostics> {
    joined(load::load_files(files, &[""])?, Selected::default())
}

fn joined(loaded: load::Loaded, selected: Selected) -> Result<Joined, Diagnostics> {
    let mut merged = merge::merge(&loaded.documents)?;
    let mut notices = loaded.notices;
    notices.append(&mut merged.notices);
    Ok(Joined {
        documents: loaded.documents.len(),
        merged,
        selected,
        notices,
    })
}

/// Runs all stages on a specs directory.
pub fn build(specs: &Path) -> Result<Contract, Diagnostics> {
    let files = read(specs)?;
    let name = specs.display().to_string();
    stages(join(&files)?, &files, &name, Mode::Strict, overlay::apply)
}

/// Runs all stages on documents that are joined already, skipping overlay actions that fail. Calls `each` with the outcome of every
/// action. The overlays are those in `files`.
pub fn build_best_effort(
    joined: Joined,
    files: &files::Files,
    name: &str,
    each: &mut dyn FnMut(overlay::Applied<'_>),
) -> Result<Contract, Diagnostics> {
    stages(joined, files, name, Mode::BestEffort, |document, overlays| {
        let mut count = 0;
        overlay::apply_each(document, overlays, &mut |applied| {
            count += 1;
            each(applied);
        });
        Ok(count)
    })
}

/// The report of local operations that differ from the vendor's, and of entries of the selection that match nothing.
enum Mode {
    /// As errors.
    Strict,
    /// As notices.
    BestEffort,
}

fn stages(
    joined: Joined,
    files: &files::Files,
    name: &str,
    mode: Mode,
    apply_overlays: impl FnOnce(&mut Value, &[overlay::Overlay]) -> Result<usize, Diagnostics>,
) -> Result<Contract, Diagnostics> {
    let Joined {
        documents,
        mut merged,
        selected,
        mut notices,
    } = joined;
    if documents == 0 {
        return Err(Diagnostics::new(
            None,
            format!("{name}: no OpenAPI document under `upstream/` or `local/`"),
        ));
    }
    let mut errors = merged.superseded_errors();
    errors.extend(selected.errors.clone());
    match mode {
        Mode::Strict => errors.into_result()?,
        Mode::BestEffort => notices.extend(errors.iter().map(ToString::to_string)),
    }
    let mut document = merged.document;
    let overlays = overlay::load_overlays(files, OVERLAYS)?;
    let actions = apply_overlays(&mut document, &overlays)?;
    let left_out = selected.apply(&mut document, &mut merged.locations);
    if let Some(webhooks) = document.as_object_mut().and_then(|root| root.shift_remove("webhooks")) {
        let count = webhooks.as_object().map_or(0, |webhooks| webhooks.len());
        notices.push(format!(
            "{name}: {count} webhooks are ignored; nothing is generated for them"
        ));
    }
    let mut locations = merged.locations;
    let count = operations(&document).count();
    if count + left_out.len() != merged.operations {
        return Err(Diagnostics::new(
            None,
            format!(
                "{} operations were read but the contract has {count}; an overlay adds or removes some",
                merged.operations - left_out.len()
            ),
        ));
    }
    if let Some(root) = document.as_object_mut() {
        root.entry("paths").or_insert_with(|| serde_json::json!({}));
    }
    notices.extend(inline::inline(&mut document, &locations)?);
    notices.extend(supported::apply(&mut document, &mut locations));
    notices.extend(recursion::place(&mut document));
    notices.extend(conventions::apply(&mut document, &locations)?);
    ids::apply(&mut document, &locations)?;
    limits::apply(&mut document, &locations)?;
    notices.extend(texts::apply(&mut document, &locations)?);
    naming::assign_names(&mut document, &locations)?;
    echo::apply(&mut document);

    Ok(Contract {
        operations: operations(&document).count(),
        document,
        locations,
        notices,
        left_out,
        actions,
    })
}
