//! The Rust type of a schema.

use proc_macro2::TokenStream;
use quote::quote;

use super::names;
use contract::model::{Integer, Schema, StringFormat, Type};

/// Returns the Rust type of the values of a schema that are not null.
pub fn plain(schema: &Schema) -> TokenStream {
    match &schema.ty {
        Type::Any => quote!(pbx_types::Value),
        Type::Boolean => quote!(bool),
        Type::Integer(Integer::U16) => quote!(u16),
        Type::Integer(Integer::I32) => quote!(i32),
        Type::Integer(Integer::I64) => quote!(i64),
        Type::Number => quote!(f64),
        Type::String(StringFormat::Plain) => quote!(String),
        Type::String(StringFormat::DateTime) => quote!(pbx_types::Timestamp),
        Type::String(StringFormat::Secret) => quote!(pbx_types::Secret),
        Type::Id(kind) => {
            let name = names::id(kind);
            quote!(#name)
        }
        Type::Array(items) => {
            let item = nullable(items);
            quote!(Vec<#item>)
        }
        Type::Map(values) => {
            let value = nullable(values);
            quote!(std::collections::BTreeMap<String, #value>)
        }
        Type::Named(name) => {
            let name = names::component(name);
            quote!(#name)
        }
    }
}

/// Returns the Rust type of a schema: an `Option` if it is nullable, except for any JSON value, which holds null itself.
pub fn nullable(schema: &Schema) -> TokenStream {
    let plain = plain(schema);
    if schema.nullable && schema.ty != Type::Any {
        quote!(Option<#plain>)
    } else {
        plain
    }
}
