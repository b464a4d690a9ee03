//! Replaces the vendor's documents by the new ones, and the other files of `specs/` that follow from them: all or none.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::pages::{Edits, Plan, SOURCE, UPSTREAM};

/// The new and the old directory of pages while they are swapped, beside `upstream/`.
const NEW: &str = ".upstream-coming";
const OLD: &str = ".upstream-going";

/// Fails if what is replaced or deleted has uncommitted changes, which would be lost. `edited` are files in `specs/`.
pub fn check_clean(root: &Path, edited: &Edits) -> Result<()> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["status", "--porcelain", "--untracked-files=all", "--"])
        .arg(format!("specs/{UPSTREAM}"))
        .args(edited.keys().map(|name| format!("specs/{name}")))
        .output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        _ => bail!(
            "specs: git failed to list uncommitted changes; `--allow-dirty` replaces the files without this check"
        ),
    };
    let changes = String::from_utf8_lossy(&output.stdout);
    if !changes.trim().is_empty() {
        bail!(
            "specs has uncommitted changes:\n{}\ncommit or revert them first, or pass `--allow-dirty`",
            changes.trim_end()
        );
    }
    Ok(())
}

/// Writes the new directory of documents and swaps it with the present one, and writes the other files. Returns what is left to do.
pub fn replace_documents(specs: &Path, plan: &Plan, edits: &Edits, release: Option<&str>) -> Result<Vec<String>> {
    let (present, new, old) = (specs.join(UPSTREAM), specs.join(NEW), specs.join(OLD));
    if old.exists() {
        bail!(
            "{}: an earlier run was interrupted while it swapped directories, and these are the old pages; move them back to {} or \
             delete them",
            old.display(),
            present.display()
        );
    }
    let source = source(&present, plan, release)?;
    let written = write(&new, plan, source.text.as_deref());
    let edited = written.and_then(|()| edit(specs, edits));
    let swapped = edited.and_then(|undo| swap(&present, &new, &old).inspect_err(|_| roll_back(specs, &undo)));
    if swapped.is_err() && new.exists() {
        let _ = fs::remove_dir_all(&new);
    }
    swapped?;
    fs::remove_dir_all(&old).with_context(|| format!("{}: the old pages", old.display()))?;
    Ok(source.todo)
}

/// The former contents of edited files; `None` for those that did not exist.
type Undo = Vec<(String, Option<Vec<u8>>)>;

/// Writes and deletes files of `specs/`: all or none.
fn edit(specs: &Path, edits: &Edits) -> Result<Undo> {
    let mut undo = Undo::new();
    for (name, content) in edits {
        let path = specs.join(name);
        let before = match fs::read(&path) {
            Ok(content) => Some(content),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                roll_back(specs, &undo);
                return Err(error).with_context(|| path.display().to_string());
            }
        };
        undo.push((name.clone(), before));
        if let Err(error) = put(&path, content.as_deref()) {
            roll_back(specs, &undo);
            return Err(error).with_context(|| path.display().to_string());
        }
    }
    Ok(undo)
}

/// Restores edited files. An error here is not reported: the one that led here is.
fn roll_back(specs: &Path, undo: &Undo) {
    for (name, content) in undo {
        let _ = put(&specs.join(name), content.as_deref());
    }
}

/// Writes a file, or deletes it.
fn put(path: &Path, content: Option<&[u8]>) -> std::io::Result<()> {
    match content {
        Some(content) => {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, content)
        }
        None if path.exists() => fs::remove_file(path),
        None => Ok(()),
    }
}

fn write(new: &Path, plan: &Plan, source: Option<&str>) -> Result<()> {
    if new.exists() {
        fs::remove_dir_all(new).with_context(|| new.display().to_string())?;
    }
    let put = |name: &str, content: &[u8]| {
        let path = new.join(name);
        put(&path, Some(content)).with_context(|| path.display().to_string())
    };
    for page in &plan.pages {
        put(&page.name, &page.content)?;
    }
    match source {
        Some(source) => put(SOURCE, source.as_bytes()),
        None => Ok(()),
    }
}

fn swap(present: &Path, new: &Path, old: &Path) -> Result<()> {
    fs::rename(present, old).with_context(|| present.display().to_string())?;
    if let Err(error) = fs::rename(new, present) {
        // Roll back.
        fs::rename(old, present).with_context(|| old.display().to_string())?;
        return Err(error).with_context(|| present.display().to_string());
    }
    Ok(())
}

/// The new `SOURCE.md`, and what a person has to do about it.
struct Source {
    text: Option<String>,
    todo: Vec<String>,
}

/// Updates the table of pages and the release. The rest of the file is written by people.
fn source(present: &Path, plan: &Plan, release: Option<&str>) -> Result<Source> {
    let rows: Vec<String> = plan
        .pages
        .iter()
        .map(|page| {
            format!(
                "| `{}` | {} | `{}` |",
                page.name,
                page.operations,
                digest(&page.content)
            )
        })
        .collect();
    let path = present.join(SOURCE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let todo = vec![format!(
                "There is no {SOURCE} to document their origin; its table of pages would be:\n{}",
                rows.join("\n")
            )];
            return Ok(Source { text: None, todo });
        }
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut todo = Vec::new();
    match lines.iter().position(|line| line.starts_with("| page ")) {
        Some(head) => {
            let first = (head + 2).min(lines.len());
            let count = lines[first..].iter().take_while(|line| line.starts_with('|')).count();
            lines.splice(first..first + count, rows);
        }
        None => todo.push(format!(
            "{SOURCE} has no table that begins with `| page |`; its rows would be:\n{}",
            rows.join("\n")
        )),
    }
    let stated = lines.iter_mut().find(|line| line.starts_with("| release "));
    match (stated, release) {
        (Some(line), Some(release)) => *line = format!("| release | **{release}** |"),
        (None, Some(release)) => todo.push(format!("{SOURCE} has no row `| release |`; the release is {release}.")),
        (Some(line), None) => todo.push(format!(
            "{SOURCE} has `{}`: update it if the release changed (`--release` does that).",
            line.trim_matches(['|', ' ']).replace(" | ", ": ")
        )),
        (None, None) => {}
    }
    todo.push(format!("Review the rest of {SOURCE}."));
    let mut text = lines.join("\n");
    text.push('\n');
    Ok(Source { text: Some(text), todo })
}

fn digest(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
