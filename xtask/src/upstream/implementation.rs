//! Compares the implementations of the server traits with the newly generated traits.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};
use syn::{ImplItem, Item, TraitItem};

use openapi_reader::files::relative;

use super::sources;
use super::surface::{parse, signature};

/// The directory of the generated traits, and that of the crates that may implement them.
const TRAITS: &str = "crates/pbx-api/src/generated/";
const CRATES: &str = "crates";

/// The differences between a trait and its implementation.
#[derive(Debug, PartialEq, Eq)]
pub struct TraitDiff {
    pub name: String,
    /// `file:line` of the implementation; `None` if there is none.
    pub location: Option<String>,
    /// `true` if the trait is removed.
    pub is_removed: bool,
    /// The number of the trait's methods.
    pub methods: usize,
    /// Methods that the implementation lacks.
    pub missing: Vec<String>,
    /// Methods of the implementation that the trait does not have.
    pub surplus: Vec<String>,
    /// Methods whose signature changes: the name, the old and the new signature.
    pub changed: Vec<(String, String, String)>,
}

/// Methods and their signatures, by trait.
type Traits = BTreeMap<String, BTreeMap<String, String>>;

/// An implementation of a trait.
struct Implementation {
    location: String,
    methods: Vec<String>,
}

/// Compares all traits with their implementations; returns those with differences.
pub fn compare(root: &Path, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Result<Vec<TraitDiff>> {
    let (old, new) = (traits(old)?, traits(new)?);
    let names: Vec<&String> = old
        .keys()
        .chain(new.keys().filter(|name| !old.contains_key(*name)))
        .collect();
    let implementations = implementations(root, &names)?;
    let none = BTreeMap::new();
    let mut diffs = Vec::new();
    for name in names {
        let (before, after) = (old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none));
        let implementation = implementations.get(name);
        let has = |method: &String| implementation.is_some_and(|i| i.methods.contains(method));
        let diff = TraitDiff {
            name: name.clone(),
            location: implementation.map(|i| i.location.clone()),
            is_removed: !new.contains_key(name),
            methods: after.len(),
            missing: after.keys().filter(|method| !has(method)).cloned().collect(),
            surplus: implementation
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
        // A present trait without an implementation is not due to the new pages.
        let was_unimplemented = old.contains_key(name) && implementation.is_none();
        let is_equal = diff.missing.is_empty() && diff.surplus.is_empty() && diff.changed.is_empty();
        if !was_unimplemented && !is_equal {
            diffs.push(diff);
        }
    }
    Ok(diffs)
}

/// Returns those of these traits that the crates implement.
pub fn implemented(root: &Path, names: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let names: Vec<&String> = names.iter().collect();
    Ok(implementations(root, &names)?.into_keys().collect())
}

fn traits(files: &BTreeMap<String, String>) -> Result<Traits> {
    let mut found = Traits::new();
    for (path, content) in files {
        if !path.starts_with(TRAITS) || !path.ends_with(".rs") {
            continue;
        }
        for item in parse(content).with_context(|| path.clone())?.items {
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

/// Finds the implementations of these traits in the sources of the crates, by trait.
fn implementations(root: &Path, names: &[&String]) -> Result<BTreeMap<String, Implementation>> {
    let mut found = BTreeMap::new();
    for path in sources::list(&root.join(CRATES), &["generated", "target", "tests"])? {
        let text = sources::read(&path)?;
        if !names.iter().any(|name| text.contains(&format!("{name} for "))) {
            continue;
        }
        let file = relative(root, &path);
        // Files that do not parse now are not due to the new pages.
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
                let location = format!("{file}:{}", line.unwrap_or_default() + 1);
                found.insert(name, Implementation { location, methods });
            }
        }
    }
    Ok(found)
}
