//! The types and values of fields.

use anyhow::{Context as _, bail};
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::{Map, Value};

use contract::model::{Api, Schema, StringFormat, Type, TypeKind};

use super::Generator;
use super::plan::{Field, FieldKind};
use crate::rust::names;
use crate::server::rust_type::Generated;
use crate::server::{defaults, rust_type};

/// Returns the path of a type of `pbx-types`.
pub(super) fn path(name: &str, api: &Api) -> TokenStream {
    let resource = api.types.get(name).and_then(|def| def.resource.as_deref());
    let module = names::ident(&names::module(resource));
    let name = names::component(name);
    quote!(pbx_types::#module::#name)
}

/// Returns the path of a type that a schema refers to.
fn path_of(generated: Generated<'_>, api: &Api) -> TokenStream {
    match generated {
        Generated::Named(name) => path(name, api),
        Generated::Id(kind) => {
            let name = names::id(kind);
            quote!(pbx_types::ids::#name)
        }
    }
}

/// Returns the Rust type of the values of a schema that are not null.
pub(super) fn plain(schema: &Schema, api: &Api) -> TokenStream {
    rust_type::plain_at(schema, &|generated| path_of(generated, api))
}

/// Returns the Rust type of a schema; see [`rust_type::nullable`].
pub(super) fn nullable(schema: &Schema, api: &Api) -> TokenStream {
    rust_type::nullable_at(schema, &|generated| path_of(generated, api))
}

impl Generator<'_> {
    /// Returns the path of a nested state.
    pub(super) fn nested(&self, name: &str) -> TokenStream {
        let module = self
            .states
            .get(name)
            .map_or_else(|| names::module(None), |state| state.module.clone());
        let (module, name) = (names::ident(&module), names::component(name));
        quote!(generated::#module::#name)
    }

    /// Returns the type of a field.
    pub(super) fn field_type(&self, field: &Field) -> TokenStream {
        match &field.kind {
            FieldKind::Secret => quote!(Option<vault::Sealed>),
            FieldKind::State(name) => self.nested(name),
            FieldKind::States(name) => {
                let state = self.nested(name);
                quote!(Vec<#state>)
            }
            FieldKind::Value => {
                let plain = plain(&field.schema, self.api);
                if field.is_optional() {
                    quote!(Option<#plain>)
                } else {
                    plain
                }
            }
        }
    }

    /// Returns the initial value of a field: the documented one, `None`, or a placeholder if creating the object requires the property.
    pub(super) fn initial(&self, field: &Field) -> anyhow::Result<TokenStream> {
        let value = match (&field.kind, &field.initial) {
            (FieldKind::Value, Some(initial)) => self.expression(&field.schema, initial),
            (FieldKind::Value, None) if field.is_optional() => Ok(quote!(None)),
            (FieldKind::Value, None) => self.placeholder(&field.schema),
            (FieldKind::Secret, None) => Ok(quote!(None)),
            (FieldKind::Secret, Some(_)) => bail!("a secret has no initial value"),
            (FieldKind::State(name), Some(Value::Object(initial))) => self.object(name, initial),
            (FieldKind::State(name), None) => {
                let state = self.nested(name);
                Ok(quote!(#state::default()))
            }
            (FieldKind::States(name), Some(Value::Array(initial))) => {
                let items = initial.iter().map(|item| match item {
                    Value::Object(item) => self.object(name, item),
                    other => bail!("{other} is not an object"),
                });
                let items = items.collect::<anyhow::Result<Vec<_>>>()?;
                Ok(quote!(vec![#(#items),*]))
            }
            (FieldKind::States(_), None) => Ok(quote!(Vec::new())),
            (_, Some(other)) => bail!("{other} is not of its type"),
        };
        value.with_context(|| format!("the initial value of `{}`", field.name))
    }

    fn expression(&self, schema: &Schema, value: &Value) -> anyhow::Result<TokenStream> {
        defaults::expression(schema, value, self.api, &|name| path(name, self.api))
    }

    /// Returns a nested state with these properties, and the initial values of all others.
    fn object(&self, name: &str, properties: &Map<String, Value>) -> anyhow::Result<TokenStream> {
        let state = self
            .states
            .get(name)
            .with_context(|| format!("the state `{name}` is missing"))?;
        if let Some(unknown) = properties
            .keys()
            .find(|key| !state.fields.iter().any(|field| field.name == **key))
        {
            bail!("`{name}` has no property `{unknown}`");
        }
        let generator = Generator { state, ..*self };
        let fields = state.fields.iter().map(|field| {
            let ident = &field.ident;
            let initial = properties.get(&field.name).or(field.initial.as_ref()).cloned();
            let field = Field {
                initial: initial.filter(|value| !value.is_null()),
                ..field.clone()
            };
            let value = generator.initial(&field)?;
            Ok(match (&field.initial, generator.is_option_of_value(&field)) {
                (Some(_), true) => quote!(#ident: Some(#value)),
                _ => quote!(#ident: #value),
            })
        });
        let fields = fields.collect::<anyhow::Result<Vec<_>>>()?;
        let path = self.nested(name);
        Ok(quote!(#path { #(#fields),* }))
    }

    /// Returns `true` if the struct's own field is an `Option`, although this use of the struct gives it a value.
    fn is_option_of_value(&self, field: &Field) -> bool {
        let own = self.state.fields.iter().find(|own| own.name == field.name);
        own.is_some_and(Field::is_optional)
    }

    /// Returns a value that stands for one that has yet to be set.
    fn placeholder(&self, schema: &Schema) -> anyhow::Result<TokenStream> {
        Ok(match &schema.ty {
            Type::Any => quote!(pbx_types::Value::Null),
            Type::Boolean => quote!(false),
            Type::Integer(_) => quote!(0),
            Type::Number => quote!(0.0),
            Type::String(StringFormat::Plain) => quote!(String::new()),
            Type::Id(_) => {
                let id = plain(schema, self.api);
                quote!(#id::from(String::new()))
            }
            Type::Array(_) => quote!(Vec::new()),
            Type::Map(_) => quote!(std::collections::BTreeMap::new()),
            Type::Named(name) => match self.api.types.get(name).map(|def| &def.kind) {
                Some(TypeKind::Enum { values }) if !values.is_empty() => {
                    self.expression(schema, &Value::String(values[0].clone()))?
                }
                _ => bail!("`{name}` has no placeholder: state its `x-initial`"),
            },
            Type::String(_) => bail!("it has no placeholder: state its `x-initial`"),
        })
    }
}

/// Returns `true` if the values of a schema are `Copy`.
pub(super) fn is_copy(schema: &Schema, api: &Api) -> bool {
    match &schema.ty {
        Type::Boolean | Type::Integer(_) | Type::Number => true,
        Type::Named(name) => matches!(api.types.get(name).map(|def| &def.kind), Some(TypeKind::Enum { .. })),
        _ => false,
    }
}

/// Returns `true` if the field fits into one column.
pub(super) fn is_flat(field: &Field, api: &Api) -> bool {
    let is_scalar = match &field.schema.ty {
        Type::Any | Type::Array(_) | Type::Map(_) | Type::Id(_) => false,
        Type::Named(name) => matches!(api.types.get(name).map(|def| &def.kind), Some(TypeKind::Enum { .. })),
        Type::Boolean | Type::Integer(_) | Type::Number | Type::String(_) => true,
    };
    field.kind == FieldKind::Secret || (field.kind == FieldKind::Value && is_scalar)
}
