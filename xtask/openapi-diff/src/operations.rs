//! Pairs the operations of both documents.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::changes::{Operation, fingerprint};
use super::locate::Step;
use super::positions::Positions;
use super::similarity::similar;
use super::urls::base_path;

/// The methods of a path item.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The parts of URLs that a document states beside its paths, and those that are not compared.
#[derive(Debug, Clone, Default)]
pub struct Prefixes<'s> {
    /// The base path of the servers, if it is compared as a part of the paths.
    pub base: String,
    /// Prefixes that are removed from paths, such as `/api/v1`.
    pub stripped: &'s [String],
}

impl Prefixes<'_> {
    /// The path of a URL.
    pub fn apply(&self, path: &str) -> String {
        let path = format!("{}{path}", self.base);
        let rest = |prefix: &String| {
            let rest = path.strip_prefix(prefix.trim_end_matches('/'))?;
            (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
        };
        let rest = self.stripped.iter().find_map(rest);
        rest.map_or(path.clone(), |rest| if rest.is_empty() { "/".to_owned() } else { rest })
    }
}

/// The kind of the keys of path items.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'s> {
    /// Templates of paths.
    Path(&'s Prefixes<'s>),
    /// Names of webhooks.
    Webhook,
    /// Runtime expressions of the URLs of a callback.
    Callback,
}

/// An operation of one document.
#[derive(Debug, Clone)]
pub struct Endpoint<'a> {
    /// The pointer to its path item.
    pub item_pointer: Vec<Step>,
    pub path: &'a str,
    /// The path of its URLs, of which a prefix may be removed; the same as `path` if that is no template.
    pub url: String,
    is_template: bool,
    is_webhook: bool,
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
        if !self.is_template {
            return Vec::new();
        }
        let parts = self.url.split('{').skip(1);
        parts.filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
    }

    /// The path without the names of its parameters, which do not appear in URLs.
    pub fn normalized_path(&self) -> String {
        if !self.is_template {
            return self.url.clone();
        }
        let segments: Vec<_> = self.url.split('/').map(without_parameter_names).collect();
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
pub fn endpoints<'a>(root: &'a Value, paths: Option<&'a Value>, pointer: &[Step], kind: Kind<'_>) -> Vec<Endpoint<'a>> {
    let paths = paths.and_then(Value::as_object);
    let mut all = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        let (url, is_template) = match kind {
            Kind::Path(prefixes) => (prefixes.apply(path), true),
            Kind::Webhook | Kind::Callback => (path.clone(), false),
        };
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
                    url: url.clone(),
                    is_template,
                    is_webhook: matches!(kind, Kind::Webhook),
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

    // Operations with the same URL and method are the same. The names of path parameters are not in URLs, but a document may have
    // several paths that differ in nothing else.
    let by_path: HashMap<(&str, &str), usize> = old
        .iter()
        .enumerate()
        .map(|(i, o)| ((o.url.as_str(), o.method), i))
        .collect();
    pair(&mut |endpoint, taken| {
        let found = by_path.get(&(endpoint.url.as_str(), endpoint.method)).copied();
        found.filter(|index| !taken.contains(index))
    });
    let mut by_url: HashMap<(String, &str), Vec<usize>> = HashMap::new();
    for (index, endpoint) in old.iter().enumerate() {
        let key = (endpoint.normalized_path(), endpoint.method);
        by_url.entry(key).or_default().push(index);
    }
    pair(&mut |endpoint, taken| {
        let found = by_url.get(&(endpoint.normalized_path(), endpoint.method))?;
        found.iter().copied().find(|index| !taken.contains(index))
    });

    // It moved and kept its operationId. A webhook has no other identity than its name.
    let mut by_id: HashMap<&str, Option<usize>> = HashMap::new();
    for (index, endpoint) in old.iter().enumerate().filter(|(_, endpoint)| !endpoint.is_webhook) {
        let Some(id) = endpoint.id else { continue };
        // An ID that two operations have identifies neither.
        by_id.entry(id).and_modify(|known| *known = None).or_insert(Some(index));
    }
    pair(&mut |endpoint, taken| {
        let found = by_id.get(endpoint.id?).copied().flatten();
        found.filter(|index| !taken.contains(index))
    });

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
                && !endpoint.is_webhook
                && contents[*index] == own
                && old[*index].method == endpoint.method
                && has_similar_path(&old[*index].url, &endpoint.url)
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

/// The base paths of the servers of both documents, if they are to be compared as parts of the paths: more operations have the same
/// URLs then. Otherwise a changed base path is a change of the servers.
pub fn base_paths(old: &Value, new: &Value, stripped: &[String]) -> [String; 2] {
    let bases = [base_path(old), base_path(new)];
    if bases[0] == bases[1] {
        return Default::default();
    }
    let urls = |root: &Value, base: &str| {
        let prefixes = Prefixes {
            base: base.to_owned(),
            stripped,
        };
        let all = endpoints(root, root.get("paths"), &[], Kind::Path(&prefixes));
        all.iter().map(Endpoint::normalized_path).collect::<BTreeSet<_>>()
    };
    let shared = |bases: [&str; 2]| urls(old, bases[0]).intersection(&urls(new, bases[1])).count();
    let counts = shared([&bases[0], &bases[1]]) > shared(["", ""]);
    if counts { bases } else { Default::default() }
}
