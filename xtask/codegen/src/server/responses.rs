//! The successful responses of an operation: the type that its method returns, and the HTTP response built from that.

use anyhow::bail;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{lists, rust_type};
use crate::rust::{docs, names};
use contract::echo;
use contract::media::{OCTETS, TEXT, concrete};
use contract::model::{Api, Header, Operation, Schema, StringFormat, Success, SuccessBody, Type};

/// The successful responses of an operation.
pub struct Responses {
    /// The return type of the method.
    pub ty: TokenStream,
    /// The definition of that type, if it is no type of the document.
    pub definition: TokenStream,
    /// The pattern that the returned value is bound to; `None` if it is `()`.
    pub binding: Option<TokenStream>,
    /// The expression of the HTTP response, over what the pattern binds.
    pub respond: TokenStream,
}

/// Returns the successful responses; a type that is defined for them is called `name`.
pub fn responses(operation: &Operation, name: &Ident, api: &Api) -> anyhow::Result<Responses> {
    if let [only] = operation.successes.as_slice() {
        let mut parts = Parts::new(only, lists::item(operation, api))?;
        if let Some(echo) = operation.echo.as_ref().filter(|_| operation.body.is_none()) {
            parts.headers.retain(|header| header.name != echo::ETAG);
            parts.volatile = Some(&echo.volatile);
        }
        return Ok(if parts.headers.is_empty() {
            plain(&parts)
        } else {
            structure(operation, name, &parts)
        });
    }
    let parts = operation
        .successes
        .iter()
        .map(|success| Parts::new(success, None))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(enumeration(operation, name, &parts))
}

/// One successful response with the parts of its code.
struct Parts<'a> {
    success: &'a Success,
    headers: Vec<HeaderField>,
    /// The type of the body; `None` without a body.
    body: Option<TokenStream>,
    /// The properties that do not change the entity tag of the body, if it has one.
    volatile: Option<&'a [String]>,
}

struct HeaderField {
    name: String,
    field: Ident,
    doc: TokenStream,
    ty: TokenStream,
    required: bool,
}

impl<'a> Parts<'a> {
    /// `item` is the schema of the items if the body is the page of a list.
    fn new(success: &'a Success, item: Option<&Schema>) -> anyhow::Result<Self> {
        let mut scope: names::Scope = ["body"].into_iter().collect();
        let mut headers = success
            .headers
            .iter()
            // OpenAPI ignores this header: the media type documents it.
            .filter(|header| !header.name.eq_ignore_ascii_case("content-type"))
            .map(|header| HeaderField::new(header, &mut scope))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let has_location = headers
            .iter()
            .any(|header| header.name.eq_ignore_ascii_case("location"));
        // A redirection needs a target, documented or not (RFC 9110, section 15.4).
        if matches!(success.status, 301 | 302 | 303 | 307 | 308) && !has_location {
            headers.push(HeaderField {
                name: "Location".to_owned(),
                field: names::ident(&scope.unique("location")),
                doc: docs::attributes(["The target of the redirection.".to_owned()]),
                ty: quote!(String),
                required: true,
            });
        }
        // With a range such as `image/*`, each response has its own media type.
        if let SuccessBody::Text { media_type } | SuccessBody::Bytes { media_type } = &success.body
            && media_type.contains('*')
        {
            headers.push(HeaderField {
                name: "Content-Type".to_owned(),
                field: names::ident(&scope.unique("content_type")),
                doc: docs::attributes([format!("`Content-Type`, of the range `{media_type}`.")]),
                ty: quote!(String),
                required: true,
            });
        }
        let body = match &success.body {
            SuccessBody::Empty => None,
            SuccessBody::Json(schema) => Some(match item.map(rust_type::nullable) {
                Some(item) => quote!(pbx_types::list::Page<#item>),
                None => rust_type::nullable(schema),
            }),
            SuccessBody::Text { .. } => Some(quote!(String)),
            SuccessBody::Bytes { .. } => Some(quote!(pbx_types::Bytes)),
        };
        if body.is_some() && matches!(success.status, 204 | 205 | 304) {
            bail!("the response {} documents a body, and HTTP allows none", success.status);
        }
        Ok(Self {
            success,
            headers,
            body,
            volatile: None,
        })
    }

    /// The fields of a struct or variant.
    fn fields(&self, visibility: &TokenStream) -> TokenStream {
        let headers = self.headers.iter().map(|header| {
            let HeaderField { field, doc, ty, .. } = header;
            quote!(#doc #visibility #field: #ty,)
        });
        let body = self.body.as_ref().map(|body| {
            quote! {
                /// The body.
                #visibility body: #body,
            }
        });
        quote!(#(#headers)* #body)
    }

    fn field_names(&self) -> Vec<Ident> {
        let body = self.body.iter().map(|_| names::ident("body"));
        self.headers
            .iter()
            .map(|header| header.field.clone())
            .chain(body)
            .collect()
    }

    /// Returns the expression of the HTTP response, over variables called like the fields.
    fn respond(&self) -> TokenStream {
        let status = proc_macro2::Literal::u16_unsuffixed(self.success.status);
        let response = match &self.success.body {
            SuccessBody::Empty => quote!(api::empty(#status)),
            SuccessBody::Json(_) => match self.volatile {
                Some(volatile) => quote!(api::tagged_json(#status, &body, &[#(#volatile),*])),
                None => quote!(api::json(#status, &body)),
            },
            SuccessBody::Text { media_type } => {
                let media_type = concrete(media_type, TEXT);
                quote!(api::bytes(#status, #media_type, body.into()))
            }
            SuccessBody::Bytes { media_type } => {
                // For a range, the `Content-Type` header replaces it.
                let media_type = concrete(media_type, OCTETS);
                quote!(api::bytes(#status, #media_type, body))
            }
        };
        self.headers.iter().fold(
            response,
            |response,
             HeaderField {
                 name, field, required, ..
             }| {
                let value = if *required {
                    quote!(Some(#field))
                } else {
                    quote!(#field)
                };
                quote!(api::header(#response, #name, #value))
            },
        )
    }
}

impl HeaderField {
    fn new(header: &Header, scope: &mut names::Scope) -> anyhow::Result<Self> {
        if matches!(
            header.schema.ty,
            Type::Any | Type::Array(_) | Type::Map(_) | Type::String(StringFormat::Secret)
        ) {
            bail!(
                "the header `{}` of a response is not a string, number or boolean",
                header.name
            );
        }
        let plain = rust_type::plain(&header.schema);
        // As with the properties of a response, a documented header is present unless it is nullable.
        let required = !header.schema.nullable;
        let described = Schema {
            description: header.description.clone().or_else(|| header.schema.description.clone()),
            default: None,
            ..header.schema.clone()
        };
        Ok(Self {
            field: names::ident(&scope.unique(&names::snake(&header.name))),
            doc: docs::attributes([
                format!("`{}`.", header.name),
                described.description.clone().unwrap_or_default(),
            ]),
            ty: if required { plain } else { quote!(Option<#plain>) },
            required,
            name: header.name.clone(),
        })
    }
}

fn plain(parts: &Parts<'_>) -> Responses {
    let respond = parts.respond();
    match &parts.body {
        None => Responses {
            ty: quote!(()),
            definition: quote!(),
            binding: None,
            respond,
        },
        Some(body) => Responses {
            ty: body.clone(),
            definition: quote!(),
            binding: Some(quote!(body)),
            respond,
        },
    }
}

fn structure(operation: &Operation, name: &Ident, parts: &Parts<'_>) -> Responses {
    let doc = docs::attributes([format!("The response of `{}`.", operation.id)]);
    let fields = parts.fields(&quote!(pub));
    let field_names = parts.field_names();
    let respond = parts.respond();
    Responses {
        ty: quote!(#name),
        definition: quote! {
            #doc
            #[derive(Debug, Clone, PartialEq)]
            pub struct #name { #fields }
        },
        binding: Some(quote!(#name { #(#field_names),* })),
        respond,
    }
}

fn enumeration(operation: &Operation, name: &Ident, all: &[Parts<'_>]) -> Responses {
    let doc = docs::attributes([format!("The responses of `{}`.", operation.id)]);
    let mut variants = Vec::new();
    let mut arms = Vec::new();
    for parts in all {
        let variant = names::ident(&variant(parts.success.status));
        let status = parts.success.status.to_string();
        let description = parts.success.description.clone().unwrap_or_default();
        let doc = docs::attributes([format!("{status}. {description}").trim().to_owned()]);
        let respond = parts.respond();
        if parts.headers.is_empty() {
            match &parts.body {
                None => {
                    variants.push(quote!(#doc #variant));
                    arms.push(quote!(#name::#variant => #respond));
                }
                Some(body) => {
                    variants.push(quote!(#doc #variant(#body)));
                    arms.push(quote!(#name::#variant(body) => #respond));
                }
            }
        } else {
            let fields = parts.fields(&quote!());
            let field_names = parts.field_names();
            variants.push(quote!(#doc #variant { #fields }));
            arms.push(quote!(#name::#variant { #(#field_names),* } => #respond));
        }
    }
    Responses {
        ty: quote!(#name),
        definition: quote! {
            #doc
            #[derive(Debug, Clone, PartialEq)]
            pub enum #name { #(#variants,)* }
        },
        binding: Some(quote!(success)),
        respond: quote!(match success { #(#arms,)* }),
    }
}

/// Returns the variant for a status: its reason phrase.
fn variant(status: u16) -> String {
    match status {
        200 => "Ok".to_owned(),
        201 => "Created".to_owned(),
        202 => "Accepted".to_owned(),
        203 => "NonAuthoritative".to_owned(),
        204 => "NoContent".to_owned(),
        205 => "ResetContent".to_owned(),
        206 => "PartialContent".to_owned(),
        300 => "MultipleChoices".to_owned(),
        301 => "MovedPermanently".to_owned(),
        302 => "Found".to_owned(),
        303 => "SeeOther".to_owned(),
        304 => "NotModified".to_owned(),
        307 => "TemporaryRedirect".to_owned(),
        308 => "PermanentRedirect".to_owned(),
        other => format!("Status{other}"),
    }
}
