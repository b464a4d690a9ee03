//! Formats the report about a release, and what is left to do after its adoption.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contract::merge::Superseded;
use openapi_diff::{Change, Severity};
use openapi_reader::diagnostic::Diagnostics;

use super::implementation::TraitDiff;
use super::not_implemented;
use super::overlays::{AffectedAction, Difference, OverlayReport};
use super::pages::{Edits, Page, Plan, Removed, Status, UPSTREAM};
use super::pins::{self, Decision, Renamed};
use super::surface::Names;
use crate::diff::report::{Report as DiffReport, quantity, text};

/// The maximum number of listed places of an action.
const PLACES: usize = 5;

/// Longer lists of what was added are counted, unless `--all` is given.
const LISTED: usize = 40;

/// The maximum number of listed differences of a superseded operation, unless `--all` is given.
const DIFFERENCES: usize = 8;

/// The rule of added operations.
const ADDED: &str = "operation-added";

/// The content of the report.
pub struct Report<'a> {
    pub plan: &'a Plan,
    pub superseded: &'a [Superseded],
    pub renamed: &'a [Renamed],
    pub not_implemented: &'a not_implemented::Plan,
    /// The number of operations of each new resource.
    pub new_resources: &'a BTreeMap<String, usize>,
    pub diff: DiffReport<'a>,
    pub overlays: &'a OverlayReport,
    /// By crate.
    pub names: &'a BTreeMap<String, Names>,
    pub implementations: &'a [TraitDiff],
    /// Entries of the table of commands and of other lists that match nothing.
    pub list_errors: Option<Diagnostics>,
    /// The error of the generators, if they failed on the new documents.
    pub error: Option<String>,
}

impl Report<'_> {
    pub fn text(&self, color: bool) -> String {
        let mut out = String::new();
        self.documents(&mut out);
        self.superseded(&mut out);
        self.contract(&mut out, color);
        self.overlays(&mut out);
        self.renamed(&mut out);
        match &self.error {
            Some(error) => {
                heading(&mut out, "Generated names and implementation");
                let _ = writeln!(out, "not available until this is fixed:\n{error}");
            }
            None => {
                self.names(&mut out);
                self.implementations(&mut out);
            }
        }
        if let Some(errors) = &self.list_errors {
            heading(&mut out, "Lists");
            for error in errors.iter() {
                let _ = writeln!(out, "  specs/{error}");
            }
        }
        out.push('\n');
        out
    }

    fn documents(&self, out: &mut String) {
        let _ = writeln!(out, "Documents");
        for page in &self.plan.pages {
            let Page { name, status, .. } = page;
            let status = match status {
                Status::New => "new",
                Status::Replaced => "replaced",
                Status::Unchanged => "unchanged",
                Status::Kept => "kept",
            };
            let operations = quantity(page.operations, "operation");
            let _ = writeln!(out, "  {status:<9}  {name} ({operations})");
        }
        for removed in &self.plan.removed {
            let Removed {
                name,
                operations,
                superseded_by,
                gone,
            } = removed;
            let by = superseded_by.iter().cloned().collect::<Vec<_>>().join(", ");
            let operations = quantity(*operations, "operation");
            let status = match (by.is_empty(), gone.is_empty()) {
                (false, true) => format!("{operations}; superseded by {by}"),
                (false, false) => format!("{operations}; superseded by {by}, which lacks {}", gone.join(", ")),
                (true, _) => format!("{operations}; in no new document: `--partial` keeps files that are not given"),
            };
            let _ = writeln!(out, "  {:<9}  {name} ({status})", "removed");
        }
    }

    fn superseded(&self, out: &mut String) {
        if self.superseded.is_empty() {
            return;
        }
        heading(out, "Superseded local operations");
        for superseded in self.superseded {
            let name = format!("{} {}", superseded.method.to_uppercase(), superseded.path);
            let upstream = &superseded.upstream;
            let given = self.plan.given_name(&upstream.file).unwrap_or(&upstream.file);
            let differences: Vec<&Change> =
                self.diff
                    .changes
                    .iter()
                    .filter(|change| change.severity() > Severity::Text)
                    .filter(|change| {
                        change.operations.iter().any(|one| {
                            one.method.eq_ignore_ascii_case(&superseded.method) && one.path == superseded.path
                        })
                    })
                    .collect();
            let verdict = match differences.len() {
                0 => "no difference for callers".to_owned(),
                count => quantity(count, "difference"),
            };
            let _ = writeln!(
                out,
                "  {name}: specs/{} -> {given}:{}: {verdict}",
                superseded.local, upstream.line
            );
            let shown = if self.diff.all { usize::MAX } else { DIFFERENCES };
            for change in differences.iter().take(shown) {
                let severity = change.severity();
                let _ = writeln!(
                    out,
                    "      {:<10}  {} [{}]",
                    severity.as_str(),
                    change.message,
                    change.rule.id
                );
            }
            if differences.len() > shown {
                let _ = writeln!(out, "      and {} more (`--all` lists them)", differences.len() - shown);
            }
        }
        let _ = writeln!(
            out,
            "{}: the vendor's are used, and `--apply` removes the local ones; `--keep 'METHOD /path'` keeps one",
            quantity(self.superseded.len(), "operation")
        );
    }

    /// The diff. Many added operations are counted by resource.
    fn contract(&self, out: &mut String, color: bool) {
        heading(out, "Contract");
        let added: Vec<&Change> = self
            .diff
            .changes
            .iter()
            .filter(|change| change.rule.id == ADDED)
            .collect();
        let rest: Vec<Change>;
        let mut diff = self.diff;
        if added.len() > LISTED && !self.diff.all {
            rest = self
                .diff
                .changes
                .iter()
                .filter(|change| change.rule.id != ADDED)
                .cloned()
                .collect();
            diff.changes = &rest;
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for change in &added {
                *counts.entry(&change.resource).or_default() += 1;
            }
            let _ = writeln!(
                out,
                "{} added operations, compatible, in {} (`--all` lists them)",
                added.len(),
                quantity(counts.len(), "resource")
            );
            for (resource, count) in counts {
                let is_new = match self.new_resources.contains_key(resource) {
                    true => ", a new resource",
                    false => "",
                };
                let _ = writeln!(out, "  {count:>4}  {resource}{is_new}");
            }
            let _ = writeln!(out, "\nThe other changes:");
        }
        out.push_str(&text(&diff, color));
        for notice in &self.diff.new.notices {
            // Overlay actions are reported below.
            if !notice.contains("the action on ") {
                let _ = writeln!(out, "note: {notice}");
            }
        }
    }

    fn renamed(&self, out: &mut String) {
        if self.renamed.is_empty() {
            return;
        }
        heading(out, "Names of operations");
        for Renamed {
            endpoint,
            old_id,
            decision,
        } in self.renamed
        {
            let new_id = &endpoint.id;
            let outcome = match decision {
                Decision::Pinned => format!(
                    "stays `{old_id}`, which hand-written code uses; the vendor's name is `{new_id}`: pinned in specs/{}",
                    pins::FILE
                ),
                Decision::NewName => {
                    format!("`{old_id}` -> `{new_id}`, as no hand-written code uses it; an overlay action can pin it")
                }
                Decision::Taken(other) => format!(
                    "`{old_id}` -> `{new_id}`: hand-written code uses `{old_id}`, which is the name of {other} now; rename one of \
                     them by an overlay action, or adapt the code"
                ),
            };
            let _ = writeln!(out, "  {endpoint}: {outcome}");
        }
    }

    fn overlays(&self, out: &mut String) {
        heading(out, "Overlay actions");
        let OverlayReport { affected, actions } = self.overlays;
        if affected.is_empty() {
            let _ = writeln!(out, "all {actions} apply to the new pages as before");
            return;
        }
        let _ = writeln!(out, "{} of {actions} need review", affected.len());
        for action in affected {
            report_action(out, action);
        }
    }

    fn names(&self, out: &mut String) {
        heading(out, "Generated names");
        if self.names.is_empty() {
            let _ = writeln!(out, "no changes");
        }
        for (
            name,
            Names {
                added,
                removed,
                changed,
            },
        ) in self.names
        {
            let _ = writeln!(out, "{name}");
            for name in removed {
                let _ = writeln!(out, "  - {name}");
            }
            if added.len() > LISTED && !self.diff.all {
                let _ = writeln!(out, "  + {} names (`--all` lists them)", added.len());
            } else {
                for name in added {
                    let _ = writeln!(out, "  + {name}");
                }
            }
            for (name, old, new) in changed {
                let _ = writeln!(out, "  ~~ {name}: {old} -> {new}");
            }
        }
    }

    fn implementations(&self, out: &mut String) {
        heading(out, "Implementation");
        if self.implementations.is_empty() {
            let _ = writeln!(out, "matches the traits");
        }
        let mut has_new = false;
        for diff in self.implementations {
            match (&diff.location, diff.is_removed) {
                (Some(location), false) => {
                    let _ = writeln!(out, "{location}: impl {}", diff.name);
                }
                (Some(location), true) => {
                    let _ = writeln!(out, "{location}: impl {}, a removed trait", diff.name);
                }
                (None, _) => {
                    let operations = quantity(diff.methods, "operation");
                    let _ = writeln!(out, "not implemented: {}, a new resource with {operations}", diff.name);
                    has_new = true;
                    continue;
                }
            }
            for method in &diff.missing {
                let _ = writeln!(out, "  missing   {method}");
            }
            for method in &diff.surplus {
                let _ = writeln!(out, "  surplus   {method}");
            }
            for (method, old, new) in &diff.changed {
                let _ = writeln!(out, "  changed   {method}: {old} -> {new}");
            }
        }
        if has_new {
            let _ = writeln!(
                out,
                "New resources respond with 501 until they are implemented and mounted."
            );
        }
        let not_implemented::Plan { added, removed, .. } = self.not_implemented;
        for (names, what) in [
            (
                added,
                "new, of implemented resources; they respond with 501 until they are implemented",
            ),
            (removed, "not there any more"),
        ] {
            if names.is_empty() {
                continue;
            }
            let mark = if std::ptr::eq(names, added) { '+' } else { '-' };
            let _ = writeln!(
                out,
                "specs/{}: {}, {what}",
                not_implemented::FILE,
                quantity(names.len(), "operation")
            );
            let shown = if self.diff.all { usize::MAX } else { LISTED };
            for name in names.iter().take(shown) {
                let _ = writeln!(out, "  {mark} {name}");
            }
            if names.len() > shown {
                let _ = writeln!(out, "  and {} more (`--all` lists them)", names.len() - shown);
            }
        }
    }

    /// Lists what is left to do by hand after the documents were replaced, in order. `stopped` is the error of codegen.
    pub fn left_to_do(&self, edits: &Edits, source: Vec<String>, stopped: Option<&str>) -> String {
        let mut steps = Vec::new();
        if let Some(error) = stopped {
            let error = error.replace('\n', "\n   ");
            steps.push(format!(
                "Fix what stops codegen, then run `cargo xtask codegen` until it succeeds:\n   {error}"
            ));
        }
        let affected = self.overlays.affected.len();
        if affected > 0 && stopped.is_none() {
            steps.push(format!("Review {} above.", quantity(affected, "overlay action")));
        }
        steps.push(
            "`cargo check --workspace --all-targets`: the compiler names what changed types, enum values and removed operations need."
                .to_owned(),
        );
        steps.push(
            "`cargo insta test --workspace --review` (or `INSTA_UPDATE=always cargo test --workspace`, then `git diff`): review the \
             changed snapshots."
                .to_owned(),
        );
        steps.extend(source);
        if !self
            .not_implemented
            .text
            .lines()
            .all(|line| line.trim().is_empty() || line.starts_with('#'))
        {
            steps.push(format!(
                "Implement the operations in specs/{}, now or later; each removes its line.",
                not_implemented::FILE
            ));
        }
        steps
            .push("`cargo xtask changelog RELEASE HEAD`: the section of the release in specs/CHANGELOG.md.".to_owned());
        let mut out = format!(
            "specs/{UPSTREAM} has the new documents{}.\n",
            edited(edits, ["written", "deleted"])
        );
        if stopped.is_none() {
            out.push_str("The crates are generated from them.\n");
        }
        out.push_str("Left to do:\n");
        for (index, step) in steps.iter().enumerate() {
            let _ = writeln!(out, "{}. {step}", index + 1);
        }
        out
    }
}

/// Lists the edited files, to follow "replaces the documents".
pub fn edited(edits: &Edits, [written_is, deleted_is]: [&str; 2]) -> String {
    let words = |deleted: bool| {
        let names = edits.iter().filter(|(_, content)| content.is_none() == deleted);
        names
            .map(|(name, _)| format!("specs/{name}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (written, deleted) = (words(false), words(true));
    let mut out = String::new();
    for (names, what) in [(written, written_is), (deleted, deleted_is)] {
        if !names.is_empty() {
            let _ = write!(out, "; {what} {names}");
        }
    }
    out
}

fn heading(out: &mut String, title: &str) {
    let _ = writeln!(out, "\n{title}");
}

fn report_action(out: &mut String, action: &AffectedAction) {
    let AffectedAction {
        location,
        target,
        difference,
    } = action;
    let (message, places): (String, &[String]) = match difference {
        Difference::AlreadyApplied => (
            "no longer needed, the new pages are already correct; delete the action".to_owned(),
            &[],
        ),
        Difference::PartlyApplied { already, remaining } => (
            format!(
                "no longer needed in {} of {} places; narrow its target",
                already.len(),
                already.len() + remaining
            ),
            already,
        ),
        Difference::NoMatch { before, missing } => {
            let reason = match missing {
                Some(part) => format!("`{part}` was removed"),
                None => "the place exists but the target's filter no longer matches".to_owned(),
            };
            (
                format!("matches nothing: {reason}; delete the action or update its target"),
                before,
            )
        }
        Difference::MatchesMore { more, before } => (
            format!(
                "matches {} more places than the {before} before; check that the action applies there",
                more.len()
            ),
            more,
        ),
        Difference::MatchesFewer { missing, remaining } => (
            format!(
                "matches {} places fewer, {remaining} remain; no change needed if that is intended",
                missing.len()
            ),
            missing,
        ),
        Difference::Invalid(message) => (message.clone(), &[]),
    };
    let _ = writeln!(out, "  specs/{location}: {message}");
    let _ = writeln!(out, "      {target}");
    for place in places.iter().take(PLACES) {
        let _ = writeln!(out, "      at {place}");
    }
    if places.len() > PLACES {
        let _ = writeln!(out, "      and {} more", places.len() - PLACES);
    }
}
