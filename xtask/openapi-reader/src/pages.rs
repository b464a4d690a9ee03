//! The fenced code blocks of a Markdown page.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use spanned_json::Language;

/// A fenced code block that may be a document.
#[derive(Debug)]
pub struct Block {
    /// The line of its first content line in the page.
    pub line: usize,
    /// The language of its info string; `None` if it has none.
    pub language: Option<Language>,
    pub text: String,
}

/// The blocks of a page that are marked as JSON or YAML, and those without a mark.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut current: Option<Block> = None;
    for (event, range) in Parser::new(page).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let word = info
                    .split([' ', ',', '{'])
                    .next()
                    .unwrap_or_default()
                    .to_ascii_lowercase();
                let language = match word.as_str() {
                    "" => Some(None),
                    "json" => Some(Some(Language::Json)),
                    "yaml" | "yml" => Some(Some(Language::Yaml)),
                    _ => None,
                };
                current = language.map(|language| Block {
                    line: 0,
                    language,
                    text: String::new(),
                });
            }
            Event::Text(content) => {
                if let Some(block) = &mut current {
                    if block.line == 0 {
                        block.line = page[..range.start].matches('\n').count() + 1;
                    }
                    block.text.push_str(&content);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(current.take().filter(|block| block.line > 0)),
            _ => {}
        }
    }
    blocks
}
