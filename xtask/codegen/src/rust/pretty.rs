//! Formatting of generated code.

use proc_macro2::TokenStream;

/// Formats items, with a blank line between items of more than one line, and between the methods of a trait.
pub fn format(items: TokenStream) -> anyhow::Result<String> {
    let file: syn::File = syn::parse2(items)?;
    let mut text = String::new();
    let mut previous_is_line = true;
    for item in file.items {
        let has_methods = matches!(item, syn::Item::Trait(_) | syn::Item::Impl(_));
        let is_line = matches!(item, syn::Item::Use(_) | syn::Item::Mod(_));
        let is_next_to_line = is_line && previous_is_line;
        if !text.is_empty() && !is_next_to_line {
            text.push('\n');
        }
        previous_is_line = is_line;
        let one = syn::File {
            shebang: None,
            frontmatter: None,
            attrs: Vec::new(),
            items: vec![item],
        };
        let mut ended = false;
        for line in prettyplease::unparse(&one).lines() {
            if has_methods && ended && line.trim_start().starts_with("///") {
                text.push('\n');
            }
            ended = line.ends_with(';');
            text.push_str(line);
            text.push('\n');
        }
    }
    Ok(text)
}
