//! Tells a person what the new pages change.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::corrections::{Correction, Corrections, Verdict};
use super::implementation::Work;
use super::pages::{Fate, Plan};
use super::surface::Names;
use crate::diff::report as diff;

/// How many places of a correction are listed.
const PLACES: usize = 5;

/// Everything that is known of the new pages.
pub struct Report<'a> {
    pub plan: &'a Plan,
    pub diff: diff::Report<'a>,
    pub corrections: &'a Corrections,
    /// By crate.
    pub names: &'a BTreeMap<String, Names>,
    pub work: &'a [Work],
    /// What keeps codegen from saying the names.
    pub stopped: Option<String>,
}

impl Report<'_> {
    pub fn text(&self, colours: bool) -> String {
        let mut out = String::new();
        self.pages(&mut out);
        heading(&mut out, "The contract");
        out.push_str(&diff::text(&self.diff, colours));
        for notice in &self.diff.new.notices {
            // Those about corrections are told below, all together.
            if !notice.contains("the action on ") {
                let _ = writeln!(out, "note: {notice}");
            }
        }
        self.corrections(&mut out);
        match &self.stopped {
            Some(error) => {
                heading(&mut out, "Generated names and the implementation");
                let _ = writeln!(out, "cannot be told before this is mended:\n{error}");
            }
            None => {
                self.names(&mut out);
                self.work(&mut out);
            }
        }
        out.push('\n');
        out
    }

    fn pages(&self, out: &mut String) {
        let _ = writeln!(out, "Pages");
        for page in &self.plan.pages {
            let word = match page.fate {
                Fate::New => "new",
                Fate::Replaced => "replaced",
                Fate::Unchanged => "unchanged",
                Fate::Kept => "kept",
            };
            let operations = diff::counted(page.operations, "operation");
            let _ = writeln!(out, "  {word:<9}  {} ({operations})", page.name);
        }
        for name in &self.plan.removed {
            let _ = writeln!(out, "  {:<9}  {name} (`--partial` keeps what is not given)", "removed");
        }
    }

    fn corrections(&self, out: &mut String) {
        heading(out, "Corrections");
        let Corrections { found, actions } = self.corrections;
        if found.is_empty() {
            let _ = writeln!(out, "all {actions} fit the new pages");
            return;
        }
        let _ = writeln!(out, "{} of {actions} need a look", found.len());
        for correction in found {
            tell(out, correction);
        }
    }

    fn names(&self, out: &mut String) {
        heading(out, "Generated names");
        if self.names.is_empty() {
            let _ = writeln!(out, "none change");
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
            for (name, was, is) in changed {
                let _ = writeln!(out, "  ~ {name}: {was} -> {is}");
            }
        }
    }

    fn work(&self, out: &mut String) {
        heading(out, "The implementation");
        if self.work.is_empty() {
            let _ = writeln!(out, "has every method, and none too many");
        }
        for work in self.work {
            match (&work.place, work.gone) {
                (Some(place), false) => {
                    let _ = writeln!(out, "{place}: impl {}", work.of);
                }
                (Some(place), true) => {
                    let _ = writeln!(out, "{place}: impl {}, a trait that is no more", work.of);
                }
                (None, _) => {
                    let _ = writeln!(
                        out,
                        "nowhere: {}, a new resource, which answers 501 until it is implemented and mounted",
                        work.of
                    );
                }
            }
            for method in &work.missing {
                let _ = writeln!(out, "  missing   {method}");
            }
            for method in &work.too_many {
                let _ = writeln!(out, "  too many  {method}");
            }
            for (method, was, is) in &work.changed {
                let _ = writeln!(out, "  changed   {method}: {was} -> {is}");
            }
        }
    }
}

fn heading(out: &mut String, title: &str) {
    let _ = writeln!(out, "\n{title}");
}

fn tell(out: &mut String, correction: &Correction) {
    let Correction { place, target, verdict } = correction;
    let (what, places): (String, &[String]) = match verdict {
        Verdict::AlreadyTrue => (
            "already true: the vendor repaired it; delete the action".to_owned(),
            &[],
        ),
        Verdict::PartlyTrue { already, left } => (
            format!(
                "already true in {} of {} places; narrow its target",
                already.len(),
                already.len() + left
            ),
            already,
        ),
        Verdict::Gone { was, missing } => {
            let why = match missing {
                Some(part) => format!("there is no `{part}` any more"),
                None => "it is there, and not as the target asks any more".to_owned(),
            };
            (
                format!("target gone: {why}; delete the action, or follow what it is about to its new place"),
                was,
            )
        }
        Verdict::MatchesMore { more, before } => (
            format!(
                "matches more: {} more than the {before} before; look whether it is meant there",
                more.len()
            ),
            more,
        ),
        Verdict::MatchesFewer { gone, left } => (
            format!(
                "matches fewer: {} less, {left} left; nothing to do if that is meant",
                gone.len()
            ),
            gone,
        ),
        Verdict::Wrong(message) => (message.clone(), &[]),
    };
    let _ = writeln!(out, "  specs/{place}: {what}");
    let _ = writeln!(out, "      {target}");
    for place in places.iter().take(PLACES) {
        let _ = writeln!(out, "      at {place}");
    }
    if places.len() > PLACES {
        let _ = writeln!(out, "      and {} more", places.len() - PLACES);
    }
}
