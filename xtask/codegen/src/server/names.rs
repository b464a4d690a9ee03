//! Rust names for the names of the document.

use std::collections::BTreeSet;

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span};

/// Names that generated code uses without a path. A component of such a name is renamed.
const TAKEN: [&str; 12] = [
    "Box",
    "Debug",
    "Default",
    "Deserialize",
    "Future",
    "Into",
    "Option",
    "Result",
    "Send",
    "Serialize",
    "String",
    "Vec",
];

/// Returns the field, argument, method or module for a name: snake case, raw if it is a keyword.
pub fn value(name: &str) -> Ident {
    ident(&snake(name))
}

/// Returns the static for a name.
pub fn constant(name: &str) -> Ident {
    ident(&ascii(&name.to_shouty_snake_case()))
}

/// Returns the type for a component, whose name is a Rust type name already.
pub fn component(name: &str) -> Ident {
    if TAKEN.contains(&name) {
        return ident(&format!("{name}Value"));
    }
    ident(&ascii(name))
}

/// Returns the type of the IDs of a kind of object.
pub fn id(kind: &str) -> Ident {
    ident(&ascii(&format!("{kind}Id")))
}

/// Returns the variant for the value of an enum.
pub fn variant(text: &str) -> String {
    if text.is_empty() {
        return "Empty".to_owned();
    }
    let name = ascii(&text.to_upper_camel_case());
    if name.starts_with('_') {
        format!("N{}", name.trim_start_matches('_'))
    } else {
        name
    }
}

/// Returns the identifier for a string that is one, or a keyword.
pub fn ident(text: &str) -> Ident {
    match text {
        "self" | "super" | "crate" | "Self" | "_" => Ident::new(&format!("{text}_"), Span::call_site()),
        _ if syn::parse_str::<Ident>(text).is_ok() => Ident::new(text, Span::call_site()),
        _ => Ident::new_raw(text, Span::call_site()),
    }
}

/// Returns a name in snake case. A name in snake case is not changed.
pub fn snake(name: &str) -> String {
    let is_snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(is_snake) {
        ascii(name)
    } else {
        ascii(&name.to_snake_case())
    }
}

/// Replaces all but ASCII letters, digits and underscores, and prefixes a leading digit.
fn ascii(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

/// The names of one scope, each of which is used once.
#[derive(Default)]
pub struct Scope(BTreeSet<String>);

impl Scope {
    /// Returns this name, with a number after it if the scope has it already.
    pub fn unique(&mut self, name: &str) -> String {
        let mut candidate = name.to_owned();
        let mut number = 2;
        while !self.0.insert(candidate.clone()) {
            candidate = format!("{name}{number}");
            number += 1;
        }
        candidate
    }
}

impl<'a> FromIterator<&'a str> for Scope {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        Self(names.into_iter().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_becomes_an_identifier() {
        for (name, expected) in [
            ("calls_in_24_hours", "calls_in_24_hours"),
            ("X-Rate-Limit", "x_rate_limit"),
            ("type", "r#type"),
            ("self", "self_"),
            ("24h", "_24h"),
            ("$filter", "filter"),
            ("größe", "gr__e"),
            ("", "__"),
        ] {
            assert_eq!(value(name).to_string(), expected, "{name}");
        }
        assert_eq!(constant("listIpRules").to_string(), "LIST_IP_RULES");
        assert_eq!(component("Option").to_string(), "OptionValue");
    }

    #[test]
    fn enum_values_become_variants() {
        for (text, expected) in [
            ("WAIT_TIME", "WaitTime"),
            ("", "Empty"),
            ("5060", "N5060"),
            ("*", "N"),
            ("Self", "Self"),
        ] {
            assert_eq!(variant(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_is_unique_in_its_scope() {
        let mut scope: Scope = ["a", "a2"].into_iter().collect();
        assert_eq!(scope.unique("a"), "a3");
        assert_eq!(scope.unique("b"), "b");
    }
}
