//! The Rust type of a schema.

use proc_macro2::TokenStream;
use quote::quote;

use crate::rust::names;
use contract::model::{Api, Integer, Schema, StringFormat, Type, TypeKind};

/// Returns the Rust type of the values of a schema that are not null, as named in the module of its resource.
pub fn plain(schema: &Schema) -> TokenStream {
    plain_at(schema, &imported)
}

/// Returns the Rust type of a schema: an `Option` if it is nullable, except for any JSON value, which holds null itself.
pub fn nullable(schema: &Schema) -> TokenStream {
    nullable_at(schema, &imported)
}

/// The generated type that a schema refers to.
#[derive(Debug, Clone, Copy)]
pub enum Generated<'a> {
    /// A component.
    Named(&'a str),
    /// The ID of this kind of object.
    Id(&'a str),
}

fn imported(generated: Generated<'_>) -> TokenStream {
    let name = match generated {
        Generated::Named(name) => names::component(name),
        Generated::Id(kind) => names::id(kind),
    };
    quote!(#name)
}

/// [`plain`] with these paths of generated types.
pub fn plain_at(schema: &Schema, path: &dyn Fn(Generated<'_>) -> TokenStream) -> TokenStream {
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
        Type::Id(kind) => path(Generated::Id(kind)),
        Type::Array(items) => {
            let item = nullable_at(items, path);
            quote!(Vec<#item>)
        }
        Type::Map(values) => {
            let value = nullable_at(values, path);
            quote!(std::collections::BTreeMap<String, #value>)
        }
        Type::Named(name) => {
            let name = path(Generated::Named(name));
            if schema.boxed { quote!(Box<#name>) } else { name }
        }
    }
}

/// [`nullable`] with these paths of generated types.
pub fn nullable_at(schema: &Schema, path: &dyn Fn(Generated<'_>) -> TokenStream) -> TokenStream {
    let plain = plain_at(schema, path);
    if schema.nullable && schema.ty != Type::Any {
        quote!(Option<#plain>)
    } else {
        plain
    }
}

/// Returns `true` for strings whose empty value means null in a request.
pub fn empty_is_null(schema: &Schema, api: &Api) -> bool {
    let is_value = match &schema.ty {
        Type::Named(name) => match api.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Enum { values }) => values.iter().any(String::is_empty),
            _ => true,
        },
        Type::String(_) | Type::Id(_) => schema.empty_is_value,
        _ => true,
    };
    !is_value
}
