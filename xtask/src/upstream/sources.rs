//! The Rust sources of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Lists the sources in a directory, recursively and sorted, without those in directories of these names. A directory that does not
/// exist has none.
pub fn list(directory: &Path, skipped: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if directory.exists() {
        add(directory, skipped, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn add(directory: &Path, skipped: &[&str], found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !skipped.contains(&name) {
                add(&path, skipped, found)?;
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// Reads a source.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}
