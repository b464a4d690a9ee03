//! Where something is said: from a way through the contract's meaning to a line of the file that says it.
//!
//! The comparison knows the way to a change (an operation, its body, a member, a keyword). The same way is walked through the
//! documents as they were written, following references and `allOf`, as far as it goes.

use serde_json::Value;

use spanned_json::{At, Kind, Node};

/// One step of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A member of whatever object.
    Key(String),
    /// An entry of a list, told apart by members: `name` and `in` of a parameter, `url` of a server.
    Entry(Vec<(&'static str, String)>),
    /// A value of a list of plain values.
    Value(String),
    /// A member that a schema declares.
    Member(String),
    /// A branch of a union.
    Branch(&'static str, usize),
}

impl Step {
    pub fn key(key: impl Into<String>) -> Self {
        Self::Key(key.into())
    }
}

/// The place at the end of the way, or of as much of it as there is. `None`: nothing of it is there, and the root is no file but a
/// folder of documents, of which none says it.
pub fn locate(root: &Node, way: &[Step]) -> Option<At> {
    let mut here = vec![root];
    let is_folder = root.at.file.is_empty() || root.at.file.ends_with('/');
    let mut at = (!is_folder).then(|| root.at.clone());
    for step in way {
        let open: Vec<&Node> = here.iter().flat_map(|node| expand(root, node)).collect();
        let next: Vec<&Node> = open.iter().filter_map(|node| take(root, node, step)).collect();
        // The outermost word counts, and it comes last.
        match next.last() {
            Some(node) => at = Some(node.at.clone()),
            None => return removed(&open, step).or(at),
        }
        here = next;
    }
    at
}

fn take<'a>(root: &'a Node, node: &'a Node, step: &Step) -> Option<&'a Node> {
    match step {
        Step::Key(key) => node.get(key),
        Step::Member(name) => node.get("properties")?.get(name),
        Step::Branch(key, index) => node.get(key)?.items().get(*index),
        Step::Entry(told) => {
            let fits = |item: &&Node| {
                told.iter()
                    .all(|(key, value)| item.get(key).and_then(Node::text) == Some(value))
            };
            node.items().iter().find(|item| expand(root, item).iter().any(fits))
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

/// Where a correction removed what the step asks for.
fn removed(open: &[&Node], step: &Step) -> Option<At> {
    let (holder, key) = match step {
        Step::Key(key) => (None, key),
        Step::Member(name) => (Some("properties"), name),
        _ => return None,
    };
    open.iter().find_map(|node| {
        let node = holder.map_or(Some(*node), |key| node.get(key))?;
        let Kind::Map(members) = &node.kind else { return None };
        members
            .removed
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, at)| at.clone())
    })
}

/// A node with everything that holds at its place: what it refers to and the branches of its `allOf` before itself.
fn expand<'a>(root: &'a Node, node: &'a Node) -> Vec<&'a Node> {
    let mut out = Vec::new();
    expand_into(root, node, 0, &mut out);
    out
}

fn expand_into<'a>(root: &'a Node, node: &'a Node, depth: usize, out: &mut Vec<&'a Node>) {
    // References may lead in a circle.
    if depth > 32 {
        return;
    }
    if let Some(target) = node
        .get("$ref")
        .and_then(Node::text)
        .and_then(|reference| reference.strip_prefix('#'))
        .and_then(|pointer| follow(root, pointer))
    {
        expand_into(root, target, depth + 1, out);
    }
    for branch in node.get("allOf").map(Node::items).into_iter().flatten() {
        expand_into(root, branch, depth + 1, out);
    }
    for key in ["oneOf", "anyOf"] {
        let branches = node.get(key).map(Node::items).into_iter().flatten();
        let mut others = branches.filter(|b| b.get("type").and_then(Node::text) != Some("null"));
        if let (Some(only), None) = (others.next(), others.next()) {
            expand_into(root, only, depth + 1, out);
        }
    }
    out.push(node);
}

fn follow<'a>(root: &'a Node, pointer: &str) -> Option<&'a Node> {
    pointer.split('/').skip(1).try_fold(root, |node, token| {
        let token = token.replace("~1", "/").replace("~0", "~");
        match &node.kind {
            Kind::List(items) => items.get(token.parse::<usize>().ok()?),
            _ => node.get(&token),
        }
    })
}
