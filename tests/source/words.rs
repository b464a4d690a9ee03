//! Keeps a short list of phrases out of what people read: pages, help texts, messages and doc comments. `docs/style.md` has the
//! rules behind the list, and what to write instead.

#![expect(clippy::unwrap_used, reason = "a test says so by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use regex::{Regex, RegexBuilder};

/// What is not written, and what is written instead.
const PHRASES: &[(&str, &str)] = &[
    (r"\bwhoever\b", "the role: the client, the operator, the caller"),
    (r"\bso many\b", "a number, or \"at most N\""),
    (r"\bof its own\b", "\"its own X\", \"a separate X\""),
    (r"\banew\b", "again, re-"),
    (r"\bis no matter\b", "\"is harmless\", \"has no effect\""),
    (r"\bnone of ours\b", "what it is: \"not issued by this server\""),
    (r"\bwhat is said of\b", "the subject itself"),
    (r"\b(is|are) remembered\b", "\"is cached\", \"is recorded\""),
    (r"\bcannot be done twice\b", "idempotent, or not idempotent"),
    (r"\bno member any more\b", "\"property X was removed\""),
    (r"\ba further member\b", "\"property X was added\""),
    (r"\brecord of changes\b", "audit log"),
    (r"\bthe way of a call\b", "\"how a request is sent\""),
];

/// Definition by periphrasis.
const PERIPHRASIS: [&str; 4] = ["What ", "How ", "Whether ", "Where "];

/// Pages that quote the phrases, and the vendor's own words.
const EXEMPT: [&str; 4] = [
    "docs/style.md",
    "specs/upstream/",
    "tests/source/words.rs",
    "/generated/",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file that git tracks or would track with one of these endings, by its name below the root.
fn files(endings: &[&str]) -> Vec<(String, String)> {
    let listed = std::process::Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).unwrap();
    let wanted = names
        .lines()
        .filter(|name| endings.iter().any(|ending| name.ends_with(ending)));
    let read = wanted.filter(|name| !EXEMPT.iter().any(|exempt| name.contains(exempt)));
    // A file that was removed is listed until that is committed.
    let texts = read.filter_map(|name| Some((name.to_owned(), fs::read_to_string(root().join(name)).ok()?)));
    texts.collect()
}

fn phrases() -> Vec<(Regex, &'static str)> {
    let build = |pattern: &str| RegexBuilder::new(pattern).case_insensitive(true).build().unwrap();
    PHRASES
        .iter()
        .map(|(pattern, instead)| (build(pattern), *instead))
        .collect()
}

fn faults(phrases: &[(Regex, &str)], file: &str, line: usize, text: &str) -> Vec<String> {
    let found = phrases
        .iter()
        .filter_map(|(phrase, instead)| Some((phrase.find(text)?, instead)));
    found
        .map(|(found, instead)| {
            let line = line + text[..found.start()].matches('\n').count();
            format!("{file}:{line}: \"{}\": write {instead}", found.as_str())
        })
        .collect()
}

/// A string in the source: a doc comment, or a message.
struct Text {
    value: String,
    line: usize,
    /// The first line of a doc comment.
    begins_docs: bool,
}

/// The attribute that begins here, `#[...]` or `#![...]`: its tokens, and how many it takes.
fn attribute(tokens: &[TokenTree]) -> Option<(TokenStream, usize)> {
    let is = |token: &TokenTree, wanted: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted);
    match tokens {
        [hash, TokenTree::Group(group), ..] if is(hash, '#') => Some((group.stream(), 2)),
        [hash, bang, TokenTree::Group(group), ..] if is(hash, '#') && is(bang, '!') => Some((group.stream(), 3)),
        _ => None,
    }
}

/// The number of tokens of the item that begins here.
fn item(tokens: &[TokenTree]) -> usize {
    let end = tokens.iter().position(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    });
    end.map_or(tokens.len(), |end| end + 1)
}

/// Returns the doc comments and strings of a Rust file, without its unit tests.
fn texts(tokens: TokenStream) -> Vec<Text> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found: Vec<Text> = Vec::new();
    let mut at = 0;
    // The lines of one comment are attributes of one kind that follow each other.
    let mut in_docs = None;
    while at < tokens.len() {
        if let Some((stream, length)) = attribute(&tokens[at..]) {
            at += length;
            let text = stream.to_string().replace(' ', "");
            if text == "cfg(test)" {
                at += item(&tokens[at..]);
                continue;
            }
            let is_docs = text.starts_with("doc=");
            let before = found.len();
            found.extend(texts(stream));
            found[before..]
                .iter_mut()
                .for_each(|text| text.begins_docs = is_docs && in_docs != Some(length));
            in_docs = is_docs.then_some(length);
            continue;
        }
        in_docs = None;
        match &tokens[at] {
            TokenTree::Group(group) => found.extend(texts(group.stream())),
            TokenTree::Literal(literal) if literal.to_string().contains('"') => found.push(Text {
                value: literal.to_string(),
                line: literal.span().start().line,
                begins_docs: false,
            }),
            _ => {}
        }
        at += 1;
    }
    found
}

/// Hand-written sources that ship, or that people run.
fn sources() -> Vec<(String, String)> {
    let of_tests = |name: &str| {
        name.contains("/tests/")
            || name.starts_with("tests/")
            || name.ends_with("/tests.rs")
            || name.ends_with("_tests.rs")
    };
    let sources: Vec<_> = files(&[".rs"])
        .into_iter()
        .filter(|(name, _)| !of_tests(name))
        .collect();
    assert!(sources.len() > 200, "the sources were not read");
    sources
}

#[test]
fn pages_and_help_texts_use_the_fields_words() {
    let phrases = phrases();
    let pages = files(&[".md", "Cargo.toml", "deny.toml", "clippy.toml", ".snap"]);
    assert!(pages.len() > 50, "the pages were not read");
    let found: Vec<String> = pages
        .iter()
        .flat_map(|(name, text)| faults(&phrases, name, 1, text))
        .collect();
    assert!(found.is_empty(), "\n{}\nSee docs/style.md.", found.join("\n"));
}

#[test]
fn messages_and_doc_comments_use_the_fields_words() {
    let phrases = phrases();
    let mut found = Vec::new();
    for (name, text) in sources() {
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        for text in texts(tokens) {
            found.extend(faults(&phrases, &name, text.line, &text.value));
        }
    }
    assert!(found.is_empty(), "\n{}\nSee docs/style.md.", found.join("\n"));
}

#[test]
fn doc_comments_say_what_a_thing_is() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        for text in texts(tokens).into_iter().filter(|text| text.begins_docs) {
            let line = text.value.trim_matches('"').trim_start();
            if PERIPHRASIS.iter().any(|word| line.starts_with(word)) && !line.trim_end().ends_with('?') {
                found.push(format!("{name}:{}: {line}", text.line));
            }
        }
    }
    let count = found.len();
    assert!(
        found.is_empty(),
        "\n{}\n{count} doc comments describe a thing from behind: begin with the subject. See docs/style.md.",
        found.join("\n")
    );
}

/// A test that cannot fail is a defect.
#[test]
fn each_kind_of_text_is_read() {
    let source = r#"
        //! Whoever reads this.
        /// What it is.
        /// Whether or not.
        struct A;
        fn f() { g("so many"); }
        #[cfg(test)]
        mod tests { fn h() { g("anew"); } }
        #[arg(help = "of its own")]
        fn i() {}
    "#;
    let texts = texts(source.parse().unwrap());
    let found: Vec<String> = texts
        .iter()
        .flat_map(|text| faults(&phrases(), "a.rs", text.line, &text.value))
        .collect();
    assert_eq!(
        found,
        [
            "a.rs:2: \"Whoever\": write the role: the client, the operator, the caller",
            "a.rs:6: \"so many\": write a number, or \"at most N\"",
            "a.rs:9: \"of its own\": write \"its own X\", \"a separate X\"",
        ]
    );
    let begins: Vec<&str> = texts
        .iter()
        .filter(|text| text.begins_docs)
        .map(|text| text.value.as_str())
        .collect();
    assert_eq!(begins, ["\" Whoever reads this.\"", "\" What it is.\""]);
}
