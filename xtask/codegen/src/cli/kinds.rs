//! Types as data.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail};
use heck::{ToKebabCase as _, ToShoutySnakeCase as _};
use proc_macro2::TokenStream;
use quote::quote;

use super::{SHARED, texts};
use crate::client::names::distinct;
use crate::server::names;
use contract::model::{Api, BodyKind, Operation, Schema, SuccessBody, Text, Type, TypeDef, TypeKind};

/// The types that requests and successes reach.
pub fn needed(api: &Api) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for schema in api.operations.iter().flat_map(schemas) {
        reach(&schema.ty, api, &mut found);
    }
    found
}

fn schemas(operation: &Operation) -> Vec<&Schema> {
    let mut schemas: Vec<&Schema> = operation.parameters.iter().map(|parameter| &parameter.schema).collect();
    if let Some(BodyKind::Json(schema) | BodyKind::Form(schema)) = operation.body.as_ref().map(|body| &body.kind) {
        schemas.push(schema);
    }
    schemas.extend(operation.successes.iter().filter_map(|success| match &success.body {
        SuccessBody::Json(schema) => Some(schema),
        SuccessBody::Empty | SuccessBody::Bytes { .. } => None,
    }));
    schemas
}

fn reach(ty: &Type, api: &Api, found: &mut BTreeSet<String>) {
    match ty {
        Type::Array(inner) | Type::Map(inner) => reach(&inner.ty, api, found),
        Type::Named(name) => {
            // What a union holds is given as JSON.
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

/// The objects of a module.
pub fn objects(api: &Api, module: &str, needed: &BTreeSet<String>) -> Result<TokenStream> {
    let own = |def: &&TypeDef| needed.contains(&def.name) && def.resource.as_deref().unwrap_or(SHARED) == module;
    let mut names = BTreeSet::new();
    let mut out = TokenStream::new();
    for def in api.types.values().filter(own) {
        let TypeKind::Object { properties, .. } = &def.kind else {
            continue;
        };
        let constant = names::ident(&def.name.to_shouty_snake_case());
        if !names.insert(constant.clone()) {
            bail!("two types of the module `{module}` are called `{constant}`");
        }
        let flags = distinct(properties.iter().map(|property| flag(&property.name)).collect());
        let members = properties
            .iter()
            .zip(&flags)
            .map(|(property, flag)| {
                // What is only read has no flag to explain.
                let help = match def.in_request && !property.schema.read_only {
                    true => texts::help(None, &property.schema, api),
                    false => String::new(),
                };
                member((&property.name, flag), property.required, &property.schema, &help, api)
            })
            .collect::<Result<Vec<_>>>()?;
        let name = &def.name;
        out.extend(quote! {
            pub(in crate::generated) static #constant: Object = Object { name: #name, members: &[#(#members),*] };
        });
    }
    if out.is_empty() {
        return Ok(out);
    }
    // An operation and a type may have one name.
    Ok(quote! {
        pub(in crate::generated) mod types {
            use crate::operation::spec::*;
            #out
        }
    })
}

/// A parameter or a member: its name and its flag.
pub fn member(
    (name, flag): (&str, &str),
    required: bool,
    schema: &Schema,
    help: &str,
    api: &Api,
) -> Result<TokenStream> {
    let kind = kind(&schema.ty, api)?;
    let required = required.then(|| quote!(.required()));
    let nullable = schema.nullable.then(|| quote!(.nullable()));
    let read_only = schema.read_only.then(|| quote!(.read_only()));
    Ok(quote!(Member::new(#name, #flag, #kind, #help) #required #nullable #read_only))
}

/// What a member is called on the command line: lower case with dashes.
pub fn flag(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(is_plain) {
        // As it is, so that `barrier_1` does not become `barrier1`.
        name.trim_matches('_').replace('_', "-")
    } else if name.contains('-') {
        // A header.
        name.to_ascii_lowercase()
    } else {
        name.to_kebab_case()
    }
}

/// The type of a value.
pub fn kind(ty: &Type, api: &Api) -> Result<TokenStream> {
    Ok(match ty {
        Type::Any => quote!(Kind::Any),
        Type::Boolean => quote!(Kind::Boolean),
        Type::Integer(_) => quote!(Kind::Integer),
        Type::Number => quote!(Kind::Number),
        Type::String(Text::Plain) => quote!(Kind::Text),
        Type::String(Text::DateTime) => quote!(Kind::Time),
        Type::String(Text::Secret) => quote!(Kind::Secret),
        Type::Array(items) => {
            let items = kind(&items.ty, api)?;
            quote!(Kind::List(&#items))
        }
        Type::Map(values) => {
            let values = kind(&values.ty, api)?;
            quote!(Kind::Map(&#values))
        }
        Type::Named(name) => match api.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Enum { values }) => quote!(Kind::Enum(&[#(#values),*])),
            Some(TypeKind::Object { .. }) => {
                let object = object(name, api)?;
                quote!(Kind::Object(#object))
            }
            Some(TypeKind::Union { .. }) => quote!(Kind::Any),
            None => return Err(anyhow!("the schema `{name}` is missing")),
        },
    })
}

/// A reference to the static of an object.
pub fn object(name: &str, api: &Api) -> Result<TokenStream> {
    let def = api
        .types
        .get(name)
        .ok_or_else(|| anyhow!("the schema `{name}` is missing"))?;
    let module = names::ident(def.resource.as_deref().unwrap_or(SHARED));
    let constant = names::ident(&name.to_shouty_snake_case());
    Ok(quote!(&crate::generated::#module::types::#constant))
}
