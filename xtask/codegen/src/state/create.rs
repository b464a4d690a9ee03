//! Creating a state from the body of a request.

use anyhow::Context as _;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use contract::model::Property;

use super::Generator;
use super::plan::{Field, FieldKind};
use super::values::path;
use crate::rust::names;

/// The value of a field, and what it needs.
struct Created {
    value: TokenStream,
    uses_initial: bool,
    uses_check: bool,
}

impl Created {
    fn new(value: TokenStream) -> Self {
        Self {
            value,
            uses_initial: false,
            uses_check: false,
        }
    }
}

impl Generator<'_> {
    /// Returns the implementation of `Create` for a body.
    pub(super) fn create(&self, body: &str) -> anyhow::Result<TokenStream> {
        let properties = super::plan::properties_of(body, self.api)?;
        let (mut uses_initial, mut uses_check, mut uses_body) = (false, false, false);
        let (mut profile, mut settings) = (Vec::new(), Vec::new());
        let idents = super::plan::fields_of(properties);
        // Creating and updating may have equal bodies, and so one type.
        let is_patch = self.api.types.get(body).is_some_and(|def| def.in_patch);
        for field in &self.state.fields {
            let sent = properties
                .iter()
                .find(|property| property.name == field.name && !property.schema.read_only);
            let created = self
                .created(field, sent.map(|sent| (sent, &idents[sent.name.as_str()])), is_patch)
                .with_context(|| format!("the property `{}`", field.name))?;
            uses_initial |= created.uses_initial;
            uses_check |= created.uses_check;
            uses_body |= sent.is_some();
            let (ident, value) = (&field.ident, created.value);
            let part = match self.part(field) {
                Some(part) if part == "profile" => &mut profile,
                _ => &mut settings,
            };
            part.push(quote!(#ident: #value));
        }
        let (name, body_type) = (self.name(), path(body, self.api));
        let state = if self.state.listed.is_some() {
            let part = |part: &str| names::ident(&format!("{name}{part}"));
            let (profile_name, settings_name) = (part("Profile"), part("Settings"));
            quote!(Self {
                profile: #profile_name { #(#profile),* },
                settings: #settings_name { #(#settings),* },
            })
        } else {
            quote!(Self { #(#settings),* })
        };
        let argument = |used, name: &str| names::ident(&if used { name.to_owned() } else { format!("_{name}") });
        let (body, check) = (argument(uses_body, "body"), argument(uses_check, "check"));
        let initial = uses_initial.then(|| quote!(let initial = Self::default();));
        Ok(quote! {
            impl state::Create<#body_type> for #name {
                fn create(
                    #body: #body_type,
                    #check: &mut check::Check<'_>,
                ) -> Result<Self, error::Error> {
                    #initial
                    Ok(#state)
                }
            }
        })
    }

    /// Returns the value of a field in a new object. `sent` is the property of the body, and its field.
    fn created(&self, field: &Field, sent: Option<(&Property, &Ident)>, is_patch: bool) -> anyhow::Result<Created> {
        let name = &field.name;
        let initial = self.of(&quote!(initial), field);
        let Some((sent, ident)) = sent else {
            return Ok(Created {
                value: initial,
                uses_initial: true,
                uses_check: false,
            });
        };
        let schema = &sent.schema;
        let has_default = schema.default.as_ref().is_some_and(|default| !default.is_null());
        let may_be_absent = is_patch || ((!sent.required || schema.nullable) && !has_default);
        let given = if is_patch {
            quote!(body.#ident.into_set().flatten())
        } else if may_be_absent {
            quote!(body.#ident)
        } else {
            quote!(Some(body.#ident))
        };
        Ok(match &field.kind {
            FieldKind::Secret => Created {
                uses_check: true,
                ..Created::new(quote!(check.sealed(#name, #given)?))
            },
            FieldKind::State(nested) => {
                let is_patch = self.api.types.get(&named(sent)).is_some_and(|def| def.in_patch);
                let path = self.nested(nested);
                let function = if is_patch {
                    quote!(patch_initial)
                } else {
                    quote!(create_nested)
                };
                Created {
                    value: quote!(state::#function::<#path, _>(#given, #initial, #name, check)?),
                    uses_initial: true,
                    uses_check: true,
                }
            }
            FieldKind::States(_) => Created {
                value: quote!(state::create_items(#given, #initial, #name, check)?),
                uses_initial: true,
                uses_check: true,
            },
            FieldKind::Value if field.is_optional() => Created::new(given),
            FieldKind::Value if may_be_absent => Created {
                value: quote!(#given.unwrap_or(#initial)),
                uses_initial: true,
                uses_check: false,
            },
            FieldKind::Value => Created::new(quote!(body.#ident)),
        })
    }
}

fn named(property: &Property) -> String {
    match &property.schema.ty {
        contract::model::Type::Named(name) => name.clone(),
        _ => String::new(),
    }
}
