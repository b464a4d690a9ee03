//! The table of rules: the ID, message and severities of every kind of change. The comparison finds changes and names their rules;
//! everything else about a change is here. `docs/diff-rules.md` is generated from it.
//!
//! The severity depends on the direction. In requests a tighter constraint rejects what was accepted; in responses a looser one
//! surprises the reader. So a rule has a severity for each direction, and if the second one is breaking, the reason why `pbx-client`
//! tolerates it, if it does (`crates/pbx-client/src/wire/lenient.rs`). Programs that are compiled again, with crates generated from the
//! new contract, are another matter: what changes nothing on the wire may rename what they call. They have severities of their own.

pub mod conditions;
pub mod document;
mod documentation;
pub mod limits;
pub mod operations;
pub mod requests;
pub mod responses;
pub mod schemas;
pub mod values;

pub use documentation::documentation;

use super::positions::{Polarity, Positions};

/// The severity of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Not visible in this direction.
    None,
    /// Documentation only.
    Text,
    /// Everything that worked keeps working.
    Compatible,
    /// Still accepted, but possibly with another meaning: needs review.
    Risky,
    /// Something that worked fails.
    Breaking,
}

impl Severity {
    /// The name in reports and on the command line.
    pub fn as_str(self) -> &'static str {
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
    /// With the placeholders `{at}`, `{old}` and `{new}`.
    pub message: &'static str,
    /// In requests: the severity for callers written for the old contract.
    pub request: Severity,
    /// In responses: the severity for strict readers written for the old contract.
    pub response: Severity,
    /// The reason why `pbx-client` tolerates a breaking change in responses.
    pub tolerated: Option<&'static str>,
    /// The severity for code on the generated crates where the change is in requests, and where it is in responses.
    pub code: (Severity, Severity),
    /// The rule that applies when old and new are swapped; itself if the change has no direction.
    pub opposite: &'static str,
}

impl Rule {
    /// A rule that is visible in no direction yet.
    const fn new(id: &'static str, opposite: &'static str, message: &'static str) -> Self {
        Self {
            id,
            message,
            request: Severity::None,
            response: Severity::None,
            tolerated: None,
            code: (Severity::None, Severity::None),
            opposite,
        }
    }

    const fn request(mut self, severity: Severity) -> Self {
        self.request = severity;
        self
    }

    const fn response(mut self, severity: Severity) -> Self {
        self.response = severity;
        self
    }

    const fn tolerated(mut self, why: &'static str) -> Self {
        self.tolerated = Some(why);
        self
    }

    /// The severity for code on the generated crates, in either direction.
    const fn code(self, severity: Severity) -> Self {
        self.code_in(severity, severity)
    }

    /// The severities for code on the generated crates: in requests, and in responses.
    const fn code_in(mut self, request: Severity, response: Severity) -> Self {
        self.code = (request, response);
        self
    }

    const fn text(self) -> Self {
        self.request(Severity::Text).response(Severity::Text)
    }

    /// Fewer values are valid: breaks requests.
    const fn tightens(self) -> Self {
        self.request(Severity::Breaking).response(Severity::Compatible)
    }

    /// More values are valid: breaks responses.
    const fn loosens(self) -> Self {
        self.request(Severity::Compatible).response(Severity::Breaking)
    }

    /// Other values are valid: breaks both.
    const fn replaces(self) -> Self {
        self.request(Severity::Breaking).response(Severity::Breaking)
    }

    /// The severities in requests and responses, and the reason for tolerance, given the polarity of the changed schema.
    pub(crate) fn severities(&self, polarity: Polarity) -> (Severity, Severity, Option<&'static str>) {
        let opposite = all().find(|rule| rule.id == self.opposite).unwrap_or(self);
        match polarity {
            Polarity::Inverted if self.is_constraint() => (opposite.request, opposite.response, opposite.tolerated),
            Polarity::Unknown if self.is_constraint() => (Severity::Breaking, Severity::Breaking, None),
            _ => (self.request, self.response, self.tolerated),
        }
    }

    /// The severity for code on the generated crates. Nothing is generated for subschemas of `not` and of conditions.
    pub(crate) fn code_severity(&self, positions: Positions, polarity: Polarity) -> Severity {
        let (request, response) = self.code;
        let visible = |is_visible: bool, severity| if is_visible { severity } else { Severity::None };
        if polarity == Polarity::Same {
            visible(positions.request, request).max(visible(positions.response, response))
        } else {
            Severity::None
        }
    }

    /// Returns `true` if the rule is about valid values: it breaks at least one direction, or its opposite does.
    pub(crate) fn is_constraint(&self) -> bool {
        let breaks = |rule: &Self| rule.request.max(rule.response) == Severity::Breaking;
        breaks(self) || all().any(|rule| rule.id == self.opposite && breaks(rule))
    }

    /// Returns `true` if the rule applies when old and new are swapped, too.
    pub fn is_symmetric(&self) -> bool {
        self.id == self.opposite
    }
}

/// The rules by topic, in the order of the documentation.
pub const GROUPS: [(&str, &[Rule]); 8] = [
    ("The document", document::RULES),
    ("Operations", operations::RULES),
    ("Parameters and request bodies", requests::RULES),
    ("Responses", responses::RULES),
    ("Types, properties and unions", schemas::RULES),
    ("Enums, constants, defaults, formats and patterns", values::RULES),
    ("Bounds, lengths and counts", limits::RULES),
    ("Other keywords", conditions::RULES),
];

/// All rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().flat_map(|(_, rules)| rules.iter())
}

/// Declares rules as constants, and the table of them.
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
    fn rule_table_is_consistent() {
        let ids: BTreeSet<_> = all().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), all().count(), "ids are unique");
        for rule in all() {
            assert!(ids.contains(rule.opposite), "{}: no rule `{}`", rule.id, rule.opposite);
            assert!(rule.message.contains("{at}"), "{} does not name its subject", rule.id);
            assert!(
                rule.request.max(rule.response) > Severity::None,
                "{} is visible in no direction",
                rule.id
            );
            let (request, response) = rule.code;
            assert!(
                request.max(response) != Severity::Text,
                "{}: code has no texts",
                rule.id
            );
            assert!(
                rule.tolerated.is_none() || rule.response == Severity::Breaking,
                "{}: only breaking changes need tolerance",
                rule.id
            );
        }
    }
}
