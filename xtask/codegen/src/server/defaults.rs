//! Documented defaults of optional properties and parameters of requests.

use anyhow::{Context as _, bail};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use super::rust_type::{self, empty_is_null};
use crate::rust::names;
use contract::model::{Api, Integer, Schema, StringFormat, Type, TypeKind};

/// The code that replaces an absent property by its default.
pub struct DefaultCode {
    /// The arguments of the `serde` attribute of the field.
    pub attributes: Vec<TokenStream>,
    /// The functions that the attributes name.
    pub functions: TokenStream,
}

/// Returns the code for the default of a property; functions it needs are called after `name`.
pub fn default_code(schema: &Schema, default: &Value, name: &str, api: &Api) -> anyhow::Result<DefaultCode> {
    let attributes = |value: String, or: String| vec![quote!(default = #value), quote!(deserialize_with = #or)];
    match (&schema.ty, default) {
        (Type::Boolean, Value::Bool(value)) => Ok(DefaultCode {
            attributes: attributes(
                format!("pbx_types::defaults::boolean::<{value}>"),
                format!("pbx_types::defaults::boolean_or::<{value}, _>"),
            ),
            functions: quote!(),
        }),
        (Type::Integer(kind), Value::Number(_)) => {
            let number = integer(*kind, default)?;
            let number = if number < 0 {
                format!("{{ {number} }}")
            } else {
                number.to_string()
            };
            Ok(DefaultCode {
                attributes: attributes(
                    format!("pbx_types::defaults::integer::<{number}, _>"),
                    format!("pbx_types::defaults::integer_or::<{number}, _, _>"),
                ),
                functions: quote!(),
            })
        }
        _ => {
            let value = expression(schema, default, api, &|name| {
                let name = names::component(name);
                quote!(#name)
            })?;
            let ty = rust_type::plain(schema);
            let function = names::ident(&format!("default_{name}"));
            let or = format_ident!("{}_or_default", name);
            let read = if empty_is_null(schema, api) {
                quote!(non_empty_or)
            } else {
                quote!(or)
            };
            Ok(DefaultCode {
                attributes: attributes(function.to_string(), or.to_string()),
                functions: quote! {
                    fn #function() -> #ty { #value }

                    fn #or<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<#ty, D::Error> {
                        pbx_types::defaults::#read(deserializer, #function)
                    }
                },
            })
        }
    }
}

fn integer(kind: Integer, default: &Value) -> anyhow::Result<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "an integral float of this size is exact")]
    let number = default.as_i64().or_else(|| {
        default
            .as_f64()
            .filter(|n| n.fract() == 0.0 && n.abs() < 9e15)
            .map(|n| n as i64)
    });
    let number = number.with_context(|| format!("{default} is no integer"))?;
    let fits = match kind {
        Integer::U16 => u16::try_from(number).is_ok(),
        Integer::I32 => i32::try_from(number).is_ok(),
        Integer::I64 => true,
    };
    if !fits {
        bail!("{default} does not fit its type");
    }
    Ok(number)
}

/// Returns a value as a Rust expression of the schema's type; `path` returns the path of a named type.
pub(crate) fn expression(
    schema: &Schema,
    value: &Value,
    api: &Api,
    path: &dyn Fn(&str) -> TokenStream,
) -> anyhow::Result<TokenStream> {
    Ok(match (&schema.ty, value) {
        (Type::Boolean, Value::Bool(value)) => quote!(#value),
        (Type::Integer(kind), Value::Number(_)) => {
            let number = Literal::i64_unsuffixed(integer(*kind, value)?);
            quote!(#number)
        }
        (Type::Number, Value::Number(number)) => {
            let number = number
                .as_f64()
                .filter(|number| number.is_finite())
                .context("a number out of range")?;
            let number = Literal::f64_unsuffixed(number);
            quote!(#number)
        }
        (Type::String(StringFormat::Plain), Value::String(text)) if text.is_empty() => quote!(String::new()),
        (Type::String(StringFormat::Plain), Value::String(text)) => quote!(#text.to_owned()),
        (Type::Id(kind), Value::String(text)) => {
            let name = names::id(kind);
            quote!(#name::from(#text))
        }
        (Type::String(StringFormat::Secret), Value::String(text)) => quote!(pbx_types::Secret::new(#text)),
        (Type::Array(items), Value::Array(values)) => {
            let values = values
                .iter()
                .map(|value| expression(items, value, api, path))
                .collect::<anyhow::Result<Vec<_>>>()?;
            quote!(vec![#(#values),*])
        }
        (Type::Named(name), Value::String(text)) => match api.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Enum { values }) => {
                let index = values.iter().position(|value| value == text);
                let index = index.with_context(|| format!("`{text}` is not among the values"))?;
                let name = path(name);
                let variant = names::ident(&names::variants(values)[index]);
                quote!(#name::#variant)
            }
            _ => bail!("{value} cannot be written as a Rust constant"),
        },
        _ => bail!("{value} is not of its type, or cannot be written as a Rust constant"),
    })
}
