//! The parameters of an operation: its own and those of its path item.

use std::collections::HashMap;

use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::notices::Notices;
use openapi_reader::pointer::tokens;
use serde_json::Value;
use spanned_json::{Kind, Node};

/// Header parameters that OpenAPI ignores: media types and security schemes describe them.
const IGNORED_HEADERS: [&str; 3] = ["accept", "authorization", "content-type"];

/// Adds the parameters of the path item to the operation, except those that it declares itself (same name and location), and removes
/// those that have no effect.
pub(super) fn add_shared_parameters(
    operation: &mut Node,
    shared: Option<&Node>,
    document: &Node,
    notices: &mut Notices,
    errors: &mut Diagnostics,
) {
    let shared = shared.filter(|shared| !shared.items().is_empty());
    let Some(properties) = operation.properties_mut() else {
        return;
    };
    if let Some(shared) = shared {
        properties.entry("parameters".to_owned()).or_insert_with(|| Node {
            location: shared.location.clone(),
            kind: Kind::Array(Vec::new()),
        });
    }
    let Some(Kind::Array(own)) = properties.get_mut("parameters").map(|node| &mut node.kind) else {
        return;
    };
    let is_same = |a: &Node, b: &Node| {
        let (a, b) = (resolved(a, document), resolved(b, document));
        ["name", "in"]
            .iter()
            .all(|key| a.get(key).and_then(Node::as_str) == b.get(key).and_then(Node::as_str))
    };
    let missing: Vec<_> = shared
        .map(Node::items)
        .into_iter()
        .flatten()
        .filter(|parameter| !own.iter().any(|other| is_same(other, parameter)))
        .cloned()
        .collect();
    let mut all: Vec<Node> = Vec::new();
    for parameter in missing.into_iter().chain(std::mem::take(own)) {
        let target = resolved(&parameter, document);
        let text = |key: &str| target.get(key).and_then(Node::as_str).unwrap_or_default();
        let (name, place) = (text("name"), text("in"));
        if place == "header" && IGNORED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            let message = format!("the header parameter `{name}` is ignored, as OpenAPI says");
            notices.push(&parameter.location, message);
        } else if let Some(other) = all.iter().find(|other| is_same(other, &parameter)) {
            if resolved(other, document).value() == target.value() {
                notices.push(
                    &parameter.location,
                    format!("the parameter `{name}` in `{place}` is repeated"),
                );
            } else {
                let message = format!(
                    "the parameter `{name}` in `{place}` is described differently at {}; keep one of the two",
                    other.location
                );
                errors.push(Some(&parameter.location), message);
            }
        } else {
            all.push(parameter);
        }
    }
    *own = all;
}

/// Gives the path parameters of an operation other names.
pub(super) fn rename_path_parameters(operation: &mut Node, names: &HashMap<String, String>, document: &Node) {
    if names.is_empty() {
        return;
    }
    let parameters = operation.get_mut("parameters").map(Node::items_mut);
    for parameter in parameters.into_iter().flatten() {
        let target = resolved(parameter, document);
        let text = |key: &str| target.get(key).and_then(Node::as_str);
        let Some(name) = text("name")
            .filter(|_| text("in") == Some("path"))
            .and_then(|name| names.get(name))
        else {
            continue;
        };
        let mut renamed = target.clone();
        if let Some(node) = renamed.get_mut("name") {
            node.kind = Kind::Scalar(Value::String(name.clone()));
        }
        renamed.location = parameter.location.clone();
        *parameter = renamed;
    }
}

/// A parameter without references. They have no circles when the document is read.
fn resolved<'n>(mut parameter: &'n Node, document: &'n Node) -> &'n Node {
    while let Some(reference) = parameter.get("$ref").and_then(Node::as_str)
        && let [components, section, name] = tokens(reference).as_slice()
        && let Some(target) = document.get(components).and_then(|c| c.get(section)?.get(name))
    {
        parameter = target;
    }
    parameter
}
