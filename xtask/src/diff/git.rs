//! Reads files of a git revision, without touching the work tree.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use contract::diagnostic::{Diagnostics, fault};
use contract::files::{Files, is_read};

/// What a revision has at a path.
pub enum Object {
    File { path: String, content: Vec<u8> },
    Folder { path: String, files: Files },
}

/// A revision, whose folder `default` is meant, or `REVISION:PATH`, which may be a file or a folder.
pub fn read(argument: &str, default: &str, workspace: &Path) -> Result<Object, Diagnostics> {
    let (revision, path) = match argument.split_once(':') {
        Some((revision, path)) => (revision, path.trim_matches('/')),
        None => (argument, default),
    };
    let commit = run(
        workspace,
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &format!("{revision}^{{commit}}"),
        ],
    )
    .map_err(|_| {
        fault(
            None,
            format!(
                "`{argument}` is no file, no folder and no git revision; give two contracts, two folders or revisions"
            ),
        )
    })?;
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    let kind = run(workspace, &["cat-file", "-t", &format!("{commit}:{path}")])
        .map_err(|_| fault(None, format!("there is no `{path}` in the revision `{revision}`")))?;
    if kind.starts_with(b"blob") {
        let content = run(workspace, &["cat-file", "blob", &format!("{commit}:{path}")])
            .map_err(|e| fault(None, format!("git: {e}")))?;
        let path = path.to_owned();
        return Ok(Object::File { path, content });
    }
    let files = folder(workspace, &commit, path).map_err(|e| fault(None, format!("git: {e}")))?;
    let path = path.to_owned();
    Ok(Object::Folder { path, files })
}

/// All files of a folder that hold documents, in two calls of git however many they are.
fn folder(workspace: &Path, commit: &str, path: &str) -> Result<Files, String> {
    let tree = if path.is_empty() {
        commit.to_owned()
    } else {
        format!("{commit}:{path}")
    };
    let listing = run(workspace, &["ls-tree", "-r", "-z", "--name-only", "--full-tree", &tree])?;
    let names: Vec<_> = listing
        .split(|byte| *byte == 0)
        .filter_map(|name| std::str::from_utf8(name).ok())
        .filter(|name| is_read(name) && !name.starts_with("generated/") && !name.contains('\n'))
        .collect();
    let mut child = Command::new("git")
        .arg("-C")
        .arg(workspace)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    // Written from another thread: git answers while it is asked, and would stand still with both pipes full.
    let mut stdin = child.stdin.take().ok_or("no way to ask it")?;
    let questions: String = names
        .iter()
        .map(|name| format!("{tree}{}{name}\n", if path.is_empty() { ":" } else { "/" }))
        .collect();
    let asking = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    asking
        .join()
        .map_err(|_| "it was not asked")?
        .map_err(|e| e.to_string())?;
    let mut rest = output.stdout.as_slice();
    let mut files = Files::default();
    for name in names {
        // `ID blob SIZE`, a line feed, the content, a line feed.
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or("it answered less than it was asked")?;
        let header = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size = header.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let size = size.ok_or_else(|| format!("`{name}`: {header}"))?;
        let content = rest
            .get(end + 1..end + 1 + size)
            .ok_or("it answered less than it was asked")?;
        files.insert(name.to_owned(), content.to_vec());
        rest = rest.get(end + size + 2..).unwrap_or_default();
    }
    Ok(files)
}

fn run(workspace: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(workspace)
        .args(arguments)
        .output()
        .map_err(|e| format!("cannot be started: {e}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
