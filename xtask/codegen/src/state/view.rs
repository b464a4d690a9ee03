//! Converting a state into the responses that show it.

use anyhow::{Context as _, bail};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use contract::model::{Property, Type};

use super::Generator;
use super::plan::{Field, FieldKind};
use super::values::{nullable, path, plain};
use crate::rust::{docs, names};
use crate::server;

impl Generator<'_> {
    /// Returns the conversion into a response: `From` for the state, for the state with its ID if that is all that the response has
    /// besides, and otherwise a struct with the further properties.
    pub(super) fn view(&self, view: &str) -> anyhow::Result<TokenStream> {
        let (mut own, mut further) = (Vec::new(), Vec::new());
        let mut uses_settings = false;
        let properties = super::plan::properties_of(view, self.api)?;
        let idents = super::plan::fields_of(properties);
        for property in properties {
            match self.state.fields.iter().find(|field| field.name == property.name) {
                Some(field) => {
                    uses_settings |= self.part(field).is_some_and(|part| part == "settings");
                    own.push((field, property));
                }
                None if property.schema.write_only => {}
                None => further.push(property),
            }
        }
        let only_profile = self.state.listed.is_some() && !uses_settings;
        let values = own.iter().map(|(field, property)| {
            let ident = &idents[property.name.as_str()];
            let own = &field.ident;
            let owner = if only_profile {
                quote!(profile)
            } else {
                self.of(&quote!(state), field)
            };
            let owner = if only_profile { quote!(#owner.#own) } else { owner };
            let value = self
                .shown(field, property, &owner)
                .with_context(|| format!("the property `{}`", field.name))?;
            Ok(quote!(#ident: #value))
        });
        let values = values.collect::<anyhow::Result<Vec<_>>>()?;
        let (name, view_type) = (self.name(), path(view, self.api));
        if further.is_empty() {
            return Ok(quote! {
                impl From<#name> for #view_type {
                    fn from(state: #name) -> Self {
                        Self { #(#values),* }
                    }
                }
            });
        }
        if let [id] = further[..]
            && id.name == "id"
            && id.required
            && self.state.keyed
            && !only_profile
        {
            let id_type = nullable(&id.schema, self.api);
            return Ok(quote! {
                impl<K: kind::Kind<ApiId = #id_type>> From<stored::Stored<#name, K>> for #view_type {
                    fn from(stored: stored::Stored<#name, K>) -> Self {
                        let (id, state) = (stored.id.api(), stored.value);
                        Self { id, #(#values),* }
                    }
                }
            });
        }
        if !self.state.keyed {
            let names: Vec<_> = further.iter().map(|property| format!("`{}`", property.name)).collect();
            bail!("`{view}` shows what no request sets: {}", names.join(", "));
        }
        let rest = format_ident!("{}Rest", names::component(view));
        let doc = docs::attributes([format!(
            "The properties of `{view}` that are not part of the stored state."
        )]);
        let fields = further.iter().map(|property| {
            let doc = server::docs::property(None, &property.schema);
            let (ident, plain) = (&idents[property.name.as_str()], plain(&property.schema, self.api));
            let ty = if property.required {
                nullable(&property.schema, self.api)
            } else {
                quote!(Option<#plain>)
            };
            quote!(#doc pub #ident: #ty)
        });
        let moved = further.iter().map(|property| {
            let ident = &idents[property.name.as_str()];
            quote!(#ident: self.#ident)
        });
        let (argument, argument_type) = if only_profile {
            (quote!(profile), names::ident(&format!("{name}Profile")))
        } else {
            (quote!(state), name)
        };
        Ok(quote! {
            #doc
            #[derive(Debug, Clone, PartialEq)]
            pub struct #rest { #(#fields),* }

            impl #rest {
                /// Returns the response that shows the object.
                pub fn with(self, #argument: #argument_type) -> #view_type {
                    #view_type { #(#moved,)* #(#values),* }
                }
            }
        })
    }

    fn shown(&self, field: &Field, property: &Property, own: &TokenStream) -> anyhow::Result<TokenStream> {
        let is_option = (!property.required || property.schema.nullable) && property.schema.ty != Type::Any;
        let is_optional = field.is_optional();
        let value = match &field.kind {
            FieldKind::Secret if is_option => return Ok(quote!(convert::mask(&#own))),
            FieldKind::Value if is_optional && is_option => return Ok(own.clone()),
            FieldKind::Secret | FieldKind::Value if is_optional => {
                bail!("it may be unset, and the response always has it: state its `x-initial`")
            }
            FieldKind::Secret | FieldKind::Value => own.clone(),
            FieldKind::State(_) => quote!(#own.into()),
            FieldKind::States(_) => quote!(#own.into_iter().map(Into::into).collect()),
        };
        Ok(if is_option { quote!(Some(#value)) } else { value })
    }
}
