//! Locates a part of the contract in its source.
//!
//! A comparison knows the pointer to a change (an operation, its body, a property, a keyword). The same steps are followed through the
//! source, resolving references and `allOf`, as far as they exist.

use serde_json::Value;
use spanned_json::{Kind, Location, Node};

/// One step of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A property of any object.
    Key(String),
    /// An item of an array, identified by properties: `name` and `in` of a parameter, `url` of a server.
    Entry(Vec<(&'static str, String)>),
    /// An item of an array of scalars, by its value.
    Value(String),
    /// A property declared by a schema.
    Property(String),
    /// A branch of a union.
    Branch(&'static str, usize),
}

impl Step {
    pub fn key(key: impl Into<String>) -> Self {
        Self::Key(key.into())
    }
}

/// The location of the deepest part of the pointer that exists. `None` if no part exists and the root is a directory, which has no
/// location.
pub fn locate(root: &Node, pointer: &[Step]) -> Option<Location> {
    let mut current = vec![root];
    let is_directory = root.location.file.is_empty() || root.location.file.ends_with('/');
    let mut location = (!is_directory).then(|| root.location.clone());
    for step in pointer {
        let expanded: Vec<&Node> = current.iter().flat_map(|node| expand(root, node)).collect();
        let next: Vec<&Node> = expanded.iter().filter_map(|node| follow(root, node, step)).collect();
        // The outermost schema wins, and it comes last.
        match next.last() {
            Some(node) => location = Some(node.location.clone()),
            None => return removal(&expanded, step).or(location),
        }
        current = next;
    }
    location
}

fn follow<'a>(root: &'a Node, node: &'a Node, step: &Step) -> Option<&'a Node> {
    match step {
        // An initial value that the source does not state is the default.
        Step::Key(key) if key == "x-initial" => node.get(key).or_else(|| node.get("default")),
        Step::Key(key) => node.get(key),
        Step::Property(name) => node.get("properties")?.get(name),
        Step::Branch(key, index) => node.get(key)?.items().get(*index),
        Step::Entry(identity) => {
            let matches = |item: &&Node| {
                identity
                    .iter()
                    .all(|(key, value)| item.get(key).and_then(Node::as_str) == Some(value))
            };
            node.items().iter().find(|item| expand(root, item).iter().any(matches))
        }
        Step::Value(text) => node.items().iter().find(|item| match &item.kind {
            Kind::Scalar(Value::String(value)) => value == text,
            Kind::Scalar(value) => {
                let written = value.to_string();
                written == *text
            }
            _ => false,
        }),
    }
}

/// The location of the overlay action that removed the target of the step.
fn removal(nodes: &[&Node], step: &Step) -> Option<Location> {
    let (holder, key) = match step {
        Step::Key(key) => (None, key),
        Step::Property(name) => (Some("properties"), name),
        _ => return None,
    };
    nodes.iter().find_map(|node| {
        let node = holder.map_or(Some(*node), |key| node.get(key))?;
        let Kind::Object(object) = &node.kind else { return None };
        let (_, location) = object.removed.iter().find(|(name, _)| name == key)?;
        Some(location.clone())
    })
}

/// A node with the target of its reference and the branches of its `allOf`, which come before it.
fn expand<'a>(root: &'a Node, node: &'a Node) -> Vec<&'a Node> {
    let mut out = Vec::new();
    expand_into(root, node, 0, &mut out);
    out
}

fn expand_into<'a>(root: &'a Node, node: &'a Node, depth: usize, out: &mut Vec<&'a Node>) {
    // References may be circular.
    if depth > 32 {
        return;
    }
    if let Some(target) = node
        .get("$ref")
        .and_then(Node::as_str)
        .and_then(|reference| reference.strip_prefix('#'))
        .and_then(|pointer| root.pointer(pointer))
    {
        expand_into(root, target, depth + 1, out);
    }
    for branch in node.get("allOf").map(Node::items).into_iter().flatten() {
        expand_into(root, branch, depth + 1, out);
    }
    for key in ["oneOf", "anyOf"] {
        let branches = node.get(key).map(Node::items).into_iter().flatten();
        let mut others = branches.filter(|b| b.get("type").and_then(Node::as_str) != Some("null"));
        if let (Some(only), None) = (others.next(), others.next()) {
            expand_into(root, only, depth + 1, out);
        }
    }
    out.push(node);
}
