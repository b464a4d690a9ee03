//! IP rules: address ranges that pass all guards, and address ranges that are denied.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use pbx_types::Violation;
use pbx_types::ip_filters as api;
use pbx_types::list::{FieldKind, ListField};

use crate::error::Error;
use crate::id::Id;

/// The properties that a list of rules can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField::new("id", FieldKind::Id),
    ListField::new("cidr", FieldKind::Text),
    ListField::new("target", FieldKind::Text),
    ListField::new("expire_at", FieldKind::Time),
    ListField::new("description", FieldKind::Text),
];

/// For this long a rule that had already expired when it was written is still shown, so that its author sees what happened.
const EXPIRED_RULE_SHOWN_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The treatment of requests from a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// They pass the lockout and rate limits.
    Accept,
    /// They are denied.
    Deny,
}

impl Target {
    /// Returns the name in the API and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPT",
            Self::Deny => "DENY",
        }
    }
}

impl FromStr for Target {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Accept, Self::Deny]
            .into_iter()
            .find(|target| target.as_str() == text)
            .ok_or(())
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpRule {
    /// The ID.
    pub id: Id,
    /// The range, host bits cleared.
    pub cidr: IpNet,
    /// The treatment of requests from the range.
    pub target: Target,
    /// The end of the rule. `None` means never.
    pub expire_at: Option<Timestamp>,
    /// A remark.
    pub description: Option<String>,
}

impl IpRule {
    /// Returns the rule that a caller asks for.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if its range is not one.
    pub fn new(id: Id, body: api::CreateIpRule) -> Result<Self, Error> {
        Ok(Self {
            id,
            cidr: parse_range(&body.cidr).map_err(Error::invalid)?,
            target: body.target.into(),
            expire_at: body.expire_at.map(Into::into),
            description: body.description,
        })
    }

    /// Returns the names of the properties that have a value.
    pub fn present_properties(&self) -> Vec<&'static str> {
        let mut names = vec!["cidr", "target"];
        names.extend(self.expire_at.map(|_| "expire_at"));
        names.extend(self.description.as_ref().map(|_| "description"));
        names
    }

    /// Returns the names of the properties in which the two rules differ.
    pub fn changed_properties(&self, after: &Self) -> Vec<&'static str> {
        let properties = [
            ("cidr", self.cidr != after.cidr),
            ("target", self.target != after.target),
            ("expire_at", self.expire_at != after.expire_at),
            ("description", self.description != after.description),
        ];
        let changed = properties.into_iter().filter(|(_, changed)| *changed);
        changed.map(|(name, _)| name).collect()
    }
}

/// Validated changes to a rule. The outer `None` leaves a property as it is, the inner one clears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpRuleChanges {
    cidr: Option<IpNet>,
    target: Option<Target>,
    expire_at: Option<Option<Timestamp>>,
    description: Option<Option<String>>,
}

impl IpRuleChanges {
    /// Returns the rule with the changes.
    pub fn apply(&self, rule: &IpRule) -> IpRule {
        let description = self.description.as_ref().unwrap_or(&rule.description);
        IpRule {
            id: rule.id,
            cidr: self.cidr.unwrap_or(rule.cidr),
            target: self.target.unwrap_or(rule.target),
            expire_at: self.expire_at.unwrap_or(rule.expire_at),
            description: description.clone(),
        }
    }
}

impl TryFrom<api::UpdateIpRule> for IpRuleChanges {
    type Error = Error;

    /// Fails with [`Error::Invalid`] if the range is not one, or if a property that every rule has is cleared.
    fn try_from(body: api::UpdateIpRule) -> Result<Self, Error> {
        let cidr = match body.cidr.into_set() {
            None => Ok(None),
            Some(None) => Err(cannot_be_cleared("cidr")),
            Some(Some(text)) => parse_range(&text).map(Some),
        };
        let target = match body.target.into_set() {
            None => Ok(None),
            Some(None) => Err(cannot_be_cleared("target")),
            Some(Some(target)) => Ok(Some(target.into())),
        };
        match (cidr, target) {
            (Ok(cidr), Ok(target)) => Ok(Self {
                cidr,
                target,
                expire_at: body.expire_at.into_set().map(|end| end.map(Into::into)),
                description: body.description.into_set(),
            }),
            (cidr, target) => Err(Error::Invalid(cidr.err().into_iter().chain(target.err()).collect())),
        }
    }
}

/// Returns the time from which a rule is no longer shown: its expiry, or an hour after it was written if it had already expired
/// then. `None` means never.
pub fn shown_until(expire_at: Option<Timestamp>, written_at: Timestamp) -> Option<Timestamp> {
    let expire_at = expire_at?;
    if expire_at > written_at {
        Some(expire_at)
    } else {
        Some(
            written_at
                .saturating_add(EXPIRED_RULE_SHOWN_FOR)
                .unwrap_or(Timestamp::MAX),
        )
    }
}

/// Parses a range. A bare address is a range of one; host bits are cleared, as in the portal.
fn parse_range(text: &str) -> Result<IpNet, Violation> {
    let parsed = if text.contains('/') {
        text.parse::<IpNet>().ok()
    } else {
        text.parse::<IpAddr>().ok().map(IpNet::from)
    };
    let message = "must be an IPv4 or IPv6 address, with or without a prefix length, e.g. 192.0.2.0/24";
    parsed
        .map(|range| range.trunc())
        .ok_or_else(|| Violation::field("cidr", "format", message))
}

/// Returns the error for an ID that no rule has, or no longer.
pub fn not_found() -> Error {
    Error::NotFound { what: "IP rule" }
}

/// Returns the error for a second rule for a range.
pub fn duplicate(cidr: &IpNet) -> Error {
    Error::Conflict {
        code: "CONFLICT",
        message: format!("There is a rule for {cidr} already."),
    }
}

fn cannot_be_cleared(name: &'static str) -> Violation {
    Violation::field(name, "required", "cannot be cleared")
}

/// Returns the rules as CSV with a header, the form of the vendor's other exports.
pub fn to_csv(rules: &[IpRule]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["cidr", "target", "expire_at", "description"])?;
    for rule in rules {
        let cidr = rule.cidr.to_string();
        let expire_at = rule.expire_at.map(|at| at.to_string()).unwrap_or_default();
        let description = escape_formula(rule.description.as_deref().unwrap_or_default());
        writer.write_record([&cidr, rule.target.as_str(), &expire_at, &description])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// Prefixes text that begins like a formula with an apostrophe. Spreadsheets would run it; all of them read this as text.
fn escape_formula(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

impl From<IpRule> for api::IpRule {
    fn from(rule: IpRule) -> Self {
        Self {
            id: rule.id.to_string(),
            cidr: rule.cidr.to_string(),
            target: rule.target.into(),
            expire_at: rule.expire_at.map(Into::into),
            description: rule.description,
        }
    }
}

impl From<api::IpRuleTarget> for Target {
    fn from(target: api::IpRuleTarget) -> Self {
        match target {
            api::IpRuleTarget::Accept => Self::Accept,
            api::IpRuleTarget::Deny => Self::Deny,
        }
    }
}

impl From<Target> for api::IpRuleTarget {
    fn from(target: Target) -> Self {
        match target {
            Target::Accept => Self::Accept,
            Target::Deny => Self::Deny,
        }
    }
}

#[cfg(test)]
mod tests {
    use pbx_types::Field as Patched;

    use super::*;

    #[test]
    fn ranges_are_normalized() {
        for (written, stored) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0::1", "2001:db8::1/128"),
            ("2001:db8::1/32", "2001:db8::/32"),
        ] {
            assert_eq!(parse_range(written).unwrap().to_string(), stored);
        }
    }

    #[test]
    fn invalid_range_is_refused_and_not_echoed() {
        for text in [
            "",
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "::/129",
            "010.0.0.1",
            "host",
            " 10.0.0.1",
        ] {
            let violation = parse_range(text).expect_err(text);
            assert!(text.is_empty() || !violation.message().contains(text));
        }
    }

    #[test]
    fn every_required_property_that_is_cleared_is_reported() {
        let update = api::UpdateIpRule {
            cidr: Patched::Null,
            target: Patched::Null,
            ..api::UpdateIpRule::default()
        };
        let Err(Error::Invalid(violations)) = IpRuleChanges::try_from(update) else {
            panic!("both are missing")
        };
        assert_eq!(violations, [cannot_be_cleared("cidr"), cannot_be_cleared("target")]);
        let unchanged = IpRuleChanges::try_from(api::UpdateIpRule::default()).unwrap();
        assert_eq!((unchanged.cidr, unchanged.target), (None, None));
    }

    #[test]
    fn rule_written_after_its_expiry_is_shown_for_an_hour() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let at = |text: &str| Some(text.parse().unwrap());
        assert_eq!(shown_until(None, now), None);
        assert_eq!(shown_until(at("2026-01-01T12:00:01Z"), now), at("2026-01-01T12:00:01Z"));
        assert_eq!(shown_until(at("2017-07-21T17:32:28Z"), now), at("2026-01-01T13:00:00Z"));
    }

    #[test]
    fn csv_has_no_formulas() {
        let rule = |description: &str| IpRule {
            id: Id::from_stored(1),
            cidr: "192.0.2.0/24".parse().unwrap(),
            target: Target::Deny,
            expire_at: Some("2030-01-01T01:00:00+01:00".parse().unwrap()),
            description: Some(description.to_owned()),
        };
        let text = String::from_utf8(to_csv(&[rule("a, \"b\"\nc"), rule("=cmd()")]).unwrap()).unwrap();
        assert_eq!(
            text,
            "cidr,target,expire_at,description\n\
             192.0.2.0/24,DENY,2030-01-01T00:00:00Z,\"a, \"\"b\"\"\nc\"\n\
             192.0.2.0/24,DENY,2030-01-01T00:00:00Z,'=cmd()\n"
        );
    }
}
