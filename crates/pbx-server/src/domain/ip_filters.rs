//! IP rules: which addresses are let past the guards, and which are turned away.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use pbx_types::Violation;
use pbx_types::list::{FieldKind, ListField, ListQuery, Page};

use super::audit::{Entry, Object};
use super::clock;
use super::{Error, Id, IdSource};
use crate::store::{Changes, OnConstraint, Store, Tx, ip_filters as queries};

/// What a list of rules can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField {
        name: "id",
        kind: FieldKind::Id,
    },
    ListField {
        name: "cidr",
        kind: FieldKind::Text,
    },
    ListField {
        name: "target",
        kind: FieldKind::Text,
    },
    ListField {
        name: "expire_at",
        kind: FieldKind::Time,
    },
    ListField {
        name: "description",
        kind: FieldKind::Text,
    },
];

/// How long a rule is still shown that had expired when it was written, so that its author sees what happened.
const SHOWN_WHEN_BORN_EXPIRED: SignedDuration = SignedDuration::from_hours(1);

/// What happens to traffic from a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Past the anti-hacking checks and rate limits.
    Accept,
    /// Dropped at once.
    Deny,
}

impl Target {
    /// As the API and the store write it.
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
    /// Its id.
    pub id: Id,
    /// The range, host bits cleared.
    pub cidr: IpNet,
    /// What happens.
    pub target: Target,
    /// Until when; `None` is for ever.
    pub expire_at: Option<Timestamp>,
    /// A remark.
    pub description: Option<String>,
}

impl IpRule {
    /// The members that have a value.
    fn set(&self) -> Vec<&'static str> {
        let mut names = vec!["cidr", "target"];
        names.extend(self.expire_at.map(|_| "expire_at"));
        names.extend(self.description.as_ref().map(|_| "description"));
        names
    }

    /// The members that another has otherwise.
    fn differing(&self, other: &Self) -> Vec<&'static str> {
        let members = [
            ("cidr", self.cidr != other.cidr),
            ("target", self.target != other.target),
            ("expire_at", self.expire_at != other.expire_at),
            ("description", self.description != other.description),
        ];
        let differ = members.into_iter().filter(|(_, differ)| *differ);
        differ.map(|(name, _)| name).collect()
    }
}

/// A rule as a caller writes it.
#[derive(Debug, Clone)]
pub struct NewIpRule {
    /// An address or a range in CIDR notation.
    pub cidr: String,
    /// What happens.
    pub target: Target,
    /// Until when.
    pub expire_at: Option<Timestamp>,
    /// A remark.
    pub description: Option<String>,
}

/// Changes to a rule. The outer `None` leaves a member as it is, the inner one clears it.
#[derive(Debug, Clone, Default)]
pub struct IpRuleChanges {
    /// An address or a range in CIDR notation.
    pub cidr: Option<Option<String>>,
    /// What happens.
    pub target: Option<Option<Target>>,
    /// Until when.
    pub expire_at: Option<Option<Timestamp>>,
    /// A remark.
    pub description: Option<Option<String>>,
}

/// One page of the rules.
pub async fn list(store: &Store, query: ListQuery) -> Result<Page<IpRule>, Error> {
    let now = clock::now();
    store.scan(move |tx| Ok(queries::page(tx, &query, now)?)).await
}

/// Adds a rule. There is one rule for a range: a second is a conflict.
pub async fn create(store: &Changes, ids: &IdSource, new: NewIpRule) -> Result<Id, Error> {
    let rule = IpRule {
        id: ids.next(),
        cidr: range(&new.cidr).map_err(Error::invalid)?,
        target: new.target,
        expire_at: new.expire_at,
        description: new.description,
    };
    let now = clock::now();
    store
        .write(move |tx| {
            queries::delete_lapsed(tx, now)?;
            queries::insert(tx, &rule, now).on_constraint(queries::UNIQUE_CIDR, || duplicate(&rule.cidr))?;
            let entry = Entry::create(Object::IpBlacklist, rule.id).fields(rule.set());
            Ok(entry.with(rule.id))
        })
        .await
}

/// The rule of that id.
pub async fn show(store: &Store, id: Id) -> Result<IpRule, Error> {
    let now = clock::now();
    store.read(move |tx| existing(tx, id, now)).await
}

/// Changes what is given and nothing else.
pub async fn update(store: &Changes, id: Id, changes: IpRuleChanges) -> Result<(), Error> {
    let (cidr, target) = checked(&changes)?;
    let now = clock::now();
    store
        .write(move |tx| {
            queries::delete_lapsed(tx, now)?;
            let before = existing(tx, id, now)?;
            let after = IpRule {
                id,
                cidr: cidr.unwrap_or(before.cidr),
                target: target.unwrap_or(before.target),
                expire_at: changes.expire_at.unwrap_or(before.expire_at),
                description: changes
                    .description
                    .clone()
                    .unwrap_or_else(|| before.description.clone()),
            };
            queries::update(tx, &after, now).on_constraint(queries::UNIQUE_CIDR, || duplicate(&after.cidr))?;
            Ok(Entry::update(Object::IpBlacklist, id)
                .fields(before.differing(&after))
                .with(()))
        })
        .await
}

/// Removes a rule.
pub async fn destroy(store: &Changes, id: Id) -> Result<(), Error> {
    let now = clock::now();
    store
        .write(move |tx| {
            queries::delete_lapsed(tx, now)?;
            if queries::delete(tx, id)? {
                Ok(Entry::delete(Object::IpBlacklist, id).with(()))
            } else {
                Err(not_found())
            }
        })
        .await
}

/// Every rule as CSV with a header, the form of the vendor's other exports.
pub async fn export(store: &Store) -> Result<Vec<u8>, Error> {
    let now = clock::now();
    let rules = store.scan(move |tx| Ok::<_, Error>(queries::all(tx, now)?)).await?;
    csv(&rules).map_err(|error| Error::internal(format!("writing CSV: {error}")))
}

/// When a rule is gone. One that had expired when it was written stays for a moment.
pub fn lapses_at(expire_at: Option<Timestamp>, written_at: Timestamp) -> Option<Timestamp> {
    let expire_at = expire_at?;
    if expire_at > written_at {
        Some(expire_at)
    } else {
        Some(
            written_at
                .saturating_add(SHOWN_WHEN_BORN_EXPIRED)
                .unwrap_or(Timestamp::MAX),
        )
    }
}

/// What the two members become that every rule has.
fn checked(changes: &IpRuleChanges) -> Result<(Option<IpNet>, Option<Target>), Error> {
    let cidr = match changes.cidr.as_ref().map(Option::as_deref) {
        None => Ok(None),
        Some(None) => Err(cleared("cidr")),
        Some(Some(text)) => range(text).map(Some),
    };
    let target = match changes.target {
        None => Ok(None),
        Some(None) => Err(cleared("target")),
        Some(Some(target)) => Ok(Some(target)),
    };
    match (cidr, target) {
        (Ok(cidr), Ok(target)) => Ok((cidr, target)),
        (cidr, target) => Err(Error::Invalid(cidr.err().into_iter().chain(target.err()).collect())),
    }
}

/// A bare address is a range of one; host bits do not matter, as in the portal.
fn range(text: &str) -> Result<IpNet, Violation> {
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

fn existing(tx: &mut Tx<'_>, id: Id, now: Timestamp) -> Result<IpRule, Error> {
    queries::by_id(tx, id, now)?.ok_or_else(not_found)
}

/// There is no rule of that id, or no longer.
pub fn not_found() -> Error {
    Error::NotFound { what: "IP rule" }
}

fn duplicate(cidr: &IpNet) -> Error {
    Error::Conflict {
        code: "CONFLICT",
        message: format!("There is a rule for {cidr} already."),
    }
}

fn cleared(field: &'static str) -> Violation {
    Violation::field(field, "required", "cannot be cleared")
}

fn csv(rules: &[IpRule]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["cidr", "target", "expire_at", "description"])?;
    for rule in rules {
        let cidr = rule.cidr.to_string();
        let expire_at = rule.expire_at.map(|at| at.to_string()).unwrap_or_default();
        let description = harmless(rule.description.as_deref().unwrap_or_default());
        writer.write_record([&cidr, rule.target.as_str(), &expire_at, &description])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// Spreadsheets run a cell that begins like a formula. An apostrophe makes it text, in every one of them.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_normalised() {
        for (written, stored) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0::1", "2001:db8::1/128"),
            ("2001:db8::1/32", "2001:db8::/32"),
        ] {
            assert_eq!(range(written).unwrap().to_string(), stored);
        }
    }

    #[test]
    fn what_is_no_range_is_refused_and_not_echoed() {
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
            let violation = range(text).expect_err(text);
            assert!(text.is_empty() || !violation.message().contains(text));
        }
    }

    #[test]
    fn both_members_that_every_rule_has_are_reported() {
        let changes = IpRuleChanges {
            cidr: Some(None),
            target: Some(None),
            ..IpRuleChanges::default()
        };
        let Err(Error::Invalid(violations)) = checked(&changes) else {
            panic!("both are missing")
        };
        assert_eq!(violations, [cleared("cidr"), cleared("target")]);
        assert_eq!(checked(&IpRuleChanges::default()).unwrap(), (None, None));
    }

    #[test]
    fn a_rule_lapses_when_it_expires_but_not_before_its_author_saw_it() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let at = |text: &str| Some(text.parse().unwrap());
        assert_eq!(lapses_at(None, now), None);
        assert_eq!(lapses_at(at("2026-01-01T12:00:01Z"), now), at("2026-01-01T12:00:01Z"));
        assert_eq!(lapses_at(at("2017-07-21T17:32:28Z"), now), at("2026-01-01T13:00:00Z"));
    }

    #[test]
    fn csv_is_safe_to_open() {
        let rule = |description: &str| IpRule {
            id: Id::from_stored(1),
            cidr: "192.0.2.0/24".parse().unwrap(),
            target: Target::Deny,
            expire_at: Some("2030-01-01T01:00:00+01:00".parse().unwrap()),
            description: Some(description.to_owned()),
        };
        let text = String::from_utf8(csv(&[rule("a, \"b\"\nc"), rule("=cmd()")]).unwrap()).unwrap();
        assert_eq!(
            text,
            "cidr,target,expire_at,description\n\
             192.0.2.0/24,DENY,2030-01-01T00:00:00Z,\"a, \"\"b\"\"\nc\"\n\
             192.0.2.0/24,DENY,2030-01-01T00:00:00Z,'=cmd()\n"
        );
    }
}
