//! Reads every OpenAPI document in every file of a directory, with the file and line of each value.
//!
//! | found | outcome |
//! |---|---|
//! | an OpenAPI document, 3.0 or 3.1, with one operation or several | loaded as 3.1 |
//! | an OpenAPI document without paths | loaded for its tags, servers and components, with a notice |
//! | a file that a document refers to | a part of that document, and no document itself if it has no paths, or if its paths are referred to |
//! | JSON or YAML that is not OpenAPI | skipped, with a notice |
//! | invalid JSON or YAML that mentions `openapi` | an error |
//! | other invalid JSON or YAML | skipped, with a notice: presumably an example |
//! | another version of OpenAPI | an error |
//!
//! A page is a Markdown file with arbitrary content; its fenced blocks are read that are marked as `json` or `yaml`, or not marked and
//! OpenAPI.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use spanned_json::{Kind as Form, Language, Location, Node, ParseError, parse};

use crate::check::check;
use crate::diagnostic::Diagnostics;
use crate::files::Files;
use crate::grammar::Kind;
use crate::notices::Notices;
use crate::pages::blocks;
use crate::references::{Referred, resolve};
use crate::text::{language_of, text_of, version_of};
use crate::upgrade::upgrade;

/// One clean OpenAPI 3.1 document.
#[derive(Debug, Clone)]
pub struct Document {
    pub location: Location,
    /// The document with the location of each value.
    pub source: Node,
}

impl Document {
    /// The document without locations.
    pub fn value(&self) -> Value {
        self.source.value()
    }
}

/// The documents of some directories.
#[derive(Debug, Default)]
pub struct Loaded {
    pub documents: Vec<Document>,
    /// Skipped or odd parts, for the maintainer.
    pub notices: Vec<String>,
}

/// Loads all documents of some directories (relative to `root`), each in the order of file names, whole files before pages. A directory
/// that does not exist is empty.
pub fn load(root: &Path, directories: &[&str]) -> Result<Loaded, Diagnostics> {
    load_files(&Files::read(root, directories)?, directories)
}

/// Loads all documents of some directories from files in memory.
pub fn load_files(files: &Files, directories: &[&str]) -> Result<Loaded, Diagnostics> {
    let mut candidates = Vec::new();
    let mut errors = Diagnostics::default();
    for directory in directories {
        // Whole files come first: where texts differ, the first document's are kept.
        let (pages, whole): (Vec<_>, Vec<_>) = files
            .in_directory(directory)
            .partition(|(name, _)| name.ends_with(".md"));
        for (name, content) in whole.into_iter().chain(pages) {
            match text_of(name, content) {
                Ok(text) => candidates_of(name, text, &mut candidates),
                Err(error) => errors.extend(error),
            }
        }
    }
    finish(candidates, files, errors)
}

/// Loads the document in a file; a page may have several.
///
/// # Errors
///
/// A file that is not a document.
pub fn load_file(files: &Files, name: &str) -> Result<Loaded, Diagnostics> {
    let content = files
        .get(name)
        .ok_or_else(|| Diagnostics::new(None, format!("{name}: no such file")))?;
    let text = text_of(name, &content)?;
    let mut candidates = Vec::new();
    candidates_of(name, text, &mut candidates);
    if let [Candidate { content, .. }] = candidates.as_slice()
        && !name.ends_with(".md")
    {
        match content {
            Ok(node) => {
                version_of(node)?;
            }
            Err(ParseError { location, message }) => {
                return Err(Diagnostics::new(
                    Some(location),
                    format!("invalid OpenAPI document: {message}"),
                ));
            }
        }
    }
    finish(candidates, files, Diagnostics::default())
}

/// A file or block that may be a document.
struct Candidate {
    location: Location,
    content: Result<Node, ParseError>,
    mentions_openapi: bool,
}

fn candidates_of(name: &str, text: &str, candidates: &mut Vec<Candidate>) {
    let candidate = |line: usize, language: Language, text: &str| {
        let location = Location::new(name, line);
        Candidate {
            content: parse(language, &location, text),
            location,
            mentions_openapi: text.contains("openapi"),
        }
    };
    if !name.ends_with(".md") {
        candidates.push(candidate(1, language_of(name, text), text));
        return;
    }
    for block in blocks(text) {
        match block.language {
            Some(language) => candidates.push(candidate(block.line, language, &block.text)),
            // Output, a program or anything else, unless it begins like a document.
            None if begins_like_openapi(&block.text) => {
                candidates.push(candidate(block.line, language_of("", &block.text), &block.text));
            }
            None => {}
        }
    }
}

/// Returns `true` if a line is the key `openapi`.
fn begins_like_openapi(text: &str) -> bool {
    text.lines().any(|line| {
        let key = line.trim_start_matches([' ', '\t', '{']);
        ["openapi", "\"openapi\"", "'openapi'"].iter().any(|name| {
            key.strip_prefix(name)
                .is_some_and(|rest| rest.trim_start().starts_with(':'))
        })
    })
}

/// Checks, upgrades and resolves the candidates that are documents.
fn finish(candidates: Vec<Candidate>, files: &Files, mut errors: Diagnostics) -> Result<Loaded, Diagnostics> {
    let mut notices = Notices::default();
    let mut documents = Vec::new();
    let mut skipped = Vec::new();
    for Candidate {
        location,
        content,
        mentions_openapi,
    } in candidates
    {
        match content {
            Err(ParseError { location: at, message }) if mentions_openapi => {
                errors.push(Some(&at), format!("invalid OpenAPI document: {message}"));
            }
            Err(ParseError { location: at, message }) => {
                skipped.push((at, format!("skipped, neither valid nor OpenAPI: {message}")));
            }
            Ok(node) if node.get("openapi").is_none() && node.get("swagger").is_none() => {
                skipped.push((
                    location,
                    "skipped, not an OpenAPI document (no `openapi` key)".to_owned(),
                ));
            }
            Ok(node) => documents.push((location, node)),
        }
    }
    let mut loaded = Vec::new();
    let mut all = Referred::default();
    for (location, mut source) in documents {
        let mut of_document = Notices::default();
        let version = match version_of(&source) {
            Ok(version) => version,
            Err(error) => {
                errors.extend(error);
                continue;
            }
        };
        source.location = location.clone();
        let before = errors.iter().count();
        check(&mut source, Kind::Document, &mut errors, &mut of_document);
        if errors.iter().count() > before {
            continue;
        }
        if version == crate::text::Version::V3_0 {
            upgrade(&mut source, Kind::Document, &mut of_document);
        }
        if let Some(node) = source.get_mut("openapi") {
            node.kind = Form::Scalar(Value::String("3.1.0".to_owned()));
        }
        let referred = resolve(&mut source, version, files, &mut errors, &mut of_document);
        let own = location.file.to_string();
        all.files.extend(referred.files.into_iter().filter(|file| *file != own));
        all.with_path_items
            .extend(referred.with_path_items.into_iter().filter(|file| *file != own));
        loaded.push((Document { location, source }, of_document));
    }
    // Documents whose paths refer to each other are all kept.
    let is_part = |document: &Document| {
        let file = document.location.file.as_ref();
        all.with_path_items.contains(file) || (all.files.contains(file) && !has_paths(&document.source))
    };
    let are_all_parts = loaded.iter().all(|(document, _)| is_part(document));
    loaded.retain(|(document, _)| are_all_parts || !is_part(document));
    let referred: BTreeSet<&str> = all.files.iter().map(String::as_str).collect();
    for (location, message) in skipped {
        if !referred.contains(location.file.as_ref()) {
            notices.push(&location, message);
        }
    }
    let mut lines = notices.into_lines();
    let mut documents = Vec::new();
    for (document, of_document) in loaded {
        let Document { location, source } = &document;
        if !has_paths(source) {
            let message = match source.get("webhooks") {
                Some(_) => "document without paths; its webhooks, tags, servers and components are used",
                None => "document without paths; only its tags, servers and components are used",
            };
            lines.push(format!("{location}: {message}"));
        }
        lines.extend(of_document.into_lines());
        documents.push(document);
    }
    errors.into_result()?;
    Ok(Loaded {
        documents,
        notices: lines,
    })
}

fn has_paths(document: &Node) -> bool {
    document
        .get("paths")
        .and_then(Node::properties)
        .is_some_and(|paths| !paths.is_empty())
}

#[cfg(test)]
mod tests;
