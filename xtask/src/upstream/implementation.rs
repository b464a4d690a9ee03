//! What the implementation of the server traits lacks, or has too much of, once the traits are generated anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use syn::{ImplItem, Item, TraitItem};

use super::surface::signature;
use contract::files::relative;

/// Where the traits are generated, and where everything else may implement them.
const TRAITS: &str = "crates/pbx-api/src/generated/";
const CRATES: &str = "crates";

/// What is to be done about one trait.
#[derive(Debug, PartialEq, Eq)]
pub struct Work {
    pub of: String,
    /// `file:line` of its implementation; `None` when there is none.
    pub place: Option<String>,
    /// Whether there is such a trait no more.
    pub gone: bool,
    pub missing: Vec<String>,
    pub too_many: Vec<String>,
    /// Methods whose arguments or result are others: the name, what they were and what they are.
    pub changed: Vec<(String, String, String)>,
}

/// Methods and their signatures, by trait.
type Traits = BTreeMap<String, BTreeMap<String, String>>;

/// An implementation of a trait.
struct Implementation {
    place: String,
    methods: Vec<String>,
}

/// What is to be done, by trait; nothing where all is well.
pub fn work(root: &Path, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Result<Vec<Work>> {
    let (old, new) = (traits(old)?, traits(new)?);
    let names: Vec<&String> = old
        .keys()
        .chain(new.keys().filter(|name| !old.contains_key(*name)))
        .collect();
    let implementations = implementations(root, &names)?;
    let none = BTreeMap::new();
    let mut found = Vec::new();
    for name in names {
        let (before, after) = (old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none));
        let implementation = implementations.get(name);
        let has = |method: &String| implementation.is_some_and(|i| i.methods.contains(method));
        let work = Work {
            of: name.clone(),
            place: implementation.map(|i| i.place.clone()),
            gone: !new.contains_key(name),
            missing: after.keys().filter(|method| !has(method)).cloned().collect(),
            too_many: implementation
                .into_iter()
                .flat_map(|i| &i.methods)
                .filter(|method| !after.contains_key(*method))
                .cloned()
                .collect(),
            changed: before
                .iter()
                .filter_map(|(method, was)| Some((method, was, after.get(method)?)))
                .filter(|(_, was, is)| was != is)
                .map(|(method, was, is)| (method.clone(), was.clone(), is.clone()))
                .collect(),
        };
        // A trait that nobody implements, in the tree neither, is no work of the release.
        let is_old = old.contains_key(name) && implementation.is_none();
        let idle = work.missing.is_empty() && work.too_many.is_empty() && work.changed.is_empty();
        if !is_old && !idle {
            found.push(work);
        }
    }
    Ok(found)
}

fn traits(files: &BTreeMap<String, String>) -> Result<Traits> {
    let mut found = Traits::new();
    for (path, content) in files {
        if !path.starts_with(TRAITS) || !path.ends_with(".rs") {
            continue;
        }
        for item in syn::parse_file(content).with_context(|| path.clone())?.items {
            if let Item::Trait(item) = item {
                let methods = item.items.iter().filter_map(|item| match item {
                    TraitItem::Fn(method) => Some((method.sig.ident.to_string(), signature(&method.sig))),
                    _ => None,
                });
                found.insert(item.ident.to_string(), methods.collect());
            }
        }
    }
    Ok(found)
}

/// Every implementation of these traits in the crates' sources, by trait.
fn implementations(root: &Path, names: &[&String]) -> Result<BTreeMap<String, Implementation>> {
    let mut sources = Vec::new();
    list(&root.join(CRATES), &mut sources)?;
    sources.sort();
    let mut found = BTreeMap::new();
    for path in sources {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        if !names.iter().any(|name| text.contains(&format!("{name} for "))) {
            continue;
        }
        let file = relative(root, &path);
        // What does not compile now is not the release's work.
        let Ok(parsed) = syn::parse_file(&text) else {
            continue;
        };
        for item in parsed.items {
            let Item::Impl(item) = item else { continue };
            let Some(name) = item.trait_.as_ref().and_then(|(.., path, _)| path.segments.last()) else {
                continue;
            };
            let name = name.ident.to_string();
            if names.contains(&&name) {
                let methods = item.items.iter().filter_map(|item| match item {
                    ImplItem::Fn(method) => Some(method.sig.ident.to_string()),
                    _ => None,
                });
                let methods = methods.collect();
                let line = text.lines().position(|line| line.contains(&format!("{name} for ")));
                let place = format!("{file}:{}", line.unwrap_or_default() + 1);
                found.insert(name, Implementation { place, methods });
            }
        }
    }
    Ok(found)
}

/// The hand-written sources below a folder.
fn list(folder: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !matches!(name, "generated" | "target" | "tests") {
                list(&path, out)?;
            }
        } else if name.ends_with(".rs") {
            out.push(path);
        }
    }
    Ok(())
}
