//! Rust names for what the document calls otherwise.

use heck::{ToPascalCase as _, ToSnakeCase as _};

/// Names that generated code uses for other things, as types or builders.
const TAKEN_TYPES: &[&str] = &[
    "Box",
    "ByteStream",
    "Client",
    "Copy",
    "Default",
    "Drop",
    "Err",
    "Error",
    "From",
    "Into",
    "None",
    "Ok",
    "Option",
    "ResponseValue",
    "Result",
    "Self",
    "Send",
    "Some",
    "String",
    "Sync",
    "TryFrom",
    "TryInto",
    "Vec",
];

/// Methods that `Client` has by hand.
const TAKEN_METHODS: &[&str] = &[
    "new",
    "builder",
    "base_url",
    "session",
    "http",
    "response_limit",
    "call",
];

/// Names that a builder's `send` and its setters use for other things.
const TAKEN_PARAMETERS: &[&str] = &[
    "body",
    "client",
    "header_map",
    "info",
    "new",
    "request",
    "response",
    "result",
    "send",
    "stream",
    "support",
    "types",
    "url",
];

/// Module names with a meaning of their own in `generated/`.
const TAKEN_MODULES: &[&str] = &["builder", "mod", "shared", "types"];

/// The module of a resource; what several share has its own.
pub fn module(resource: Option<&str>) -> String {
    match resource {
        None => "shared".to_owned(),
        Some(name) if TAKEN_MODULES.contains(&name) => format!("{name}_resource"),
        Some(name) => name.trim_start_matches("r#").to_owned(),
    }
}

pub fn taken_type(name: &str) -> bool {
    TAKEN_TYPES.contains(&name)
}

pub fn taken_method(name: &str) -> bool {
    TAKEN_METHODS.contains(&name)
}

/// A method's name.
pub fn method(operation_id: &str) -> String {
    identifier(operation_id)
}

/// The builder of a method.
pub fn builder(method: &str) -> String {
    method.to_pascal_case()
}

/// A struct field. `new` is the constructor's.
pub fn field(name: &str) -> String {
    match identifier(name) {
        name if name == "new" => "new_".to_owned(),
        name => name,
    }
}

/// A parameter of an operation.
pub fn parameter(name: &str) -> String {
    match identifier(name) {
        name if TAKEN_PARAMETERS.contains(&name.as_str()) => format!("{name}_parameter"),
        name => name,
    }
}

/// A variant of an enum.
pub fn variant(value: &str) -> String {
    let name = ascii(value).to_pascal_case();
    match name.chars().next() {
        None => "Empty".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("V{name}"),
        Some(_) if name == "Self" => "Self_".to_owned(),
        Some(_) => name,
    }
}

/// Names made different where they are not, by a number.
pub fn distinct(names: Vec<String>) -> Vec<String> {
    let mut taken = std::collections::HashSet::new();
    names
        .into_iter()
        .map(|name| {
            let mut candidate = name.clone();
            let mut number = 1;
            while !taken.insert(candidate.clone()) {
                number += 1;
                candidate = format!("{name}{number}");
            }
            candidate
        })
        .collect()
}

fn identifier(name: &str) -> String {
    let name = ascii(name).to_snake_case();
    let name = match name.chars().next() {
        None => "x".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{name}"),
        Some(_) => name,
    };
    if syn::parse_str::<syn::Ident>(&name).is_ok() {
        name
    } else {
        format!("{name}_")
    }
}

fn ascii(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_rust_names() {
        assert_eq!(method("listIPRules"), "list_ip_rules");
        assert_eq!(builder("list_ip_rules"), "ListIpRules");
        assert_eq!(field("type"), "type_");
        assert_eq!(field("x-y z"), "x_y_z");
        assert_eq!(field("2fa"), "n2fa");
        assert_eq!(field("$"), "x");
        assert_eq!(parameter("$filter"), "filter");
        assert_eq!(parameter("send"), "send_parameter");
        assert_eq!(variant("WAIT_TIME"), "WaitTime");
        assert_eq!(variant(""), "Empty");
        assert_eq!(variant("3rd"), "V3rd");
        assert_eq!(module(Some("types")), "types_resource");
    }

    #[test]
    fn equal_names_are_numbered() {
        let names = ["A", "B", "A", "A2", "A"].map(str::to_owned).to_vec();
        assert_eq!(distinct(names), ["A", "B", "A2", "A22", "A3"]);
    }
}
