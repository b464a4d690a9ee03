//! Definitions of the Rust types for the schemas of the document.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;

use super::rust_type::{empty_is_null, nullable, plain};
use super::{AtOperation, defaults};
use crate::rust::{docs, names};
use contract::model::{
    Api, ArrayStyle, BodyKind, Operation, Parameter, Property, Schema, SuccessBody, Type, TypeDef, TypeKind, Variant,
};

/// The types that are generated, and those whose unknown properties distinguish the branches of a union.
pub struct Uses {
    /// Types reached by requests and successful responses. Error responses are hand-written.
    pub needed: BTreeSet<String>,
    /// Branches of unions in requests.
    exact: BTreeSet<String>,
}

impl Uses {
    pub fn new(api: &Api) -> Self {
        let mut needed = BTreeSet::new();
        for operation in &api.operations {
            for schema in super::schemas_of(operation, api) {
                reach(schema, api, &mut needed);
            }
        }
        let mut exact = BTreeSet::new();
        for def in api.types.values().filter(|def| def.in_request) {
            if let TypeKind::Union { variants } = &def.kind {
                exact.extend(variants.iter().filter_map(|variant| match &variant.schema.ty {
                    Type::Named(name) => Some(name.clone()),
                    _ => None,
                }));
            }
        }
        Self { needed, exact }
    }
}

/// Adds the names of all types a schema reaches.
pub fn reach(schema: &Schema, api: &Api, found: &mut BTreeSet<String>) {
    match &schema.ty {
        Type::Array(inner) | Type::Map(inner) => reach(inner, api, found),
        Type::Named(name) => {
            if !found.insert(name.clone()) {
                return;
            }
            if let Some(def) = api.types.get(name) {
                for inner in def.kind.schemas() {
                    reach(inner, api, found);
                }
            }
        }
        _ => {}
    }
}

/// Returns the items that define a type.
pub fn define(def: &TypeDef, api: &Api, uses: &Uses) -> anyhow::Result<TokenStream> {
    let items = match &def.kind {
        TypeKind::Enum { values } => Ok(enumeration(def, values, api)),
        TypeKind::Union { variants } => Ok(union(def, variants, api)),
        TypeKind::Object { properties, additional } => object(def, properties, additional.as_deref(), api, uses),
    };
    in_type(items, &def.name, api)
}

/// Adds to an error which type it is about, and which operation uses the type first.
pub fn in_type<T>(result: anyhow::Result<T>, name: &str, api: &Api) -> anyhow::Result<T> {
    result.map_err(|error| {
        let user = api.operations.iter().find(|operation| {
            let mut found = BTreeSet::new();
            for schema in super::schemas_of(operation, api) {
                reach(schema, api, &mut found);
            }
            found.contains(name)
        });
        let error = error.context(format!("the schema `{name}`"));
        match user {
            Some(operation) => error.context(AtOperation(operation.id.clone())),
            None => error,
        }
    })
}

fn description(def: &TypeDef, api: &Api) -> TokenStream {
    let text = def.description.clone().unwrap_or_else(|| purpose(&def.name, api));
    docs::attributes([text])
}

/// Returns the description of a type without one: the operations that use it.
fn purpose(name: &str, api: &Api) -> String {
    let is_it = |schema: &Schema| schema.ty == Type::Named(name.to_owned());
    let users = |what: &str, uses: &dyn Fn(&Operation) -> bool| {
        let users: Vec<_> = api.operations.iter().filter(|operation| uses(operation)).collect();
        let names: Vec<_> = users.iter().map(|operation| format!("`{}`", operation.id)).collect();
        (!names.is_empty()).then(|| format!("The {what} of {}.", names.join(", ")))
    };
    let in_body = |operation: &Operation| match operation.body.as_ref().map(|body| &body.kind) {
        Some(BodyKind::Json(schema) | BodyKind::Form(schema)) => is_it(schema),
        _ => false,
    };
    let in_response = |operation: &Operation| {
        operation
            .successes
            .iter()
            .any(|success| matches!(&success.body, SuccessBody::Json(schema) if is_it(schema)))
    };
    users("body", &in_body)
        .or_else(|| users("response", &in_response))
        .unwrap_or_else(|| format!("`{name}`."))
}

/// Returns the types of the IDs of these kinds of objects.
pub fn ids(kinds: &BTreeSet<String>, api: &Api) -> anyhow::Result<TokenStream> {
    let items = kinds.iter().map(|kind| {
        let name = names::id(kind);
        if let Some(def) = api.types.values().find(|def| names::component(&def.name) == name) {
            bail!(
                "the schema `{}` has the name of the IDs of `{kind}`: give it another name (`x-name`)",
                def.name
            );
        }
        Ok(quote!(pbx_types::opaque_id!(#name, #kind);))
    });
    items.collect()
}

fn enumeration(def: &TypeDef, values: &[String], api: &Api) -> TokenStream {
    let doc = description(def, api);
    let name = names::component(&def.name);
    let variants: Vec<_> = names::variants(values).iter().map(|name| names::ident(name)).collect();
    let docs = values.iter().map(|value| {
        docs::attributes([if value.is_empty() {
            "The empty string.".to_owned()
        } else {
            format!("{}.", docs::code(value))
        }])
    });
    quote! {
        #doc
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum #name { #(#docs #variants,)* }

        impl #name {
            /// The values, in the order of the contract.
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];
            /// The values as strings, in the same order.
            pub const NAMES: &'static [&'static str] = &[#(#values),*];

            /// Returns the value as it is in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { #(Self::#variants => #values,)* }
            }
        }

        pbx_types::string_enum!(#name);
    }
}

fn derives(def: &TypeDef, more: &[TokenStream]) -> TokenStream {
    let mut derives = vec![quote!(Debug), quote!(Clone), quote!(PartialEq)];
    derives.extend_from_slice(more);
    if def.in_request {
        derives.push(quote!(serde::Deserialize));
    }
    if def.in_response {
        derives.push(quote!(serde::Serialize));
    }
    quote!(#[derive(#(#derives),*)])
}

fn union(def: &TypeDef, variants: &[Variant], api: &Api) -> TokenStream {
    let doc = description(def, api);
    let name = names::component(&def.name);
    let derives = derives(def, &[]);
    let variants = variants.iter().map(|variant| {
        let doc = docs::attributes([variant
            .schema
            .description
            .clone()
            .unwrap_or_else(|| format!("{}.", variant.name))]);
        let name = names::ident(&variant.name);
        let ty = nullable(&variant.schema);
        quote!(#doc #name(#ty))
    });
    quote! {
        #doc
        #derives
        #[serde(untagged)]
        pub enum #name { #(#variants,)* }
    }
}

fn object(
    def: &TypeDef,
    properties: &[Property],
    additional: Option<&Schema>,
    api: &Api,
    uses: &Uses,
) -> anyhow::Result<TokenStream> {
    let doc = description(def, api);
    let name = names::component(&def.name);
    let mut fields = Fields::new(&def.name, properties.iter().map(|property| property.name.as_str()), api);
    for property in properties {
        let schema = &property.schema;
        // A read-only property does not exist in requests, nor a write-only one in responses.
        if (schema.read_only && !def.in_response) || (schema.write_only && !def.in_request) {
            continue;
        }
        fields.add(property, def)?;
    }
    if let Some(values) = additional {
        let value = nullable(values);
        let mut scope: names::Scope = properties.iter().map(|property| property.name.as_str()).collect();
        let field = names::ident(&scope.unique("additional"));
        fields.fields.push(quote! {
            /// All other properties.
            #[serde(flatten)]
            pub #field: std::collections::BTreeMap<String, #value>
        });
    }
    let Fields { fields, functions, .. } = fields;
    let exact = additional.is_none() && uses.exact.contains(&def.name);
    let (derives, attribute) = match (def.in_patch, exact) {
        (true, true) => (
            derives(def, &[quote!(Default)]),
            quote!(#[serde(default, deny_unknown_fields)]),
        ),
        (true, false) => (derives(def, &[quote!(Default)]), quote!(#[serde(default)])),
        (false, true) => (derives(def, &[]), quote!(#[serde(deny_unknown_fields)])),
        (false, false) => (derives(def, &[]), quote!()),
    };
    Ok(quote! {
        #doc
        #derives
        #attribute
        pub struct #name { #(#fields,)* }
        #(#functions)*
    })
}

/// Returns the struct of an operation's query or header parameters.
pub fn parameters(name: &str, doc: &str, parameters: &[&Parameter], api: &Api) -> anyhow::Result<TokenStream> {
    let mut fields = Fields::new(name, parameters.iter().map(|parameter| parameter.name.as_str()), api);
    for parameter in parameters {
        let property = Property {
            name: parameter.name.clone(),
            required: parameter.required,
            schema: Schema {
                description: parameter
                    .description
                    .clone()
                    .or_else(|| parameter.schema.description.clone()),
                ..parameter.schema.clone()
            },
        };
        fields.add_read(&property)?;
    }
    let Fields { fields, functions, .. } = fields;
    let doc = docs::attributes([doc.to_owned()]);
    let name = names::ident(name);
    Ok(quote! {
        #doc
        #[derive(Debug, Clone, PartialEq, serde::Deserialize)]
        pub struct #name { #(#fields,)* }
        #(#functions)*
    })
}

/// The fields of one struct, and the functions of their defaults.
struct Fields<'a> {
    owner: &'a str,
    api: &'a Api,
    /// The name of each field, by that of its property.
    names: BTreeMap<&'a str, Ident>,
    fields: Vec<TokenStream>,
    functions: Vec<TokenStream>,
}

impl<'a> Fields<'a> {
    fn new(owner: &'a str, properties: impl IntoIterator<Item = &'a str>, api: &'a Api) -> Self {
        Self {
            owner,
            api,
            names: names::fields(properties),
            fields: Vec::new(),
            functions: Vec::new(),
        }
    }

    fn add(&mut self, property: &Property, def: &TypeDef) -> anyhow::Result<()> {
        let schema = &property.schema;
        if def.in_patch {
            let plain = plain(schema);
            let empty = empty_is_null(schema, self.api)
                .then(|| quote!(deserialize_with = "pbx_types::defaults::non_empty_field"));
            self.push(property, &quote!(pbx_types::Field<#plain>), empty.as_slice());
        } else if def.in_request && def.in_response && schema.read_only {
            // Responses have it; a request with it was rejected already.
            let plain = plain(schema);
            self.push(property, &quote!(Option<#plain>), &[quote!(skip_deserializing)]);
        } else if def.in_request && def.in_response && schema.write_only {
            let (ty, mut attributes) = self.read_type(property)?;
            attributes.push(quote!(skip_serializing));
            self.push(property, &ty, &attributes);
        } else if def.in_request {
            self.add_read(property)?;
        } else if property.required {
            self.push(property, &nullable(schema), &[]);
        } else {
            let optional = Schema {
                nullable: true,
                ..schema.clone()
            };
            self.push(property, &nullable(&optional), &[]);
        }
        Ok(())
    }

    fn add_read(&mut self, property: &Property) -> anyhow::Result<()> {
        let (ty, attributes) = self.read_type(property)?;
        self.push(property, &ty, &attributes);
        Ok(())
    }

    /// Returns the type of a property of a request, and the serde attributes for its default.
    fn read_type(&mut self, property: &Property) -> anyhow::Result<(TokenStream, Vec<TokenStream>)> {
        let schema = &property.schema;
        let empty = || {
            let non_empty = quote!(deserialize_with = "pbx_types::defaults::non_empty");
            if empty_is_null(schema, self.api) {
                vec![quote!(default), non_empty]
            } else {
                Vec::new()
            }
        };
        if property.required {
            return Ok((nullable(schema), if schema.nullable { empty() } else { Vec::new() }));
        }
        match schema.default.as_ref().filter(|default| !default.is_null()) {
            Some(default) => {
                let field = self.field(&property.name).unraw();
                let code = defaults::default_code(
                    schema,
                    default,
                    &format!("{}_{field}", names::snake(self.owner)),
                    self.api,
                )
                .with_context(|| format!("the default of `{}`", property.name))?;
                self.functions.push(code.functions);
                Ok((plain(schema), code.attributes))
            }
            None if schema.ty == Type::Any => Ok((quote!(pbx_types::Value), vec![quote!(default)])),
            None => {
                let plain = plain(schema);
                Ok((quote!(Option<#plain>), empty()))
            }
        }
    }

    fn field(&self, property: &str) -> Ident {
        self.names
            .get(property)
            .cloned()
            .unwrap_or_else(|| names::value(property))
    }

    fn push(&mut self, property: &Property, ty: &TokenStream, attributes: &[TokenStream]) {
        let doc = super::docs::property(None, &property.schema);
        let field = self.field(&property.name);
        let wire = &property.name;
        let mut attributes = attributes.to_vec();
        if field.unraw() != wire {
            attributes.insert(0, quote!(rename = #wire));
        }
        let attribute = if attributes.is_empty() {
            quote!()
        } else {
            quote!(#[serde(#(#attributes),*)])
        };
        self.fields.push(quote!(#doc #attribute pub #field: #ty));
    }
}

/// Returns the router's `ParameterType` for the schema of a parameter or form field.
pub fn parameter_type(schema: &Schema, api: &Api, style: ArrayStyle) -> anyhow::Result<TokenStream> {
    Ok(match &schema.ty {
        Type::Boolean => quote!(api::ParameterType::Boolean),
        Type::Integer(_) | Type::Number => quote!(api::ParameterType::Number),
        Type::String(_) | Type::Id(_) => quote!(api::ParameterType::String),
        Type::Array(items) => {
            let item = parameter_type(items, api, style)?;
            let separator = match style {
                ArrayStyle::Repeat => return Ok(quote!(api::ParameterType::Array(&#item))),
                ArrayStyle::Comma => ',',
                ArrayStyle::Space => ' ',
                ArrayStyle::Pipe => '|',
            };
            quote!(api::ParameterType::List(&#item, #separator))
        }
        Type::Named(name) => match api.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Enum { .. }) => quote!(api::ParameterType::String),
            Some(TypeKind::Union { variants }) if variants.iter().all(|variant| is_string(&variant.schema, api)) => {
                quote!(api::ParameterType::String)
            }
            _ => bail!("an object cannot be sent as a parameter"),
        },
        Type::Any | Type::Map(_) => bail!("an object or untyped value cannot be sent as a parameter"),
    })
}

fn is_string(schema: &Schema, api: &Api) -> bool {
    match &schema.ty {
        Type::String(_) | Type::Id(_) => true,
        Type::Named(name) => matches!(api.types.get(name).map(|def| &def.kind), Some(TypeKind::Enum { .. })),
        _ => false,
    }
}
