//! `cargo xtask upstream`: reports what the pages of a vendor release change, and adopts them.
//!
//! [`pages`] reads the new pages and plans which files are added and removed; [`overlays`] applies every overlay action to them; the
//! crates are generated from them in memory, [`surface`] lists the public names that change, and [`implementation`] the trait methods
//! that are missing then. [`replace`] writes the pages: all or none.

mod implementation;
mod overlays;
mod pages;
mod replace;
mod report;
pub mod surface;

use std::path::{Path, PathBuf};

use codegen::Generated;
use codegen::lists::Lists;
use contract::diagnostic::Diagnostics;

use crate::diff::input::{SPECS, Side, compare};
use crate::diff::report::Report as DiffReport;

/// The arguments of `cargo xtask upstream`.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The directory of new pages.
    pub pages: PathBuf,
    /// The directory has only the changed pages; keep the others.
    pub partial: bool,
    /// Replace the pages.
    pub apply: bool,
    /// Replace the pages even if `specs/upstream/` has uncommitted changes.
    pub allow_dirty: bool,
    /// The vendor's release, for `SOURCE.md`.
    pub release: Option<String>,
    /// List documentation changes instead of only counting them.
    pub all: bool,
    pub color: bool,
}

/// Writes a report about the new pages to `out` and, with `apply`, replaces the pages. `root` is the workspace.
pub fn run(root: &Path, options: &Options, out: &mut dyn std::io::Write) -> anyhow::Result<()> {
    let specs = root.join(SPECS);
    if !specs.is_dir() {
        anyhow::bail!(
            "{}: no such directory; `--root` must be the workspace that contains it",
            specs.display()
        );
    }
    let before = contract::pipeline::read(&specs)?;
    let plan = pages::plan(&before, &options.pages, options.partial)?;
    // Before the long report, because it must be resolved first.
    if options.apply && !options.allow_dirty {
        replace::check_clean(root)?;
    }

    // Overlay actions that fail on the present pages are notices; the diff to the new pages is still useful.
    let old_side = Side::from_files(SPECS, SPECS, &before)?;
    let new_side = with_given_names(
        &plan,
        Side::from_files(&options.pages.display().to_string(), SPECS, &plan.files),
    )?;
    let mut changes = compare(&old_side, &new_side);
    // Until they are adopted, the new pages are in the directory that was given.
    for location in changes.iter_mut().filter_map(|change| change.new_location.as_mut()) {
        let name = location
            .file
            .strip_prefix(SPECS)
            .and_then(|file| plan.given_name(file.strip_prefix('/')?));
        if let Some(name) = name {
            location.file = name.into();
        }
    }
    let overlays = with_given_names(&plan, overlays::compare(&before, &plan.files))?;
    let lists = Lists::read(&specs)?;
    let old = generated(&before, "specs", &lists)?;
    let new = generated(&plan.files, "the new pages", &lists);
    let (names, implementations) = match &new {
        Ok(new) => (
            surface::changes(&old.files, &new.files)?,
            implementation::compare(root, &old.files, &new.files)?,
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
            notes: &[],
        },
        overlays: &overlays,
        names: &names,
        implementations: &implementations,
        error: new.err().map(|error| format!("{error:#}")),
    };
    // The reader may have closed the pipe.
    let _ = out.write_all(report.text(options.color).as_bytes());

    let outcome = if plan.is_unchanged() {
        "The pages are those of specs/upstream: nothing to do.\n".to_owned()
    } else if options.apply {
        replace::replace_pages(&specs, &plan, options.release.as_deref())?
    } else {
        "Nothing was written; `--apply` replaces the pages.\n".to_owned()
    };
    let _ = out.write_all(outcome.as_bytes());
    Ok(())
}

/// Generates all files in memory, skipping overlay actions that fail.
fn generated(files: &contract::files::Files, name: &str, lists: &Lists) -> anyhow::Result<Generated> {
    let contract = contract::pipeline::build_best_effort(files, name, &mut |_| {})?;
    codegen::from_contract(contract, lists)
}

/// Errors about new pages, with the names in the directory that was given.
fn with_given_names<T>(plan: &pages::Plan, result: Result<T, Diagnostics>) -> Result<T, Diagnostics> {
    result.map_err(|errors| plan.with_given_names(errors))
}
