//! The files of a specs directory, in memory, so that the stages need not know whether they came from disk or from git.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Diagnostics;

/// Returns `true` for file names of documents and overlays, by extension.
pub fn is_document(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|e| matches!(e, "md" | "json" | "yaml" | "yml"))
}

/// The path relative to `root`, with `/`.
pub fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// Reads a file that was not given, by its name.
type Fetch = Arc<dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync>;

/// File contents by name; names are relative to the specs directory, with `/` on every system.
#[derive(Clone, Default)]
pub struct Files {
    contents: BTreeMap<String, Vec<u8>>,
    fetch: Option<Fetch>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.contents.keys()).finish()
    }
}

impl Files {
    /// Reads the files in some directories below `root`, recursively. A directory that does not exist is empty.
    pub fn read(root: &Path, directories: &[&str]) -> Result<Self, Diagnostics> {
        let mut files = Self::default();
        for directory in directories {
            let directory = root.join(directory);
            if directory.exists() {
                files
                    .collect(root, &directory)
                    .map_err(|(path, e)| Diagnostics::new(None, format!("{path}: {e}")))?;
            }
        }
        Ok(files)
    }

    fn collect(&mut self, root: &Path, directory: &Path) -> Result<(), (String, std::io::Error)> {
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |e| (path, e)
        };
        for entry in fs::read_dir(directory).map_err(failed(directory))? {
            let path = entry.map_err(failed(directory))?.path();
            if path.is_dir() {
                self.collect(root, &path)?;
            } else if is_document(&path.to_string_lossy()) {
                let content = fs::read(&path).map_err(failed(&path))?;
                self.contents.insert(relative(root, &path), content);
            }
        }
        Ok(())
    }

    pub fn insert(&mut self, name: String, content: Vec<u8>) {
        self.contents.insert(name, content);
    }

    pub fn remove(&mut self, name: &str) {
        self.contents.remove(name);
    }

    /// Reads files that are referred to and were not given with `fetch`, by name.
    pub fn with_fetch(mut self, fetch: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        self.fetch = Some(Arc::new(fetch));
        self
    }

    /// Reads files that are referred to and were not given from a directory, and none outside of it.
    pub fn with_directory(self, directory: &Path) -> Self {
        let directory = directory.to_owned();
        self.with_fetch(move |name| {
            let path = directory.join(name).canonicalize().ok()?;
            // A symbolic link may lead anywhere.
            let is_inside = path.starts_with(directory.canonicalize().ok()?);
            is_inside.then(|| fs::read(path).ok()).flatten()
        })
    }

    /// The content of a file.
    pub fn get(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        match (self.contents.get(name), &self.fetch) {
            (Some(content), _) => Some(Cow::Borrowed(content)),
            (None, Some(fetch)) => fetch(name).map(Cow::Owned),
            (None, None) => None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// The files in a directory, recursively, in the order of their names; all of them for `""`.
    pub fn in_directory<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.contents
            .iter()
            .filter(move |(name, _)| {
                directory.is_empty() || name.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
            })
            .map(|(name, content)| (name.as_str(), content.as_slice()))
    }
}
