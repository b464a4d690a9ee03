//! Rust names for names in the document.

use heck::{ToPascalCase as _, ToSnakeCase as _};

/// Names that generated code uses for other types.
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

/// The hand-written methods of `Client`.
const TAKEN_METHODS: &[&str] = &[
    "authorization",
    "base_url",
    "builder",
    "call",
    "connection",
    "from_parts",
    "http",
    "new",
    "retries",
    "session",
];

/// Names that builders use for other fields, variables and methods.
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

/// Module names that `generated/` uses for other modules.
const TAKEN_MODULES: &[&str] = &[
    "builder",
    "coverage",
    "every_call",
    "ids",
    "mod",
    "operation_table",
    "shared",
    "types",
];

/// Returns the module of a resource, or that of shared types.
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

/// Returns the name of a method.
pub fn method(operation_id: &str) -> String {
    identifier(operation_id)
}

/// Returns the name of the builder of a method.
pub fn builder(method: &str) -> String {
    method.to_pascal_case()
}

/// Returns the name of a struct field. `new` is reserved for the constructor.
pub fn field(name: &str) -> String {
    match identifier(name) {
        name if name == "new" => "new_".to_owned(),
        name => name,
    }
}

/// Returns the name of a parameter of an operation.
pub fn parameter(name: &str) -> String {
    match identifier(name) {
        name if TAKEN_PARAMETERS.contains(&name.as_str()) => format!("{name}_parameter"),
        name => name,
    }
}

/// Returns the name of an enum variant.
pub fn variant(value: &str) -> String {
    let name = ascii(value).to_pascal_case();
    match name.chars().next() {
        None => "Empty".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("V{name}"),
        Some(_) if name == "Self" => "Self_".to_owned(),
        Some(_) => name,
    }
}

/// Makes equal names distinct by appending a number.
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
    fn names_are_converted_to_rust_names() {
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
