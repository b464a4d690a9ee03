//! Paths: what a URL can hold.

use std::collections::BTreeSet;

use openapi_reader::grammar::METHODS;
use serde_json::{Map, Value};
use spanned_json::Location;

use crate::operations::{Locations, location_of};

/// Encodes the paths for URLs, and leaves out those that no request can have. `note` gets the location of an operation on the path.
pub(super) fn reduce(document: &mut Value, locations: &mut Locations, note: &mut dyn FnMut(Option<&Location>, String)) {
    let Some(Value::Object(paths)) = document.get_mut("paths") else {
        return;
    };
    let mut kept = Map::new();
    for (path, item) in std::mem::take(paths) {
        let methods: Vec<&str> = METHODS
            .into_iter()
            .filter(|method| item.get(method).is_some())
            .collect();
        let location = methods
            .first()
            .and_then(|method| location_of(locations, &path, method))
            .cloned();
        let encoded = match encode(&path) {
            Ok(encoded) if kept.contains_key(&encoded) => {
                note(
                    location.as_ref(),
                    format!("the path `{path}` is `{encoded}` in a URL, which is there already; it is left out"),
                );
                continue;
            }
            Ok(encoded) => encoded,
            Err(reason) => {
                note(location.as_ref(), format!("the path `{path}` {reason}; it is left out"));
                continue;
            }
        };
        if encoded != path {
            note(location.as_ref(), format!("the path `{path}` is `{encoded}` in a URL"));
            for method in methods {
                if let Some(location) = location_of(locations, &path, method).cloned() {
                    locations.insert((encoded.clone(), method.to_owned()), location);
                }
            }
        }
        kept.insert(encoded, item);
    }
    *paths = kept;
}

/// Returns the path as URLs have it, or the reason why none can.
fn encode(path: &str) -> Result<String, String> {
    let mut out = if path.starts_with('/') {
        String::new()
    } else {
        "/".to_owned()
    };
    let mut names = BTreeSet::new();
    let mut rest = path;
    while let Some((literal, after)) = rest.split_once('{') {
        push_literal(literal, &mut out)?;
        let Some((name, after)) = after.split_once('}') else {
            return Err("has a brace that is not closed".to_owned());
        };
        if name.is_empty() || name.contains(['{', '/']) {
            return Err("has a parameter without a name".to_owned());
        }
        if !names.insert(name) {
            return Err(format!("has the parameter `{name}` twice"));
        }
        out.push_str(&format!("{{{name}}}"));
        rest = after;
    }
    push_literal(rest, &mut out)?;
    Ok(out)
}

/// Adds what is no parameter, percent-encoded (RFC 3986, section 3.3).
fn push_literal(literal: &str, out: &mut String) -> Result<(), String> {
    for character in literal.chars() {
        match character {
            '?' | '#' | '}' => return Err(format!("has a `{character}`, which a path cannot have")),
            'a'..='z' | 'A'..='Z' | '0'..='9' => out.push(character),
            _ if "/-._~!$&'()*+,;=:@%".contains(character) => out.push(character),
            _ => {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    out.push_str(&format!("%{byte:02X}"));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_encoded_and_impossible_ones_are_left_out() {
        for (path, encoded) in [
            ("/2.0/users/{id}", "/2.0/users/{id}"),
            ("/a:verb/{a}.{b}/{c}-{d}/", "/a:verb/{a}.{b}/{c}-{d}/"),
            ("users", "/users"),
            ("/", "/"),
            ("//x", "//x"),
            ("/ä b/%20/<x>", "/%C3%A4%20b/%20/%3Cx%3E"),
        ] {
            assert_eq!(encode(path).as_deref(), Ok(encoded));
        }
        for path in ["/a?b=1", "/{a}#x", "/{a", "/a}", "/{}", "/{a}/{a}", "/{a/b}"] {
            assert!(encode(path).is_err(), "{path}");
        }
    }
}
