//! What is compared: a file, a folder of documents, or a git revision.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::folder::{self, Stock};
use super::git::{self, Object};
use contract::diagnostic::{Diagnostics, fault};
use contract::files::Files;
use contract::model::resource_of;
use contract::pipeline::{DOCUMENTS, OVERLAYS};
use openapi_diff::Change;
use spanned_json::{At, Language, Node, Place, parse};

/// One of the two contracts.
#[derive(Debug)]
pub struct Side {
    /// What it is called in reports.
    pub name: String,
    /// An OpenAPI document, 3.0 or 3.1.
    pub document: Value,
    /// What it was read from, with the line of every word.
    pub origin: Node,
    /// What the maintainer should know of how it was read.
    pub notices: Vec<String>,
    /// What it is made of, where it is a folder.
    pub stock: Option<Stock>,
}

/// Where `specs` is, for what is not given on the command line.
pub const SPECS: &str = "specs";

/// Everything that is different, each change once, in the order of the new document.
pub fn compare(old: &Side, new: &Side) -> Vec<Change> {
    openapi_diff::compare(old.contract(), new.contract(), &resource_of)
}

impl Side {
    /// Reads both sides at once; without a new one, that is what is in the work tree.
    pub fn read_both(old: &str, new: Option<&str>, workspace: &Path) -> Result<(Self, Self), Diagnostics> {
        std::thread::scope(|scope| {
            let old = scope.spawn(|| Self::read(old, workspace));
            let new = match new {
                Some(new) => Self::read(new, workspace),
                None => Self::of_workspace(workspace),
            };
            let old = old.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((old?, new?))
        })
    }

    /// Reads what an argument names: a file, a folder, a git revision, or `REVISION:PATH`.
    pub fn read(argument: &str, workspace: &Path) -> Result<Self, Diagnostics> {
        let path = Path::new(argument);
        if path.is_dir() {
            return Self::of_folder(argument, path);
        }
        if path.exists() {
            return Self::of_file(argument, path);
        }
        let revision = argument.split_once(':').map_or(argument, |(revision, _)| revision);
        match git::read(argument, SPECS, workspace)? {
            Object::File { path, content } => Self::of_text(&format!("{revision}:{path}"), &content),
            Object::Folder { path, files } => {
                let folder = format!("{revision}:{path}");
                Self::of_files(argument, &folder, &files).map_err(|faults| faults.below(&folder))
            }
        }
    }

    /// What is compared of it.
    pub fn contract(&self) -> openapi_diff::Contract<'_> {
        openapi_diff::Contract {
            document: &self.document,
            origin: &self.origin,
        }
    }

    /// The documents of the work tree.
    pub fn of_workspace(workspace: &Path) -> Result<Self, Diagnostics> {
        Self::of_folder(SPECS, &workspace.join(SPECS))
    }

    /// A folder as `--specs` takes it, or a bare folder of pages.
    pub fn of_folder(name: &str, path: &Path) -> Result<Self, Diagnostics> {
        let files = if path.join("upstream").is_dir() {
            let [upstream, local] = DOCUMENTS;
            Files::read(path, &[upstream, local, OVERLAYS])?
        } else {
            Files::read(path, &[""])?
        };
        let folder = name.trim_end_matches('/');
        Self::of_files(name, folder, &files).map_err(|faults| faults.below(folder))
    }

    /// A folder that is in memory. Places begin with `prefix`.
    pub fn of_files(name: &str, prefix: &str, files: &Files) -> Result<Self, Diagnostics> {
        let folder = folder::read(prefix, files)?;
        Ok(Self {
            name: name.to_owned(),
            document: folder.document,
            origin: folder.origin,
            notices: folder.notices,
            stock: Some(folder.stock),
        })
    }

    /// A single OpenAPI document.
    pub fn of_file(name: &str, path: &Path) -> Result<Self, Diagnostics> {
        let bytes = std::fs::read(path).map_err(|e| fault(None, format!("{name}: {e}")))?;
        Self::of_text(name, &bytes)
    }

    /// A single OpenAPI document, or a page with several, as it is in the file `name`.
    pub fn of_text(name: &str, bytes: &[u8]) -> Result<Self, Diagnostics> {
        if name.ends_with(".md") {
            let (folder, page) = name.rsplit_once('/').unwrap_or((".", name));
            let mut files = Files::default();
            files.insert(page.to_owned(), bytes.to_vec());
            return Self::of_files(name, folder, &files).map_err(|faults| faults.below(folder));
        }
        let first = At {
            file: Arc::from(name),
            line: 1,
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|_| fault(Some(&Place::from(&first)), "is not UTF-8 text; save it as UTF-8"))?;
        let language = if text.trim_start().starts_with('{') && !name.ends_with(".yaml") && !name.ends_with(".yml") {
            Language::Json
        } else {
            Language::of(name)
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let origin = parse(language, &first, text).map_err(|spanned_json::Fault { at, message }| {
            fault(Some(&Place::from(&at)), format!("broken OpenAPI document: {message}"))
        })?;
        is_openapi(&origin)?;
        Ok(Self {
            name: name.to_owned(),
            document: origin.value(),
            origin,
            notices: Vec::new(),
            stock: None,
        })
    }
}

/// What must be there so that it can be compared at all.
fn is_openapi(root: &Node) -> Result<(), Diagnostics> {
    let at = |node: &Node| Place::from(&node.at);
    let Some(version) = root.get("openapi") else {
        let hint = if root.get("swagger").is_some() {
            "it is Swagger 2.0; convert it to OpenAPI 3 first"
        } else {
            "it has no `openapi`; is it an OpenAPI document?"
        };
        return Err(fault(Some(&at(root)), hint));
    };
    if !version
        .text()
        .is_some_and(|v| v.starts_with("3.0") || v.starts_with("3.1"))
    {
        return Err(fault(
            Some(&at(version)),
            "`openapi` must be a version 3.0 or 3.1, as text such as '3.1.0'",
        ));
    }
    for (key, list) in [
        ("paths", false),
        ("components", false),
        ("servers", true),
        ("tags", true),
    ] {
        if let Some(node) = root.get(key)
            && (if list {
                !matches!(node.kind, spanned_json::Kind::List(_))
            } else {
                node.members().is_none()
            })
        {
            let kind = if list { "a list" } else { "an object" };
            return Err(fault(Some(&at(node)), format!("`{key}` must be {kind}")));
        }
    }
    Ok(())
}
