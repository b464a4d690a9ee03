//! `specs/CHANGELOG.md`: a section for each adopted vendor release, the newest first.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::accepted::Accepted;
use super::directory::Inventory;
use super::input::{LeftOut, Side, compare};
use super::report::{Report, counts, notes, quantity, section};
use super::version;
use contract::operations::operations;
use openapi_reader::diagnostic::Diagnostics;

const INTRODUCTION: &str = "\
# Changelog of the contract

A section for each adopted vendor release, the newest first, written by `cargo xtask changelog TITLE OLD`.
[docs/diff-rules.md](../docs/diff-rules.md) explains the rules and severities.
";

/// Writes the section of a release to `specs/CHANGELOG.md`; without `old`, an inventory of the contract.
pub fn run(workspace: &Path, title: &str, old: Option<&str>, new: Option<&str>) -> Result<(), Diagnostics> {
    let section = match old {
        Some(old) => {
            let new_argument = new;
            let (old, new) = Side::read_both(old, new, workspace)?;
            let accepted = match new_argument {
                None => Accepted::of_workspace(workspace)?,
                Some(_) => Accepted::default(),
            };
            release(&old, &new, &accepted)
        }
        None => baseline(&Side::from_workspace(workspace)?),
    };
    write(&workspace.join("specs/CHANGELOG.md"), title, &section)?;
    eprintln!("specs/CHANGELOG.md: wrote the section `{title}`; review it before you commit it");
    Ok(())
}

/// The section of a release, without its heading.
pub fn release(old: &Side, new: &Side, accepted: &Accepted) -> String {
    let mut changes = compare(old, new);
    let mut about = accepted.apply(&mut changes);
    about.extend(LeftOut::notes(old, new));
    about.extend(version::note(old, new, &changes));
    let report = Report {
        old,
        new,
        changes: &changes,
        all: false,
        notes: &about,
    };
    let mut out = format!("{}.\n", capitalize(&counts(&report).replace(" (--all lists them)", "")));
    if let (Some(before), Some(after)) = (&old.inventory, &new.inventory) {
        let actions = |inventory: &Inventory| inventory.overlays.iter().map(|o| o.actions).sum::<usize>();
        let (before, after) = (actions(before), actions(after));
        let change = match before == after {
            true => "unchanged".to_owned(),
            false => format!("before: {before}"),
        };
        let _ = writeln!(out, "Overlay actions on the vendor's pages: {after} ({change}).");
    }
    out.push_str(&notes(&report));
    out.push_str(&section(&report, 3));
    out
}

/// The section of the first release: an inventory of the contract.
pub fn baseline(side: &Side) -> String {
    let mut out = format!(
        "{}.\n",
        capitalize(&quantity(operations(&side.document).count(), "operation"))
    );
    let Some(inventory) = &side.inventory else {
        return out;
    };
    let _ = writeln!(out);
    for (directory, count) in inventory.operations.iter().rev() {
        let note = if directory == "local" {
            ", which the pages refer to but do not document"
        } else {
            ""
        };
        let _ = writeln!(out, "- {} from `{directory}/`{note}", quantity(*count, "operation"));
    }
    let all: usize = inventory.overlays.iter().map(|o| o.actions).sum();
    let _ = writeln!(out, "\n### Overlays\n\n{}:\n", capitalize(&quantity(all, "action")));
    for overlay in &inventory.overlays {
        let name = overlay.file.rsplit('/').next().unwrap_or(&overlay.file);
        let _ = writeln!(
            out,
            "- {} in [`{name}`]({}): {}",
            overlay.actions, overlay.file, overlay.title
        );
    }
    out
}

fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// Writes a section to the file.
pub fn write(path: &Path, title: &str, section: &str) -> Result<(), Diagnostics> {
    let failed = |e: std::io::Error| Diagnostics::new(None, format!("{}: {e}", path.display()));
    if title.trim().is_empty() || title.contains('\n') {
        return Err(Diagnostics::new(None, "the title must be a single line and not empty"));
    }
    let before = if path.exists() {
        fs::read_to_string(path).map_err(failed)?
    } else {
        INTRODUCTION.to_owned()
    };
    fs::write(path, insert(&before, title.trim(), section)).map_err(failed)
}

/// Inserts a section: in place of the one with the same title, else before all others.
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
        Some(section) => *section = text,
        None => sections.insert(1, text),
    }
    let sections: Vec<_> = sections.iter().map(|section| section.trim_end()).collect();
    format!("{}\n", sections.join("\n\n"))
}
