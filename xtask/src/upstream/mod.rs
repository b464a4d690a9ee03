//! Taking in a release of the vendor: what its pages change, told before anything is touched, then put in their place.
//!
//! [`pages`] reads the new pages and says which files come and go; [`corrections`] tries every overlay action on them; the
//! crates are generated from them in memory, and [`surface`] says which of their names change and what the
//! [`implementation`] of the server traits lacks then. [`adopt`] puts the pages in place: all or nothing.

mod adopt;
mod corrections;
mod implementation;
mod pages;
mod report;
pub mod surface;

use std::path::{Path, PathBuf};

use codegen::Generated;
use contract::diagnostic::Diagnostics;

use crate::diff::input::{SPECS, Side, compare};
use crate::diff::report::Report as DiffReport;

/// What to do with the new pages.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder of new pages.
    pub pages: PathBuf,
    /// The folder holds only the pages that changed; the others stay.
    pub partial: bool,
    /// Put the pages in place.
    pub apply: bool,
    /// Even if there are changes in `specs/upstream/` that are not committed.
    pub allow_dirty: bool,
    /// Which release it is, for `SOURCE.md`.
    pub release: Option<String>,
    /// Changes of words are listed and not only counted.
    pub all: bool,
    pub colours: bool,
}

/// Says what the new pages change and, if told to, puts them in place. `root` is the workspace; the report goes to `out`.
pub fn run(root: &Path, options: &Options, out: &mut dyn std::io::Write) -> anyhow::Result<()> {
    let specs = root.join(SPECS);
    if !specs.is_dir() {
        anyhow::bail!(
            "{}: there is no such folder; `--root` is the workspace that holds it",
            specs.display()
        );
    }
    let before = contract::pipeline::read(&specs)?;
    let plan = pages::plan(&before, &options.pages, options.partial)?;
    // Before the long report, because it is the first thing to mend.
    if options.apply && !options.allow_dirty {
        adopt::refuse_dirty(root)?;
    }

    // The tree: as it is, its corrections fit its pages; if not, the differences to the new pages still tell.
    let old_side = Side::of_files(SPECS, SPECS, &before)?;
    let new_side = renamed(
        &plan,
        Side::of_files(&options.pages.display().to_string(), SPECS, &plan.files),
    )?;
    let mut changes = compare(&old_side, &new_side);
    // The new pages are where they were given, until they are taken in.
    for place in changes.iter_mut().filter_map(|change| change.new_place.as_mut()) {
        let name = place
            .file
            .strip_prefix(SPECS)
            .and_then(|file| plan.given(file.strip_prefix('/')?));
        place.file = name.unwrap_or_else(|| place.file.clone());
    }
    let corrections = renamed(&plan, corrections::compare(&before, &plan.files))?;
    let old = generated(&before, "specs")?;
    let new = generated(&plan.files, "the new pages");
    let (names, work) = match &new {
        Ok(new) => (
            surface::changes(&old.files, &new.files)?,
            implementation::work(root, &old.files, &new.files)?,
        ),
        Err(_) => Default::default(),
    };
    let report = report::Report {
        plan: &plan,
        diff: DiffReport {
            old: &old_side,
            new: &new_side,
            changes: &changes,
            all: options.all,
        },
        corrections: &corrections,
        names: &names,
        work: &work,
        stopped: new.err().map(|error| format!("{error:#}")),
    };
    // Whoever reads may have seen enough.
    let _ = out.write_all(report.text(options.colours).as_bytes());

    let said = if plan.is_idle() {
        "The pages are those of the tree: there is nothing to do.\n".to_owned()
    } else if options.apply {
        adopt::adopt(&specs, &plan, options.release.as_deref())?
    } else {
        "Nothing was copied: `--apply` does that.\n".to_owned()
    };
    let _ = out.write_all(said.as_bytes());
    Ok(())
}

/// Everything that is generated from pages, with those corrections that fit them.
fn generated(files: &contract::files::Files, name: &str) -> anyhow::Result<Generated> {
    let contract = contract::pipeline::build_where_possible(files, name, &mut |_| {})?;
    codegen::from_contract(contract)
}

/// Errors about new pages, under the names that the caller knows.
fn renamed<T>(plan: &pages::Plan, result: Result<T, Diagnostics>) -> Result<T, Diagnostics> {
    result.map_err(|faults| plan.rename(faults))
}
