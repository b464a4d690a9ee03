//! Reads every OpenAPI document in every page of a directory, with its file and line.
//!
//! A page is a Markdown file with arbitrary content; only its fenced `json` blocks are read.
//!
//! | found | outcome |
//! |---|---|
//! | an OpenAPI 3.1 document, with one operation or several | loaded |
//! | an OpenAPI document without paths | loaded for its tags, servers and components, with a notice |
//! | JSON that is not OpenAPI | skipped, with a notice |
//! | invalid JSON that mentions `openapi` | an error |
//! | other invalid JSON | skipped, with a notice: presumably an example |
//! | another version of OpenAPI | an error |
//! | a `.json`, `.yaml` or `.yml` file | read like one block |

use std::path::Path;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde_json::Value;

use spanned_json::{Language, Location};

use crate::diagnostic::Diagnostics;
use crate::files::Files;
use crate::strict::Strict;

/// One OpenAPI document and its source text.
#[derive(Debug, Clone)]
pub struct Document {
    pub location: Location,
    pub value: Value,
    /// The source text, to find the lines of operations in it.
    pub text: String,
}

impl Document {
    /// The location of an operation: the line of its `operationId`, else the document's first.
    pub fn operation_location(&self, operation_id: Option<&str>) -> Location {
        let offset = operation_id.and_then(|id| self.text.lines().position(|line| mentions_operation_id(line, id)));
        Location::new(self.location.file.clone(), self.location.line + offset.unwrap_or(0))
    }
}

/// Returns `true` if a line of JSON or YAML sets `operationId` to exactly `id`.
fn mentions_operation_id(line: &str, id: &str) -> bool {
    line.match_indices("operationId").any(|(at, key)| {
        let value = line[at + key.len()..].trim_start_matches(['"', '\'', ':', ' ']);
        value
            .strip_prefix(id)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// The documents of some directories.
#[derive(Debug, Default)]
pub struct Loaded {
    pub documents: Vec<Document>,
    /// Skipped or odd parts, for the maintainer.
    pub notices: Vec<String>,
}

/// Loads all documents of some directories (relative to `root`), each in the order of file names. A directory that does not exist
/// is empty.
pub fn load(root: &Path, directories: &[&str]) -> Result<Loaded, Diagnostics> {
    load_files(&Files::read(root, directories)?, directories)
}

/// Loads all documents of some directories from files in memory.
pub fn load_files(files: &Files, directories: &[&str]) -> Result<Loaded, Diagnostics> {
    let mut loaded = Loaded::default();
    let mut errors = Diagnostics::default();
    for (name, content) in directories.iter().flat_map(|directory| files.in_directory(directory)) {
        match std::str::from_utf8(content) {
            Ok(text) => load_file(name, text, &mut loaded, &mut errors),
            Err(_) => errors.push(Some(&Location::new(name, 1)), "is not UTF-8; save it as UTF-8"),
        }
    }
    errors.into_result()?;
    Ok(loaded)
}

fn load_file(name: &str, text: &str, loaded: &mut Loaded, errors: &mut Diagnostics) {
    let language = Language::from_file_name(name);
    if name.ends_with(".md") {
        for (line, block) in json_blocks(text) {
            load_text(Location::new(name, line), block, language, loaded, errors);
        }
    } else {
        load_text(Location::new(name, 1), text.to_owned(), language, loaded, errors);
    }
}

/// The fenced blocks marked `json`: the number of the first content line, and the content.
fn json_blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut current: Option<(Option<usize>, String)> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info)))
                if info
                    .split([' ', ',', '{'])
                    .next()
                    .is_some_and(|l| l.eq_ignore_ascii_case("json")) =>
            {
                current = Some((None, String::new()));
            }
            Event::Text(content) => {
                if let Some((line, block)) = &mut current {
                    line.get_or_insert_with(|| text[..range.start].matches('\n').count() + 1);
                    block.push_str(&content);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((Some(line), block)) = current.take() {
                    blocks.push((line, block));
                }
            }
            _ => {}
        }
    }
    blocks
}

fn load_text(location: Location, text: String, language: Language, loaded: &mut Loaded, errors: &mut Diagnostics) {
    let parsed = match language {
        Language::Json => serde_json::from_str::<Strict>(&text).map_err(|e| (e.line(), e.to_string())),
        Language::Yaml => {
            serde_yaml::from_str::<Strict>(&text).map_err(|e| (e.location().map_or(1, |l| l.line()), e.to_string()))
        }
    };
    let value = match parsed {
        Ok(Strict(value)) => value,
        Err((line, message)) => {
            let at = Location::new(location.file, location.line + line.max(1) - 1);
            if text.contains("openapi") {
                errors.push(Some(&at), format!("invalid OpenAPI document: {message}"));
            } else {
                loaded
                    .notices
                    .push(format!("{at}: skipped, neither valid nor OpenAPI: {message}"));
            }
            return;
        }
    };
    let Some(version) = value.get("openapi") else {
        loaded.notices.push(format!(
            "{location}: skipped, not an OpenAPI document (no `openapi` key)"
        ));
        return;
    };
    if !version.as_str().is_some_and(|v| v.starts_with("3.1.")) {
        errors.push(
            Some(&location),
            format!("OpenAPI version {version} is not supported; convert the document to 3.1 first"),
        );
        return;
    }
    if value
        .get("paths")
        .and_then(Value::as_object)
        .is_none_or(|paths| paths.is_empty())
    {
        loaded.notices.push(format!(
            "{location}: document without paths; only its tags, servers and components are used"
        ));
    }
    loaded.documents.push(Document { location, value, text });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_page(text: &str) -> (Loaded, Diagnostics) {
        let mut loaded = Loaded::default();
        let mut errors = Diagnostics::default();
        load_file("upstream/page.md", text, &mut loaded, &mut errors);
        (loaded, errors)
    }

    const ONE: &str = r#"{"openapi":"3.1.0","paths":{"/a":{"get":{"operationId":"getA"}}}}"#;

    #[test]
    fn page_content_other_than_openapi_is_skipped() {
        let page = format!(
            "# T\n\n> quote\n\n```sh\ncurl \"openapi\"\n```\n\n```json\n{{\"an\": \"example\"}}\n```\n\n```json\n{ONE}\n```\n\n\
             ~~~~ JSON title=\"x\"\n{ONE}\n~~~~\n\n    ```json\n    {{ indented, so no fence\n    ```\n"
        );
        let (loaded, errors) = load_page(&page);
        assert!(errors.into_result().is_ok());
        let lines: Vec<_> = loaded.documents.iter().map(|d| d.location.line).collect();
        assert_eq!(lines, [14, 18]);
        assert_eq!(
            loaded.notices,
            ["upstream/page.md:10: skipped, not an OpenAPI document (no `openapi` key)"]
        );
    }

    #[test]
    fn invalid_document_is_an_error_with_its_line() {
        let (loaded, errors) = load_page("# T\n\n```json\n{\n \"openapi\": \"3.1.0\",\n \"paths\": {,}\n}\n```\n");
        assert!(loaded.documents.is_empty());
        let text = errors.to_string();
        assert!(
            text.starts_with("upstream/page.md:6: invalid OpenAPI document:"),
            "{text}"
        );
    }

    #[test]
    fn invalid_example_is_skipped_with_a_notice() {
        let (loaded, errors) = load_page("```json\n{ // a comment\n}\n```\n");
        assert!(errors.into_result().is_ok());
        assert!(
            loaded.notices[0].starts_with("upstream/page.md:2: skipped"),
            "{:?}",
            loaded.notices
        );
    }

    #[test]
    fn document_without_paths_is_loaded_with_a_notice() {
        let (loaded, _) = load_page("```json\n{\"openapi\":\"3.1.0\",\"tags\":[{\"name\":\"A\"}]}\n```\n");
        assert_eq!(loaded.documents.len(), 1);
        assert!(loaded.notices[0].contains("without paths"));
    }

    #[test]
    fn unsupported_version_is_an_error() {
        let (_, errors) = load_page("```json\n{\"openapi\":\"3.0.3\",\"paths\":{}}\n```\n");
        assert!(errors.to_string().contains("is not supported"), "{errors}");
    }

    #[test]
    fn operations_of_one_document_have_their_own_lines() {
        let text =
            "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      operationId: getAll\n    post:\n      operationId: getA\n";
        let mut loaded = Loaded::default();
        load_file("upstream/a.yaml", text, &mut loaded, &mut Diagnostics::default());
        let document = &loaded.documents[0];
        assert_eq!(document.operation_location(Some("getA")).line, 7);
        assert_eq!(document.operation_location(Some("getAll")).line, 5);
        assert_eq!(document.operation_location(None).line, 1);
    }
}
