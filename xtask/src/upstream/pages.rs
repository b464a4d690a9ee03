//! The new pages: read, checked, and set against those of the tree.

use std::fs;
use std::path::Path;

use contract::diagnostic::{Diagnostic, Diagnostics, fault};
use contract::files::Files;
use contract::load;
use contract::operations::operations;
use contract::pipeline::{DOCUMENTS, OVERLAYS};
use spanned_json::Place;

/// The folder of the vendor's pages, below that of all documents.
pub const UPSTREAM: &str = DOCUMENTS[0];
/// Ours, in the vendor's folder: where the pages come from.
pub const SOURCE: &str = "SOURCE.md";

/// What would become of the folder of pages.
#[derive(Debug)]
pub struct Plan {
    /// The folder as it was given.
    pub folder: String,
    /// Every page that will be there, by its name below `upstream/`.
    pub pages: Vec<Page>,
    /// Pages that go.
    pub removed: Vec<String>,
    /// All documents and corrections, with the new pages in place of the old ones.
    pub files: Files,
}

/// A page that will be there.
#[derive(Debug)]
pub struct Page {
    pub name: String,
    pub content: Vec<u8>,
    pub fate: Fate,
    pub operations: usize,
}

/// What becomes of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    New,
    Replaced,
    /// Given, and the same as in the tree.
    Unchanged,
    /// Not given, and kept because only some pages were.
    Kept,
}

impl Plan {
    /// Whether the folder of pages would be as it is.
    pub fn is_idle(&self) -> bool {
        let stays = |page: &Page| matches!(page.fate, Fate::Unchanged | Fate::Kept);
        self.removed.is_empty() && self.pages.iter().all(stays)
    }

    /// The name by which a page was given, if it was: `file` is below `specs/`.
    pub fn given(&self, file: &str) -> Option<String> {
        let name = file.strip_prefix(UPSTREAM)?.strip_prefix('/')?;
        let page = self.pages.iter().find(|page| page.name == name)?;
        (page.fate != Fate::Kept).then(|| format!("{}/{name}", self.folder))
    }

    /// Errors about pages that were given, under the names by which they were.
    pub fn rename(&self, faults: Diagnostics) -> Diagnostics {
        let mut renamed = Diagnostics::default();
        for Diagnostic { place, message } in faults.iter() {
            let place = place.clone().map(|place| Place {
                file: self.given(&place.file).unwrap_or(place.file),
                ..place
            });
            // A contradiction names the other place in its words.
            let mut message = message.clone();
            for page in self.pages.iter().filter(|page| page.fate != Fate::Kept) {
                message = message.replace(
                    &format!("{UPSTREAM}/{}:", page.name),
                    &format!("{}/{}:", self.folder, page.name),
                );
            }
            renamed.push(place.as_ref(), message);
        }
        renamed
    }
}

/// Reads the new pages; an error names each that cannot be read, with its line.
pub fn plan(before: &Files, pages: &Path, partial: bool) -> Result<Plan, Diagnostics> {
    let folder = pages.display().to_string();
    let folder = folder.trim_end_matches('/').to_owned();
    let given = read(pages, &folder)?;

    let old: Vec<(String, Vec<u8>)> = before
        .below(UPSTREAM)
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
            true => all.push(page(name, content, Fate::Kept)?),
            false => removed.push(name.clone()),
        }
    }
    for (name, content) in &given {
        let fate = match old.iter().find(|(known, _)| known == name) {
            None => Fate::New,
            Some((_, known)) if known == content => Fate::Unchanged,
            Some(_) => Fate::Replaced,
        };
        all.push(page(name, content, fate)?);
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));

    let mut files = Files::default();
    for other in [DOCUMENTS[1], OVERLAYS] {
        for (name, content) in before.below(other) {
            files.insert(name.to_owned(), content.to_vec());
        }
    }
    for page in &all {
        files.insert(format!("{UPSTREAM}/{}", page.name), page.content.clone());
    }
    Ok(Plan {
        folder,
        pages: all,
        removed,
        files,
    })
}

/// The pages of the folder given, by name; each can be read, and they hold operations.
fn read(path: &Path, folder: &str) -> Result<Vec<(String, Vec<u8>)>, Diagnostics> {
    let about = |message: String| fault(None, message);
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(about(format!("there is no {folder}; give the folder of new pages")));
        }
        Err(error) => return Err(about(format!("{folder}: {error}"))),
        Ok(found) if !found.is_dir() => {
            return Err(about(format!(
                "{folder} is a file; give the folder of pages, and `--partial` when it does not hold all of them"
            )));
        }
        Ok(_) => {}
    }
    if path.join(UPSTREAM).is_dir() {
        return Err(about(format!(
            "{folder} holds a folder `{UPSTREAM}`; give the folder of pages itself, `{folder}/{UPSTREAM}`"
        )));
    }
    let mut files = Files::default();
    for (name, content) in Files::read(path, &[""])?.below("") {
        if name != SOURCE {
            files.insert(name.to_owned(), content.to_vec());
        }
    }
    let loaded = load::load_files(&files, &[""]).map_err(|faults| faults.below(folder))?;
    if loaded.documents.is_empty() {
        return Err(about(format!(
            "{folder}: no page with an OpenAPI document in it (`.md`, `.json`, `.yaml`)"
        )));
    }
    Ok(files
        .below("")
        .map(|(name, content)| (name.to_owned(), content.to_vec()))
        .collect())
}

fn page(name: &str, content: &[u8], fate: Fate) -> Result<Page, Diagnostics> {
    let mut alone = Files::default();
    alone.insert(name.to_owned(), content.to_vec());
    let loaded = load::load_files(&alone, &[""])?;
    let counts = loaded
        .documents
        .iter()
        .map(|document| operations(&document.value).count());
    Ok(Page {
        name: name.to_owned(),
        content: content.to_vec(),
        fate,
        operations: counts.sum(),
    })
}
