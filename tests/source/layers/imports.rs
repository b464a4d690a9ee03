//! The paths into its own crate that a file names, in `use` and elsewhere, macros included.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path that begins with `crate`, `self` or `super`.
#[derive(Debug, Clone)]
pub struct Import {
    /// Its segments.
    pub path: Vec<String>,
    /// The line of its first segment.
    pub line: usize,
}

/// Returns the imports of a file, without those of its unit tests.
pub fn imports(tokens: TokenStream) -> Vec<Import> {
    let mut found = Vec::new();
    scan(&tokens.into_iter().collect::<Vec<_>>(), &mut found);
    found
}

fn scan(tokens: &[TokenTree], found: &mut Vec<Import>) {
    let mut at = 0;
    while at < tokens.len() {
        if let Some(after) = unit_tests(&tokens[at..]).or_else(|| quoted(&tokens[at..])) {
            at += after;
            continue;
        }
        match &tokens[at] {
            TokenTree::Group(group) => scan(&group.stream().into_iter().collect::<Vec<_>>(), found),
            TokenTree::Ident(ident) if is_start(&ident.to_string()) && is_separator(&tokens[at + 1..]) => {
                // `pub(super)` and `self.x` have no separator; a path that goes on from another one has it in front.
                let continued = at >= 2 && is_separator(&tokens[at - 2..]);
                // A macro's `$crate` is expanded in other crates, which reach no private module.
                let of_macro =
                    at >= 1 && matches!(&tokens[at - 1], TokenTree::Punct(dollar) if dollar.as_char() == '$');
                if !continued && !of_macro {
                    tree(&tokens[at..], &[], ident.span().start().line, found);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn is_start(word: &str) -> bool {
    matches!(word, "crate" | "self" | "super")
}

fn is_separator(tokens: &[TokenTree]) -> bool {
    let colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(tokens.first()) && colon(tokens.get(1))
}

/// The number of tokens of `#[cfg(test)] mod name { ... }`, if that is what comes next.
fn unit_tests(tokens: &[TokenTree]) -> Option<usize> {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute), rest @ ..] = tokens else {
        return None;
    };
    if hash.as_char() != '#' || attribute.stream().to_string().replace(' ', "") != "cfg(test)" {
        return None;
    }
    // What is compiled for tests only ends with a semicolon or a block.
    let end = rest.iter().position(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    })?;
    Some(2 + end + 1)
}

/// The number of tokens of `quote!(...)` or `parse_quote!(...)`, if that is what comes next: the code of another crate.
fn quoted(tokens: &[TokenTree]) -> Option<usize> {
    match tokens {
        [TokenTree::Ident(name), TokenTree::Punct(bang), TokenTree::Group(_), ..] => {
            (name.to_string().ends_with("quote") && bang.as_char() == '!').then_some(3)
        }
        _ => None,
    }
}

/// Adds the path, or each path of a use tree.
fn tree(tokens: &[TokenTree], before: &[String], line: usize, found: &mut Vec<Import>) {
    let mut path = before.to_vec();
    let mut rest = tokens;
    loop {
        match rest.first() {
            Some(TokenTree::Ident(ident)) => path.push(ident.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace && !path.is_empty() => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
                for part in inner.split(comma).filter(|part| !part.is_empty()) {
                    tree(part, &path, part[0].span().start().line, found);
                }
                return;
            }
            _ => break,
        }
        if !is_separator(&rest[1..]) {
            break;
        }
        rest = &rest[3..];
    }
    // `use a::{self}` names `a`.
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    found.push(Import { path, line });
}
