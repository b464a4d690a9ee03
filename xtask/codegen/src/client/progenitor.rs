//! Picks from progenitor's output what is kept of it: the structs of the builders, and the signatures of their setters.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail};
use openapiv3::OpenAPI;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use progenitor_impl::{GenerationSettings, Generator};
use quote::ToTokens as _;

/// progenitor's builder of one operation.
#[derive(Debug, Default)]
pub struct Builder {
    /// `true` if it derives `Clone`: streamed bodies cannot be cloned.
    pub is_clone: bool,
    /// The fields and their setters, in their order.
    pub fields: Vec<Field>,
}

/// A field of a builder and its setter, which have the same name.
#[derive(Debug)]
pub struct Field {
    pub name: String,
    /// The type of the field, which is `Result<_, String>`, without the `Result`.
    pub ty: String,
    /// The type that the argument of the setter is converted to.
    pub value: String,
}

/// Runs progenitor and returns its builders by name.
///
/// # Errors
///
/// If progenitor refuses the document, or its output has another form than this version's.
pub fn builders(settings: &GenerationSettings, document: &OpenAPI) -> Result<HashMap<String, Builder>> {
    let tokens = Generator::new(settings)
        .generate_tokens(document)
        .context("client: progenitor")?;
    let Some(module) = braces_after(tokens, "mod", "builder") else {
        bail!("client: progenitor wrote no module `builder`");
    };
    pick(module)
}

/// Returns the content of the first braces after two words.
fn braces_after(tokens: TokenStream, first: &str, second: &str) -> Option<TokenStream> {
    let mut words = (String::new(), String::new());
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => words = (words.1, ident.to_string()),
            TokenTree::Group(group)
                if group.delimiter() == Delimiter::Brace && words.0 == first && words.1 == second =>
            {
                return Some(group.stream());
            }
            _ => words = <(String, String)>::default(),
        }
    }
    None
}

/// Reads the items of the module. The bodies of functions are skipped: most of the output is in them, and none of it is kept.
fn pick(module: TokenStream) -> Result<HashMap<String, Builder>> {
    let mut builders: HashMap<String, Builder> = HashMap::new();
    let mut item: Vec<TokenTree> = Vec::new();
    for token in module {
        let is_end = match &token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        };
        item.push(token);
        if !is_end {
            continue;
        }
        let item = std::mem::take(&mut item);
        let has = |word: &str| {
            item.iter()
                .any(|token| matches!(token, TokenTree::Ident(ident) if ident == word))
        };
        if has("struct") {
            let structure: syn::ItemStruct =
                syn::parse2(item.into_iter().collect()).context("client: progenitor's structs")?;
            builders.insert(structure.ident.to_string(), fields(structure)?);
        } else if has("impl") {
            let mut words = item.iter().filter_map(|token| match token {
                TokenTree::Ident(ident) => Some(ident.to_string()),
                _ => None,
            });
            let name = words.find(|word| builders.contains_key(word));
            let builder = name.and_then(|name| builders.get_mut(&name));
            if let (Some(builder), Some(TokenTree::Group(body))) = (builder, item.last()) {
                setters(builder, body.stream())?;
            }
        }
    }
    Ok(builders)
}

fn fields(structure: syn::ItemStruct) -> Result<Builder> {
    let is_clone = structure.attrs.iter().any(|attribute| {
        attribute.path().is_ident("derive") && attribute.to_token_stream().to_string().contains("Clone")
    });
    let mut fields = Vec::new();
    for field in structure.fields {
        let Some(name) = field.ident else {
            bail!("client: progenitor's struct `{}` has no field names", structure.ident);
        };
        if name == "client" {
            continue;
        }
        let syn::Type::Path(path) = &field.ty else {
            bail!(
                "client: progenitor's field `{}.{name}` has another type",
                structure.ident
            );
        };
        let ty = path.path.segments.last().and_then(first_argument);
        let Some(ty) = ty else {
            bail!("client: progenitor's field `{}.{name}` is no `Result`", structure.ident);
        };
        fields.push(Field {
            name: name.to_string(),
            ty,
            value: String::new(),
        });
    }
    Ok(Builder { is_clone, fields })
}

/// Returns the first type in angle brackets.
fn first_argument(segment: &syn::PathSegment) -> Option<String> {
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first()? {
        syn::GenericArgument::Type(ty) => Some(source(ty)),
        _ => None,
    }
}

/// Returns a type as it is usually written.
fn source(ty: &syn::Type) -> String {
    ty.to_token_stream().to_string().replace(' ', "").replace(',', ", ")
}

/// Adds the types of the setters to the fields.
fn setters(builder: &mut Builder, implementation: TokenStream) -> Result<()> {
    let mut signature: Vec<TokenTree> = Vec::new();
    for token in implementation {
        let is_body = matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        if !is_body {
            // Attributes and the visibility come before the signature.
            if matches!(&token, TokenTree::Ident(ident) if ident == "fn") {
                signature.clear();
            }
            signature.push(token);
            continue;
        }
        let signature: TokenStream = std::mem::take(&mut signature).into_iter().collect();
        let signature: syn::Signature = syn::parse2(signature).context("client: progenitor's setters")?;
        let field = builder.fields.iter_mut().find(|field| signature.ident == field.name);
        let Some(field) = field else { continue };
        let bound = signature
            .generics
            .where_clause
            .iter()
            .flat_map(|clause| &clause.predicates);
        let value = bound
            .filter_map(|predicate| match predicate {
                syn::WherePredicate::Type(bound) => bound.bounds.first(),
                _ => None,
            })
            .find_map(|bound| match bound {
                syn::TypeParamBound::Trait(bound) => first_argument(bound.path.segments.last()?),
                _ => None,
            });
        match value {
            Some(value) => field.value = value,
            None => bail!("client: progenitor's setter `{}` converts nothing", field.name),
        }
    }
    Ok(())
}
