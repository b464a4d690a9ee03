//! Reads and checks the new pages, and compares them with the present ones.

use std::fs;
use std::path::Path;

use contract::diagnostic::{Diagnostic, Diagnostics};
use contract::files::Files;
use contract::load;
use contract::operations::operations;
use contract::pipeline::{DOCUMENTS, OVERLAYS};
use spanned_json::Location;

/// The directory of the vendor's pages in the specs directory.
pub const UPSTREAM: &str = DOCUMENTS[0];
/// The file in that directory that documents the origin of the pages. It is no page.
pub const SOURCE: &str = "SOURCE.md";

/// The planned content of the directory of pages.
#[derive(Debug)]
pub struct Plan {
    /// The directory of new pages, as it was given.
    pub directory: String,
    /// Every planned page.
    pub pages: Vec<Page>,
    /// The names of pages to be removed.
    pub removed: Vec<String>,
    /// All documents and overlays, with the new pages in place of the old ones.
    pub files: Files,
}

/// A planned page.
#[derive(Debug)]
pub struct Page {
    /// The name relative to `upstream/`.
    pub name: String,
    pub content: Vec<u8>,
    pub status: Status,
    pub operations: usize,
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

    /// The name of a page in the directory that was given, if it was. `file` is relative to `specs/`.
    pub fn given_name(&self, file: &str) -> Option<String> {
        let name = file.strip_prefix(UPSTREAM)?.strip_prefix('/')?;
        let page = self.pages.iter().find(|page| page.name == name)?;
        (page.status != Status::Kept).then(|| format!("{}/{name}", self.directory))
    }

    /// Replaces the names of pages in errors by those in the directory that was given.
    pub fn with_given_names(&self, errors: Diagnostics) -> Diagnostics {
        let mut renamed = Diagnostics::default();
        for Diagnostic { location, message } in errors.iter() {
            let location = location.clone().map(|location| match self.given_name(&location.file) {
                Some(name) => Location::new(name, location.line),
                None => location,
            });
            // The message of a conflict contains the other location.
            let mut message = message.clone();
            for page in self.pages.iter().filter(|page| page.status != Status::Kept) {
                message = message.replace(
                    &format!("{UPSTREAM}/{}:", page.name),
                    &format!("{}/{}:", self.directory, page.name),
                );
            }
            renamed.push(location.as_ref(), message);
        }
        renamed
    }
}

/// Reads the new pages and plans the directory of pages.
///
/// # Errors
///
/// Pages that cannot be read, with file and line.
pub fn plan(before: &Files, pages: &Path, partial: bool) -> Result<Plan, Diagnostics> {
    let directory = pages.display().to_string();
    let directory = directory.trim_end_matches('/').to_owned();
    let given = read(pages, &directory)?;

    let old: Vec<(String, Vec<u8>)> = before
        .in_directory(UPSTREAM)
        .filter_map(|(name, content)| Some((name.strip_prefix(UPSTREAM)?.strip_prefix('/')?.to_owned(), content)))
        .filter(|(name, _)| name != SOURCE)
        .map(|(name, content)| (name, content.to_vec()))
        .collect();
    let mut all = Vec::new();
    let mut removed = Vec::new();
    for (name, content) in &old {
        if given.iter().any(|(known, _)| known == name) {
            continue;
        }
        match partial {
            true => all.push(page(name, content, Status::Kept)?),
            false => removed.push(name.clone()),
        }
    }
    for (name, content) in &given {
        let status = match old.iter().find(|(known, _)| known == name) {
            None => Status::New,
            Some((_, known)) if known == content => Status::Unchanged,
            Some(_) => Status::Replaced,
        };
        all.push(page(name, content, status)?);
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));

    let mut files = Files::default();
    for other in [DOCUMENTS[1], OVERLAYS] {
        for (name, content) in before.in_directory(other) {
            files.insert(name.to_owned(), content.to_vec());
        }
    }
    for page in &all {
        files.insert(format!("{UPSTREAM}/{}", page.name), page.content.clone());
    }
    Ok(Plan {
        directory,
        pages: all,
        removed,
        files,
    })
}

/// Reads the pages of a directory, by name, and checks that they can be parsed.
fn read(path: &Path, directory: &str) -> Result<Vec<(String, Vec<u8>)>, Diagnostics> {
    let error = |message: String| Diagnostics::new(None, message);
    match fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(error(format!(
                "{directory}: no such directory; give the directory of new pages"
            )));
        }
        Err(e) => return Err(error(format!("{directory}: {e}"))),
        Ok(found) if !found.is_dir() => {
            return Err(error(format!(
                "{directory} is a file; give the directory of pages, and `--partial` if it does not have all of them"
            )));
        }
        Ok(_) => {}
    }
    if path.join(UPSTREAM).is_dir() {
        return Err(error(format!(
            "{directory} contains a directory `{UPSTREAM}`; give the directory of pages itself, `{directory}/{UPSTREAM}`"
        )));
    }
    let mut files = Files::default();
    for (name, content) in Files::read(path, &[""])?.in_directory("") {
        if name != SOURCE {
            files.insert(name.to_owned(), content.to_vec());
        }
    }
    let loaded = load::load_files(&files, &[""]).map_err(|errors| errors.in_directory(directory))?;
    if loaded.documents.is_empty() {
        return Err(error(format!(
            "{directory}: no page with an OpenAPI document (`.md`, `.json`, `.yaml`)"
        )));
    }
    Ok(files
        .in_directory("")
        .map(|(name, content)| (name.to_owned(), content.to_vec()))
        .collect())
}

fn page(name: &str, content: &[u8], status: Status) -> Result<Page, Diagnostics> {
    let mut alone = Files::default();
    alone.insert(name.to_owned(), content.to_vec());
    let loaded = load::load_files(&alone, &[""])?;
    let counts = loaded
        .documents
        .iter()
        .map(|document| operations(&document.value()).count());
    Ok(Page {
        name: name.to_owned(),
        content: content.to_vec(),
        status,
        operations: counts.sum(),
    })
}
