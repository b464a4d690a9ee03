//! The structs of a state, and their initial values.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;

use super::Generator;
use super::plan::{Field, FieldKind};
use super::values::is_flat;
use crate::rust::docs;
use crate::server;

impl Generator<'_> {
    /// Returns the struct; of a split state, those of its parts as well.
    pub(super) fn define(&self) -> anyhow::Result<TokenStream> {
        let (name, shown) = (self.name(), &self.state.name);
        let Some(listed) = &self.state.listed else {
            let doc = match self.state.views.first() {
                Some(view) => format!("The stored state that the API shows as `{view}`."),
                None => format!("The stored state of `{shown}`."),
            };
            let fields: Vec<&Field> = self.state.fields.iter().collect();
            return self.part_struct(&name, &doc, &fields, self.state.keyed);
        };
        let (profile, settings): (Vec<&Field>, Vec<&Field>) =
            self.state.fields.iter().partition(|field| listed.contains(&field.name));
        let (profile_name, settings_name) = (format_ident!("{name}Profile"), format_ident!("{name}Settings"));
        let doc = format!("The part of a [`{name}`] that lists show.");
        let profile = self.part_struct(&profile_name, &doc, &profile, true)?;
        let doc = format!("The part of a [`{name}`] that no list shows.");
        let settings = self.part_struct(&settings_name, &doc, &settings, false)?;
        let doc = docs::attributes([format!(
            "The stored state that the API shows as `{shown}`. Lists show only a part of it."
        )]);
        Ok(quote! {
            #profile
            #settings

            #doc
            #[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
            pub struct #name {
                /// The properties that lists show.
                #[serde(flatten)]
                pub profile: #profile_name,
                /// All other properties.
                #[serde(flatten)]
                pub settings: #settings_name,
            }
        })
    }

    /// Returns a struct with these fields. A flat one that may be a record is a row of a table; any other is stored as JSON.
    fn part_struct(&self, name: &Ident, doc: &str, fields: &[&Field], record: bool) -> anyhow::Result<TokenStream> {
        let record = record && fields.iter().all(|field| is_flat(field, self.api));
        let required: Vec<String> = fields
            .iter()
            .filter(|field| field.required && field.initial.is_none())
            .map(|field| format!("`{}`", field.name))
            .collect();
        let note = if required.is_empty() {
            String::new()
        } else {
            format!(
                "[`Default`] has placeholders for the properties that are required to create the object: {}.",
                required.join(", ")
            )
        };
        let doc = docs::attributes([doc.to_owned(), note]);
        let definitions = fields.iter().map(|field| {
            let doc = server::docs::property(None, &field.schema);
            let (ident, ty) = (&field.ident, self.field_type(field));
            let wire = &field.name;
            let rename = (ident.unraw() != wire).then(|| quote!(#[serde(rename = #wire)]));
            let unlisted = (record && field.kind == FieldKind::Secret).then(|| quote!(#[record(unlisted)]));
            quote!(#doc #rename #unlisted pub #ident: #ty)
        });
        let initial = fields.iter().map(|field| {
            let (ident, value) = (&field.ident, self.initial(field)?);
            Ok(quote!(#ident: #value))
        });
        let initial = initial.collect::<anyhow::Result<Vec<_>>>()?;
        let derives = if record {
            quote!(#[derive(Debug, Clone, PartialEq, serde::Serialize, pbx_types::record::Record)])
        } else {
            quote!(#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)] #[serde(default)])
        };
        Ok(quote! {
            #doc
            #derives
            pub struct #name { #(#definitions),* }

            impl Default for #name {
                /// Returns the initial values.
                fn default() -> Self {
                    Self { #(#initial),* }
                }
            }
        })
    }
}
