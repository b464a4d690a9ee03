//! Reads a directory of documents as one contract, with the location of each part in pages and overlays.
//!
//! The stages are those of [`contract`], but they do not stop at errors: an overlay action that fails, a construct that the generators
//! do not support, or a name conflict is a notice, because the maintainer needs the diff to the last release to fix it.

use std::collections::BTreeMap;

use contract::overlay::Applied;
use contract::pipeline::{self, DOCUMENTS, Joined, OVERLAYS};
use contract::{conventions, echo, ids, inline, limits, naming, overlay, recursion, texts};
use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::files::Files;
use serde_json::Value;
use spanned_json::{Kind, Location, Node, unescape};

/// The contract in a directory.
pub struct Contents {
    pub document: Value,
    /// The source of the document, with locations.
    pub source: Node,
    pub notices: Vec<String>,
    pub inventory: Inventory,
}

/// The number of operations and overlay actions of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The number of operations by directory.
    pub operations: BTreeMap<String, usize>,
    pub overlays: Vec<OverlayInfo>,
    /// The operations that `selection.yaml` leaves out, by path and method.
    pub left_out: Vec<(String, String)>,
}

/// An overlay with the number of its actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayInfo {
    pub file: String,
    pub title: String,
    pub actions: usize,
}

/// Returns `true` if the directory has the form of `--specs`.
fn is_structured(files: &Files) -> bool {
    files.in_directory(DOCUMENTS[0]).next().is_some()
}

/// Reads the contract in a directory in memory; the file names in its locations begin with `prefix`.
pub fn read(prefix: &str, files: &Files) -> Result<Contents, Diagnostics> {
    let joined = match is_structured(files) {
        true => pipeline::join(files)?,
        false => pipeline::join_all(files)?,
    };
    read_joined(prefix, joined, files)
}

/// Does the same with documents that are joined already.
pub fn read_joined(prefix: &str, joined: Joined, files: &Files) -> Result<Contents, Diagnostics> {
    let Joined {
        documents,
        mut merged,
        selected,
        mut notices,
    } = joined;
    if documents == 0 {
        return Err(Diagnostics::new(
            None,
            format!("{prefix}: no OpenAPI document; pages are expected in it or in its `upstream/`"),
        ));
    }
    let superseded = merged.superseded_errors();
    let mut document = merged.document;
    let mut source = merged.source;
    // The root of a directory has no location.
    source.location = Location::new("", 1);
    relocate(&mut source, prefix);
    let overlays = if is_structured(files) {
        overlay::load_overlays(files, OVERLAYS)?
    } else {
        Vec::new()
    };
    let overlay_nodes = overlays
        .iter()
        .map(|overlay| {
            let mut source = overlay.source.clone();
            relocate(&mut source, prefix);
            source
        })
        .collect::<Vec<_>>();
    let errors = overlay::apply_each(&mut document, &overlays, &mut |applied| {
        let position = overlays
            .iter()
            .position(|overlay| std::ptr::eq(overlay, applied.overlay));
        if let Some(actions) = position.and_then(|index| overlay_nodes[index].get("actions")) {
            apply_action(&mut source, actions, &applied);
        }
    });
    let mut inventory = Inventory {
        left_out: selected.apply(&mut document, &mut merged.locations),
        ..Inventory::default()
    };
    for location in merged.locations.values() {
        let directory = location.file.split_once('/').map_or("", |(directory, _)| directory);
        *inventory.operations.entry(directory.to_owned()).or_default() += 1;
    }
    for (overlay, node) in overlays.iter().zip(&overlay_nodes) {
        inventory.overlays.push(OverlayInfo {
            file: overlay.file.clone(),
            title: node
                .get("info")
                .and_then(|info| info.get("title")?.as_str())
                .unwrap_or_default()
                .to_owned(),
            actions: node.get("actions").map_or(0, |actions| actions.items().len()),
        });
    }
    notices.extend(superseded.iter().map(ToString::to_string));
    notices.extend(selected.errors.iter().chain(errors.iter()).map(ToString::to_string));
    let (unused, errors) = inline::inline_best_effort(&mut document, &merged.locations);
    notices.extend(unused);
    notices.extend(errors.iter().map(ToString::to_string));
    let inlined = errors.is_empty();
    if inlined {
        notices.extend(recursion::place(&mut document));
    }
    let (found, errors) = conventions::apply_best_effort(&mut document, &merged.locations);
    notices.extend(found);
    notices.extend(errors.iter().map(ToString::to_string));
    for stage in [ids::apply, limits::apply] {
        if let Err(errors) = stage(&mut document, &merged.locations) {
            notices.extend(errors.iter().map(ToString::to_string));
        }
    }
    match texts::apply(&mut document, &merged.locations) {
        Ok(found) => notices.extend(found),
        Err(errors) => notices.extend(errors.iter().map(ToString::to_string)),
    }
    if inlined {
        let unnamed = document.clone();
        match naming::assign_names(&mut document, &merged.locations) {
            Ok(()) => echo::apply(&mut document),
            Err(errors) => {
                notices.extend(errors.iter().map(ToString::to_string));
                document = unnamed;
            }
        }
    }
    Ok(Contents {
        document,
        source,
        notices,
        inventory,
    })
}

fn location(prefix: &str, file: &str, line: usize) -> Location {
    if prefix.is_empty() || prefix == "." {
        Location::new(file, line)
    } else {
        Location::new(format!("{prefix}/{file}"), line)
    }
}

/// Adds a directory to the locations of a tree.
pub fn relocate(node: &mut Node, prefix: &str) {
    node.rename_files(&mut |file| location(prefix, file, 1).file);
}

/// Applies an action to the source, as it was applied to the value.
fn apply_action(source: &mut Node, actions: &Node, applied: &Applied<'_>) {
    let Some(action) = actions.items().get(applied.index) else {
        return;
    };
    if applied.error.is_some() {
        return;
    }
    let copied = applied
        .copied
        .as_ref()
        .and_then(|pointer| source.pointer(pointer))
        .cloned();
    for pointer in &applied.pointers {
        match action.get("update").or(copied.as_ref()) {
            Some(update) => {
                if let Some(node) = source.pointer_mut(pointer) {
                    merge_into(node, update);
                }
            }
            None => remove(source, pointer, &action.get("target").unwrap_or(action).location),
        }
    }
}

fn merge_into(node: &mut Node, update: &Node) {
    match (&mut node.kind, &update.kind) {
        (Kind::Object(object), Kind::Object(more)) => {
            for (key, value) in &more.properties {
                match object.properties.get_mut(key) {
                    Some(known) => merge_into(known, value),
                    None => {
                        object.properties.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Kind::Array(items), Kind::Array(more)) => items.extend(more.iter().cloned()),
        (Kind::Array(items), _) => items.push(update.clone()),
        _ => *node = update.clone(),
    }
}

fn remove(source: &mut Node, pointer: &str, action: &Location) {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return;
    };
    let key = unescape(last);
    let Some(parent) = source.pointer_mut(parent) else {
        return;
    };
    match &mut parent.kind {
        Kind::Object(object) => {
            object.properties.shift_remove(&key);
            object.removed.push((key, action.clone()));
        }
        Kind::Array(items) => {
            if let Ok(index) = key.parse::<usize>()
                && index < items.len()
            {
                items.remove(index);
            }
        }
        Kind::Scalar(_) => {}
    }
}
