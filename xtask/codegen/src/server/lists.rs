//! The conversion of a list's query into the parameters that all lists have in common.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::names;
use contract::model::{Api, Operation, Parameter, ParameterLocation, StringFormat, Type};

/// The parameters with which the vendor's lists are filtered, searched and sorted, wherever they are.
const STRINGS: [&str; 3] = ["filter", "search", "orderby"];

/// Returns the conversion of a paged operation's query, of the type `query`, into `ListParameters`. Other operations have none,
/// nor have lists whose parameters do not always have a page or are of other types.
pub fn conversion(operation: &Operation, query: &Ident, api: &Api) -> Option<TokenStream> {
    let paging = api.paging(operation)?;
    let number = |index: usize| {
        let parameter = &operation.parameters[index];
        let is_always_there = parameter.required || parameter.schema.default.as_ref().is_some_and(|d| !d.is_null());
        let field = names::value(&parameter.name);
        (is_always_there && !parameter.schema.nullable).then(|| quote!(u32::try_from(query.#field).unwrap_or(0)))
    };
    let (skip, top) = (number(paging.skip)?, number(paging.top)?);
    let mut strings = Vec::new();
    for name in STRINGS {
        let field = names::value(name);
        let sent = operation
            .parameters
            .iter()
            .find(|parameter| parameter.name == name && parameter.location == ParameterLocation::Query);
        strings.push(match sent {
            None => quote!(#field: None),
            Some(parameter) if is_optional_string(parameter) => quote!(#field: query.#field),
            Some(_) => return None,
        });
    }
    Some(quote! {
        impl From<#query> for pbx_types::list::ListParameters {
            fn from(query: #query) -> Self {
                Self { #(#strings,)* skip: #skip, top: #top }
            }
        }
    })
}

/// Returns `true` if the parameter is read as an `Option<String>`.
fn is_optional_string(parameter: &Parameter) -> bool {
    let schema = &parameter.schema;
    !parameter.required && schema.default.is_none() && schema.ty == Type::String(StringFormat::Plain)
}
