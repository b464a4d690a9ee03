//! Reads the documents: every OpenAPI document in every page of a folder, with its file and line.
//!
//! A page is Markdown that may hold anything; only its fenced `json` blocks matter here.
//!
//! | found | outcome |
//! |---|---|
//! | an OpenAPI 3.1 document, with one operation or several | loaded |
//! | an OpenAPI document without paths | loaded (its tags, servers and components count), with a notice |
//! | JSON that is not OpenAPI | left out, with a notice |
//! | broken JSON that mentions `openapi` | an error |
//! | broken JSON that does not | left out, with a notice: an example, presumably |
//! | another version of OpenAPI | an error |
//! | a `.json`, `.yaml` or `.yml` file | like one block |

use std::path::Path;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde_json::Value;

use spanned_json::Place;

use crate::diagnostic::Diagnostics;
use crate::files::Files;
use crate::strict::Strict;

/// One OpenAPI document and the text it was read from.
#[derive(Debug, Clone)]
pub struct Document {
    pub place: Place,
    pub value: Value,
    /// The text, to find the lines of its parts in it.
    pub text: String,
}

impl Document {
    /// The line on which an operation stands: that of its `operationId`, else the document's first.
    pub fn place_of(&self, operation_id: Option<&str>) -> Place {
        let offset = operation_id.and_then(|id| self.text.lines().position(|line| mentions_operation_id(line, id)));
        Place {
            file: self.place.file.clone(),
            line: self.place.line + offset.unwrap_or(0),
        }
    }
}

/// Whether a line of JSON or YAML sets `operationId` to exactly `id`.
fn mentions_operation_id(line: &str, id: &str) -> bool {
    line.match_indices("operationId").any(|(at, key)| {
        let value = line[at + key.len()..].trim_start_matches(['"', '\'', ':', ' ']);
        value
            .strip_prefix(id)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Loaded {
    pub documents: Vec<Document>,
    /// Things left out or odd, for the maintainer to see.
    pub notices: Vec<String>,
}

/// Loads all documents of the folders named (relative to `root`), each in the order of file names; a folder that does not
/// exist holds nothing.
pub fn load(root: &Path, folders: &[&str]) -> Result<Loaded, Diagnostics> {
    load_files(&Files::read(root, folders)?, folders)
}

/// The same from memory.
pub fn load_files(files: &Files, folders: &[&str]) -> Result<Loaded, Diagnostics> {
    let mut loaded = Loaded::default();
    let mut faults = Diagnostics::default();
    for (name, content) in folders.iter().flat_map(|folder| files.below(folder)) {
        match std::str::from_utf8(content) {
            Ok(text) => load_file(name, text, &mut loaded, &mut faults),
            Err(_) => {
                let file = name.to_owned();
                faults.push(Some(&Place { file, line: 1 }), "is not UTF-8 text; save it as UTF-8");
            }
        }
    }
    faults.into_result()?;
    Ok(loaded)
}

fn load_file(name: &str, text: &str, loaded: &mut Loaded, faults: &mut Diagnostics) {
    let place = |line| Place {
        file: name.to_owned(),
        line,
    };
    if name.ends_with(".md") {
        for (line, block) in json_blocks(text) {
            load_text(place(line), block, Language::Json, loaded, faults);
        }
    } else if name.ends_with(".json") {
        load_text(place(1), text.to_owned(), Language::Json, loaded, faults);
    } else {
        load_text(place(1), text.to_owned(), Language::Yaml, loaded, faults);
    }
}

/// The fenced blocks marked `json`: the line of their first line of content, and their text.
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

enum Language {
    Json,
    Yaml,
}

fn load_text(place: Place, text: String, language: Language, loaded: &mut Loaded, faults: &mut Diagnostics) {
    let parsed = match language {
        Language::Json => serde_json::from_str::<Strict>(&text).map_err(|e| (e.line(), e.to_string())),
        Language::Yaml => {
            serde_yaml::from_str::<Strict>(&text).map_err(|e| (e.location().map_or(1, |l| l.line()), e.to_string()))
        }
    };
    let value = match parsed {
        Ok(Strict(value)) => value,
        Err((line, message)) => {
            let at = Place {
                line: place.line + line.max(1) - 1,
                ..place
            };
            if text.contains("openapi") {
                faults.push(Some(&at), format!("broken OpenAPI document: {message}"));
            } else {
                loaded
                    .notices
                    .push(format!("{at}: left out, neither valid nor OpenAPI: {message}"));
            }
            return;
        }
    };
    let Some(version) = value.get("openapi") else {
        loaded
            .notices
            .push(format!("{place}: left out, not an OpenAPI document (no `openapi` key)"));
        return;
    };
    if !version.as_str().is_some_and(|v| v.starts_with("3.1.")) {
        faults.push(
            Some(&place),
            format!("OpenAPI version {version} is not read here: only 3.1 is; convert the document first"),
        );
        return;
    }
    if value
        .get("paths")
        .and_then(Value::as_object)
        .is_none_or(|paths| paths.is_empty())
    {
        loaded.notices.push(format!(
            "{place}: a document without paths; only its tags, servers and components count"
        ));
    }
    loaded.documents.push(Document { place, value, text });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_page(text: &str) -> (Loaded, Diagnostics) {
        let mut loaded = Loaded::default();
        let mut faults = Diagnostics::default();
        load_file("upstream/page.md", text, &mut loaded, &mut faults);
        (loaded, faults)
    }

    const ONE: &str = r#"{"openapi":"3.1.0","paths":{"/a":{"get":{"operationId":"getA"}}}}"#;

    #[test]
    fn a_page_may_hold_anything_else() {
        let page = format!(
            "# T\n\n> quote\n\n```sh\ncurl \"openapi\"\n```\n\n```json\n{{\"an\": \"example\"}}\n```\n\n```json\n{ONE}\n```\n\n\
             ~~~~ JSON title=\"x\"\n{ONE}\n~~~~\n\n    ```json\n    {{ indented, so no fence\n    ```\n"
        );
        let (loaded, faults) = load_page(&page);
        assert!(faults.into_result().is_ok());
        let lines: Vec<_> = loaded.documents.iter().map(|d| d.place.line).collect();
        assert_eq!(lines, [14, 18]);
        assert_eq!(
            loaded.notices,
            ["upstream/page.md:10: left out, not an OpenAPI document (no `openapi` key)"]
        );
    }

    #[test]
    fn a_broken_document_is_an_error_with_its_line() {
        let (loaded, faults) = load_page("# T\n\n```json\n{\n \"openapi\": \"3.1.0\",\n \"paths\": {,}\n}\n```\n");
        assert!(loaded.documents.is_empty());
        let text = faults.to_string();
        assert!(
            text.starts_with("upstream/page.md:6: broken OpenAPI document:"),
            "{text}"
        );
    }

    #[test]
    fn a_broken_example_is_left_out_with_a_notice() {
        let (loaded, faults) = load_page("```json\n{ // a comment\n}\n```\n");
        assert!(faults.into_result().is_ok());
        assert!(
            loaded.notices[0].starts_with("upstream/page.md:2: left out"),
            "{:?}",
            loaded.notices
        );
    }

    #[test]
    fn a_document_without_paths_is_loaded_with_a_notice() {
        let (loaded, _) = load_page("```json\n{\"openapi\":\"3.1.0\",\"tags\":[{\"name\":\"A\"}]}\n```\n");
        assert_eq!(loaded.documents.len(), 1);
        assert!(loaded.notices[0].contains("without paths"));
    }

    #[test]
    fn another_version_is_an_error() {
        let (_, faults) = load_page("```json\n{\"openapi\":\"3.0.3\",\"paths\":{}}\n```\n");
        assert!(faults.to_string().contains("only 3.1 is"), "{faults}");
    }

    #[test]
    fn operations_of_one_document_have_their_own_lines() {
        let text =
            "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      operationId: getAll\n    post:\n      operationId: getA\n";
        let mut loaded = Loaded::default();
        load_file("upstream/a.yaml", text, &mut loaded, &mut Diagnostics::default());
        let document = &loaded.documents[0];
        assert_eq!(document.place_of(Some("getA")).line, 7);
        assert_eq!(document.place_of(Some("getAll")).line, 5);
        assert_eq!(document.place_of(None).line, 1);
    }
}
