//! Reads the sides of a comparison: a file, a directory of documents, or a git revision.

use std::path::Path;

use serde_json::Value;

use super::directory::{self, Inventory};
use super::git::{self, Object};
use contract::diagnostic::Diagnostics;
use contract::files::Files;
use contract::model::resource_of;
use contract::pipeline::{DOCUMENTS, OVERLAYS};
use openapi_diff::Change;
use spanned_json::{Kind, Language, Location, Node, ParseError, parse};

/// One side of a comparison.
#[derive(Debug)]
pub struct Side {
    /// The name in reports.
    pub name: String,
    /// An OpenAPI document, 3.0 or 3.1.
    pub document: Value,
    /// The source of the document, with locations.
    pub source: Node,
    /// Problems that did not prevent reading it.
    pub notices: Vec<String>,
    /// Its operations and overlays, if it is a directory.
    pub inventory: Option<Inventory>,
}

/// The specs directory, relative to the workspace; the default of arguments that are not given.
pub const SPECS: &str = "specs";

/// Returns all changes, each once, in the order of the new document.
pub fn compare(old: &Side, new: &Side) -> Vec<Change> {
    openapi_diff::compare(old.contract(), new.contract(), &resource_of)
}

impl Side {
    /// Reads both sides in parallel; the new one defaults to the work tree.
    pub fn read_both(old: &str, new: Option<&str>, workspace: &Path) -> Result<(Self, Self), Diagnostics> {
        std::thread::scope(|scope| {
            let old = scope.spawn(|| Self::read(old, workspace));
            let new = match new {
                Some(new) => Self::read(new, workspace),
                None => Self::from_workspace(workspace),
            };
            let old = old.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((old?, new?))
        })
    }

    /// Reads an argument: a file, a directory, a git revision, or `REVISION:PATH`.
    pub fn read(argument: &str, workspace: &Path) -> Result<Self, Diagnostics> {
        let path = Path::new(argument);
        if path.is_dir() {
            return Self::from_directory(argument, path);
        }
        if path.exists() {
            return Self::from_file(argument, path);
        }
        let revision = argument.split_once(':').map_or(argument, |(revision, _)| revision);
        match git::read(argument, SPECS, workspace)? {
            Object::File { path, content } => Self::from_bytes(&format!("{revision}:{path}"), &content),
            Object::Directory { path, files } => {
                let directory = format!("{revision}:{path}");
                Self::from_files(argument, &directory, &files).map_err(|errors| errors.in_directory(&directory))
            }
        }
    }

    /// The input of the comparison.
    pub fn contract(&self) -> openapi_diff::Contract<'_> {
        openapi_diff::Contract {
            document: &self.document,
            source: &self.source,
        }
    }

    /// Reads the documents of the work tree.
    pub fn from_workspace(workspace: &Path) -> Result<Self, Diagnostics> {
        Self::from_directory(SPECS, &workspace.join(SPECS))
    }

    /// Reads a directory in the form of `--specs`, or a directory of pages.
    pub fn from_directory(name: &str, path: &Path) -> Result<Self, Diagnostics> {
        let files = if path.join("upstream").is_dir() {
            let [upstream, local] = DOCUMENTS;
            Files::read(path, &[upstream, local, OVERLAYS])?
        } else {
            Files::read(path, &[""])?
        };
        let directory = name.trim_end_matches('/');
        Self::from_files(name, directory, &files).map_err(|errors| errors.in_directory(directory))
    }

    /// Reads a directory in memory. The file names in its locations begin with `prefix`.
    pub fn from_files(name: &str, prefix: &str, files: &Files) -> Result<Self, Diagnostics> {
        let contents = directory::read(prefix, files)?;
        Ok(Self {
            name: name.to_owned(),
            document: contents.document,
            source: contents.source,
            notices: contents.notices,
            inventory: Some(contents.inventory),
        })
    }

    /// Reads a file.
    pub fn from_file(name: &str, path: &Path) -> Result<Self, Diagnostics> {
        let bytes = std::fs::read(path).map_err(|e| Diagnostics::new(None, format!("{name}: {e}")))?;
        Self::from_bytes(name, &bytes)
    }

    /// Reads the content of a file: an OpenAPI document, or a page with several.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Diagnostics> {
        if name.ends_with(".md") {
            let (directory, page) = name.rsplit_once('/').unwrap_or((".", name));
            let mut files = Files::default();
            files.insert(page.to_owned(), bytes.to_vec());
            return Self::from_files(name, directory, &files).map_err(|errors| errors.in_directory(directory));
        }
        let first = Location::new(name, 1);
        let text =
            std::str::from_utf8(bytes).map_err(|_| Diagnostics::new(Some(&first), "is not UTF-8; save it as UTF-8"))?;
        let language = if text.trim_start().starts_with('{') && !name.ends_with(".yaml") && !name.ends_with(".yml") {
            Language::Json
        } else {
            Language::from_file_name(name)
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let source = parse(language, &first, text).map_err(|ParseError { location, message }| {
            Diagnostics::new(Some(&location), format!("invalid OpenAPI document: {message}"))
        })?;
        check_openapi(&source)?;
        Ok(Self {
            name: name.to_owned(),
            document: source.value(),
            source,
            notices: Vec::new(),
            inventory: None,
        })
    }
}

/// Checks the structure that a comparison relies on.
fn check_openapi(root: &Node) -> Result<(), Diagnostics> {
    let Some(version) = root.get("openapi") else {
        let hint = if root.get("swagger").is_some() {
            "Swagger 2.0 is not supported; convert it to OpenAPI 3 first"
        } else {
            "it has no `openapi`, so it is not an OpenAPI document"
        };
        return Err(Diagnostics::new(Some(&root.location), hint));
    };
    if !version
        .as_str()
        .is_some_and(|v| v.starts_with("3.0") || v.starts_with("3.1"))
    {
        return Err(Diagnostics::new(
            Some(&version.location),
            "`openapi` must be a version 3.0 or 3.1, as a string such as '3.1.0'",
        ));
    }
    for (key, is_array) in [
        ("paths", false),
        ("components", false),
        ("servers", true),
        ("tags", true),
    ] {
        if let Some(node) = root.get(key)
            && (if is_array {
                !matches!(node.kind, Kind::Array(_))
            } else {
                node.properties().is_none()
            })
        {
            let kind = if is_array { "an array" } else { "an object" };
            return Err(Diagnostics::new(
                Some(&node.location),
                format!("`{key}` must be {kind}"),
            ));
        }
    }
    Ok(())
}
