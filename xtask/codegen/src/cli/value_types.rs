//! The types of values, and the objects and fields with them, as data.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use proc_macro2::TokenStream;
use quote::quote;

use super::help_text;
use crate::rust::names;
use contract::model::{Api, Operation, Schema, StringFormat, Type, TypeDef, TypeKind};

/// Returns the names of the objects that requests and successful responses contain.
pub fn needed(api: &Api) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for schema in api.operations.iter().flat_map(Operation::schemas) {
        reach(&schema.ty, api, &mut found);
    }
    found
}

fn reach(ty: &Type, api: &Api, found: &mut BTreeSet<String>) {
    match ty {
        Type::Array(inner) | Type::Map(inner) => reach(&inner.ty, api, found),
        Type::Named(name) => {
            // A union is given as JSON, so that its objects are not needed.
            if let Some(TypeKind::Object { properties, .. }) = api.types.get(name).map(|def| &def.kind)
                && found.insert(name.clone())
            {
                for property in properties {
                    reach(&property.schema.ty, api, found);
                }
            }
        }
        _ => {}
    }
}

/// Generates the objects of a resource, or those that several resources have.
pub fn objects(api: &Api, resource: Option<&str>, needed: &BTreeSet<String>) -> Result<Vec<(String, TokenStream)>> {
    let own = |def: &&TypeDef| needed.contains(&def.name) && def.resource.as_deref() == resource;
    let mut out = Vec::new();
    for def in api.types.values().filter(own) {
        let TypeKind::Object { properties, .. } = &def.kind else {
            continue;
        };
        let constant = names::constant_of_type(&def.name);
        let flags = names::distinct(properties.iter().map(|property| flag(&property.name)));
        let fields = properties
            .iter()
            .zip(&flags)
            .map(|(property, flag)| {
                // Only requests have flags that need help.
                let help = match def.in_request && !property.schema.read_only {
                    true => help_text::help(None, &property.schema, api),
                    false => String::new(),
                };
                field((&property.name, flag), property.required, &property.schema, &help, api)
            })
            .collect::<Result<Vec<_>>>()?;
        let name = &def.name;
        let object = quote! {
            pub(in crate::generated) static #constant: Object = Object { name: #name, properties: &[#(#fields),*] };
        };
        out.push((name.clone(), object));
    }
    Ok(out)
}

/// Generates a parameter or a property with this name and flag.
pub fn field(
    (name, flag): (&str, &str),
    required: bool,
    schema: &Schema,
    help: &str,
    api: &Api,
) -> Result<TokenStream> {
    let value_type = value_type(&schema.ty, api)?;
    let required = required.then(|| quote!(.required()));
    let nullable = schema.nullable.then(|| quote!(.nullable()));
    let read_only = schema.read_only.then(|| quote!(.read_only()));
    Ok(quote!(Field::new(#name, #flag, #value_type, #help) #required #nullable #read_only))
}

/// Returns the flag of a parameter or property: lower case with dashes.
pub fn flag(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(is_plain) && name.chars().any(|c| c != '_') {
        // Not kebab case, which would turn `barrier_1` into `barrier1`.
        name.trim_matches('_').replace('_', "-")
    } else if name.contains('-')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    {
        // The name of a header.
        name.trim_matches('-').to_ascii_lowercase()
    } else {
        names::snake(name).replace('_', "-")
    }
}

/// Generates the type of a value.
pub fn value_type(ty: &Type, api: &Api) -> Result<TokenStream> {
    Ok(match ty {
        Type::Any => quote!(ValueType::Any),
        Type::Boolean => quote!(ValueType::Boolean),
        Type::Integer(_) => quote!(ValueType::Integer),
        Type::Number => quote!(ValueType::Number),
        Type::String(StringFormat::Plain) | Type::Id(_) => quote!(ValueType::String),
        Type::String(StringFormat::DateTime) => quote!(ValueType::DateTime),
        Type::String(StringFormat::Secret) => quote!(ValueType::Secret),
        Type::Array(items) => {
            let items = value_type(&items.ty, api)?;
            quote!(ValueType::Array(&#items))
        }
        Type::Map(values) => {
            let values = value_type(&values.ty, api)?;
            quote!(ValueType::Map(&#values))
        }
        Type::Named(name) => match api.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Enum { values }) => quote!(ValueType::Enum(&[#(#values),*])),
            Some(TypeKind::Object { .. }) => {
                let object = object(name, api)?;
                quote!(ValueType::Object(#object))
            }
            Some(TypeKind::Union { .. }) => quote!(ValueType::Any),
            None => return Err(anyhow!("the schema `{name}` is missing")),
        },
    })
}

/// Generates a reference to the static of an object.
pub fn object(name: &str, api: &Api) -> Result<TokenStream> {
    let def = api
        .types
        .get(name)
        .ok_or_else(|| anyhow!("the schema `{name}` is missing"))?;
    let module = names::ident(&names::module(def.resource.as_deref()));
    let constant = names::constant_of_type(name);
    Ok(quote!(&crate::generated::#module::types::#constant))
}
