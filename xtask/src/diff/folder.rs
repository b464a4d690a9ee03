//! A folder of documents as one contract, and the pages and corrections that say each word of it.
//!
//! The stages are those of [`contract`], but nothing stops them: a correction that no longer fits, a construct that the
//! generators cannot express or a name that two types want are notices here, because the difference to the last release is what
//! a maintainer needs in order to mend them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use contract::diagnostic::{Diagnostics, fault};
use contract::files::Files;
use contract::load::Document;
use contract::operations::METHODS;
use contract::overlay::{Applied, Overlay};
use contract::pipeline::{DOCUMENTS, OVERLAYS};
use contract::{conventions, inline, load, merge, name, overlay};
use spanned_json::{At, Kind, Language, Members, Node, parse};

/// A folder, read.
pub struct Folder {
    /// The contract that the files make.
    pub document: Value,
    /// Where its words come from.
    pub origin: Node,
    pub notices: Vec<String>,
    pub stock: Stock,
}

/// What a contract is made of, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stock {
    /// Operations by the folder of documents that they are in.
    pub operations: BTreeMap<String, usize>,
    pub corrections: Vec<Corrections>,
}

/// One overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrections {
    pub file: String,
    pub title: String,
    pub actions: usize,
}

/// Reads the contract that the files make; places begin with `prefix`.
pub fn read(prefix: &str, files: &Files) -> Result<Folder, Diagnostics> {
    let structured = files.below(DOCUMENTS[0]).next().is_some();
    let loaded = if structured {
        load::load_files(files, &DOCUMENTS)?
    } else {
        load::load_files(files, &[""])?
    };
    if loaded.documents.is_empty() {
        return Err(fault(
            None,
            format!("{prefix}: no OpenAPI document in it; pages are expected in it or under `upstream/`"),
        ));
    }
    let merged = merge::merge(&loaded.documents)?;
    let mut document = merged.document;
    let mut origin = origin(prefix, &loaded.documents)?;
    let overlays = if structured {
        overlay::load_overlays(files, OVERLAYS)?
    } else {
        Vec::new()
    };
    let corrections = overlays
        .iter()
        .map(|overlay| corrections(prefix, overlay))
        .collect::<Result<Vec<_>, _>>()?;
    let faults = overlay::apply_each(&mut document, &overlays, &mut |applied| {
        let position = overlays
            .iter()
            .position(|overlay| std::ptr::eq(overlay, applied.overlay));
        if let Some(actions) = position.and_then(|index| corrections[index].get("actions")) {
            correct(&mut origin, actions, &applied);
        }
    });
    let mut stock = Stock::default();
    for place in merged.places.values() {
        let folder = place.file.split_once('/').map_or("", |(folder, _)| folder);
        *stock.operations.entry(folder.to_owned()).or_default() += 1;
    }
    for (overlay, node) in overlays.iter().zip(&corrections) {
        stock.corrections.push(Corrections {
            file: overlay.file.clone(),
            title: node
                .get("info")
                .and_then(|info| info.get("title")?.text())
                .unwrap_or_default()
                .to_owned(),
            actions: node.get("actions").map_or(0, |actions| actions.items().len()),
        });
    }
    let mut notices = loaded.notices;
    notices.extend(faults.iter().map(ToString::to_string));
    let (said, faults) = inline::inline_where_possible(&mut document, &merged.places);
    notices.extend(said);
    notices.extend(faults.iter().map(ToString::to_string));
    let inlined = faults.is_empty();
    let faults = conventions::apply_where_possible(&mut document, &merged.places);
    notices.extend(faults.iter().map(ToString::to_string));
    if inlined {
        let unnamed = document.clone();
        if let Err(faults) = name::name(&mut document, &merged.places) {
            notices.extend(faults.iter().map(ToString::to_string));
            document = unnamed;
        }
    }
    Ok(Folder {
        document,
        origin,
        notices,
        stock,
    })
}

fn at(prefix: &str, file: &str, line: usize) -> At {
    let file = if prefix.is_empty() || prefix == "." {
        Arc::from(file)
    } else {
        Arc::from(format!("{prefix}/{file}"))
    };
    At { file, line }
}

/// The documents joined as [`merge`] joins them, with their lines.
fn origin(prefix: &str, documents: &[Document]) -> Result<Node, Diagnostics> {
    let mut root = Node::map(at(prefix, "", 1));
    for document in documents {
        let first = at(prefix, &document.place.file, document.place.line);
        let node = parse(Language::of(&document.place.file), &first, &document.text)?;
        if let Some(members) = node.members() {
            for (key, value) in members {
                match key.as_str() {
                    "paths" => join_paths(child(&mut root, "paths", value), value),
                    "components" => {
                        let components = child(&mut root, "components", value);
                        for (section, entries) in value.members().into_iter().flatten() {
                            join(child(components, section, entries), entries);
                        }
                    }
                    "tags" | "servers" => join_list(&mut root, key, value),
                    _ => {
                        child_or(&mut root, key, value);
                    }
                }
            }
        }
    }
    Ok(root)
}

/// The member, made as an empty object of the same place where it is missing.
fn child<'n>(node: &'n mut Node, key: &str, like: &Node) -> &'n mut Node {
    let members = map(node);
    members
        .present
        .entry(key.to_owned())
        .or_insert_with(|| Node::map(like.at.clone()))
}

/// The member, taken over where it is missing.
fn child_or<'n>(node: &'n mut Node, key: &str, value: &Node) -> &'n mut Node {
    map(node).present.entry(key.to_owned()).or_insert_with(|| value.clone())
}

fn map(node: &mut Node) -> &mut Members {
    if !matches!(node.kind, Kind::Map(_)) {
        node.kind = Kind::Map(Members::default());
    }
    match &mut node.kind {
        Kind::Map(members) => members,
        _ => unreachable!("made an object just above"),
    }
}

fn join(node: &mut Node, more: &Node) {
    for (key, value) in more.members().into_iter().flatten() {
        child_or(node, key, value);
    }
}

fn join_paths(paths: &mut Node, more: &Node) {
    for (path, item) in more.members().into_iter().flatten() {
        let target = child(paths, path, item);
        for (key, value) in item.members().into_iter().flatten() {
            if !METHODS.contains(&key.as_str()) {
                if key != "parameters" {
                    child_or(target, key, value);
                }
                continue;
            }
            let is_new = target.get(key).is_none();
            let operation = child_or(target, key, value);
            if is_new && let Some(shared) = item.get("parameters") {
                share(operation, shared);
            }
        }
    }
}

/// Parameters of the path before those of the operation, as [`merge`] puts them.
fn share(operation: &mut Node, shared: &Node) {
    let own = map(operation)
        .present
        .entry("parameters".to_owned())
        .or_insert_with(|| Node {
            at: shared.at.clone(),
            kind: Kind::List(Vec::new()),
        });
    let Kind::List(own) = &mut own.kind else { return };
    let same = |a: &Node, b: &Node| {
        ["name", "in"]
            .iter()
            .all(|key| a.get(key).and_then(Node::text) == b.get(key).and_then(Node::text))
    };
    let missing: Vec<_> = shared
        .items()
        .iter()
        .filter(|s| s.get("$ref").is_some() || !own.iter().any(|o| same(o, s)))
        .cloned()
        .collect();
    own.splice(0..0, missing);
}

fn join_list(root: &mut Node, key: &str, more: &Node) {
    let told_by = if key == "tags" { "name" } else { "url" };
    let list = map(root).present.entry(key.to_owned()).or_insert_with(|| Node {
        at: more.at.clone(),
        kind: Kind::List(Vec::new()),
    });
    let Kind::List(list) = &mut list.kind else { return };
    for item in more.items() {
        let name = item.get(told_by).and_then(Node::text);
        match list
            .iter_mut()
            .find(|known| known.get(told_by).and_then(Node::text) == name)
        {
            None => list.push(item.clone()),
            // One page may describe a tag that another only names.
            Some(known) if known.members().is_some_and(|m| m.len() == 1) => *known = item.clone(),
            Some(_) => {}
        }
    }
}

fn corrections(prefix: &str, overlay: &Overlay) -> Result<Node, Diagnostics> {
    Ok(parse(Language::Yaml, &at(prefix, &overlay.file, 1), &overlay.text)?)
}

/// Does to the lines what an action did to the values.
fn correct(origin: &mut Node, actions: &Node, applied: &Applied<'_>) {
    let Some(action) = actions.items().get(applied.index) else {
        return;
    };
    if applied.fault.is_some() {
        return;
    }
    for pointer in &applied.pointers {
        match action.get("update") {
            Some(update) => {
                if let Some(node) = origin.pointer_mut(pointer) {
                    graft(node, update);
                }
            }
            None => remove(origin, pointer, &action.get("target").unwrap_or(action).at),
        }
    }
}

fn graft(node: &mut Node, update: &Node) {
    match (&mut node.kind, &update.kind) {
        (Kind::Map(members), Kind::Map(more)) => {
            for (key, value) in &more.present {
                match members.present.get_mut(key) {
                    Some(known) => graft(known, value),
                    None => {
                        members.present.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Kind::List(items), Kind::List(more)) => items.extend(more.iter().cloned()),
        (Kind::List(items), _) => items.push(update.clone()),
        _ => *node = update.clone(),
    }
}

fn remove(origin: &mut Node, pointer: &str, by: &At) {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return;
    };
    let key = last.replace("~1", "/").replace("~0", "~");
    let Some(parent) = origin.pointer_mut(parent) else {
        return;
    };
    match &mut parent.kind {
        Kind::Map(members) => {
            members.present.shift_remove(&key);
            members.removed.push((key, by.clone()));
        }
        Kind::List(items) => {
            if let Ok(index) = key.parse::<usize>()
                && index < items.len()
            {
                items.remove(index);
            }
        }
        Kind::Scalar(_) => {}
    }
}
