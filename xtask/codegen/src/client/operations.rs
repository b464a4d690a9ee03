//! Distributes progenitor's builders to one module per resource.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result, bail};
use openapiv3::OpenAPI;
use progenitor_impl::Generator;

use super::lists;
use super::reduce::{self, Call};
use super::rewrite::{Builder, DEFAULT_PAGE_SIZE, List, rewrite};
use super::types::Types;
use crate::rust::{docs, literals, names};
use contract::model::{Api, Operation, Paging, ParameterLocation, Success, SuccessBody};

/// The operations of one resource.
#[derive(Default)]
pub struct Module {
    /// The methods of `Client`, as source code.
    pub methods: String,
    /// The builders of their requests, as source code.
    pub builders: String,
    /// The imports of the builders.
    pub imports: String,
}

/// By module name.
pub fn generate(document: &OpenAPI, api: &Api, types: &Types<'_>) -> Result<BTreeMap<String, Module>> {
    let reduced = reduce::reduce(document, api, types)?;
    let tokens = Generator::new(&reduced.settings)
        .generate_tokens(&reduced.document)
        .context("client: progenitor")?;
    let mut builders = builders(tokens)?;

    let mut methods: BTreeMap<String, String> = BTreeMap::new();
    let mut items: BTreeMap<String, Vec<syn::Item>> = BTreeMap::new();
    for (operation, call) in api.operations.iter().zip(&reduced.calls) {
        let module = names::module(Some(&operation.resource));
        let methods = methods.entry(module.clone()).or_default();
        if !methods.is_empty() {
            methods.push('\n');
        }
        if let Some(paging) = lists::list(api, operation) {
            methods.push_str(&list_method(operation, call, &paging, types)?);
            continue;
        }
        let name = call.builder.clone();
        let Some(mut builder) = builders.remove(&name) else {
            bail!(
                "client: operation `{}`: progenitor wrote no builder `{name}`",
                operation.id
            );
        };
        let list = match api.paging(operation) {
            Some(paging) => Some(List {
                item: types.rust(paging.item, "types::")?,
                paging,
            }),
            None => None,
        };
        rewrite(&mut builder, operation, call, list.as_ref())?;
        methods.push_str(&method(operation, call, &name));
        let items = items.entry(module).or_default();
        items.push(syn::Item::Struct(builder.structure));
        items.push(syn::Item::Impl(builder.implementation));
    }
    Ok(methods
        .into_iter()
        .map(|(module, methods)| {
            let builders = prettyplease::unparse(&syn::File {
                shebang: None,
                frontmatter: None,
                attrs: Vec::new(),
                items: items.remove(&module).unwrap_or_default(),
            });
            let imports = imports(&builders);
            let code = Module {
                methods,
                builders,
                imports,
            };
            (module, code)
        })
        .collect())
}

/// The builder structs and their implementations, by name.
fn builders(tokens: proc_macro2::TokenStream) -> Result<HashMap<String, Builder>> {
    let file: syn::File = syn::parse2(tokens).context("client: progenitor's output")?;
    let module = file.items.into_iter().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "builder" => module.content,
        _ => None,
    });
    let Some((_, items)) = module else {
        bail!("client: progenitor wrote no module `builder`");
    };
    let mut structures = HashMap::new();
    let mut builders = HashMap::new();
    for item in items {
        match item {
            syn::Item::Struct(structure) => {
                structures.insert(structure.ident.to_string(), structure);
            }
            syn::Item::Impl(implementation) => {
                let name = match &*implementation.self_ty {
                    syn::Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
                    _ => None,
                };
                if let Some(name) = name
                    && let Some(structure) = structures.remove(&name)
                {
                    builders.insert(
                        name,
                        Builder {
                            structure,
                            implementation,
                        },
                    );
                }
            }
            _ => {}
        }
    }
    Ok(builders)
}

/// Returns the method of `Client` that creates a builder.
fn method(operation: &Operation, call: &Call, builder: &str) -> String {
    let lines = docs::comments(&method_docs(operation, Vec::new()), "    ");
    let method = &call.method;
    format!(
        "{lines}    #[must_use]\n    pub fn {method}(&self) -> builder::{builder}<'_> {{\n        \
         builder::{builder}::new(self)\n    }}\n"
    )
}

/// Returns the method of `Client` that creates a `List`.
fn list_method(operation: &Operation, call: &Call, paging: &Paging<'_>, types: &Types<'_>) -> Result<String> {
    let mut parameters: Vec<String> = lists::particulars(types.api(), operation)
        .into_iter()
        .flat_map(|(name, text)| docs::lines(&format!("`{name}`: {text}")))
        .collect();
    let lacks = |name: &&str| !operation.parameters.iter().any(|parameter| parameter.name == **name);
    let missing: Vec<String> = ["filter", "orderby", "search"]
        .iter()
        .filter(|name| lacks(name))
        .map(|name| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
        parameters.push(format!(
            "The API documents no {} for this list.",
            enumeration(&missing, "and no")
        ));
    }
    let lines = docs::comments(&method_docs(operation, parameters), "    ");
    let method = &call.method;
    let item = types.rust(paging.item, "crate::types::")?;
    let (id, path) = (literals::string(&operation.id), literals::string(&operation.path));
    let successes: Vec<String> = operation
        .successes
        .iter()
        .map(|success| success.status.to_string())
        .collect();
    Ok(format!(
        "{lines}    pub fn {method}(&self) -> List<{item}> {{\n        const OPERATION: support::Operation = support::Operation {{\n            \
         id: {id},\n            path: {path},\n            signed_in: {},\n            successes: &[{}],\n        }};\n        \
         List::new(self, &OPERATION, {})\n    }}\n",
        operation.signed_in,
        successes.join(", "),
        paging.size.unwrap_or(DEFAULT_PAGE_SIZE)
    ))
}

/// Returns the documentation of a method; `parameters` describes those of a list.
fn method_docs(operation: &Operation, parameters: Vec<String>) -> Vec<String> {
    let mut lines = docs::lines(operation.summary.as_deref().unwrap_or_default());
    if let Some(first) = lines.first_mut()
        && !first.ends_with(['.', '!', '?'])
    {
        first.push('.');
    }
    let description = docs::lines(operation.description.as_deref().unwrap_or_default());
    if !description.is_empty() && description != lines {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(description);
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(format!("`{} {}`", operation.method.to_uppercase(), operation.path));
    lines.push(String::new());
    lines.push(match &operation.access {
        _ if !operation.signed_in => "Sends no access token.".to_owned(),
        None => "Requires a session, with any role.".to_owned(),
        Some(roles) if roles.is_empty() => "No role may call it.".to_owned(),
        Some(roles) => format!("Requires a session with the role {}.", enumeration(roles, "or")),
    });
    let responses: Vec<String> = operation.successes.iter().filter_map(response).collect();
    if !responses.is_empty() {
        lines.push(String::new());
        lines.extend(responses);
    }
    if !parameters.is_empty() {
        lines.push(String::new());
        lines.extend(parameters);
    }
    lines.push(String::new());
    lines.push("# Errors".to_owned());
    lines.push(String::new());
    lines.push(errors(operation));
    lines
}

/// Lists the errors that are specific to the kind of operation.
fn errors(operation: &Operation) -> String {
    let has_parameter_in = |location| {
        operation
            .parameters
            .iter()
            .any(|parameter| parameter.location == location)
    };
    let by_id = has_parameter_in(ParameterLocation::Path);
    let takes = operation.body.is_some()
        || has_parameter_in(ParameterLocation::Query)
        || has_parameter_in(ParameterLocation::Header);
    let changes = operation.method != "get";
    let mut found = Vec::new();
    let mut add = |when: bool, variant: &str, why: &str| {
        if when {
            found.push(format!("[`{variant}`](crate::Error::{variant}) {why}"));
        }
    };
    add(operation.signed_in, "Authentication", "without a valid session");
    add(operation.access.is_some(), "Forbidden", "with another role");
    add(takes, "Validation", "if values violate rules of the contract");
    add(by_id, "NotFound", "if the object does not exist");
    add(
        operation.signed_in && changes,
        "Conflict",
        "if the present state does not permit the operation",
    );
    if found.is_empty() {
        return "Those of every call, see [`Error`](crate::Error).".to_owned();
    }
    format!(
        "{}, and those of every call, see [`Error`](crate::Error).",
        found.join(", ")
    )
}

/// Describes a success response beyond its type: that it is binary, is not 2xx, or has headers.
fn response(success: &Success) -> Option<String> {
    let mut parts = Vec::new();
    if let SuccessBody::Text { media_type } | SuccessBody::Bytes { media_type } = &success.body {
        parts.push(match media_type.as_str() {
            "*/*" => "a stream of bytes, because the documented bodies differ".to_owned(),
            media_type => format!("`{media_type}`, as a stream of bytes"),
        });
    }
    if !success.headers.is_empty() {
        let names: Vec<String> = success
            .headers
            .iter()
            .map(|header| format!("`{}`", header.name))
            .collect();
        parts.push(format!("with the header {}", enumeration(&names, "and")));
    }
    if parts.is_empty() && (200..=299).contains(&success.status) {
        return None;
    }
    match parts.is_empty() {
        true => Some(format!("Success: {}.", success.status)),
        false => Some(format!("Success: {}, {}.", success.status, parts.join(", "))),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn enumeration(words: &[String], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} {conjunction} {last}", many.join(", ")),
    }
}

/// Returns the imports of the builders of one resource.
fn imports(builders: &str) -> String {
    let names = match mentions(builders, "ByteStream") {
        true => "{ByteStream, Error}",
        false => "Error",
    };
    let mut imports = "use progenitor_client::ResponseValue;\n".to_owned();
    imports.push('\n');
    imports.push_str(&format!("use crate::{names};\n"));
    if mentions(builders, "types::") {
        imports.push_str("use crate::generated::types;\n");
    }
    imports.push_str("use crate::support;\n");
    if ["optional_json", "optional_form", "optional_bytes"]
        .iter()
        .any(|name| mentions(builders, name))
    {
        imports.push_str("use crate::support::OptionalBody as _;\n");
    }
    imports
}

/// Returns `true` if a word occurs in code.
fn mentions(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let goes_on = !word.ends_with(':') && code[at + word.len()..].starts_with(is_word);
        !code[..at].ends_with(is_word) && !goes_on
    })
}
