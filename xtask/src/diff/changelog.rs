//! `specs/CHANGELOG.md`: a section for each release of the vendor's that was taken in, the newest first.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::folder::Stock;
use super::input::{Side, compare};
use super::report::{Report, counted, counts, section};
use contract::diagnostic::{Diagnostics, fault};
use contract::operations::operations;

const INTRODUCTION: &str = "\
# What changed in the contract

A section for each release of the vendor's that was taken in, the newest first, written by `cargo xtask changelog TITLE OLD`.
What a rule means and whom a change breaks is in [docs/diff-rules.md](../docs/diff-rules.md).
";

/// Writes the section of a release into `specs/CHANGELOG.md`; without `old`, it says what the contract is made of.
pub fn run(workspace: &Path, title: &str, old: Option<&str>, new: Option<&str>) -> Result<(), Diagnostics> {
    let section = match old {
        Some(old) => {
            let (old, new) = Side::read_both(old, new, workspace)?;
            release(&old, &new)
        }
        None => baseline(&Side::of_workspace(workspace)?),
    };
    write(&workspace.join("specs/CHANGELOG.md"), title, &section)?;
    eprintln!("specs/CHANGELOG.md: the section `{title}` is written; read it before you commit it");
    Ok(())
}

/// What a release changes, without its heading.
pub fn release(old: &Side, new: &Side) -> String {
    let changes = compare(old, new);
    let report = Report {
        old,
        new,
        changes: &changes,
        all: false,
    };
    let mut out = format!("{}.\n", capital(&counts(&report).replace(" (--all lists them)", "")));
    if let (Some(before), Some(after)) = (&old.stock, &new.stock) {
        let corrected = |stock: &Stock| stock.corrections.iter().map(|c| c.actions).sum::<usize>();
        let (before, after) = (corrected(before), corrected(after));
        let words = match before == after {
            true => format!("{after}, as many as before"),
            false => format!("{after}; before, {before}"),
        };
        let _ = writeln!(out, "Corrections to the vendor's pages: {words}.");
    }
    out.push_str(&section(&report, 3));
    out
}

/// What a contract is made of, for the first release.
pub fn baseline(side: &Side) -> String {
    let mut out = format!(
        "{}.\n",
        capital(&counted(operations(&side.document).count(), "operation"))
    );
    let Some(stock) = &side.stock else { return out };
    let _ = writeln!(out);
    for (folder, count) in stock.operations.iter().rev() {
        let whose = if folder == "local" {
            ", which the pages rely on and do not have"
        } else {
            ""
        };
        let _ = writeln!(out, "- {} from `{folder}/`{whose}", counted(*count, "operation"));
    }
    let all: usize = stock.corrections.iter().map(|c| c.actions).sum();
    let _ = writeln!(out, "\n### Corrections\n\n{}:\n", capital(&counted(all, "action")));
    for corrections in &stock.corrections {
        let name = corrections.file.rsplit('/').next().unwrap_or(&corrections.file);
        let _ = writeln!(
            out,
            "- {} in [`{name}`]({}): {}",
            corrections.actions, corrections.file, corrections.title
        );
    }
    out
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// Writes a section into the file.
pub fn write(path: &Path, title: &str, section: &str) -> Result<(), Diagnostics> {
    let failed = |e: std::io::Error| fault(None, format!("{}: {e}", path.display()));
    if title.trim().is_empty() || title.contains('\n') {
        return Err(fault(None, "a release needs a title of one line"));
    }
    let before = if path.exists() {
        fs::read_to_string(path).map_err(failed)?
    } else {
        INTRODUCTION.to_owned()
    };
    fs::write(path, insert(&before, title.trim(), section)).map_err(failed)
}

/// The changelog with a section: in the place of the one of that title, else before all others.
pub fn insert(changelog: &str, title: &str, section: &str) -> String {
    let heading = format!("## {title}");
    let text = format!("{heading}\n\n{}\n", section.trim_end());
    let mut sections: Vec<String> = vec![String::new()];
    for line in changelog.lines() {
        if line.starts_with("## ") {
            sections.push(String::new());
        }
        if let Some(last) = sections.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    match sections.iter_mut().find(|s| s.lines().next() == Some(&heading)) {
        Some(known) => *known = text,
        None => sections.insert(1, text),
    }
    let sections: Vec<_> = sections.iter().map(|section| section.trim_end()).collect();
    format!("{}\n", sections.join("\n\n"))
}
