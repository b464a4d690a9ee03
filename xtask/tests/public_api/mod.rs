//! The public items of generated code, a line each.

use std::fs;
use std::path::Path;

use syn::{Fields, ImplItem, Item, TraitItem, Visibility};
use xtask::upstream::surface::tokens as text;

/// Lists the files of a folder in the order of their names.
pub fn listing(folder: &Path) -> String {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut lines = Vec::new();
    for path in files.iter().filter(|p| p.extension().is_some_and(|e| e == "rs")) {
        let file = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
        let mut found = Vec::new();
        items(&file.items, 0, &mut found);
        if !found.is_empty() {
            lines.push(format!("// {}", path.file_name().unwrap().to_str().unwrap()));
            lines.append(&mut found);
        }
    }
    lines.join("\n") + "\n"
}

fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn items(all: &[Item], depth: usize, lines: &mut Vec<String>) {
    for item in all {
        let mut found = Vec::new();
        match item {
            Item::Struct(item) if public(&item.vis) => {
                found.push(format!("struct {}", item.ident));
                if let Fields::Named(fields) = &item.fields {
                    for field in fields.named.iter().filter(|f| public(&f.vis)) {
                        let name = field.ident.as_ref().unwrap();
                        found.push(format!("    {name}: {}", text(&field.ty)));
                    }
                }
            }
            Item::Enum(item) if public(&item.vis) => {
                let variants: Vec<_> = item
                    .variants
                    .iter()
                    .map(|v| text(&v.ident) + &text(&v.fields))
                    .collect();
                found.push(format!("enum {} {{ {} }}", item.ident, variants.join(", ")));
            }
            Item::Type(item) if public(&item.vis) => found.push(format!("type {} = {}", item.ident, text(&item.ty))),
            Item::Fn(item) if public(&item.vis) => found.push(text(&item.sig)),
            Item::Static(item) if public(&item.vis) => found.push(format!("static {}: {}", item.ident, text(&item.ty))),
            Item::Const(item) if public(&item.vis) => found.push(format!("const {}: {}", item.ident, text(&item.ty))),
            Item::Use(item) if public(&item.vis) => found.push(format!("use {}", text(&item.tree))),
            // Some types are written by macros of the hand-written half.
            Item::Macro(item) => found.push(format!(
                "{}! {{ {} }}",
                text(&item.mac.path),
                undocumented(&item.mac.tokens)
            )),
            Item::Trait(item) if public(&item.vis) => {
                found.push(format!("trait {}", item.ident));
                for method in &item.items {
                    if let TraitItem::Fn(method) = method {
                        found.push(format!("    {}", text(&method.sig)));
                    }
                }
            }
            Item::Impl(item) if item.trait_.is_none() => {
                for method in &item.items {
                    if let ImplItem::Fn(method) = method
                        && public(&method.vis)
                    {
                        found.push(format!("{}::{}", text(&item.self_ty), text(&method.sig)));
                    }
                }
            }
            Item::Mod(item) if public(&item.vis) => {
                found.push(format!("mod {}", item.ident));
                if let Some((_, inner)) = &item.content {
                    items(inner, 1, &mut found);
                }
            }
            _ => {}
        }
        lines.extend(found.into_iter().map(|line| "    ".repeat(depth) + &line));
    }
}

/// The tokens of a macro without the documentation in them.
fn undocumented(tokens: &proc_macro2::TokenStream) -> String {
    let mut kept = proc_macro2::TokenStream::new();
    let mut tokens = tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        if token.to_string() == "#" {
            tokens.next();
        } else if let proc_macro2::TokenTree::Group(group) = &token {
            kept.extend([proc_macro2::TokenTree::Group(proc_macro2::Group::new(
                group.delimiter(),
                undocumented(&group.stream()).parse().unwrap(),
            ))]);
        } else {
            kept.extend([token]);
        }
    }
    text(&kept)
}
