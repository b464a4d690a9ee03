//! Tells changes: to people as text or Markdown, to programs as JSON, to GitHub as annotations.

mod github;
mod json;
mod markdown;
mod text;

use std::collections::BTreeMap;

use openapi_diff::{Change, Level};

use crate::diff::input::Side;

pub use self::github::github;
pub use self::json::json;
pub use self::markdown::{counts, markdown, section};
pub use self::text::text;

/// How a report is written.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Format {
    /// For people; in colours on a terminal.
    Text,
    /// For programs.
    Json,
    /// For pull requests.
    Markdown,
    /// Annotations of a GitHub workflow.
    Github,
}

/// The report in a format.
pub fn render(report: &Report<'_>, format: Format, colours: bool) -> String {
    match format {
        Format::Text => text(report, colours),
        Format::Json => format!("{:#}\n", json(report)),
        Format::Markdown => markdown(report),
        Format::Github => github(report),
    }
}

/// What a report is about.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    pub old: &'a Side,
    pub new: &'a Side,
    pub changes: &'a [Change],
    /// Changes of words are listed and not only counted.
    pub all: bool,
}

/// How many changes there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    pub changes: usize,
    /// Breaking in either direction.
    pub breaking: usize,
    pub breaks_callers: usize,
    pub breaks_client: usize,
    /// Breaking for who insists on the old contract, and not for `pbx-client`.
    pub tolerated: usize,
    pub risky: usize,
    pub compatible: usize,
    pub texts: usize,
}

impl Summary {
    pub fn of(changes: &[Change]) -> Self {
        let count = |test: &dyn Fn(&Change) -> bool| changes.iter().filter(|change| test(change)).count();
        Self {
            changes: count(&|c| c.level() > Level::Text),
            breaking: count(&|c| c.level() == Level::Breaking),
            breaks_callers: count(&|c| c.callers == Level::Breaking),
            breaks_client: count(&|c| c.client() == Level::Breaking),
            tolerated: count(&|c| c.tolerated.is_some()),
            risky: count(&|c| c.level() == Level::Risky),
            compatible: count(&|c| c.level() == Level::Compatible),
            texts: count(&|c| c.level() <= Level::Text),
        }
    }

    /// In a sentence.
    pub fn sentence(&self, all: bool) -> String {
        if *self == Self::default() {
            return "nothing changed".to_owned();
        }
        let mut parts = Vec::new();
        if self.breaking > 0 {
            let mut whom = Vec::new();
            if self.breaks_callers > 0 {
                whom.push(format!("{} for callers of the server", self.breaks_callers));
            }
            if self.breaks_client > 0 {
                whom.push(format!("{} for pbx-client reading it", self.breaks_client));
            }
            parts.push(format!("{} breaking ({})", self.breaking, whom.join(", ")));
        }
        for (count, word) in [(self.risky, "risky"), (self.compatible, "compatible")] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        let mut sentence = format!("{}: {}", counted(self.changes, "change"), parts.join(", "));
        if parts.is_empty() {
            "no change of meaning".clone_into(&mut sentence);
        }
        if self.tolerated > 0 {
            sentence.push_str(&format!("; {} tolerated by pbx-client", self.tolerated));
        }
        if self.texts > 0 {
            let hint = if all { "" } else { " (--all lists them)" };
            sentence.push_str(&format!("; {} in words only{hint}", self.texts));
        }
        sentence
    }
}

/// `1 change`, `2 changes`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// What a change does to whom, in words; what it does not do is not told.
pub fn effects(change: &Change) -> Vec<String> {
    let mut effects = Vec::new();
    match change.callers {
        Level::Breaking => effects.push("breaks callers of the server".to_owned()),
        Level::Risky => effects.push("callers may get something else".to_owned()),
        _ => {}
    }
    match (change.readers, change.tolerated) {
        (_, Some(why)) => effects.push(format!("tolerated by pbx-client: {why}")),
        (Level::Breaking, None) => effects.push("breaks pbx-client reading the server".to_owned()),
        (Level::Risky, None) => effects.push("who reads answers may get something else".to_owned()),
        _ => {}
    }
    effects
}

/// The changes that are listed, by resource: the document first, what several share next.
pub fn grouped<'a>(report: &Report<'a>) -> Vec<(&'a str, Vec<&'a Change>)> {
    let mut groups: BTreeMap<(u8, &str), Vec<&Change>> = BTreeMap::new();
    for change in report.changes {
        if report.all || change.level() > Level::Text {
            let rank = match change.resource.as_str() {
                "document" => 0,
                "shared" => 1,
                _ => 2,
            };
            groups.entry((rank, change.resource.as_str())).or_default().push(change);
        }
    }
    groups
        .into_iter()
        .map(|((_, resource), mut changes)| {
            // The worst first; otherwise in the order of the document.
            changes.sort_by_key(|change| std::cmp::Reverse(change.level()));
            (resource, changes)
        })
        .collect()
}

/// How much must have changed for a run to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Anything, words included.
    Text,
    /// Anything but words.
    Compatible,
    /// What a person must look at, and what breaks somebody.
    Risky,
    /// What breaks somebody.
    Breaking,
    /// Nothing.
    Never,
}

/// 0: nothing changed, or nothing that counts; 1: compatible changes; 2: breaking ones.
pub fn exit_code(changes: &[Change], fail_on: FailOn) -> u8 {
    let least = match fail_on {
        FailOn::Text => Level::None,
        FailOn::Compatible => Level::Compatible,
        FailOn::Risky => Level::Risky,
        FailOn::Breaking => Level::Breaking,
        FailOn::Never => return 0,
    };
    match changes.iter().map(Change::level).max() {
        None => 0,
        Some(worst) if worst < least => 0,
        Some(Level::Breaking) => 2,
        Some(_) => 1,
    }
}
