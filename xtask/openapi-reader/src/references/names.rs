//! Readable names for what becomes a component.

use crate::grammar::kind_at;

/// The name of a file without its directory and extension.
pub(super) fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.split('.').next().unwrap_or(name)
}

/// A name for the target of a pointer: its last key if that is a name, else all keys that are. `None` for a whole file.
pub(super) fn name_of(keys: &[String]) -> Option<String> {
    let [.., holder, name] = keys else {
        return keys.first().map(|name| readable(name));
    };
    let is_named = keys.len() == 2
        || kind_at(["components", holder.as_str(), "x"]).is_some()
        || matches!(holder.as_str(), "definitions" | "$defs");
    if is_named {
        return Some(readable(name));
    }
    let structure = [
        "paths",
        "components",
        "schemas",
        "responses",
        "parameters",
        "content",
        "schema",
        "properties",
        "application/json",
    ];
    let names: Vec<_> = keys
        .iter()
        .filter(|key| !structure.contains(&key.as_str()))
        .map(|key| readable(key))
        .collect();
    Some(names.join("_"))
}

/// The characters of a text that a component's name may have.
pub(super) fn readable(text: &str) -> String {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '-'));
    let name = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
    if name.is_empty() { "part".to_owned() } else { name }
}
