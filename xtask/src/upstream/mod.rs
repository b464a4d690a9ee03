//! `cargo xtask upstream`: reports what a release of the vendor changes, and adopts it.
//!
//! [`pages`] reads the new documents and plans which files are added and removed. What follows from them in `specs/` is planned as
//! [`Edits`]: [`local`] removes operations that the vendor documents now, [`pins`] keeps names that hand-written code uses, and
//! [`not_implemented`] lists new operations of implemented resources. [`overlays`] applies every overlay action; the crates are generated
//! in memory, [`surface`] lists the public names that change, and [`implementation`] the trait methods that are missing then.
//! [`replace`] writes everything: all or none.

mod implementation;
mod local;
mod not_implemented;
mod overlays;
mod pages;
mod pins;
mod replace;
mod report;
mod sources;
pub mod surface;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::bail;
use codegen::Generated;
use codegen::lists::{self, Lists, NotImplemented};
use contract::pipeline::{self, Joined};
use contract::{model, selection};
use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::files::Files;

use self::overlays::{Corrected, Endpoint};
use self::pages::Edits;
use crate::diff::input::{LeftOut, SPECS, Side, compare};
use crate::diff::report::Report as DiffReport;

/// The arguments of `cargo xtask upstream`.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The new pages and whole files, and directories of them.
    pub paths: Vec<PathBuf>,
    /// Only what changed is given; keep the other files.
    pub partial: bool,
    /// Local operations to keep, as `METHOD /path`.
    pub keep: Vec<String>,
    /// Replace the documents.
    pub apply: bool,
    /// Replace the documents even if there are uncommitted changes.
    pub allow_dirty: bool,
    /// The vendor's release, for `SOURCE.md`.
    pub release: Option<String>,
    /// List documentation changes and every added operation and name instead of only counting them.
    pub all: bool,
    pub color: bool,
}

/// The work of `--apply` besides replacing the vendor's documents.
struct Adoption {
    edits: Edits,
    /// The files after adoption.
    files: Files,
    /// The documents of them. No other edit is of a document.
    joined: Joined,
    corrected: Corrected,
    renamed: Vec<pins::Renamed>,
    not_implemented: not_implemented::Plan,
}

/// Writes a report about the new documents to `out` and, with `apply`, replaces the old ones. `root` is the workspace.
pub fn run(root: &Path, options: &Options, out: &mut dyn std::io::Write) -> anyhow::Result<()> {
    let specs = root.join(SPECS);
    if !specs.is_dir() {
        bail!(
            "{}: no such directory; `--root` must be the workspace that contains it",
            specs.display()
        );
    }
    let before = pipeline::read(&specs)?;
    let plan = pages::plan(&before, &options.paths, options.partial)?;
    let joined = pipeline::join(&before)?;
    let old = overlays::apply(&joined, &before)?;
    let adoption = adoption(root, &specs, &plan, &old.endpoints(), &options.keep)?;
    // Before the long report, because it must be resolved first.
    if options.apply && !options.allow_dirty {
        replace::check_clean(root, &adoption.edits)?;
    }

    // Overlay actions that fail on the present documents are notices; the diff to the new ones is still useful.
    let old_side = Side::from_joined(SPECS, SPECS, joined, &before)?;
    let name = options.paths.iter().map(|path| path.display().to_string());
    let name = name.collect::<Vec<_>>().join(", ");
    let joined = adoption.joined.clone();
    let new_side = with_given_names(&plan, Side::from_joined(&name, SPECS, joined, &adoption.files))?;
    let mut changes = compare(&old_side, &new_side);
    // Until they are adopted, the new documents are where they were given.
    for location in changes.iter_mut().filter_map(|change| change.new_location.as_mut()) {
        let name = location
            .file
            .strip_prefix(SPECS)
            .and_then(|file| plan.given_name(file.strip_prefix('/')?));
        if let Some(name) = name {
            location.file = name.into();
        }
    }
    let mut lists = Lists::read(&specs)?;
    let present = present(root, &before, &lists)?;
    lists.not_implemented = NotImplemented::parse(&adoption.not_implemented.text)?;
    let new = generated(adoption.joined, &adoption.files, "the new documents", &lists);
    let (names, implementations) = match &new {
        Ok((new, _)) => (
            surface::changes(&present, &new.files)?,
            implementation::compare(root, &present, &new.files)?,
        ),
        Err(_) => Default::default(),
    };
    let report = report::Report {
        plan: &plan,
        superseded: &adoption.corrected.superseded.clone(),
        renamed: &adoption.renamed,
        not_implemented: &adoption.not_implemented,
        new_resources: &new_resources(&old.endpoints(), &adoption.corrected.endpoints()),
        diff: DiffReport {
            old: &old_side,
            new: &new_side,
            changes: &changes,
            all: options.all,
            notes: &LeftOut::notes(&old_side, &new_side),
        },
        overlays: &overlays::compare(old, adoption.corrected),
        names: &names,
        implementations: &implementations,
        list_errors: new.as_ref().ok().and_then(|(_, errors)| errors.clone()),
        error: new.as_ref().err().map(|error| format!("{error:#}")),
    };
    // The reader may have closed the pipe.
    let _ = out.write_all(report.text(options.color).as_bytes());

    let outcome = if plan.is_unchanged() && adoption.edits.is_empty() {
        "The documents are those of specs/upstream: nothing to do.\n".to_owned()
    } else if options.apply {
        let todo = replace::replace_documents(&specs, &plan, &adoption.edits, options.release.as_deref())?;
        // What stops it is fixed by hand, and stands in the list.
        let stopped = codegen::run(&specs, root, false)
            .err()
            .map(|error| format!("{error:#}"));
        report.left_to_do(&adoption.edits, todo, stopped.as_deref())
    } else {
        format!(
            "Nothing was written; `--apply` replaces the documents and runs codegen{}.\n",
            report::edited(&adoption.edits, ["it writes", "and deletes"])
        )
    };
    let _ = out.write_all(outcome.as_bytes());
    Ok(())
}

/// Plans what follows from the new documents in the other files of `specs/`.
fn adoption(
    root: &Path,
    specs: &Path,
    plan: &pages::Plan,
    old: &[Endpoint],
    keep: &[String],
) -> anyhow::Result<Adoption> {
    let mut edits = Edits::new();
    let mut files = plan.files.clone();
    if !keep.is_empty() {
        let content = files.get(selection::FILE).unwrap_or_default();
        let text = selection::with_local(&String::from_utf8_lossy(&content), keep);
        files.insert(selection::FILE.to_owned(), text.clone().into_bytes());
        edits.insert(selection::FILE.to_owned(), Some(text.into_bytes()));
    }
    // Pins are planned from scratch: the vendor's names may have changed again.
    let pinned = files.get(pins::FILE).map(|content| content.into_owned());
    files.remove(pins::FILE);
    let mut joined = with_given_names(plan, pipeline::join(&files))?;
    let corrected = with_given_names(plan, overlays::apply(&joined, &files))?;
    for entry in keep {
        let mut errors = corrected.selection_errors.iter();
        if let Some(error) = errors.find(|error| error.message.starts_with(&format!("`{entry}` "))) {
            bail!("`--keep`: {}", error.message.replace(": remove the line", ""));
        }
    }
    let superseded: Vec<_> = corrected.superseded.iter().collect();
    for (name, content) in local::without(&files, &superseded)? {
        match &content {
            Some(content) => files.insert(name.clone(), content.clone()),
            None => files.remove(&name),
        }
        edits.insert(name, content);
    }
    if !superseded.is_empty() {
        joined = with_given_names(plan, pipeline::join(&files))?;
    }
    let endpoints = corrected.endpoints();
    let renamed = pins::decide(root, old, &endpoints)?;
    let overlay = pins::overlay(&renamed).map(String::into_bytes);
    if let Some(overlay) = &overlay {
        files.insert(pins::FILE.to_owned(), overlay.clone());
    }
    if overlay != pinned {
        edits.insert(pins::FILE.to_owned(), overlay);
    }

    let present = lists::read(&specs.join(not_implemented::FILE))?;
    let traits: BTreeSet<String> = endpoints
        .iter()
        .map(|endpoint| model::trait_of(&model::resource_of(&endpoint.path)))
        .collect();
    let implemented = implementation::implemented(root, &traits)?;
    let not_implemented = not_implemented::plan(present.as_deref(), old, &endpoints, &implemented);
    if !not_implemented.is_unchanged() {
        let text = not_implemented.text.clone().into_bytes();
        edits.insert(not_implemented::FILE.to_owned(), Some(text));
    }
    Ok(Adoption {
        edits,
        files,
        joined,
        corrected,
        renamed,
        not_implemented,
    })
}

/// The number of operations of each resource that only the new contract has.
fn new_resources(old: &[Endpoint], new: &[Endpoint]) -> BTreeMap<String, usize> {
    let resource = |endpoint: &Endpoint| model::resource_of(&endpoint.path);
    let known: BTreeSet<String> = old.iter().map(resource).collect();
    let mut counts = BTreeMap::new();
    for resource in new.iter().map(resource).filter(|resource| !known.contains(resource)) {
        *counts.entry(resource).or_default() += 1;
    }
    counts
}

/// The generated sources of the crates: those of the workspace, or the same generated in memory if it has none.
fn present(root: &Path, before: &Files, lists: &Lists) -> anyhow::Result<BTreeMap<String, String>> {
    let files = surface::present(root)?;
    if files.is_empty() {
        return Ok(generated(pipeline::join(before)?, before, SPECS, lists)?.0.files);
    }
    Ok(files)
}

/// Generates all files in memory, skipping overlay actions that fail. Returns the errors of the lists too.
fn generated(
    joined: Joined,
    files: &Files,
    name: &str,
    lists: &Lists,
) -> anyhow::Result<(Generated, Option<Diagnostics>)> {
    let contract = pipeline::build_best_effort(joined, files, name, &mut |_| {})?;
    let api = model::read(&contract.document, &contract.locations)?;
    let errors = lists.check(&api).err();
    Ok((codegen::from_contract(contract, api, lists)?, errors))
}

/// Errors about new documents, with the names that were given.
fn with_given_names<T>(plan: &pages::Plan, result: Result<T, Diagnostics>) -> Result<T, Diagnostics> {
    result.map_err(|errors| plan.with_given_names(errors))
}
