//! Rust types for the document's schemas.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use proc_macro2::TokenStream;
use quote::quote;

use super::{AtOperation, defaults, docs, names};
use contract::model::{
    Api, BodyKind, Integer, Operation, Parameter, Property, Schema, SuccessBody, Text, Type, TypeDef, TypeKind, Variant,
};

/// The Rust type of a schema that is not null.
pub fn plain(schema: &Schema) -> TokenStream {
    match &schema.ty {
        Type::Any => quote!(api::Value),
        Type::Boolean => quote!(bool),
        Type::Integer(Integer::U16) => quote!(u16),
        Type::Integer(Integer::I32) => quote!(i32),
        Type::Integer(Integer::I64) => quote!(i64),
        Type::Number => quote!(f64),
        Type::String(Text::Plain) => quote!(String),
        Type::String(Text::DateTime) => quote!(api::Timestamp),
        Type::String(Text::Secret) => quote!(api::Secret),
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

/// The Rust type of a schema: an `Option` if it may be null. Any JSON value holds null itself.
pub fn nullable(schema: &Schema) -> TokenStream {
    let plain = plain(schema);
    if schema.nullable && schema.ty != Type::Any {
        quote!(Option<#plain>)
    } else {
        plain
    }
}

/// Which types are to be written, and where requests need help to tell the branches of a union apart.
pub struct Uses {
    /// Reached by something other than an error answer: those are the router's own.
    pub needed: BTreeSet<String>,
    /// Branches of unions that are read.
    exact: BTreeSet<String>,
}

impl Uses {
    pub fn of(api: &Api) -> Self {
        let mut needed = BTreeSet::new();
        for operation in &api.operations {
            for schema in super::schemas_of(operation) {
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
                for inner in inner_schemas(def) {
                    reach(inner, api, found);
                }
            }
        }
        _ => {}
    }
}

/// The schemas a type is made of.
pub fn inner_schemas(def: &TypeDef) -> Vec<&Schema> {
    match &def.kind {
        TypeKind::Object { properties, additional } => {
            let properties = properties.iter().map(|property| &property.schema);
            properties.chain(additional.as_deref()).collect()
        }
        TypeKind::Union { variants } => variants.iter().map(|variant| &variant.schema).collect(),
        TypeKind::Enum { .. } => Vec::new(),
    }
}

/// The items that define a type.
pub fn define(def: &TypeDef, api: &Api, uses: &Uses) -> anyhow::Result<TokenStream> {
    let items = match &def.kind {
        TypeKind::Enum { values } => Ok(enumeration(def, values, api)),
        TypeKind::Union { variants } => Ok(union(def, variants, api)),
        TypeKind::Object { properties, additional } => object(def, properties, additional.as_deref(), api, uses),
    };
    in_type(items, &def.name, api)
}

/// Says which type an error is about, and which operation uses it first.
pub fn in_type<T>(result: anyhow::Result<T>, name: &str, api: &Api) -> anyhow::Result<T> {
    result.map_err(|error| {
        let user = api.operations.iter().find(|operation| {
            let mut found = BTreeSet::new();
            for schema in super::schemas_of(operation) {
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
    docs::comment([text])
}

/// What a type without a description is for, as far as its use tells.
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
    let in_answer = |operation: &Operation| {
        operation
            .successes
            .iter()
            .any(|success| matches!(&success.body, SuccessBody::Json(schema) if is_it(schema)))
    };
    users("body", &in_body)
        .or_else(|| users("answer", &in_answer))
        .unwrap_or_else(|| format!("`{name}`."))
}

fn enumeration(def: &TypeDef, values: &[String], api: &Api) -> TokenStream {
    let doc = description(def, api);
    let name = names::component(&def.name);
    let mut scope = names::Scope::default();
    let variants: Vec<_> = values
        .iter()
        .map(|value| names::ident(&scope.unique(&names::variant(value))))
        .collect();
    let docs = values.iter().map(|value| {
        docs::comment([if value.is_empty() {
            "The empty text.".to_owned()
        } else {
            format!("`{value}`.")
        }])
    });
    quote! {
        #doc
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum #name { #(#docs #variants,)* }

        impl #name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];
            /// As text, in the same order.
            pub const NAMES: &'static [&'static str] = &[#(#values),*];

            /// As in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { #(Self::#variants => #values,)* }
            }
        }

        api::choice!(#name);
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
        let doc = docs::comment([variant
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
    let mut fields = Fields::new(&def.name, api);
    for property in properties {
        let schema = &property.schema;
        // Seen from one side only, a property of the other side does not exist.
        if (schema.read_only && !def.in_response) || (schema.write_only && !def.in_request) {
            continue;
        }
        fields.add(property, def)?;
    }
    if let Some(values) = additional {
        let value = nullable(values);
        let field = names::ident(&fields.scope.unique("additional"));
        fields.members.push(quote! {
            /// All other members.
            #[serde(flatten)]
            pub #field: std::collections::BTreeMap<String, #value>
        });
    }
    let Fields { members, functions, .. } = fields;
    let (derives, attribute) = if def.in_patch {
        (derives(def, &[quote!(Default)]), quote!(#[serde(default)]))
    } else if additional.is_none() && uses.exact.contains(&def.name) {
        (derives(def, &[]), quote!(#[serde(deny_unknown_fields)]))
    } else {
        (derives(def, &[]), quote!())
    };
    Ok(quote! {
        #doc
        #derives
        #attribute
        pub struct #name { #(#members,)* }
        #(#functions)*
    })
}

/// The struct of an operation's query or header parameters.
pub fn parameters(name: &str, doc: &str, parameters: &[&Parameter], api: &Api) -> anyhow::Result<TokenStream> {
    let mut fields = Fields::new(name, api);
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
    let Fields { members, functions, .. } = fields;
    let doc = docs::comment([doc.to_owned()]);
    let name = names::ident(name);
    Ok(quote! {
        #doc
        #[derive(Debug, Clone, PartialEq, serde::Deserialize)]
        pub struct #name { #(#members,)* }
        #(#functions)*
    })
}

/// Fields of one struct, and the functions their defaults need.
struct Fields<'a> {
    owner: &'a str,
    api: &'a Api,
    scope: names::Scope,
    members: Vec<TokenStream>,
    functions: Vec<TokenStream>,
}

impl<'a> Fields<'a> {
    fn new(owner: &'a str, api: &'a Api) -> Self {
        Self {
            owner,
            api,
            scope: names::Scope::default(),
            members: Vec::new(),
            functions: Vec::new(),
        }
    }

    fn add(&mut self, property: &Property, def: &TypeDef) -> anyhow::Result<()> {
        let schema = &property.schema;
        if def.in_patch {
            let plain = plain(schema);
            self.push(property, &quote!(api::Field<#plain>), &[]);
        } else if def.in_request && def.in_response && schema.read_only {
            // In an answer it is there; in a request it was refused already.
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

    /// The type of a property that is read, and the serde attributes that make an absent one what it means.
    fn read_type(&mut self, property: &Property) -> anyhow::Result<(TokenStream, Vec<TokenStream>)> {
        let schema = &property.schema;
        if property.required {
            return Ok((nullable(schema), Vec::new()));
        }
        match schema.default.as_ref().filter(|default| !default.is_null()) {
            Some(default) => {
                let field = names::snake(&property.name);
                let preset = defaults::preset(
                    schema,
                    &plain(schema),
                    default,
                    &format!("{}_{field}", names::snake(self.owner)),
                    self.api,
                )
                .with_context(|| format!("the default of `{}`", property.name))?;
                self.functions.push(preset.functions);
                Ok((plain(schema), preset.attributes))
            }
            None if schema.ty == Type::Any => Ok((quote!(api::Value), vec![quote!(default)])),
            None => {
                let plain = plain(schema);
                Ok((quote!(Option<#plain>), Vec::new()))
            }
        }
    }

    fn push(&mut self, property: &Property, ty: &TokenStream, attributes: &[TokenStream]) {
        let doc = docs::member(None, &property.schema);
        let field = names::ident(&self.scope.unique(&names::snake(&property.name)));
        let wire = &property.name;
        let mut attributes = attributes.to_vec();
        if field.to_string().trim_start_matches("r#") != wire {
            attributes.insert(0, quote!(rename = #wire));
        }
        let attribute = if attributes.is_empty() {
            quote!()
        } else {
            quote!(#[serde(#(#attributes),*)])
        };
        self.members.push(quote!(#doc #attribute pub #field: #ty));
    }
}

/// How a parameter's or form field's text becomes JSON, as the router's `Kind`.
pub fn kind(schema: &Schema, api: &Api) -> anyhow::Result<TokenStream> {
    Ok(match &schema.ty {
        Type::Boolean => quote!(api::Kind::Boolean),
        Type::Integer(_) | Type::Number => quote!(api::Kind::Number),
        Type::String(_) => quote!(api::Kind::Text),
        Type::Array(items) => {
            let item = kind(items, api)?;
            quote!(api::Kind::List(&#item))
        }
        Type::Named(name) => match api.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Enum { .. }) => quote!(api::Kind::Text),
            Some(TypeKind::Union { variants }) if variants.iter().all(|variant| is_text(&variant.schema, api)) => {
                quote!(api::Kind::Text)
            }
            _ => bail!("an object cannot be written as plain text"),
        },
        Type::Any | Type::Map(_) => bail!("an object or untyped value cannot be written as plain text"),
    })
}

fn is_text(schema: &Schema, api: &Api) -> bool {
    match &schema.ty {
        Type::String(_) => true,
        Type::Named(name) => matches!(api.types.get(name).map(|def| &def.kind), Some(TypeKind::Enum { .. })),
        _ => false,
    }
}
