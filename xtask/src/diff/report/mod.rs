//! Formats reports: text and Markdown for people, JSON for programs, annotations for GitHub.

mod github;
mod json;
mod markdown;
mod text;

use std::collections::BTreeMap;

use openapi_diff::{Audience, Audiences, Change, Severity};

use crate::diff::input::Side;

pub use self::github::github;
pub use self::json::json;
pub use self::markdown::{counts, markdown, notes, section};
pub use self::text::text;

/// The format of a report.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
pub enum Format {
    /// For people; with colors on a terminal.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For pull requests.
    Markdown,
    /// Annotations of a GitHub workflow.
    Github,
}

/// Formats the report.
pub fn render(report: &Report<'_>, format: Format, color: bool) -> String {
    match format {
        Format::Text => text(report, color),
        Format::Json => format!("{:#}\n", json(report)),
        Format::Markdown => markdown(report),
        Format::Github => github(report),
    }
}

/// The content of a report.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    pub old: &'a Side,
    pub new: &'a Side,
    pub changes: &'a [Change],
    /// List documentation changes instead of only counting them.
    pub all: bool,
    /// About the comparison: accepted changes that match nothing, a version that does not fit.
    pub notes: &'a [String],
}

/// The number of changes by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    pub changes: usize,
    /// Breaking for an audience that counts.
    pub breaking: usize,
    pub breaks_callers: usize,
    pub breaks_client: usize,
    /// Breaking for strict readers, but tolerated by `pbx-client`.
    pub tolerated: usize,
    pub breaks_readers: usize,
    /// Breaking for code on the generated crates.
    pub breaks_code: usize,
    pub risky: usize,
    pub compatible: usize,
    pub texts: usize,
    /// Reviewed and accepted; they count nowhere else.
    pub accepted: usize,
    #[serde(skip)]
    audiences: Audiences,
}

impl Summary {
    pub fn new(changes: &[Change]) -> Self {
        let counted = || changes.iter().filter(|change| change.accepted.is_none());
        let count = |test: &dyn Fn(&Change) -> bool| counted().filter(|change| test(change)).count();
        Self {
            changes: count(&|c| c.severity() > Severity::Text),
            breaking: count(&|c| c.severity() == Severity::Breaking),
            breaks_callers: count(&|c| c.callers == Severity::Breaking),
            breaks_client: count(&|c| c.client() == Severity::Breaking),
            tolerated: count(&|c| c.tolerated.is_some()),
            breaks_readers: count(&|c| c.readers == Severity::Breaking),
            breaks_code: count(&|c| c.code == Severity::Breaking),
            risky: count(&|c| c.severity() == Severity::Risky),
            compatible: count(&|c| c.severity() == Severity::Compatible),
            texts: count(&|c| c.severity() <= Severity::Text),
            accepted: changes.len() - counted().count(),
            audiences: changes.first().map(|change| change.audiences).unwrap_or_default(),
        }
    }

    /// Describes the numbers in one sentence.
    pub fn describe(&self, all: bool) -> String {
        if *self == Self::default() {
            return "no changes".to_owned();
        }
        let mut parts = Vec::new();
        if self.breaking > 0 {
            let whom = self.audiences.iter().map(|audience| match audience {
                Audience::Callers => (self.breaks_callers, "callers"),
                Audience::Client => (self.breaks_client, "pbx-client"),
                Audience::Readers => (self.breaks_readers, "readers"),
                Audience::Code => (self.breaks_code, "code"),
            });
            let whom = whom.filter(|(count, _)| *count > 0);
            let whom: Vec<_> = whom.map(|(count, name)| format!("{count} for {name}")).collect();
            parts.push(format!("{} breaking ({})", self.breaking, whom.join(", ")));
        }
        for (count, word) in [(self.risky, "risky"), (self.compatible, "compatible")] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        let mut text = format!("{}: {}", quantity(self.changes, "change"), parts.join(", "));
        if parts.is_empty() {
            "no semantic changes".clone_into(&mut text);
        }
        if self.breaks_code > 0 && !self.audiences.contains(Audience::Code) {
            text.push_str(&format!(
                "; {} breaking for code on the generated crates",
                self.breaks_code
            ));
        }
        if self.tolerated > 0 {
            text.push_str(&format!("; {} tolerated by pbx-client", self.tolerated));
        }
        if self.accepted > 0 {
            text.push_str(&format!("; {} accepted", self.accepted));
        }
        if self.texts > 0 {
            let hint = if all { "" } else { " (--all lists them)" };
            text.push_str(&format!("; {} in documentation only{hint}", self.texts));
        }
        text
    }
}

/// `1 change`, `2 changes`.
pub fn quantity(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The severity of a change in reports, or that it was accepted.
pub fn word(change: &Change) -> &'static str {
    match change.accepted {
        Some(_) => "accepted",
        None => change.severity().as_str(),
    }
}

/// Describes whom a change affects, and why it was accepted.
pub fn effects(change: &Change) -> Vec<String> {
    let mut effects = Vec::new();
    match change.callers {
        Severity::Breaking => effects.push("breaks callers".to_owned()),
        Severity::Risky => effects.push("may change the meaning for callers".to_owned()),
        _ => {}
    }
    match (change.readers, change.tolerated) {
        (_, Some(reason)) => effects.push(format!("tolerated by pbx-client: {reason}")),
        (Severity::Breaking, None) => effects.push("breaks pbx-client reading responses".to_owned()),
        (Severity::Risky, None) => effects.push("may change the meaning for readers of responses".to_owned()),
        _ => {}
    }
    match change.code {
        Severity::Breaking => effects.push("breaks code on the generated crates".to_owned()),
        Severity::Risky => effects.push("may break code on the generated crates".to_owned()),
        _ => {}
    }
    if let Some(reason) = &change.accepted {
        effects.push(format!("accepted: {reason}"));
    }
    effects
}

/// Groups the listed changes by resource: the document first, then those shared by several resources.
pub fn by_resource<'a>(report: &Report<'a>) -> Vec<(&'a str, Vec<&'a Change>)> {
    let mut groups: BTreeMap<(u8, &str), Vec<&Change>> = BTreeMap::new();
    for change in report.changes {
        if report.all || change.severity() > Severity::Text {
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
            // The most severe first, otherwise in the order of the document.
            changes.sort_by_key(|change| (change.accepted.is_some(), std::cmp::Reverse(change.severity())));
            (resource, changes)
        })
        .collect()
}

/// The lowest severity that makes the exit code nonzero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Any change, documentation included.
    #[default]
    Text,
    /// Any change except documentation.
    Compatible,
    /// Risky and breaking changes.
    Risky,
    /// Breaking changes.
    Breaking,
    /// The exit code is always 0.
    Never,
}

/// Returns 2 for breaking changes, 1 for others, and 0 if none has the severity of `fail_on` or a higher one.
pub fn exit_code(changes: &[Change], fail_on: FailOn) -> u8 {
    let least = match fail_on {
        FailOn::Text => Severity::None,
        FailOn::Compatible => Severity::Compatible,
        FailOn::Risky => Severity::Risky,
        FailOn::Breaking => Severity::Breaking,
        FailOn::Never => return 0,
    };
    let counted = changes.iter().filter(|change| change.accepted.is_none());
    match counted.map(Change::severity).max() {
        None => 0,
        Some(worst) if worst < least => 0,
        Some(Severity::Breaking) => 2,
        Some(_) => 1,
    }
}
