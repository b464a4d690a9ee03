//! Compares the public names of the generated crates.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::{Fields, FnArg, ImplItem, Item, ReturnType, TraitItem, Visibility};

use openapi_reader::files::relative;

use super::sources;

/// The directories of crates and of their generated files.
const CRATES: &str = "crates/";
const GENERATED: &str = "/src/generated/";
/// The crate whose names follow from those of the client.
const MOCK: &str = "pbx-mock";

/// The changed names of one crate.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// The name, the old and the new type or signature.
    pub changed: Vec<(String, String, String)>,
}

/// Reads the generated sources of the crates of a workspace, by path in it.
pub fn present(root: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let crates = root.join(CRATES);
    if !crates.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(&crates).with_context(|| crates.display().to_string())? {
        let directory = entry?.path().join(GENERATED.trim_matches('/'));
        for path in sources::list(&directory, &[])? {
            files.insert(relative(root, &path), sources::read(&path)?);
        }
    }
    Ok(files)
}

/// Compares the names in generated files, given by path in the workspace. Returns the crates with changes.
pub fn changes(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Result<BTreeMap<String, Names>> {
    let (old, new) = (names(old, new)?, names(new, old)?);
    let mut out = BTreeMap::new();
    let crates: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let none = BTreeMap::new();
    for name in crates {
        let (old, new) = (old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none));
        let found = Names {
            added: outermost(new, old),
            removed: outermost(old, new),
            changed: old
                .iter()
                .filter_map(|(name, was)| Some((name, was, new.get(name)?)))
                .filter(|(_, was, is)| was != is)
                .map(|(name, was, is)| (name.clone(), was.clone(), is.clone()))
                .collect(),
        };
        if found != Names::default() {
            out.insert(name.clone(), found);
        }
    }
    Ok(out)
}

/// The names that are only in `names`; of a type that is only there, without its parts.
fn outermost(names: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let only = |name: &str| names.contains_key(name) && !other.contains_key(name);
    names
        .keys()
        .filter(|name| only(name))
        .filter(|name| {
            let parts = name.match_indices([':', '.']).map(|(at, _)| &name[..at]);
            !parts.into_iter().any(only)
        })
        .cloned()
        .collect()
}

/// The type or signature of each name, by crate and name, in the files that differ from `other`.
fn names(
    files: &BTreeMap<String, String>,
    other: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let mut crates: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (path, content) in files.iter().filter(|(path, content)| other.get(*path) != Some(content)) {
        let Some((name, _)) = path.strip_prefix(CRATES).and_then(|rest| rest.split_once(GENERATED)) else {
            continue;
        };
        if name == MOCK || !path.ends_with(".rs") {
            continue;
        }
        let file = parse(content).with_context(|| path.clone())?;
        collect(&file.items, "", crates.entry(name.to_owned()).or_default());
    }
    Ok(crates)
}

/// Parses a generated source without its comments and the bodies of its functions, which are most of it.
pub fn parse(content: &str) -> syn::Result<syn::File> {
    let lines = content.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    syn::parse2(without_bodies(text.parse()?))
}

fn without_bodies(tokens: TokenStream) -> TokenStream {
    let mut is_in_signature = false;
    let stripped = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let inner = match std::mem::take(&mut is_in_signature) {
                true => TokenStream::new(),
                false => without_bodies(group.stream()),
            };
            Group::new(Delimiter::Brace, inner).into()
        }
        token => {
            match &token {
                TokenTree::Ident(ident) if ident == "fn" => is_in_signature = true,
                TokenTree::Punct(punct) if punct.as_char() == ';' => is_in_signature = false,
                _ => {}
            }
            token
        }
    });
    stripped.collect()
}

fn collect(items: &[Item], module: &str, out: &mut BTreeMap<String, String>) {
    let named = |name: &dyn std::fmt::Display| match module {
        "" => name.to_string(),
        module => format!("{module}::{name}"),
    };
    for item in items {
        match item {
            Item::Struct(item) if public(&item.vis) => {
                let name = named(&item.ident);
                if let Fields::Named(fields) = &item.fields {
                    for field in fields.named.iter().filter(|field| public(&field.vis)) {
                        if let Some(ident) = &field.ident {
                            out.insert(format!("{name}.{ident}"), tokens(&field.ty));
                        }
                    }
                }
                out.insert(name, "struct".to_owned());
            }
            Item::Enum(item) if public(&item.vis) => {
                let name = named(&item.ident);
                for variant in &item.variants {
                    out.insert(format!("{name}::{}", variant.ident), tokens(&variant.fields));
                }
                out.insert(name, "enum".to_owned());
            }
            Item::Trait(item) if public(&item.vis) => {
                let name = named(&item.ident);
                for method in &item.items {
                    if let TraitItem::Fn(method) = method {
                        out.insert(format!("{name}::{}", method.sig.ident), signature(&method.sig));
                    }
                }
                out.insert(name, "trait".to_owned());
            }
            Item::Impl(item) if item.trait_.is_none() => {
                let owner = owner(&item.self_ty);
                for method in &item.items {
                    if let ImplItem::Fn(method) = method
                        && public(&method.vis)
                    {
                        let name = format!("{}::{}", named(&owner), method.sig.ident);
                        out.insert(name, signature(&method.sig));
                    }
                }
            }
            Item::Fn(item) if public(&item.vis) => {
                out.insert(named(&item.sig.ident), signature(&item.sig));
            }
            Item::Const(item) if public(&item.vis) => {
                out.insert(named(&item.ident), tokens(&item.ty));
            }
            Item::Type(item) if public(&item.vis) => {
                out.insert(named(&item.ident), tokens(&item.ty));
            }
            Item::Static(item) => {
                if let Some([command, method, path]) = strings(&item.expr, ["command", "method", "path"]) {
                    out.insert(format!("pbx {command}"), format!("{method} {path}"));
                }
            }
            Item::Mod(item) if public(&item.vis) => {
                if let Some((_, inner)) = &item.content {
                    collect(inner, &named(&item.ident), out);
                }
            }
            _ => {}
        }
    }
}

/// The string literals of these fields of a struct: the operations of the command `pbx` are data.
fn strings<const N: usize>(value: &syn::Expr, fields: [&str; N]) -> Option<[String; N]> {
    let syn::Expr::Struct(value) = value else {
        return None;
    };
    let literal = |name: &str| {
        let is_named = |field: &&syn::FieldValue| matches!(&field.member, syn::Member::Named(ident) if ident == name);
        match &value.fields.iter().find(is_named)?.expr {
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        }
    };
    let found: Option<Vec<String>> = fields.into_iter().map(literal).collect();
    found?.try_into().ok()
}

/// The name of the type of an `impl`, without its parameters.
fn owner(ty: &syn::Type) -> String {
    match ty {
        syn::Type::Path(path) => path
            .path
            .segments
            .last()
            .map_or_else(String::new, |last| last.ident.to_string()),
        other => tokens(other),
    }
}

fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Formats the arguments and the result of a function.
pub fn signature(signature: &syn::Signature) -> String {
    let arguments = signature.inputs.iter().filter_map(|argument| match argument {
        FnArg::Receiver(_) => None,
        FnArg::Typed(argument) => Some(tokens(argument)),
    });
    let result = match &signature.output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, ty) => format!(" -> {}", tokens(ty)),
    };
    format!("({}){result}", arguments.collect::<Vec<_>>().join(", "))
}

/// Formats tokens with the usual spaces.
pub fn tokens(code: &impl quote::ToTokens) -> String {
    let mut text = code.to_token_stream().to_string();
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" > ", ">"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" :", ":"),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" ;", ";"),
        ("' _", "'_"),
        (",)", ")"),
        (" ! ", "!"),
        (", >", ">"),
    ] {
        text = text.replace(from, to);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_reported_by_their_words() {
        let files = |content: &str| BTreeMap::from([("crates/c/src/generated/a.rs".to_owned(), content.to_owned())]);
        let old = files(
            "pub static A: OperationSpec = OperationSpec { command: \"a show\", method: \"GET\", path: \"/a\" };",
        );
        let new = files(
            "pub static A: OperationSpec = OperationSpec { command: \"a list\", method: \"GET\", path: \"/a\" };",
        );
        let found = &changes(&old, &new).unwrap()["c"];
        assert_eq!(
            (&found.added[..], &found.removed[..]),
            (&["pbx a list".to_owned()][..], &["pbx a show".to_owned()][..])
        );
    }

    #[test]
    fn bodies_of_functions_are_not_parsed() {
        let file = parse(
            "trait T { fn m(&self); const C: u8 = { 1 }; fn n(&self) -> u8 { @ } }
             mod inner { pub fn f() { @ } }
             struct S { field: u8 }",
        );
        assert_eq!(file.unwrap().items.len(), 3);
        assert!(parse("struct S { @ }").is_err());
    }

    #[test]
    fn each_change_is_reported_once() {
        let files = |content: &str| BTreeMap::from([("crates/c/src/generated/a.rs".to_owned(), content.to_owned())]);
        let old = files(
            "impl Client { pub fn a(&self) -> A<'_> {} pub fn b(&self, x: u8) {} fn private(&self) {} }
             pub mod types { pub struct Old { pub x: u8 } pub struct S { pub kept: u8, pub typed: u8 } }
             pub trait T { fn m(&self); }",
        );
        let new = files(
            "impl Client { pub fn a(&self) -> A<'_> {} pub fn b(&self, x: u16) {} pub fn c(&self) {} }
             pub mod types { pub struct New { pub x: u8 } pub struct S { pub kept: u8, pub typed: Option<u8>, pub more: u8 }
                 pub enum E { A, B(String) } }
             pub trait T { fn m(&self); fn n(&self, id: String) -> u8; }",
        );
        let found = &changes(&old, &new).unwrap()["c"];
        assert_eq!(
            found.added,
            ["Client::c", "T::n", "types::E", "types::New", "types::S.more"]
        );
        assert_eq!(found.removed, ["types::Old"]);
        let changed: Vec<_> = found
            .changed
            .iter()
            .map(|(name, was, is)| format!("{name}: {was} {is}"))
            .collect();
        assert_eq!(
            changed,
            ["Client::b: (x: u8) (x: u16)", "types::S.typed: u8 Option<u8>"]
        );
        assert!(changes(&old, &old).unwrap().is_empty());
    }
}
