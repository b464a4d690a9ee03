//! The files of a specs directory, in memory, so that the stages need not know whether they came from disk or from git.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

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

/// File contents by name; names are relative to the specs directory, with `/` on every system.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

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
                self.0.insert(relative(root, &path), content);
            }
        }
        Ok(())
    }

    pub fn insert(&mut self, name: String, content: Vec<u8>) {
        self.0.insert(name, content);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files in a directory, recursively, in the order of their names; all of them for `""`.
    pub fn in_directory<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.0
            .iter()
            .filter(move |(name, _)| {
                directory.is_empty() || name.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
            })
            .map(|(name, content)| (name.as_str(), content.as_slice()))
    }
}
