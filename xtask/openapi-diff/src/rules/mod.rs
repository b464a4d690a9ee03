//! Every kind of change, as data: what it is called, whom it breaks, and how it is told. The comparison finds facts and names a
//! rule; everything else about a change comes from here, and so does `docs/diff-rules.md`.
//!
//! How bad a change is depends on where it stands. In what a caller sends, a tighter limit refuses what was accepted; in what
//! the server answers, a looser one surprises who reads it. So a rule has a level for each, and where the second is breaking,
//! the reason why `pbx-client` reads it all the same, if it does (`crates/pbx-client/src/support/read.rs`).

pub mod answers;
pub mod conditions;
pub mod document;
mod documentation;
pub mod limits;
pub mod operations;
pub mod requests;
pub mod schemas;
pub mod values;

pub use documentation::documentation;

use super::positions::Sense;

/// What a change does to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing: it is not seen from there.
    None,
    /// Words only.
    Text,
    /// Everything that worked goes on working.
    Compatible,
    /// What worked is still accepted, and may mean something else: a person must look.
    Risky,
    /// Something that worked no longer does.
    Breaking,
}

impl Level {
    /// As it is written in reports and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Text => "text",
            Self::Compatible => "compatible",
            Self::Risky => "risky",
            Self::Breaking => "breaking",
        }
    }
}

/// One kind of change.
#[derive(Debug)]
pub struct Rule {
    pub id: &'static str,
    /// What happened, with `{at}`, `{old}` and `{new}`.
    pub sentence: &'static str,
    /// In what callers send: what it does to those who were written against the old contract.
    pub request: Level,
    /// In what the server answers: what it does to those who read by the old contract and insist on it.
    pub answer: Level,
    /// Why `pbx-client` reads a breaking answer all the same.
    pub tolerated: Option<&'static str>,
    /// The rule that fires when old and new are swapped; itself when the change has no direction.
    pub opposite: &'static str,
}

impl Rule {
    /// A change in what is sent, which breaks or does not break callers; unseen by who reads.
    const fn new(id: &'static str, opposite: &'static str, sentence: &'static str) -> Self {
        Self {
            id,
            sentence,
            request: Level::None,
            answer: Level::None,
            tolerated: None,
            opposite,
        }
    }

    const fn request(mut self, level: Level) -> Self {
        self.request = level;
        self
    }

    const fn answer(mut self, level: Level) -> Self {
        self.answer = level;
        self
    }

    const fn tolerated(mut self, why: &'static str) -> Self {
        self.tolerated = Some(why);
        self
    }

    const fn text(self) -> Self {
        self.request(Level::Text).answer(Level::Text)
    }

    /// What was accepted is refused; what is answered was possible before.
    const fn tightens(self) -> Self {
        self.request(Level::Breaking).answer(Level::Compatible)
    }

    /// What was accepted still is; what is answered may be new.
    const fn loosens(self) -> Self {
        self.request(Level::Compatible).answer(Level::Breaking)
    }

    /// Neither contains the other.
    const fn replaces(self) -> Self {
        self.request(Level::Breaking).answer(Level::Breaking)
    }

    /// What it does at a place where what allows more may allow less: to callers, to readers, and why `pbx-client` reads it.
    pub(crate) fn levels(&self, sense: Sense) -> (Level, Level, Option<&'static str>) {
        let opposite = all().find(|rule| rule.id == self.opposite).unwrap_or(self);
        match sense {
            Sense::Turned if self.limits() => (opposite.request, opposite.answer, opposite.tolerated),
            Sense::Unknown if self.limits() => (Level::Breaking, Level::Breaking, None),
            _ => (self.request, self.answer, self.tolerated),
        }
    }

    /// Whether it is about what is allowed: in one direction at least, it breaks somebody.
    pub(crate) fn limits(&self) -> bool {
        let breaks = |rule: &Self| rule.request.max(rule.answer) == Level::Breaking;
        breaks(self) || all().any(|rule| rule.id == self.opposite && breaks(rule))
    }

    /// The same when old and new are swapped.
    pub fn is_symmetric(&self) -> bool {
        self.id == self.opposite
    }
}

/// The rules by what they are about, in the order in which they are told.
pub const GROUPS: [(&str, &[Rule]); 8] = [
    ("The document", document::RULES),
    ("Operations and who may call them", operations::RULES),
    ("Parameters and bodies", requests::RULES),
    ("Answers", answers::RULES),
    ("Types and members", schemas::RULES),
    ("Values", values::RULES),
    ("Limits", limits::RULES),
    ("Conditions, names, single items and contents", conditions::RULES),
];

/// All rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().flat_map(|(_, rules)| rules.iter())
}

/// Declares the constants that the comparison uses, and the table they stand in.
macro_rules! rules {
    ($($name:ident = $rule:expr;)*) => {
        $(pub const $name: Rule = $rule;)*
        pub const RULES: &[Rule] = &[$($name),*];
    };
}
use rules;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_sound() {
        let ids: BTreeSet<_> = all().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), all().count(), "ids are unique");
        for rule in all() {
            assert!(ids.contains(rule.opposite), "{}: no rule `{}`", rule.id, rule.opposite);
            assert!(rule.sentence.contains("{at}"), "{} does not say where", rule.id);
            assert!(rule.request.max(rule.answer) > Level::None, "{} is unseen", rule.id);
            assert!(
                rule.tolerated.is_none() || rule.answer == Level::Breaking,
                "{}: only what breaks needs to be tolerated",
                rule.id
            );
        }
    }
}
