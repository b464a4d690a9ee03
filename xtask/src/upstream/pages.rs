//! Reads and checks the new documents, and compares them with the present ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use contract::merge::without_names;
use contract::operations::operations;
use contract::pipeline::{DOCUMENTS, OVERLAYS};
use contract::selection;
use openapi_reader::diagnostic::{Diagnostic, Diagnostics};
use openapi_reader::files::{Files, is_document};
use openapi_reader::load::{self, Document};
use spanned_json::Location;

/// The directory of the vendor's documents in the specs directory.
pub const UPSTREAM: &str = DOCUMENTS[0];
/// The file in that directory that documents the origin of the documents. It is no page.
pub const SOURCE: &str = "SOURCE.md";

/// The files of `specs/` to write, besides those of the vendor, with their new contents; `None`: to delete.
pub type Edits = BTreeMap<String, Option<Vec<u8>>>;

/// The planned content of the vendor's directory.
#[derive(Debug)]
pub struct Plan {
    /// Every planned file.
    pub pages: Vec<Page>,
    /// The files to be removed.
    pub removed: Vec<Removed>,
    /// All documents and overlays, with the new files in place of the old ones.
    pub files: Files,
}

/// A planned page or whole file.
#[derive(Debug)]
pub struct Page {
    /// The name relative to `upstream/`.
    pub name: String,
    /// The name as it was given; `None` if the file is kept.
    pub given: Option<String>,
    pub content: Vec<u8>,
    pub status: Status,
    pub operations: usize,
}

/// A present page or whole file that is not given.
#[derive(Debug)]
pub struct Removed {
    pub name: String,
    pub operations: usize,
    /// The names of the given files that have operations of it.
    pub superseded_by: BTreeSet<String>,
    /// The operations that no given file has, as `METHOD /path`.
    pub gone: Vec<String>,
}

/// The status of a planned page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    New,
    Replaced,
    /// Given, and equal to the present one.
    Unchanged,
    /// Not given, and kept because of `--partial`.
    Kept,
}

impl Plan {
    /// Returns `true` if the plan changes nothing.
    pub fn is_unchanged(&self) -> bool {
        let is_unchanged = |page: &Page| matches!(page.status, Status::Unchanged | Status::Kept);
        self.removed.is_empty() && self.pages.iter().all(is_unchanged)
    }

    /// The name of a file as it was given, if it was. `file` is relative to `specs/`.
    pub fn given_name(&self, file: &str) -> Option<&str> {
        let name = file.strip_prefix(UPSTREAM)?.strip_prefix('/')?;
        let page = self.pages.iter().find(|page| page.name == name)?;
        page.given.as_deref()
    }

    /// Replaces the names of files in errors by those that were given.
    pub fn with_given_names(&self, errors: Diagnostics) -> Diagnostics {
        let given = self.pages.iter().filter_map(|page| {
            let given = page.given.clone()?;
            Some((format!("{UPSTREAM}/{}", page.name), given))
        });
        renamed(errors, &given.collect())
    }
}

/// Replaces the names of files in errors.
fn renamed(errors: Diagnostics, names: &BTreeMap<String, String>) -> Diagnostics {
    let mut out = Diagnostics::default();
    for Diagnostic { location, message } in errors.iter() {
        let location = location.clone().map(|location| match names.get(&*location.file) {
            Some(name) => Location::new(name.as_str(), location.line),
            None => location,
        });
        // The message of a conflict contains the other location.
        let mut message = message.clone();
        for (name, given) in names {
            message = message.replace(&format!(" {name}:"), &format!(" {given}:"));
        }
        out.push(location.as_ref(), message);
    }
    out
}

/// A document that was given.
struct Given {
    /// The name relative to `upstream/`.
    name: String,
    /// The name as it was given.
    given: String,
    content: Vec<u8>,
}

/// The operations of each file, by path without names of parameters and method.
type Operations = BTreeMap<String, BTreeSet<(String, String)>>;

fn operations_of(documents: &[Document], strip: &str) -> Operations {
    let mut all = Operations::new();
    for document in documents {
        let file = document
            .location
            .file
            .strip_prefix(strip)
            .unwrap_or(&document.location.file);
        let of_file = all.entry(file.to_owned()).or_default();
        let document = document.value();
        of_file.extend(operations(&document).map(|(path, method, _)| (without_names(path).0, method.to_owned())));
    }
    all
}

/// Reads the new documents and plans the vendor's directory.
///
/// # Errors
///
/// Documents that cannot be read, with file and line.
pub fn plan(before: &Files, paths: &[PathBuf], partial: bool) -> Result<Plan, Diagnostics> {
    let (given, new) = read(paths)?;
    let upstream = format!("{UPSTREAM}/");
    let old: Vec<(&str, &[u8])> = before
        .in_directory(UPSTREAM)
        .filter_map(|(name, content)| Some((name.strip_prefix(&upstream)?, content)))
        .filter(|(name, _)| *name != SOURCE)
        .collect();
    let is_given = |name: &str| given.iter().any(|given| given.name == name);
    let mut present = Operations::new();
    if old.iter().any(|(name, _)| !is_given(name)) {
        present = operations_of(&load::load_files(before, &[UPSTREAM])?.documents, &upstream);
    }

    let mut pages = Vec::new();
    let mut removed = Vec::new();
    for (name, content) in old.iter().filter(|(name, _)| !is_given(name)) {
        let operations = present.remove(*name).unwrap_or_default();
        if partial {
            pages.push(Page {
                name: (*name).to_owned(),
                given: None,
                content: content.to_vec(),
                status: Status::Kept,
                operations: operations.len(),
            });
            continue;
        }
        let owners = |key: &(String, String)| -> Vec<String> {
            let files = new.iter().filter(|(_, of_file)| of_file.contains(key));
            files.map(|(file, _)| file.clone()).collect()
        };
        let gone = operations.iter().filter(|key| owners(key).is_empty());
        removed.push(Removed {
            name: (*name).to_owned(),
            operations: operations.len(),
            superseded_by: operations.iter().flat_map(owners).collect(),
            gone: gone
                .map(|(path, method)| format!("{} {path}", method.to_uppercase()))
                .collect(),
        });
    }
    for Given { name, given, content } in given {
        let status = match old.iter().find(|(known, _)| *known == name) {
            None => Status::New,
            Some((_, known)) if *known == content => Status::Unchanged,
            Some(_) => Status::Replaced,
        };
        pages.push(Page {
            operations: new.get(&name).map_or(0, BTreeSet::len),
            name,
            given: Some(given),
            content,
            status,
        });
    }
    pages.sort_by(|a, b| a.name.cmp(&b.name));

    let mut files = Files::default();
    for other in [DOCUMENTS[1], OVERLAYS] {
        for (name, content) in before.in_directory(other) {
            files.insert(name.to_owned(), content.to_vec());
        }
    }
    if let Some(content) = before.get(selection::FILE) {
        files.insert(selection::FILE.to_owned(), content.into_owned());
    }
    for page in &pages {
        files.insert(format!("{UPSTREAM}/{}", page.name), page.content.clone());
    }
    Ok(Plan { pages, removed, files })
}

/// Reads the given files and directories, and checks that they can be parsed. Returns them with their operations.
fn read(paths: &[PathBuf]) -> Result<(Vec<Given>, Operations), Diagnostics> {
    let mut given: Vec<Given> = Vec::new();
    let mut add = |name: &str, shown: &str, content: Vec<u8>| -> Result<(), Diagnostics> {
        match given.iter().find(|known| known.name == name) {
            None => given.push(Given {
                name: name.to_owned(),
                given: shown.to_owned(),
                content,
            }),
            Some(known) if known.content == content => {}
            Some(known) => {
                let message = format!(
                    "{shown} and {} would both be `{UPSTREAM}/{name}`; rename one of them",
                    known.given
                );
                return Err(Diagnostics::new(None, message));
            }
        }
        Ok(())
    };
    for path in paths {
        let shown = path.display().to_string();
        let shown = shown.trim_end_matches('/');
        let error = |message: String| Diagnostics::new(None, message);
        let found = match fs::metadata(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(error(format!(
                    "{shown}: no such file or directory; give the new pages and files"
                )));
            }
            Err(e) => return Err(error(format!("{shown}: {e}"))),
            Ok(found) => found,
        };
        if !found.is_dir() {
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let directory = directory.unwrap_or(Path::new("."));
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !is_document(&name) {
                return Err(error(format!(
                    "{shown} is no document; documents are `.json`, `.yaml`, `.yml` and `.md`"
                )));
            }
            let content = fs::read(path).map_err(|e| error(format!("{shown}: {e}")))?;
            for (name, content) in referred(directory, &name, &content)? {
                add(&name, &directory.join(&name).display().to_string(), content)?;
            }
            add(&name, shown, content)?;
            continue;
        }
        if path.join(UPSTREAM).is_dir() {
            return Err(error(format!(
                "{shown} contains a directory `{UPSTREAM}`; give the directory of documents itself, `{shown}/{UPSTREAM}`"
            )));
        }
        let files = Files::read(path, &[""])?;
        for (name, content) in files.in_directory("").filter(|(name, _)| *name != SOURCE) {
            add(name, &format!("{shown}/{name}"), content.to_vec())?;
        }
    }
    let mut files = Files::default();
    for Given { name, content, .. } in &given {
        files.insert(name.clone(), content.clone());
    }
    let names = given.iter().map(|given| (given.name.clone(), given.given.clone()));
    let names: BTreeMap<String, String> = names.collect();
    let loaded = load::load_files(&files, &[""]).map_err(|errors| renamed(errors, &names))?;
    if loaded.documents.is_empty() {
        let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Diagnostics::new(
            None,
            format!(
                "{}: no page or file with an OpenAPI document (`.md`, `.json`, `.yaml`)",
                shown.join(", ").trim_end_matches('/')
            ),
        ));
    }
    Ok((given, operations_of(&loaded.documents, "")))
}

/// The files in the same directory that a file refers to, by name.
fn referred(directory: &Path, name: &str, content: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Diagnostics> {
    // Most whole files refer to no other one, and are large.
    let text = String::from_utf8_lossy(content);
    let values = text.split("$ref").skip(1);
    let mut values = values.map(|rest| rest.trim_start_matches(['"', '\'', ':', ' ']));
    if values.all(|value| value.starts_with('#')) {
        return Ok(Vec::new());
    }
    let found: Arc<Mutex<BTreeMap<String, Vec<u8>>>> = Arc::default();
    let (known, base) = (found.clone(), directory.to_owned());
    let mut files = Files::default().with_directory(directory);
    files.insert(name.to_owned(), content.to_vec());
    let inner = files.clone();
    let files = files.with_fetch(move |name| {
        let content = inner.get(name)?.into_owned();
        if base.join(name).is_file() {
            known.lock().ok()?.insert(name.to_owned(), content.clone());
        }
        Some(content)
    });
    // Errors are reported when all files are read.
    let _ = load::load_files(&files, &[""]);
    let found = found.lock().map(|found| found.clone()).unwrap_or_default();
    Ok(found.into_iter().collect())
}
