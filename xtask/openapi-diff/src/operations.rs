//! Pairs the operations of both documents.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::changes::{Operation, fingerprint};
use super::locate::Step;
use super::positions::Positions;
use super::similarity::similar;

/// The methods of a path item.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// An operation of one document.
#[derive(Debug, Clone)]
pub struct Endpoint<'a> {
    /// The pointer to its path item.
    pub item_pointer: Vec<Step>,
    pub path: &'a str,
    /// `true` if the path is the runtime expression of a callback's URL, not a template.
    pub is_expression: bool,
    pub method: &'static str,
    pub id: Option<&'a str>,
    pub value: &'a Value,
    /// The path item, with the properties shared by its operations.
    pub item: &'a Value,
}

impl Endpoint<'_> {
    pub fn pointer(&self) -> Vec<Step> {
        [self.item_pointer.as_slice(), &[Step::key(self.method)]].concat()
    }

    pub fn operation(&self) -> Operation {
        Operation {
            method: self.method.to_uppercase(),
            path: self.path.to_owned(),
            id: self.id.map(str::to_owned),
            positions: Positions::default(),
        }
    }

    /// The names of the path parameters, in order.
    pub fn parameter_names(&self) -> Vec<&str> {
        if self.is_expression {
            return Vec::new();
        }
        let parts = self.path.split('{').skip(1);
        parts.filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
    }

    /// The path without the names of its parameters, which do not appear in URLs.
    pub fn normalized_path(&self) -> String {
        if self.is_expression {
            return self.path.to_owned();
        }
        let segments: Vec<_> = self.path.split('/').map(without_parameter_names).collect();
        segments.join("/")
    }
}

/// `{id}.json` as `{}.json`.
fn without_parameter_names(segment: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in segment.chars() {
        match c {
            '{' => {
                inside = true;
                out.push_str("{}");
            }
            '}' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// The operations of `paths`, `webhooks` or a callback, which is at `pointer`. A path item may be a reference.
pub fn endpoints<'a>(
    root: &'a Value,
    paths: Option<&'a Value>,
    pointer: &[Step],
    is_expression: bool,
) -> Vec<Endpoint<'a>> {
    let paths = paths.and_then(Value::as_object);
    let mut all = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        let item = item
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| root.pointer(reference.strip_prefix('#')?))
            .unwrap_or(item);
        for method in METHODS {
            if let Some(value) = item.get(method).filter(|value| value.is_object()) {
                let id = value.get("operationId").and_then(Value::as_str);
                all.push(Endpoint {
                    item_pointer: [pointer, &[Step::key(path)]].concat(),
                    path,
                    is_expression,
                    method,
                    id,
                    value,
                    item,
                });
            }
        }
    }
    all
}

/// Pairs operations; one side of an added or removed operation is `None`. In the order of the new document, removed ones last.
pub fn pair_endpoints<'a>(
    old: &[Endpoint<'a>],
    new: &[Endpoint<'a>],
) -> Vec<(Option<Endpoint<'a>>, Option<Endpoint<'a>>)> {
    let mut of_new: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = BTreeSet::new();
    let mut pair = |matching: &mut dyn FnMut(&Endpoint<'a>, &BTreeSet<usize>) -> Option<usize>| {
        for (index, endpoint) in new.iter().enumerate() {
            if of_new[index].is_none()
                && let Some(found) = matching(endpoint, &taken)
            {
                of_new[index] = Some(found);
                taken.insert(found);
            }
        }
    };

    // Operations with the same URL and method are the same, whatever the names of path parameters.
    let mut by_url: HashMap<(String, &str), usize> = HashMap::new();
    for (index, endpoint) in old.iter().enumerate() {
        by_url
            .entry((endpoint.normalized_path(), endpoint.method))
            .or_insert(index);
    }
    pair(&mut |endpoint, _| by_url.get(&(endpoint.normalized_path(), endpoint.method)).copied());

    // It moved and kept its operationId.
    let by_id: HashMap<&str, usize> = old.iter().enumerate().filter_map(|(i, o)| Some((o.id?, i))).collect();
    pair(&mut |endpoint, taken| by_id.get(endpoint.id?).copied().filter(|index| !taken.contains(index)));

    // It moved, got another operationId, and is otherwise equal.
    let content = |endpoint: &Endpoint<'_>| {
        let parts = ["parameters", "requestBody", "responses", "summary"];
        fingerprint(parts.iter().map(|key| endpoint.value.get(*key).unwrap_or(&Value::Null)))
    };
    let contents: Vec<_> = old.iter().map(content).collect();
    pair(&mut |endpoint, taken| {
        let own = content(endpoint);
        let mut candidates = (0..old.len()).filter(|index| {
            !taken.contains(index)
                && contents[*index] == own
                && old[*index].method == endpoint.method
                && has_similar_path(old[*index].path, endpoint.path)
        });
        candidates.next().filter(|_| candidates.next().is_none())
    });

    let pairs = new
        .iter()
        .zip(&of_new)
        .map(|(new, old_index)| (old_index.map(|i| old[i].clone()), Some(new.clone())));
    let mut pairs: Vec<_> = pairs.collect();
    let removed = old.iter().enumerate().filter(|(index, _)| !taken.contains(index));
    pairs.extend(removed.map(|(_, endpoint)| (Some(endpoint.clone()), None)));
    pairs
}

/// Returns `true` if one path could be the other, renamed.
fn has_similar_path(a: &str, b: &str) -> bool {
    let segments = |path: &str| {
        path.split('/')
            .filter(|s| !s.is_empty())
            .map(without_parameter_names)
            .collect::<Vec<_>>()
    };
    let (a, b) = (segments(a), segments(b));
    let shared = a.iter().filter(|segment| b.contains(segment)).count();
    shared * 2 >= a.len().max(b.len()) || a.iter().zip(&b).all(|(x, y)| similar(x, y))
}
