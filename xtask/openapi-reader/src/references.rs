//! Resolves the `$ref`s of a document.
//!
//! | `$ref` | outcome |
//! |---|---|
//! | to a component of this document | stays, in its plain spelling |
//! | of a path item | replaced by its target; its siblings add to it |
//! | to another part of this document, an `$anchor`, or a file in the directory | the target becomes a component |
//! | to a URL, a file outside of the directory, or nothing | an error with its line |

mod circles;
mod names;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use serde_json::json;
use spanned_json::{Kind as Form, Node};

use self::circles::report_circles;
use self::names::{name_of, readable, stem};
use crate::check::check;
use crate::diagnostic::Diagnostics;
use crate::files::Files;
use crate::grammar::{Kind, each_part, kind_at, walk_at};
use crate::notices::Notices;
use crate::pointer::{percent_decoded, token, tokens};
use crate::text::{Version, parse_file, version_of};
use crate::upgrade::upgrade;

/// The deepest nesting of path items, which contain each other through callbacks.
const MAX_PATH_ITEMS: usize = 16;

/// A file that references lead to.
struct Source {
    /// The name of the file, to resolve relative references.
    file: String,
    node: Node,
    version: Version,
    /// It has `openapi`, so that the kinds of its parts are known.
    is_document: bool,
}

/// The target of a reference: the index of a source, and the keys that lead to it there.
type Target = (usize, Vec<String>);

/// The files that a document refers to.
#[derive(Debug, Default)]
pub(crate) struct Referred {
    pub files: BTreeSet<String>,
    /// Those whose path items are parts of the document.
    pub with_path_items: BTreeSet<String>,
}

/// Resolves the references of a document that is checked and upgraded.
pub(crate) fn resolve(
    document: &mut Node,
    version: Version,
    files: &Files,
    errors: &mut Diagnostics,
    notices: &mut Notices,
) -> Referred {
    let file = document.location.file.to_string();
    let root = Source {
        file: file.clone(),
        node: document.clone(),
        version,
        is_document: true,
    };
    let mut resolver = Resolver {
        files,
        sources: vec![Rc::new(root)],
        // Other documents may be in the same page, so that only `#` leads to this one there.
        by_file: HashMap::new(),
        anchors: HashMap::new(),
        names: HashMap::new(),
        taken: BTreeSet::new(),
        foreign: BTreeMap::new(),
        pending: VecDeque::new(),
        path_items: BTreeSet::new(),
        referred: Referred::default(),
        errors,
        notices,
    };
    if !file.ends_with(".md") {
        resolver.by_file.insert(file, Ok(0));
    }
    resolver.take_names(document);
    resolver.part(document, Kind::Document, 0, &mut Vec::new());
    while let Some((target, kind, name)) = resolver.pending.pop_front() {
        let Some(mut part) = resolver.copy(&target, kind) else {
            continue;
        };
        resolver.part(&mut part, kind, target.0, &mut Vec::new());
        if let Some(section) = kind.section() {
            let at = document.location.clone();
            let entries = document.entry("components", &at).entry(section, &at);
            if let Some(entries) = entries.properties_mut() {
                entries.insert(name, part);
            }
        }
    }
    resolver.remove_path_items(document);
    report_circles(document, resolver.errors);
    resolver.referred
}

struct Resolver<'a> {
    files: &'a Files,
    /// The first is the document.
    sources: Vec<Rc<Source>>,
    by_file: HashMap<String, Result<usize, String>>,
    /// The targets of the anchors of each source; several of a name are ambiguous.
    anchors: HashMap<usize, HashMap<String, Vec<Vec<String>>>>,
    /// The component that a target became.
    names: HashMap<(Target, Kind), String>,
    /// The names of components, with their sections.
    taken: BTreeSet<(&'static str, String)>,
    /// The components of the document that were nothing but a reference, and the source of their target.
    foreign: BTreeMap<(String, String), usize>,
    /// Targets that are still to become components.
    pending: VecDeque<(Target, Kind, String)>,
    /// The names of the path items among the components that are used.
    path_items: BTreeSet<String>,
    referred: Referred,
    errors: &'a mut Diagnostics,
    notices: &'a mut Notices,
}

impl Resolver<'_> {
    /// Notes the names of the document's components. A component that only refers to a file gives its name to the target.
    fn take_names(&mut self, document: &mut Node) {
        let Some(components) = document.get_mut("components") else {
            return;
        };
        let mut references = Vec::new();
        each_part(components, Kind::Components, &mut |part, kind, keys| {
            let (Some(section), [_, name]) = (kind.section(), keys) else {
                return;
            };
            self.taken.insert((section, (*name).to_owned()));
            if kind != Kind::PathItem
                && part
                    .get("$ref")
                    .and_then(Node::as_str)
                    .is_some_and(|r| !r.starts_with('#'))
            {
                references.push((section, kind, (*name).to_owned()));
            }
        });
        for (section, kind, name) in references {
            let Some(part) = components.get_mut(section).and_then(|section| section.get_mut(&name)) else {
                continue;
            };
            let is_only_reference = part.properties().is_some_and(|properties| properties.len() == 1);
            let Some(reference) = part.get("$ref").and_then(Node::as_str).filter(|_| is_only_reference) else {
                continue;
            };
            // What does not resolve is reported when the document is walked.
            let Ok(target) = self.target(0, reference, kind) else {
                continue;
            };
            if target.0 == 0 || self.names.contains_key(&(target.clone(), kind)) {
                continue;
            }
            if let Some(content) = self.copy(&target, kind) {
                part.kind = content.kind;
                self.foreign.insert((section.to_owned(), name.clone()), target.0);
                self.names.insert((target, kind), name);
            }
        }
    }

    /// Resolves the references of a part and of all parts in it. `source` is the index of the source that it is from.
    fn part(&mut self, part: &mut Node, kind: Kind, source: usize, items: &mut Vec<Target>) {
        if kind == Kind::PathItem && part.get("$ref").is_some() {
            self.path_item(part, source, items);
            return;
        }
        if kind == Kind::Schema {
            self.schema(part, source);
        }
        if let Some(section) = kind.section()
            && let Some(reference) = part.get_mut("$ref")
            && let Some(text) = reference.as_str()
        {
            match self.target(source, text, kind) {
                Ok(target) => {
                    let name = self.component(target, kind);
                    reference.kind = Form::Scalar(json!(format!("#/components/{section}/{}", token(&name))));
                }
                Err(message) => self.errors.push(Some(&reference.location), message),
            }
            // Of other parts, OpenAPI allows descriptions beside a reference only.
            if kind != Kind::Schema {
                return;
            }
        }
        each_part(part, kind, &mut |inner, inner_kind, keys| {
            // Path items are resolved where they are referred to.
            if kind == Kind::Components && inner_kind == Kind::PathItem {
                return;
            }
            let source = match (kind, keys) {
                (Kind::Components, [section, name]) => {
                    let foreign = self.foreign.get(&((*section).to_owned(), (*name).to_owned()));
                    foreign.copied().unwrap_or(source)
                }
                _ => source,
            };
            self.part(inner, inner_kind, source, items);
        });
    }

    /// Resolves what refers to schemas without `$ref`, and removes what only references need.
    fn schema(&mut self, schema: &mut Node, source: usize) {
        if schema.get("$recursiveRef").is_some() {
            self.errors
                .push(Some(&schema.location), "`$recursiveRef` is not supported; write `$ref`");
        }
        let Some(properties) = schema.properties_mut() else {
            return;
        };
        if let Some(dynamic) = properties.shift_remove("$dynamicRef") {
            let name = dynamic
                .as_str()
                .and_then(|reference| reference.strip_prefix('#'))
                .unwrap_or_default();
            match self.anchor(source, name) {
                // Nothing can override the only anchor of its name.
                Ok(pointer) => {
                    let pointer: String = pointer.iter().map(|key| format!("/{}", token(key))).collect();
                    let reference = Node::from_value(&dynamic.location, json!(format!("#{pointer}")));
                    properties.insert("$ref".to_owned(), reference);
                }
                Err(_) => self.errors.push(
                    Some(&dynamic.location),
                    "`$dynamicRef` is supported only if one `$dynamicAnchor` has its name; write `$ref`",
                ),
            }
        }
        for key in ["$anchor", "$dynamicAnchor", "$id", "$schema"] {
            properties.shift_remove(key);
        }
        let mapping = properties
            .get_mut("discriminator")
            .and_then(|discriminator| discriminator.get_mut("mapping"))
            .and_then(Node::properties_mut);
        for value in mapping.into_iter().flat_map(|mapping| mapping.values_mut()) {
            let Some(text) = value.as_str() else { continue };
            let is_reference = text.contains(['#', '/']) || text.ends_with(".yaml") || text.ends_with(".json");
            // Anything else is the name of a component.
            if !is_reference {
                continue;
            }
            match self.target(source, text, Kind::Schema) {
                Ok(target) => {
                    let name = self.component(target, Kind::Schema);
                    value.kind = Form::Scalar(json!(format!("#/components/schemas/{}", token(&name))));
                }
                Err(message) => self.errors.push(Some(&value.location), message),
            }
        }
    }

    /// Replaces the reference of a path item by its target. The item's own fields win.
    fn path_item(&mut self, item: &mut Node, source: usize, items: &mut Vec<Target>) {
        let Some(reference) = item
            .properties_mut()
            .and_then(|properties| properties.shift_remove("$ref"))
        else {
            return;
        };
        self.part(item, Kind::PathItem, source, items);
        let Some(text) = reference.as_str() else { return };
        let target = match self.target(source, text, Kind::PathItem) {
            Ok(target) => target,
            Err(message) => {
                self.errors.push(Some(&reference.location), message);
                return;
            }
        };
        if items.contains(&target) || items.len() >= MAX_PATH_ITEMS {
            let message = format!("`{text}` leads to a path item that contains itself; remove one of the references");
            self.errors.push(Some(&reference.location), message);
            return;
        }
        if target.0 == 0
            && let [components, section, name] = target.1.as_slice()
            && components == "components"
            && section == "pathItems"
        {
            self.path_items.insert(name.clone());
        }
        self.referred
            .with_path_items
            .insert(self.sources[target.0].file.clone());
        let Some(mut copy) = self.copy(&target, Kind::PathItem) else {
            return;
        };
        let source = target.0;
        items.push(target);
        self.part(&mut copy, Kind::PathItem, source, items);
        items.pop();
        if let (Form::Object(copy), Some(own)) = (copy.kind, item.properties_mut()) {
            for (key, value) in copy.properties {
                own.entry(key).or_insert(value);
            }
        }
    }

    /// A copy of a target, checked and upgraded.
    fn copy(&mut self, target: &Target, kind: Kind) -> Option<Node> {
        let source = self.sources[target.0].clone();
        let mut copy = find(&source.node, &target.1).ok()?.clone();
        // The parts of the document itself have gone through this, except where they are nothing that OpenAPI knows.
        if target.0 != 0 || kind_at(target.1.iter().map(String::as_str)).is_none() {
            check(&mut copy, kind, self.errors, self.notices);
            if source.version == Version::V3_0 {
                upgrade(&mut copy, kind, self.notices);
            }
        }
        Some(copy)
    }

    /// The target of a reference to a part of a kind.
    fn target(&mut self, source: usize, reference: &str, kind: Kind) -> Result<Target, String> {
        let (url, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let id = match url {
            "" => source,
            url => self.open(source, reference, url)?,
        };
        let keys = if fragment.is_empty() {
            Vec::new()
        } else if fragment.starts_with('/') {
            let node = &self.sources[id].node;
            // A reference is a URL, in which some characters are percent-encoded.
            [tokens(fragment), tokens(&percent_decoded(fragment))]
                .into_iter()
                .map(|keys| find(node, &keys).map(|_| keys))
                .reduce(|raw, decoded| raw.or(decoded))
                .unwrap_or_else(|| Ok(Vec::new()))
                .map_err(|missing| format!("the reference `{reference}` does not resolve: {missing}"))?
        } else {
            self.anchor(id, fragment)
                .map_err(|reason| format!("the reference `{reference}` does not resolve: {reason}"))?
        };
        let known = kind_at(keys.iter().map(String::as_str)).filter(|_| self.sources[id].is_document);
        match known {
            Some(known) if known != kind => Err(format!(
                "the reference `{reference}` leads to {}, and {} is expected",
                known.name(),
                kind.name()
            )),
            _ => Ok((id, keys)),
        }
    }

    /// Opens the file that a reference leads to.
    fn open(&mut self, source: usize, reference: &str, url: &str) -> Result<usize, String> {
        let is_url = url.split_once(':').is_some_and(|(scheme, _)| {
            scheme.len() > 1
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        });
        if is_url || url.starts_with("//") {
            return Err(format!(
                "the reference `{reference}` is a URL, and nothing is downloaded; save the file beside the document and refer to it there"
            ));
        }
        let file = join(&self.sources[source].file, &percent_decoded(url)).ok_or_else(|| {
            format!("the reference `{reference}` leads out of the directory of the documents; move the file into it")
        })?;
        self.referred.files.insert(file.clone());
        if let Some(known) = self.by_file.get(&file) {
            return known.clone();
        }
        let opened = self
            .read(&file, self.sources[source].version)
            .map_err(|reason| format!("the reference `{reference}` does not resolve: {reason}"));
        let index = opened.map(|source| {
            self.sources.push(Rc::new(source));
            self.sources.len() - 1
        });
        self.by_file.insert(file, index.clone());
        index
    }

    fn read(&self, file: &str, version: Version) -> Result<Source, String> {
        if file.ends_with(".md") {
            return Err(format!("`{file}` is a page, which has no parts to refer to"));
        }
        let content = self
            .files
            .get(file)
            .ok_or_else(|| format!("there is no file `{file}`"))?;
        let node = parse_file(file, &content).map_err(|errors| errors.to_string())?;
        let is_document = node.get("openapi").is_some() || node.get("swagger").is_some();
        let version = match is_document {
            true => version_of(&node).map_err(|errors| errors.to_string())?,
            false => version,
        };
        Ok(Source {
            file: file.to_owned(),
            node,
            version,
            is_document,
        })
    }

    /// The keys that lead to the only schema with an anchor.
    fn anchor(&mut self, source: usize, name: &str) -> Result<Vec<String>, String> {
        let anchors = self.anchors.entry(source).or_insert_with(|| {
            let source = &self.sources[source];
            let kind = if source.is_document {
                Kind::Document
            } else {
                Kind::Schema
            };
            let mut anchors: HashMap<String, Vec<Vec<String>>> = HashMap::new();
            walk_at(&mut source.node.clone(), kind, "", &mut |part, kind, at| {
                let names = ["$anchor", "$dynamicAnchor"].map(|key| part.get(key).and_then(Node::as_str));
                for name in names.into_iter().flatten().filter(|_| kind == Kind::Schema) {
                    anchors.entry(name.to_owned()).or_default().push(tokens(at));
                }
            });
            anchors
        });
        match anchors.get(name).map(Vec::as_slice) {
            Some([only]) => Ok(only.clone()),
            Some(_) => Err(format!("several schemas have the anchor `{name}`")),
            None => Err(format!(
                "no schema has the anchor `{name}`; a JSON Pointer begins with `#/`"
            )),
        }
    }

    /// The name of the component that a target is or becomes.
    fn component(&mut self, target: Target, kind: Kind) -> String {
        let section = kind.section().unwrap_or_default();
        if target.0 == 0
            && let [components, known, name] = target.1.as_slice()
            && components == "components"
            && known == section
        {
            return name.clone();
        }
        if let Some(name) = self.names.get(&(target.clone(), kind)) {
            return name.clone();
        }
        let stem = readable(stem(&self.sources[target.0].file));
        let name = name_of(&target.1).unwrap_or_else(|| stem.clone());
        let qualified = if target.0 == 0 {
            name.clone()
        } else {
            format!("{stem}_{name}")
        };
        let numbered = (2..).map(|number| format!("{qualified}_{number}"));
        let mut candidates = [name, qualified.clone()].into_iter().chain(numbered);
        let free = candidates.find(|candidate| !self.taken.contains(&(section, candidate.clone())));
        let name = free.unwrap_or_default();
        self.taken.insert((section, name.clone()));
        self.names.insert((target.clone(), kind), name.clone());
        self.pending.push_back((target, kind, name.clone()));
        name
    }

    /// Removes the path items from the components: they are where they were referred to.
    fn remove_path_items(&mut self, document: &mut Node) {
        let components = document.get_mut("components").and_then(Node::properties_mut);
        let Some(items) = components.and_then(|components| components.shift_remove("pathItems")) else {
            return;
        };
        for (name, item) in items.properties().into_iter().flatten() {
            if !self.path_items.contains(name) {
                self.notices.push(
                    &item.location,
                    format!("the path item `{name}` is not used and is ignored"),
                );
            }
        }
    }
}

/// The node that keys lead to; else what is missing.
fn find<'n>(mut node: &'n Node, keys: &[String]) -> Result<&'n Node, String> {
    for (depth, key) in keys.iter().enumerate() {
        let next = match &node.kind {
            Form::Object(object) => object.properties.get(key),
            Form::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
            Form::Scalar(_) => None,
        };
        node = next.ok_or_else(|| {
            let above: String = keys[..depth].iter().map(|key| format!("/{}", token(key))).collect();
            let holder = if above.is_empty() {
                "the document".to_owned()
            } else {
                format!("`#{above}`")
            };
            format!("{holder} has no `{key}`")
        })?;
    }
    Ok(node)
}

/// Resolves a relative path against the file that contains it; `None` if it leads out of the directory.
fn join(file: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests;
