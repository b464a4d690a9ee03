//! Which operation of the old contract is which of the new one.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::changes::{Operation, fingerprint};
use super::places::Step;
use super::positions::Positions;
use super::similarity::similar;

/// The methods a path item may hold.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// An operation of one document.
#[derive(Debug, Clone)]
pub struct Declared<'a> {
    /// Where its path item is.
    pub item_way: Vec<Step>,
    pub path: &'a str,
    /// The path is no template but gives the whole URL: that of a callback.
    pub is_expression: bool,
    pub method: &'static str,
    pub id: Option<&'a str>,
    pub value: &'a Value,
    /// The path item, for what it says of all its operations.
    pub item: &'a Value,
}

impl Declared<'_> {
    pub fn way(&self) -> Vec<Step> {
        [self.item_way.as_slice(), &[Step::key(self.method)]].concat()
    }

    pub fn operation(&self) -> Operation {
        Operation {
            method: self.method.to_uppercase(),
            path: self.path.to_owned(),
            id: self.id.map(str::to_owned),
            positions: Positions::default(),
        }
    }

    /// The names of the path's parameters, in order.
    pub fn placeholders(&self) -> Vec<&str> {
        if self.is_expression {
            return Vec::new();
        }
        let parts = self.path.split('{').skip(1);
        parts.filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
    }

    /// The path without the names of its parameters, which no URL shows.
    pub fn shape(&self) -> String {
        if self.is_expression {
            return self.path.to_owned();
        }
        let segments: Vec<_> = self.path.split('/').map(nameless).collect();
        segments.join("/")
    }
}

/// `{id}.json` as `{}.json`.
fn nameless(segment: &str) -> String {
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

/// All operations of `paths`, `webhooks` or a callback, which is at `way`. A path item may be a reference.
pub fn declared<'a>(root: &'a Value, paths: Option<&'a Value>, way: &[Step], is_expression: bool) -> Vec<Declared<'a>> {
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
                all.push(Declared {
                    item_way: [way, &[Step::key(path)]].concat(),
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

/// Pairs of operations; one side is missing where something was added or removed. In the order of the new document, what was
/// removed at the end.
pub fn pairs<'a>(old: &[Declared<'a>], new: &[Declared<'a>]) -> Vec<(Option<Declared<'a>>, Option<Declared<'a>>)> {
    let mut of_new: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = BTreeSet::new();
    let mut pair = |matching: &mut dyn FnMut(&Declared<'a>, &BTreeSet<usize>) -> Option<usize>| {
        for (index, declared) in new.iter().enumerate() {
            if of_new[index].is_none()
                && let Some(found) = matching(declared, &taken)
            {
                of_new[index] = Some(found);
                taken.insert(found);
            }
        }
    };

    // The same URL and method is the same operation, whatever its parameters are called.
    let mut by_shape: HashMap<(String, &str), usize> = HashMap::new();
    for (index, declared) in old.iter().enumerate() {
        by_shape.entry((declared.shape(), declared.method)).or_insert(index);
    }
    pair(&mut |declared, _| by_shape.get(&(declared.shape(), declared.method)).copied());

    // It moved and kept its id.
    let by_id: HashMap<&str, usize> = old.iter().enumerate().filter_map(|(i, o)| Some((o.id?, i))).collect();
    pair(&mut |declared, taken| by_id.get(declared.id?).copied().filter(|index| !taken.contains(index)));

    // It moved, got another id, and is the same in all else.
    let content = |declared: &Declared<'_>| {
        let parts = ["parameters", "requestBody", "responses", "summary"];
        fingerprint(parts.iter().map(|key| declared.value.get(*key).unwrap_or(&Value::Null)))
    };
    let contents: Vec<_> = old.iter().map(content).collect();
    pair(&mut |declared, taken| {
        let own = content(declared);
        let mut candidates = (0..old.len()).filter(|index| {
            !taken.contains(index)
                && contents[*index] == own
                && old[*index].method == declared.method
                && moved_alike(old[*index].path, declared.path)
        });
        candidates.next().filter(|_| candidates.next().is_none())
    });

    let pairs = new
        .iter()
        .zip(&of_new)
        .map(|(new, old_index)| (old_index.map(|i| old[i].clone()), Some(new.clone())));
    let mut pairs: Vec<_> = pairs.collect();
    let gone = old.iter().enumerate().filter(|(index, _)| !taken.contains(index));
    pairs.extend(gone.map(|(_, declared)| (Some(declared.clone()), None)));
    pairs
}

/// Two paths of which one could be the other under a new name.
fn moved_alike(a: &str, b: &str) -> bool {
    let segments = |path: &str| {
        path.split('/')
            .filter(|s| !s.is_empty())
            .map(nameless)
            .collect::<Vec<_>>()
    };
    let (a, b) = (segments(a), segments(b));
    let shared = a.iter().filter(|segment| b.contains(segment)).count();
    shared * 2 >= a.len().max(b.len()) || a.iter().zip(&b).all(|(x, y)| similar(x, y))
}
