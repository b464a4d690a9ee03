//! Reads the sides of a comparison: a file, a directory of documents, or a git revision.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::directory::{self, Contents, Inventory};
use super::git::{self, Object};
use contract::merge::without_names;
use contract::model::resource_of;
use contract::operations::operations;
use contract::pipeline::{self, Joined};
use contract::selection::{self, prune, remove_operation};
use openapi_diff::{Change, Prefixes, Settings};
use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::files::Files;
use openapi_reader::load;
use spanned_json::{Location, Node};

/// One side of a comparison.
#[derive(Debug)]
pub struct Side {
    /// The name in reports.
    pub name: String,
    /// An OpenAPI document, 3.1.
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

/// Returns all changes, each once, in the order of the new document. Operations that the selection of one side leaves out are not
/// compared: see [`LeftOut`].
pub fn compare(old: &Side, new: &Side) -> Vec<Change> {
    compare_with(old, new, &[], None)
}

/// Returns all changes; `stripped_prefixes` of paths are not compared, and `today` decides whether a sunset has passed.
pub fn compare_with(old: &Side, new: &Side, stripped_prefixes: &[String], today: Option<&str>) -> Vec<Change> {
    let prefixes = Prefixes {
        base: String::new(),
        stripped: stripped_prefixes,
    };
    let settings = Settings {
        resource: &|path| resource_of(&prefixes.apply(path)),
        stripped_prefixes,
        today,
    };
    let (from_old, from_new) = (without(old, new), without(new, old));
    openapi_diff::compare(
        openapi_diff::Contract {
            document: from_old.as_ref().unwrap_or(&old.document),
            source: &old.source,
        },
        openapi_diff::Contract {
            document: from_new.as_ref().unwrap_or(&new.document),
            source: &new.source,
        },
        &settings,
    )
}

/// The document of a side without the operations that the other side leaves out; `None` if it has none of them.
fn without(side: &Side, other: &Side) -> Option<Value> {
    let left_out = LeftOut::new(other, side);
    if left_out.present.is_empty() {
        return None;
    }
    let mut document = side.document.clone();
    let removed: Vec<Value> = left_out
        .present
        .iter()
        .filter_map(|(path, method)| remove_operation(&mut document, path, method))
        .collect();
    prune(&mut document, &removed);
    Some(document)
}

/// The operations that the selection of a side leaves out. They are neither added nor removed for a comparison.
#[derive(Debug)]
pub struct LeftOut {
    /// The number of all of them.
    pub count: usize,
    /// Those that the other side has, by path and method.
    pub present: Vec<(String, String)>,
}

impl LeftOut {
    /// Compares the selection of a side with the operations of the other one.
    pub fn new(side: &Side, other: &Side) -> Self {
        let left_out = side.inventory.as_ref().map(|inventory| &inventory.left_out);
        let keys: BTreeSet<(String, &str)> = left_out
            .into_iter()
            .flatten()
            .map(|(path, method)| (without_names(path).0, method.as_str()))
            .collect();
        let present = operations(&other.document)
            .filter(|(path, method, _)| !keys.is_empty() && keys.contains(&(without_names(path).0, *method)))
            .map(|(path, method, _)| (path.to_owned(), method.to_owned()))
            .collect();
        Self {
            count: left_out.map_or(0, Vec::len),
            present,
        }
    }

    /// A note for each side of a comparison whose selection leaves something out.
    pub fn notes(old: &Side, new: &Side) -> Vec<String> {
        let mut lines = Vec::new();
        for (side, other, word) in [(old, new, "new"), (new, old, "old")] {
            let left_out = Self::new(side, other);
            if left_out.count == 0 {
                continue;
            }
            let present: Vec<String> = left_out
                .present
                .iter()
                .map(|(path, method)| format!("{} {path}", method.to_uppercase()))
                .collect();
            let of_other = match present.len() {
                0 => String::new(),
                count => format!(
                    "; the {word} contract has {count} of them, which {} not compared: {}",
                    if count == 1 { "is" } else { "are" },
                    shortened(&present)
                ),
            };
            lines.push(format!(
                "{}: operations left out by {}: {}{of_other}",
                side.name,
                selection::FILE,
                left_out.count,
            ));
        }
        lines
    }
}

/// The first names of a list, and the number of the others.
fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let first = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

impl Side {
    /// Reads both sides in parallel; the new one defaults to the work tree.
    pub fn read_both(old: &str, new: Option<&str>, workspace: &Path) -> Result<(Self, Self), Diagnostics> {
        if old == "-" && new == Some("-") {
            let message = "only one of the contracts can be the standard input";
            return Err(Diagnostics::new(None, message));
        }
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
        if argument == "-" {
            let mut content = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut content);
            read.map_err(|e| Diagnostics::new(None, format!("standard input: {e}")))?;
            return Self::from_content("-", &content, Files::default().with_directory(Path::new(".")));
        }
        let path = Path::new(argument);
        if path.is_dir() {
            return Self::from_directory(argument, path);
        }
        if path.exists() {
            return Self::from_file(argument, path);
        }
        let revision = argument.split_once(':').map_or(argument, |(revision, _)| revision);
        match git::read(argument, SPECS, workspace)? {
            Object::File { path, content } => {
                let files = git::directory_of(&path, revision, workspace);
                Self::from_content(&format!("{revision}:{path}"), &content, files)
            }
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
            pipeline::read(path)?
        } else {
            Files::read(path, &[""])?
        };
        let directory = name.trim_end_matches('/');
        Self::from_files(name, directory, &files).map_err(|errors| errors.in_directory(directory))
    }

    /// Reads a directory in memory. The file names in its locations begin with `prefix`.
    pub fn from_files(name: &str, prefix: &str, files: &Files) -> Result<Self, Diagnostics> {
        Ok(Self::from_contents(name, directory::read(prefix, files)?))
    }

    /// Reads documents that are joined already, and the overlays in `files`.
    pub fn from_joined(name: &str, prefix: &str, joined: Joined, files: &Files) -> Result<Self, Diagnostics> {
        Ok(Self::from_contents(
            name,
            directory::read_joined(prefix, joined, files)?,
        ))
    }

    fn from_contents(name: &str, contents: Contents) -> Self {
        Self {
            name: name.to_owned(),
            document: contents.document,
            source: contents.source,
            notices: contents.notices,
            inventory: Some(contents.inventory),
        }
    }

    /// Reads a file, and the files of its directory that it refers to.
    pub fn from_file(name: &str, path: &Path) -> Result<Self, Diagnostics> {
        let bytes = std::fs::read(path).map_err(|e| Diagnostics::new(None, format!("{name}: {e}")))?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        Self::from_content(
            name,
            &bytes,
            Files::default().with_directory(directory.unwrap_or(Path::new("."))),
        )
    }

    /// Reads the content of a file that refers to no other: an OpenAPI document, or a page with several.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Diagnostics> {
        Self::from_content(name, bytes, Files::default())
    }

    /// Reads the content of a file. `files` has what it may refer to, by names relative to its directory.
    fn from_content(name: &str, bytes: &[u8], mut files: Files) -> Result<Self, Diagnostics> {
        let (directory, file) = name.rsplit_once('/').unwrap_or((".", name));
        files.insert(file.to_owned(), bytes.to_vec());
        let in_directory = |errors: Diagnostics| match directory {
            "." => errors,
            directory => errors.in_directory(directory),
        };
        if file.ends_with(".md") {
            return Self::from_files(name, directory, &files).map_err(in_directory);
        }
        let mut loaded = load::load_file(&files, file).map_err(in_directory)?;
        let Some(document) = loaded.documents.pop() else {
            return Err(Diagnostics::new(
                Some(&Location::new(name, 1)),
                "it is not an OpenAPI document",
            ));
        };
        let mut source = document.source;
        directory::relocate(&mut source, directory);
        Ok(Self {
            name: name.to_owned(),
            document: source.value(),
            source,
            notices: loaded.notices,
            inventory: None,
        })
    }
}
