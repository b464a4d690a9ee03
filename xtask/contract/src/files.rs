//! The files of a folder of documents, in memory, so that the stages need not know whether they came from a disk or from git.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::diagnostic::{Diagnostics, fault};

/// What a file that holds documents or corrections is called.
pub fn is_read(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|e| matches!(e, "md" | "json" | "yaml" | "yml"))
}

/// Path below `root`, with `/`.
pub fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// Contents by name; names are relative to the folder of documents, with `/` on every system.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Reads what is below some folders of `root`; one that does not exist holds nothing.
    pub fn read(root: &Path, folders: &[&str]) -> Result<Self, Diagnostics> {
        let mut files = Self::default();
        for folder in folders {
            let directory = root.join(folder);
            if directory.exists() {
                files
                    .collect(root, &directory)
                    .map_err(|(path, e)| fault(None, format!("{path}: {e}")))?;
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
            } else if is_read(&path.to_string_lossy()) {
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

    /// The files of a folder, in the order of their names; all of them for `""`.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.0
            .iter()
            .filter(move |(name, _)| {
                folder.is_empty() || name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
            })
            .map(|(name, content)| (name.as_str(), content.as_slice()))
    }
}
