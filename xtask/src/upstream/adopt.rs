//! Puts the new pages in place: all of them or none.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::pages::{Plan, SOURCE, UPSTREAM};

/// Beside the folder of pages: the one that takes its place, and the one that it was.
const COMING: &str = ".upstream-coming";
const GOING: &str = ".upstream-going";

/// Fails when the folder of pages holds changes that are not committed: they would be lost.
pub fn refuse_dirty(root: &Path) -> Result<()> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["status", "--porcelain", "--untracked-files=all", "--"])
        .arg(format!("specs/{UPSTREAM}"))
        .output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        _ => bail!(
            "specs/{UPSTREAM}: git cannot say whether there are changes that are not committed; `--allow-dirty` \
             replaces the pages all the same"
        ),
    };
    let changes = String::from_utf8_lossy(&output.stdout);
    if !changes.trim().is_empty() {
        bail!(
            "specs/{UPSTREAM} holds changes that are not committed:\n{}\ncommit or undo them first, or say \
             `--allow-dirty`",
            changes.trim_end()
        );
    }
    Ok(())
}

/// Writes the folder of pages anew beside the present one and swaps them; says what is left to do.
pub fn adopt(specs: &Path, plan: &Plan, release: Option<&str>) -> Result<String> {
    let (present, coming, going) = (specs.join(UPSTREAM), specs.join(COMING), specs.join(GOING));
    if going.exists() {
        bail!(
            "{}: an earlier run was interrupted while it swapped the folders, and these are the pages from before it; move \
             them back to {} or delete them",
            going.display(),
            present.display()
        );
    }
    let source = source(&present, plan, release)?;
    let written = write(&coming, plan, source.text.as_deref());
    let swapped = written.and_then(|()| swap(&present, &coming, &going));
    if swapped.is_err() && coming.exists() {
        let _ = fs::remove_dir_all(&coming);
    }
    swapped?;
    fs::remove_dir_all(&going).with_context(|| format!("{}: the pages from before", going.display()))?;
    let mut said = format!("specs/{UPSTREAM} holds the new pages.\n");
    for line in source.left {
        let _ = writeln!(said, "{line}");
    }
    said.push_str(
        "Next: mend the corrections above, then `cargo xtask codegen`, `cargo check --workspace --all-targets`,\n\
         `cargo insta review` (or `INSTA_UPDATE=always cargo test -p xtask --test snapshots`), and\n\
         `cargo xtask changelog RELEASE HEAD`.\n",
    );
    Ok(said)
}

fn write(coming: &Path, plan: &Plan, source: Option<&str>) -> Result<()> {
    if coming.exists() {
        fs::remove_dir_all(coming).with_context(|| coming.display().to_string())?;
    }
    let put = |name: &str, content: &[u8]| -> Result<()> {
        let path = coming.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        }
        fs::write(&path, content).with_context(|| path.display().to_string())
    };
    for page in &plan.pages {
        put(&page.name, &page.content)?;
    }
    match source {
        Some(source) => put(SOURCE, source.as_bytes()),
        None => Ok(()),
    }
}

fn swap(present: &Path, coming: &Path, going: &Path) -> Result<()> {
    fs::rename(present, going).with_context(|| present.display().to_string())?;
    if let Err(error) = fs::rename(coming, present) {
        // As it was, so that nothing is left half.
        fs::rename(going, present).with_context(|| going.display().to_string())?;
        return Err(error).with_context(|| present.display().to_string());
    }
    Ok(())
}

/// `SOURCE.md` as it is to be, and what a person has to do about it.
struct Source {
    text: Option<String>,
    left: Vec<String>,
}

/// Brings the table of pages and the release up to date. The rest of the file is a person's words.
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
            let left = vec![format!(
                "There is no {SOURCE} to say where they come from; its table of pages would be:\n{}",
                rows.join("\n")
            )];
            return Ok(Source { text: None, left });
        }
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut left = Vec::new();
    match lines.iter().position(|line| line.starts_with("| page ")) {
        Some(head) => {
            let first = (head + 2).min(lines.len());
            let count = lines[first..].iter().take_while(|line| line.starts_with('|')).count();
            lines.splice(first..first + count, rows);
        }
        None => left.push(format!(
            "{SOURCE} has no table that begins with `| page |`; its rows would be:\n{}",
            rows.join("\n")
        )),
    }
    let stated = lines.iter_mut().find(|line| line.starts_with("| release "));
    match (stated, release) {
        (Some(line), Some(release)) => *line = format!("| release | **{release}** |"),
        (None, Some(release)) => left.push(format!("{SOURCE} has no row `| release |`; it is {release}.")),
        (Some(line), None) => left.push(format!(
            "{SOURCE} says `{}`: correct it if it is another one (`--release` does that).",
            line.trim_matches(['|', ' ']).replace(" | ", ": ")
        )),
        (None, None) => {}
    }
    left.push(format!("What else {SOURCE} says of the release is yours to correct."));
    let mut text = lines.join("\n");
    text.push('\n');
    Ok(Source { text: Some(text), left })
}

fn digest(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
