//! Formats the report about the new pages.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::implementation::TraitDiff;
use super::overlays::{AffectedAction, Difference, OverlayReport};
use super::pages::{Plan, Status};
use super::surface::Names;
use crate::diff::report::{Report as DiffReport, quantity, text};

/// The maximum number of listed places of an action.
const PLACES: usize = 5;

/// The content of the report.
pub struct Report<'a> {
    pub plan: &'a Plan,
    pub diff: DiffReport<'a>,
    pub overlays: &'a OverlayReport,
    /// By crate.
    pub names: &'a BTreeMap<String, Names>,
    pub implementations: &'a [TraitDiff],
    /// The error of the generators, if they failed on the new pages.
    pub error: Option<String>,
}

impl Report<'_> {
    pub fn text(&self, color: bool) -> String {
        let mut out = String::new();
        self.pages(&mut out);
        heading(&mut out, "Contract");
        out.push_str(&text(&self.diff, color));
        for notice in &self.diff.new.notices {
            // Overlay actions are reported below.
            if !notice.contains("the action on ") {
                let _ = writeln!(out, "note: {notice}");
            }
        }
        self.overlays(&mut out);
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
        out.push('\n');
        out
    }

    fn pages(&self, out: &mut String) {
        let _ = writeln!(out, "Pages");
        for page in &self.plan.pages {
            let status = match page.status {
                Status::New => "new",
                Status::Replaced => "replaced",
                Status::Unchanged => "unchanged",
                Status::Kept => "kept",
            };
            let operations = quantity(page.operations, "operation");
            let _ = writeln!(out, "  {status:<9}  {} ({operations})", page.name);
        }
        for name in &self.plan.removed {
            let _ = writeln!(
                out,
                "  {:<9}  {name} (`--partial` keeps pages that are not given)",
                "removed"
            );
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
            for name in added {
                let _ = writeln!(out, "  + {name}");
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
        for diff in self.implementations {
            match (&diff.location, diff.is_removed) {
                (Some(location), false) => {
                    let _ = writeln!(out, "{location}: impl {}", diff.name);
                }
                (Some(location), true) => {
                    let _ = writeln!(out, "{location}: impl {}, a removed trait", diff.name);
                }
                (None, _) => {
                    let _ = writeln!(
                        out,
                        "not implemented: {}, a new resource, which responds with 501 until it is implemented and mounted",
                        diff.name
                    );
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
    }
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
