//! What an operation's method returns, and how the router answers with it.

use anyhow::bail;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{docs, names, types};
use contract::model::{Header, Operation, Schema, Success, SuccessBody, Text, Type};

/// The success side of an operation.
pub struct Answers {
    /// The type a method returns.
    pub ty: TokenStream,
    /// The definition of that type, where it needs one of its own.
    pub definition: TokenStream,
    /// The pattern its value is bound to; none if there is nothing in it.
    pub binding: Option<TokenStream>,
    /// The answer, over what the pattern binds.
    pub respond: TokenStream,
}

/// Works out the success side; `name` is for a type of its own.
pub fn answers(operation: &Operation, name: &Ident) -> anyhow::Result<Answers> {
    if let [only] = operation.successes.as_slice() {
        let parts = Parts::of(only)?;
        return Ok(if parts.headers.is_empty() {
            plain(&parts)
        } else {
            structure(operation, name, &parts)
        });
    }
    let parts = operation
        .successes
        .iter()
        .map(Parts::of)
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(choice(operation, name, &parts))
}

/// One success, ready to be written down.
struct Parts<'a> {
    success: &'a Success,
    headers: Vec<HeaderField>,
    /// The type of the body; none if there is none.
    body: Option<TokenStream>,
}

struct HeaderField {
    name: String,
    field: Ident,
    doc: TokenStream,
    ty: TokenStream,
    required: bool,
}

impl<'a> Parts<'a> {
    fn of(success: &'a Success) -> anyhow::Result<Self> {
        let mut scope: names::Scope = ["body"].into_iter().collect();
        let mut headers = success
            .headers
            .iter()
            // OpenAPI has it said by the media type alone.
            .filter(|header| !header.name.eq_ignore_ascii_case("content-type"))
            .map(|header| HeaderField::of(header, &mut scope))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let has_location = headers
            .iter()
            .any(|header| header.name.eq_ignore_ascii_case("location"));
        // A redirection goes somewhere, whether the document says so or not (RFC 9110, section 15.4).
        if matches!(success.status, 301 | 302 | 303 | 307 | 308) && !has_location {
            headers.push(HeaderField {
                name: "Location".to_owned(),
                field: names::ident(&scope.unique("location")),
                doc: docs::comment(["Where to go.".to_owned()]),
                ty: quote!(String),
                required: true,
            });
        }
        // A range such as `image/*` leaves it to each answer what it is.
        if let SuccessBody::Bytes { media_type } = &success.body
            && media_type.contains('*')
        {
            headers.push(HeaderField {
                name: "Content-Type".to_owned(),
                field: names::ident(&scope.unique("content_type")),
                doc: docs::comment([format!("`Content-Type`, of the range `{media_type}`.")]),
                ty: quote!(String),
                required: true,
            });
        }
        let body = match &success.body {
            SuccessBody::Empty => None,
            SuccessBody::Json(schema) => Some(types::nullable(schema)),
            SuccessBody::Bytes { .. } => Some(quote!(api::Bytes)),
        };
        if body.is_some() && matches!(success.status, 204 | 205 | 304) {
            bail!(
                "the answer {} documents a body, and HTTP allows it none",
                success.status
            );
        }
        Ok(Self { success, headers, body })
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

    /// The answer, from variables called like the fields.
    fn respond(&self) -> TokenStream {
        let status = proc_macro2::Literal::u16_unsuffixed(self.success.status);
        let answer = match &self.success.body {
            SuccessBody::Empty => quote!(api::empty(#status)),
            SuccessBody::Json(_) => quote!(api::json(#status, &body)),
            SuccessBody::Bytes { media_type } => {
                // Of a range, the header says which.
                let media_type = if media_type.contains('*') {
                    "application/octet-stream"
                } else {
                    media_type
                };
                quote!(api::bytes(#status, #media_type, body))
            }
        };
        self.headers.iter().fold(
            answer,
            |answer,
             HeaderField {
                 name, field, required, ..
             }| {
                let value = if *required {
                    quote!(Some(#field))
                } else {
                    quote!(#field)
                };
                quote!(api::header(#answer, #name, #value))
            },
        )
    }
}

impl HeaderField {
    fn of(header: &Header, scope: &mut names::Scope) -> anyhow::Result<Self> {
        if matches!(
            header.schema.ty,
            Type::Any | Type::Array(_) | Type::Map(_) | Type::String(Text::Secret)
        ) {
            bail!(
                "the header `{}` of an answer is not a plain text or number",
                header.name
            );
        }
        let plain = types::plain(&header.schema);
        // As with the properties of an answer: what is documented is there, unless it may be null.
        let required = !header.schema.nullable;
        let described = Schema {
            description: header.description.clone().or_else(|| header.schema.description.clone()),
            default: None,
            ..header.schema.clone()
        };
        Ok(Self {
            field: names::ident(&scope.unique(&names::snake(&header.name))),
            doc: docs::comment([
                format!("`{}`.", header.name),
                described.description.clone().unwrap_or_default(),
            ]),
            ty: if required { plain } else { quote!(Option<#plain>) },
            required,
            name: header.name.clone(),
        })
    }
}

fn plain(parts: &Parts<'_>) -> Answers {
    let respond = parts.respond();
    match &parts.body {
        None => Answers {
            ty: quote!(()),
            definition: quote!(),
            binding: None,
            respond,
        },
        Some(body) => Answers {
            ty: body.clone(),
            definition: quote!(),
            binding: Some(quote!(body)),
            respond,
        },
    }
}

fn structure(operation: &Operation, name: &Ident, parts: &Parts<'_>) -> Answers {
    let doc = docs::comment([format!("The answer of `{}`.", operation.id)]);
    let fields = parts.fields(&quote!(pub));
    let field_names = parts.field_names();
    let respond = parts.respond();
    Answers {
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

fn choice(operation: &Operation, name: &Ident, all: &[Parts<'_>]) -> Answers {
    let doc = docs::comment([format!("The answers of `{}`.", operation.id)]);
    let mut variants = Vec::new();
    let mut arms = Vec::new();
    for parts in all {
        let variant = names::ident(&variant(parts.success.status));
        let status = parts.success.status.to_string();
        let description = parts.success.description.clone().unwrap_or_default();
        let doc = docs::comment([format!("{status}. {description}").trim().to_owned()]);
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
    Answers {
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

/// A variant's name for a status: its reason phrase.
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
