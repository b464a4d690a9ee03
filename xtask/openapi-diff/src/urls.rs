//! The servers of a document, and the base path of their URLs.

use std::collections::BTreeSet;

use serde_json::Value;

/// The servers of a list, each once: a repeated one is that of its first appearance. Their URLs are without the base path that
/// belongs to the paths, and without a slash at the end.
pub fn server_list<'v>(servers: Option<&'v Value>, base: &str) -> Vec<(String, &'v Value)> {
    let mut all: Vec<(String, &Value)> = Vec::new();
    for server in servers.and_then(Value::as_array).into_iter().flatten() {
        let Some(url) = server.get("url").and_then(Value::as_str) else {
            continue;
        };
        let url = url.trim_end_matches('/');
        let url = url.strip_suffix(base).unwrap_or(url).to_owned();
        if !all.iter().any(|(other, _)| *other == url) {
            all.push((url, server));
        }
    }
    all
}

/// A server variable without its documentation. Its values are strings in URLs, however they are written.
pub fn substitution(variable: &Value) -> Value {
    let string = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let kept = variable.as_object().into_iter().flatten().filter_map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("default", value) => Value::String(string(value)),
            ("enum", Value::Array(values)) => {
                let values: BTreeSet<_> = values.iter().map(string).collect();
                values.into_iter().collect()
            }
            _ => return None,
        };
        Some((key.clone(), value))
    });
    Value::Object(kept.collect())
}

/// The path that all servers of a document have in common, without a slash at its end: `/api` of `https://example.com/api/`.
pub fn base_path(root: &Value) -> String {
    let mut paths = server_list(root.get("servers"), "").into_iter().map(|(url, server)| {
        let mut url = url;
        for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
            if let Some(default) = substitution(variable).get("default").and_then(Value::as_str) {
                url = url.replace(&format!("{{{name}}}"), default);
            }
        }
        let path = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
            None => &url,
        };
        path.trim_end_matches('/').to_owned()
    });
    let first = paths.next().unwrap_or_default();
    if paths.all(|other| other == first) {
        first
    } else {
        String::new()
    }
}
