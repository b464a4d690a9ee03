//! Reads a directory of documents as one contract, with the location of each part in pages and overlays.
//!
//! The stages are those of [`contract`], but they do not stop at errors: an overlay action that fails, a construct that the generators
//! do not support, or a name conflict is a notice, because the maintainer needs the diff to the last release to fix it.

use std::collections::BTreeMap;

use contract::diagnostic::Diagnostics;
use contract::files::Files;
use contract::load::Document;
use contract::operations::METHODS;
use contract::overlay::{Applied, Overlay};
use contract::pipeline::{DOCUMENTS, OVERLAYS};
use contract::{conventions, echo, ids, inline, limits, load, merge, naming, overlay, texts};
use serde_json::Value;
use spanned_json::{Kind, Language, Location, Node, Object, parse};

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
}

/// An overlay with the number of its actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayInfo {
    pub file: String,
    pub title: String,
    pub actions: usize,
}

/// Reads the contract in a directory in memory; the file names in its locations begin with `prefix`.
pub fn read(prefix: &str, files: &Files) -> Result<Contents, Diagnostics> {
    let structured = files.in_directory(DOCUMENTS[0]).next().is_some();
    let loaded = if structured {
        load::load_files(files, &DOCUMENTS)?
    } else {
        load::load_files(files, &[""])?
    };
    if loaded.documents.is_empty() {
        return Err(Diagnostics::new(
            None,
            format!("{prefix}: no OpenAPI document; pages are expected in it or in its `upstream/`"),
        ));
    }
    let merged = merge::merge(&loaded.documents)?;
    let mut document = merged.document;
    let mut source = join_documents(prefix, &loaded.documents)?;
    let overlays = if structured {
        overlay::load_overlays(files, OVERLAYS)?
    } else {
        Vec::new()
    };
    let overlay_nodes = overlays
        .iter()
        .map(|overlay| parse_overlay(prefix, overlay))
        .collect::<Result<Vec<_>, _>>()?;
    let errors = overlay::apply_each(&mut document, &overlays, &mut |applied| {
        let position = overlays
            .iter()
            .position(|overlay| std::ptr::eq(overlay, applied.overlay));
        if let Some(actions) = position.and_then(|index| overlay_nodes[index].get("actions")) {
            apply_action(&mut source, actions, &applied);
        }
    });
    let mut inventory = Inventory::default();
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
    let mut notices = loaded.notices;
    notices.extend(errors.iter().map(ToString::to_string));
    let (unused, errors) = inline::inline_best_effort(&mut document, &merged.locations);
    notices.extend(unused);
    notices.extend(errors.iter().map(ToString::to_string));
    let inlined = errors.is_empty();
    let errors = conventions::apply_best_effort(&mut document, &merged.locations);
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

/// Merges the sources of the documents as [`merge`] merges their values.
fn join_documents(prefix: &str, documents: &[Document]) -> Result<Node, Diagnostics> {
    let mut root = Node::object(location(prefix, "", 1));
    for document in documents {
        let first = location(prefix, &document.location.file, document.location.line);
        let node = parse(Language::from_file_name(&first.file), &first, &document.text)?;
        if let Some(properties) = node.properties() {
            for (key, value) in properties {
                match key.as_str() {
                    "paths" => join_paths(child(&mut root, "paths", value), value),
                    "components" => {
                        let components = child(&mut root, "components", value);
                        for (section, entries) in value.properties().into_iter().flatten() {
                            join(child(components, section, entries), entries);
                        }
                    }
                    "tags" | "servers" => join_array(&mut root, key, value),
                    _ => {
                        child_or(&mut root, key, value);
                    }
                }
            }
        }
    }
    Ok(root)
}

/// Returns the property; creates it as an empty object with the location of `like` if it is absent.
fn child<'n>(node: &'n mut Node, key: &str, like: &Node) -> &'n mut Node {
    object(node)
        .properties
        .entry(key.to_owned())
        .or_insert_with(|| Node::object(like.location.clone()))
}

/// Returns the property; sets it to `value` if it is absent.
fn child_or<'n>(node: &'n mut Node, key: &str, value: &Node) -> &'n mut Node {
    object(node)
        .properties
        .entry(key.to_owned())
        .or_insert_with(|| value.clone())
}

fn object(node: &mut Node) -> &mut Object {
    if !matches!(node.kind, Kind::Object(_)) {
        node.kind = Kind::Object(Object::default());
    }
    match &mut node.kind {
        Kind::Object(object) => object,
        _ => unreachable!("made an object just above"),
    }
}

fn join(node: &mut Node, more: &Node) {
    for (key, value) in more.properties().into_iter().flatten() {
        child_or(node, key, value);
    }
}

fn join_paths(paths: &mut Node, more: &Node) {
    for (path, item) in more.properties().into_iter().flatten() {
        let target = child(paths, path, item);
        for (key, value) in item.properties().into_iter().flatten() {
            if !METHODS.contains(&key.as_str()) {
                if key != "parameters" {
                    child_or(target, key, value);
                }
                continue;
            }
            let is_new = target.get(key).is_none();
            let operation = child_or(target, key, value);
            if is_new && let Some(shared) = item.get("parameters") {
                add_shared_parameters(operation, shared);
            }
        }
    }
}

/// Inserts the parameters of the path item before those of the operation, as [`merge`] does.
fn add_shared_parameters(operation: &mut Node, shared: &Node) {
    let own = object(operation)
        .properties
        .entry("parameters".to_owned())
        .or_insert_with(|| Node {
            location: shared.location.clone(),
            kind: Kind::Array(Vec::new()),
        });
    let Kind::Array(own) = &mut own.kind else { return };
    let same = |a: &Node, b: &Node| {
        ["name", "in"]
            .iter()
            .all(|key| a.get(key).and_then(Node::as_str) == b.get(key).and_then(Node::as_str))
    };
    let missing: Vec<_> = shared
        .items()
        .iter()
        .filter(|s| s.get("$ref").is_some() || !own.iter().any(|o| same(o, s)))
        .cloned()
        .collect();
    own.splice(0..0, missing);
}

fn join_array(root: &mut Node, key: &str, more: &Node) {
    let identity = if key == "tags" { "name" } else { "url" };
    let list = object(root).properties.entry(key.to_owned()).or_insert_with(|| Node {
        location: more.location.clone(),
        kind: Kind::Array(Vec::new()),
    });
    let Kind::Array(list) = &mut list.kind else { return };
    for item in more.items() {
        let name = item.get(identity).and_then(Node::as_str);
        match list
            .iter_mut()
            .find(|known| known.get(identity).and_then(Node::as_str) == name)
        {
            None => list.push(item.clone()),
            // One page may describe a tag that another one only names.
            Some(known) if known.properties().is_some_and(|m| m.len() == 1) => *known = item.clone(),
            Some(_) => {}
        }
    }
}

fn parse_overlay(prefix: &str, overlay: &Overlay) -> Result<Node, Diagnostics> {
    Ok(parse(
        Language::Yaml,
        &location(prefix, &overlay.file, 1),
        &overlay.text,
    )?)
}

/// Applies an action to the source, as it was applied to the value.
fn apply_action(source: &mut Node, actions: &Node, applied: &Applied<'_>) {
    let Some(action) = actions.items().get(applied.index) else {
        return;
    };
    if applied.error.is_some() {
        return;
    }
    for pointer in &applied.pointers {
        match action.get("update") {
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
    let key = last.replace("~1", "/").replace("~0", "~");
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
