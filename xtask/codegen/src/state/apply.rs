//! Applying a JSON Merge Patch to a state.

use anyhow::Context as _;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Generator;
use super::plan::{Field, FieldKind};
use super::values::{is_copy, path};
use crate::rust::names;

impl Generator<'_> {
    /// Returns the implementation of `Apply` for a body.
    pub(super) fn apply(&self, patch: &str) -> anyhow::Result<TokenStream> {
        let properties = super::plan::properties_of(patch, self.api)?;
        let sent = super::plan::fields_of(properties);
        let (mut uses_initial, mut uses_check) = (false, false);
        let mut statements = TokenStream::new();
        for field in &self.state.fields {
            if !properties
                .iter()
                .any(|property| property.name == field.name && !property.schema.read_only)
            {
                continue;
            }
            uses_initial |= matches!(field.kind, FieldKind::State(_) | FieldKind::States(_))
                || (field.kind == FieldKind::Value && !field.required && !field.is_optional());
            uses_check |= field.required || field.kind != FieldKind::Value;
            statements.extend(
                self.change(field, &sent[field.name.as_str()])
                    .with_context(|| format!("the property `{}`", field.name))?,
            );
        }
        let (name, patch) = (self.name(), path(patch, self.api));
        let argument = |used, name: &str| names::ident(&if used { name.to_owned() } else { format!("_{name}") });
        let (initial, check) = (argument(uses_initial, "initial"), argument(uses_check, "check"));
        Ok(quote! {
            impl state::Apply<#patch> for #name {
                fn apply(
                    &mut self,
                    patch: #patch,
                    #initial: &Self,
                    #check: &mut check::Check<'_>,
                ) -> Result<(), error::Error> {
                    #statements
                    Ok(())
                }
            }
        })
    }

    /// `sent` is the field of the body.
    fn change(&self, field: &Field, sent: &Ident) -> anyhow::Result<TokenStream> {
        let name = &field.name;
        let own = self.of(&quote!(self), field);
        let initial = self.of(&quote!(initial), field);
        let sent = quote!(patch.#sent);
        Ok(match field.kind {
            FieldKind::Secret => quote!(check.seal(#name, #sent, &mut #own)?;),
            FieldKind::State(_) => quote!(state::apply_nested(&mut #own, #sent, &#initial, #name, check)?;),
            FieldKind::States(_) => quote!(state::replace_items(&mut #own, #sent, &#initial, #name, check)?;),
            FieldKind::Value if field.is_optional() => quote!(#sent.update(&mut #own);),
            FieldKind::Value if field.required => quote!(check.require(#name, #sent, &mut #own);),
            FieldKind::Value if is_copy(&field.schema, self.api) => quote!(#sent.update_or(&mut #own, || #initial);),
            FieldKind::Value => quote!(#sent.update_or(&mut #own, || #initial.clone());),
        })
    }
}
