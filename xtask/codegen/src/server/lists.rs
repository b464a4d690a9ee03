//! Lists: operations that take `ListParameters` and return a `Page`, and the conversion of the queries of other lists.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::rust::names;
use contract::model::{
    Api, Operation, Parameter, ParameterLocation, Schema, StringFormat, SuccessBody, Type, TypeKind,
};

/// The parameters with which the vendor's lists are filtered, searched and sorted, wherever they are.
const STRINGS: [&str; 3] = ["filter", "search", "orderby"];
/// The defaults of `skip` and `top` in `ListParameters`.
const SKIP: i64 = 0;
const TOP: i64 = 100;
/// A parameter of OData that lists accept and ignore: a page always has the count.
const IGNORED: &str = "count";

/// Returns the schema of the items of a list whose query is `ListParameters` and whose response is a `Page`: its query has the
/// parameters of `ListParameters` with their defaults, and its response is an object of `count` and `items`. Other operations
/// have none.
pub fn item<'a>(operation: &'a Operation, api: &'a Api) -> Option<&'a Schema> {
    let paging = api.paging(operation)?;
    let has_default = |index: usize, default: i64| {
        let parameter: &Parameter = &operation.parameters[index];
        !parameter.required && parameter.schema.default.as_ref().and_then(serde_json::Value::as_i64) == Some(default)
    };
    let query = || {
        let parameters = operation.parameters.iter().enumerate();
        parameters.filter(|(_, parameter)| parameter.location == ParameterLocation::Query)
    };
    let is_string = |name: &str| query().any(|(_, parameter)| parameter.name == name && is_optional_string(parameter));
    let is_standard = |(index, parameter): (usize, &Parameter)| {
        let is_page = index == paging.skip || index == paging.top;
        is_page || STRINGS.contains(&parameter.name.as_str()) || parameter.name == IGNORED
    };
    (has_default(paging.skip, SKIP)
        && has_default(paging.top, TOP)
        && STRINGS.into_iter().all(is_string)
        && query().all(is_standard)
        && is_page(operation, api))
    .then_some(paging.item)
}

/// Returns `true` if the response of an operation is an object of the properties `count` and `items`, which are always present,
/// in this order.
fn is_page(operation: &Operation, api: &Api) -> bool {
    let [success] = operation.successes.as_slice() else {
        return false;
    };
    let SuccessBody::Json(Schema {
        ty: Type::Named(name),
        nullable: false,
        ..
    }) = &success.body
    else {
        return false;
    };
    let Some(TypeKind::Object { properties, .. }) = api.types.get(name).map(|def| &def.kind) else {
        return false;
    };
    let names: Vec<_> = properties.iter().map(|property| property.name.as_str()).collect();
    names == ["count", "items"]
        && properties
            .iter()
            .all(|property| property.required && !property.schema.nullable)
}

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
