//! The stages in order, from a directory of documents to the contract.

use std::path::Path;

use serde_json::Value;

use crate::diagnostic::Diagnostics;
use crate::operations::{Locations, operations};
use crate::{conventions, echo, files, ids, inline, limits, load, merge, naming, overlay, recursion, supported, texts};

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
    /// The number of overlay actions.
    pub actions: usize,
}

/// The directories of documents.
pub const DOCUMENTS: [&str; 2] = [merge::UPSTREAM, merge::LOCAL];
/// The directory of overlays.
pub const OVERLAYS: &str = "overlays";

/// Reads a specs directory: `upstream/`, and `local/` and `overlays/` where they exist.
pub fn read(specs: &Path) -> Result<files::Files, Diagnostics> {
    files::Files::read(specs, &[DOCUMENTS[0], DOCUMENTS[1], OVERLAYS])
}

/// Runs all stages on a specs directory.
pub fn build(specs: &Path) -> Result<Contract, Diagnostics> {
    let files = read(specs)?;
    stages(&files, &specs.display().to_string(), Superseded::Errors, overlay::apply)
}

/// Runs all stages on files in memory, skipping overlay actions that fail. Calls `each` with the outcome of every action.
pub fn build_best_effort(
    files: &files::Files,
    name: &str,
    each: &mut dyn FnMut(overlay::Applied<'_>),
) -> Result<Contract, Diagnostics> {
    stages(files, name, Superseded::Notices, |document, overlays| {
        let mut count = 0;
        overlay::apply_each(document, overlays, &mut |applied| {
            count += 1;
            each(applied);
        });
        Ok(count)
    })
}

/// The form in which local operations are reported that differ from the vendor's.
enum Superseded {
    Errors,
    Notices,
}

fn stages(
    files: &files::Files,
    name: &str,
    superseded: Superseded,
    apply_overlays: impl FnOnce(&mut Value, &[overlay::Overlay]) -> Result<usize, Diagnostics>,
) -> Result<Contract, Diagnostics> {
    let loaded = load::load_files(files, &DOCUMENTS)?;
    if loaded.documents.is_empty() {
        return Err(Diagnostics::new(
            None,
            format!("{name}: no OpenAPI document under `upstream/` or `local/`"),
        ));
    }
    let merged = merge::merge(&loaded.documents)?;
    let mut notices = loaded.notices;
    notices.extend(merged.notices.iter().cloned());
    match superseded {
        Superseded::Errors => merged.superseded_errors().into_result()?,
        Superseded::Notices => notices.extend(merged.superseded_errors().iter().map(ToString::to_string)),
    }
    let mut document = merged.document;
    let overlays = overlay::load_overlays(files, OVERLAYS)?;
    let actions = apply_overlays(&mut document, &overlays)?;
    if let Some(webhooks) = document.as_object_mut().and_then(|root| root.shift_remove("webhooks")) {
        let count = webhooks.as_object().map_or(0, |webhooks| webhooks.len());
        notices.push(format!(
            "{name}: {count} webhooks are ignored; nothing is generated for them"
        ));
    }
    let mut locations = merged.locations;
    let count = operations(&document).count();
    if count != merged.operations {
        return Err(Diagnostics::new(
            None,
            format!(
                "{} operations were read but the contract has {count}; an overlay adds or removes some",
                merged.operations
            ),
        ));
    }
    if let Some(root) = document.as_object_mut() {
        root.entry("paths").or_insert_with(|| serde_json::json!({}));
    }
    notices.extend(inline::inline(&mut document, &locations)?);
    notices.extend(supported::apply(&mut document, &mut locations));
    notices.extend(recursion::place(&mut document));
    conventions::apply(&mut document, &locations)?;
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
        actions,
    })
}
