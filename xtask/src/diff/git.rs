//! Reads files of a git revision without touching the work tree.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::files::{Files, is_document};

/// A file or directory of a revision.
pub enum Object {
    File { path: String, content: Vec<u8> },
    Directory { path: String, files: Files },
}

/// Reads `REVISION:PATH`, or the directory `default` of `REVISION`.
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
    .map_err(|_| Diagnostics::new(None, format!("`{argument}` is not a file, directory or git revision")))?;
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    let kind = run(workspace, &["cat-file", "-t", &format!("{commit}:{path}")])
        .map_err(|_| Diagnostics::new(None, format!("revision `{revision}` has no `{path}`")))?;
    if kind.starts_with(b"blob") {
        let content = run(workspace, &["cat-file", "blob", &format!("{commit}:{path}")])
            .map_err(|e| Diagnostics::new(None, format!("git: {e}")))?;
        let path = path.to_owned();
        return Ok(Object::File { path, content });
    }
    let files = directory(workspace, &commit, path).map_err(|e| Diagnostics::new(None, format!("git: {e}")))?;
    let path = path.to_owned();
    Ok(Object::Directory { path, files })
}

/// The files that a file of a revision may refer to: those in its directory, read when they are needed.
pub fn directory_of(path: &str, revision: &str, workspace: &Path) -> Files {
    let directory = path
        .rsplit_once('/')
        .map_or(String::new(), |(directory, _)| format!("{directory}/"));
    let (revision, workspace) = (revision.to_owned(), workspace.to_owned());
    Files::default().with_fetch(move |name| {
        let object = format!("{revision}:{directory}{name}");
        run(&workspace, &["cat-file", "blob", &object]).ok()
    })
}

/// Reads all documents of a directory, with two calls of git whatever their number.
fn directory(workspace: &Path, commit: &str, path: &str) -> Result<Files, String> {
    let tree = if path.is_empty() {
        commit.to_owned()
    } else {
        format!("{commit}:{path}")
    };
    let listing = run(workspace, &["ls-tree", "-r", "-z", "--name-only", "--full-tree", &tree])?;
    let names: Vec<_> = listing
        .split(|byte| *byte == 0)
        .filter_map(|name| std::str::from_utf8(name).ok())
        .filter(|name| is_document(name) && !name.starts_with("generated/") && !name.contains('\n'))
        .collect();
    let mut child = Command::new("git")
        .arg("-C")
        .arg(workspace)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    // Written from another thread: git replies while it reads, and would block with both pipes full.
    let mut stdin = child.stdin.take().ok_or("its standard input is not available")?;
    let requests: String = names
        .iter()
        .map(|name| format!("{tree}{}{name}\n", if path.is_empty() { ":" } else { "/" }))
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(requests.as_bytes()));
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    writer
        .join()
        .map_err(|_| "the writing thread panicked")?
        .map_err(|e| e.to_string())?;
    let mut rest = output.stdout.as_slice();
    let mut files = Files::default();
    for name in names {
        // `ID blob SIZE`, a line feed, the content, a line feed.
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or("its output is truncated")?;
        let header = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size = header.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let size = size.ok_or_else(|| format!("`{name}`: {header}"))?;
        let content = rest.get(end + 1..end + 1 + size).ok_or("its output is truncated")?;
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
        .map_err(|e| format!("failed to start: {e}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
