//! The documentation and the commands that it shows.

use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// Programs: inline code that begins with one of these and goes on is a command.
const PROGRAMS: [&str; 9] = [
    "apt-get",
    "cargo",
    "createdb",
    "sqlite3",
    "curl",
    "pbx",
    "pbx-server",
    "sh",
    "INSTA_UPDATE=always",
];
/// Languages of blocks without commands.
const NO_COMMANDS: [&str; 6] = ["", "json", "rust", "text", "toml", "yaml"];

/// Commands in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// `file:line`
    pub location: String,
    /// As a shell reads it.
    pub text: String,
}

pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Returns our own pages: at the root, in `docs/`, beside the documents, in the crates and the tests.
pub fn pages() -> Vec<PathBuf> {
    let root = workspace();
    let mut found = Vec::new();
    for directory in [
        "",
        "docs",
        "specs",
        "specs/upstream",
        "specs/local",
        "specs/overlays",
        "tests",
        "tests/engines/older_databases",
    ] {
        markdown(&root.join(directory), &mut found);
    }
    for entry in fs::read_dir(root.join("crates")).unwrap() {
        markdown(&entry.unwrap().path(), &mut found);
    }
    // The other files there are the vendor's pages, or written like them.
    found.retain(|path| {
        let name = path.file_name().unwrap();
        let directory = path.parent().unwrap();
        let documents = directory.ends_with("specs/upstream") || directory.ends_with("specs/local");
        !documents || name == "SOURCE.md" || name == "README.md"
    });
    found.sort();
    found
}

fn markdown(directory: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let paths = entries.map(|entry| entry.unwrap().path());
    out.extend(paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
}

/// Returns every command of a page: blocks of `sh`, and inline code that begins with a program and goes on.
pub fn snippets(name: &str, page: &str) -> Vec<Snippet> {
    let mut found = Vec::new();
    let mut block: Option<(String, usize, String)> = None;
    for (event, range) in Parser::new_ext(page, pulldown_cmark::Options::ENABLE_TABLES).into_offset_iter() {
        let line = page[..range.start].matches('\n').count() + 1;
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                block = Some((info.to_string(), line, String::new()));
            }
            Event::Text(text) => {
                if let Some((_, _, content)) = &mut block {
                    content.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                let Some((language, line, text)) = block.take() else {
                    continue;
                };
                let location = format!("{name}:{line}");
                match language.as_str() {
                    "sh" => found.push(Snippet { location, text }),
                    other => assert!(
                        NO_COMMANDS.contains(&other),
                        "{location}: a block of `{other}`: call it `sh` if it holds commands, else one of {NO_COMMANDS:?}"
                    ),
                }
            }
            Event::Code(text) => {
                let text = text.replace('\n', " ");
                let first = text.split(' ').next().unwrap_or_default();
                if PROGRAMS.contains(&first) && text.contains(' ') {
                    found.push(Snippet {
                        location: format!("{name}:{line}"),
                        text,
                    });
                }
            }
            _ => {}
        }
    }
    found
}
