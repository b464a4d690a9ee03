//! Identifiers for names in the document.
//!
//! The client has names as text, because progenitor is given them, and appends an underscore to keywords. The crates of the server
//! have raw identifiers. All other rules are the same in every crate.

use heck::ToUpperCamelCase as _;
use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span};

use super::taken;
use contract::identifier::is_keyword;
pub use contract::identifier::{pascal, snake};
use contract::model::Operation;

/// The module of what several resources use.
const SHARED: &str = "shared";

/// Returns the module of a resource, or that of what several resources use.
pub fn module(resource: Option<&str>) -> String {
    match resource {
        None => SHARED.to_owned(),
        // The resource may end with an underscore for the same reason.
        Some(name) if taken::MODULES.contains(&name) => format!("{name}_"),
        Some(name) => name.to_owned(),
    }
}

/// Returns the name of the method of an operation in the client.
pub fn method(operation: &Operation) -> String {
    plain(operation.name.clone())
}

/// Returns the name of an operation as a type or variant: its builder, for example.
pub fn type_of(operation: &Operation) -> String {
    // The name is an identifier already, of bounded length: two that differ at their end stay different, and progenitor cuts none.
    operation.name.to_upper_camel_case()
}

/// Returns the name of a static or constant.
pub fn constant(name: &str) -> Ident {
    ident(&snake(name).to_uppercase())
}

/// Returns the name of a static for a type: different ones for all types, because each capital begins a word.
pub fn constant_of_type(name: &str) -> Ident {
    let mut constant = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !constant.is_empty() {
            constant.push('_');
        }
        constant.push(c.to_ascii_uppercase());
    }
    ident(&constant)
}

/// Returns the names of the fields of a struct in the client.
pub fn client_fields<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    distinct_from(names, |name| match plain(snake(name)) {
        name if taken::FIELDS.contains(&name.as_str()) => format!("{name}_"),
        name => name,
    })
}

/// Returns the names of the fields of a struct of the server, by the names of the properties.
pub fn fields<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, Ident> {
    let names: Vec<&str> = names.into_iter().collect();
    let fields = distinct_from(names.iter().copied(), snake);
    names.into_iter().zip(fields.iter().map(|field| ident(field))).collect()
}

/// Returns the name of a field, argument, method or module of the server.
pub fn value(name: &str) -> Ident {
    ident(&snake(name))
}

/// Returns the name of a parameter of an operation in the client.
pub fn parameter(name: &str) -> String {
    beside(plain(snake(name)), taken::PARAMETERS, "parameter")
}

/// Returns the type for a component, whose name is a Rust type name already.
pub fn component(name: &str) -> Ident {
    ident(name)
}

/// Returns the type of the IDs of a kind of object.
pub fn id(kind: &str) -> Ident {
    ident(&format!("{kind}Id"))
}

/// Returns a name, with a suffix if it is taken.
pub fn beside(name: String, taken: &[&str], suffix: &str) -> String {
    match taken.contains(&name.as_str()) {
        true => format!("{name}_{suffix}"),
        false => name,
    }
}

/// Returns the identifier for any text: raw if it is a keyword; what an identifier cannot have becomes an underscore.
pub fn ident(text: &str) -> Ident {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut name: String = text.chars().map(|c| if is_word(c) { c } else { '_' }).collect();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    match name.as_str() {
        "self" | "super" | "crate" | "Self" | "_" => Ident::new(&format!("{name}_"), Span::call_site()),
        _ if is_keyword(&name) => Ident::new_raw(&name, Span::call_site()),
        _ => Ident::new(&name, Span::call_site()),
    }
}

/// Appends an underscore to a keyword.
fn plain(name: String) -> String {
    match is_keyword(&name) {
        true => format!("{name}_"),
        false => name,
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

    /// Returns these names, with numbers after those that are equal. The first keeps its name, and so does every name that no other
    /// equals, whatever numbers the others get: a further name in the document changes no other one.
    pub fn all(&mut self, names: impl IntoIterator<Item = String>) -> Vec<String> {
        let names: Vec<(String, bool)> = names
            .into_iter()
            .map(|name| {
                let is_first = self.0.insert(name.clone());
                (name, is_first)
            })
            .collect();
        names
            .into_iter()
            .map(|(name, is_first)| if is_first { name } else { self.unique(&name) })
            .collect()
    }
}

impl<'a> FromIterator<&'a str> for Scope {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        Self(names.into_iter().map(str::to_owned).collect())
    }
}

/// Makes the names of a scope distinct, see [`Scope::all`].
pub fn distinct(names: impl IntoIterator<Item = String>) -> Vec<String> {
    Scope::default().all(names)
}

/// Converts the names of a scope to distinct ones. Those that need no conversion come first.
fn distinct_from<'a>(names: impl IntoIterator<Item = &'a str>, convert: impl Fn(&str) -> String) -> Vec<String> {
    let converted: Vec<(String, bool)> = names
        .into_iter()
        .map(|name| {
            let converted = convert(name);
            let is_changed = converted != name;
            (converted, is_changed)
        })
        .collect();
    let mut order: Vec<usize> = (0..converted.len()).collect();
    order.sort_by_key(|index| converted[*index].1);
    let mut found: Vec<_> = order
        .iter()
        .zip(distinct(order.iter().map(|index| converted[*index].0.clone())))
        .collect();
    found.sort_by_key(|(index, _)| **index);
    found.into_iter().map(|(_, name)| name).collect()
}

/// Returns the variants of an enum of these values.
pub fn variants(values: &[String]) -> Vec<String> {
    distinct_from(values.iter().map(String::as_str), |value| match pascal(value) {
        name if name == "Self" => "SelfValue".to_owned(),
        name => name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_converted_to_rust_names() {
        assert_eq!(constant("listIpRules").to_string(), "LIST_IP_RULES");
        assert_eq!(constant_of_type("FooBar").to_string(), "FOO_BAR");
        assert_ne!(constant_of_type("AB"), constant_of_type("Ab"));
        assert_eq!(parameter("$filter"), "filter");
        assert_eq!(parameter("send"), "send_parameter");
        assert_eq!(parameter("type"), "type_");
        assert_eq!(module(Some("types")), "types_");
        assert_eq!(module(None), "shared");
    }

    #[test]
    fn fields_are_distinct_and_keep_their_own_names() {
        let names = [
            "type", "gen", "x-y z", "2fa", "$", "new", "A", "a", "a[]", "a2", "self", "Type",
        ];
        assert_eq!(
            client_fields(names),
            [
                "type_", "gen_", "x_y_z", "n2fa", "dollar", "new_", "a3", "a", "a4", "a2", "self_", "type_2"
            ]
        );
        let fields = fields(names);
        let fields: Vec<String> = names.iter().map(|name| fields[name].to_string()).collect();
        assert_eq!(
            fields,
            [
                "r#type", "r#gen", "x_y_z", "n2fa", "dollar", "new", "a3", "a", "a4", "a2", "self_", "type2"
            ]
        );
    }

    #[test]
    fn values_become_distinct_variants() {
        let values = [
            "WAIT_TIME",
            "",
            "3rd",
            "SELF",
            "sip",
            "SIP",
            "Sip",
            "+1",
            "-1",
            "*",
            "日本",
            "ERR",
        ];
        assert_eq!(
            variants(&values.map(str::to_owned)),
            [
                "WaitTime",
                "Empty",
                "N3rd",
                "SelfValue",
                "Sip2",
                "Sip3",
                "Sip",
                "Plus1",
                "Minus1",
                "Asterisk",
                "U65e5U672c",
                "Err"
            ]
        );
    }

    #[test]
    fn every_text_becomes_an_ident() {
        for (text, expected) in [
            ("type", "r#type"),
            ("self", "self_"),
            ("Self", "Self_"),
            ("gen", "r#gen"),
            ("_", "__"),
            ("", "__"),
            ("20Api", "_20Api"),
            ("größe", "gr__e"),
        ] {
            assert_eq!(ident(text).to_string(), expected, "{text}");
        }
        assert_eq!(value("type").to_string(), "r#type");
    }

    #[test]
    fn equal_names_are_numbered() {
        let names = ["A", "B", "A", "A2", "A"].map(str::to_owned);
        assert_eq!(distinct(names), ["A", "B", "A3", "A2", "A4"]);
        let mut scope: Scope = ["a", "a2"].into_iter().collect();
        assert_eq!(scope.unique("a"), "a3");
        assert_eq!(scope.unique("b"), "b");
    }
}
