//! The documentation and the commands that it shows.

use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// Names by which a piece of code in a sentence is a command, when more follows.
const PROGRAMS: [&str; 8] = [
    "apt-get",
    "cargo",
    "createdb",
    "curl",
    "pbx",
    "pbx-server",
    "sh",
    "INSTA_UPDATE=always",
];
/// Languages of blocks that are no commands.
const NO_COMMANDS: [&str; 6] = ["", "json", "rust", "text", "toml", "yaml"];

/// Commands, as they stand in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// `file:line`
    pub place: String,
    /// For a shell.
    pub text: String,
}

pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The pages that we wrote: at the root, in `docs/`, beside the documents, in the crates and the tests.
pub fn pages() -> Vec<PathBuf> {
    let root = workspace();
    let mut found = Vec::new();
    for folder in [
        "",
        "docs",
        "specs",
        "specs/upstream",
        "specs/local",
        "specs/overlays",
        "tests",
        "tests/engines/older_databases",
    ] {
        markdown(&root.join(folder), &mut found);
    }
    for entry in fs::read_dir(root.join("crates")).unwrap() {
        markdown(&entry.unwrap().path(), &mut found);
    }
    // The others there are the vendor's, or of its form.
    found.retain(|path| {
        let name = path.file_name().unwrap();
        let folder = path.parent().unwrap();
        let documents = folder.ends_with("specs/upstream") || folder.ends_with("specs/local");
        !documents || name == "SOURCE.md" || name == "README.md"
    });
    found.sort();
    found
}

fn markdown(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let paths = entries.map(|entry| entry.unwrap().path());
    out.extend(paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
}

/// Everything in a page that is a command: blocks of `sh`, and code in sentences that begins with a program and goes on.
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
                let place = format!("{name}:{line}");
                match language.as_str() {
                    "sh" => found.push(Snippet { place, text }),
                    other => assert!(
                        NO_COMMANDS.contains(&other),
                        "{place}: a block of `{other}`: call it `sh` if it holds commands, else one of {NO_COMMANDS:?}"
                    ),
                }
            }
            Event::Code(text) => {
                let text = text.replace('\n', " ");
                let first = text.split(' ').next().unwrap_or_default();
                if PROGRAMS.contains(&first) && text.contains(' ') {
                    found.push(Snippet {
                        place: format!("{name}:{line}"),
                        text,
                    });
                }
            }
            _ => {}
        }
    }
    found
}
