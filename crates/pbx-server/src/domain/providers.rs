//! Trunks, which the API calls providers: by them calls reach and leave the system. A system administrator makes them and shares
//! them out among tenants, each with numbers of its own.

use std::fmt;
use std::str::FromStr;

use super::audit::{Entry, Object};
use super::list::{Field, Kind, ListQuery, Page};
use super::tenants::caller_ids;
use super::transports::Protocol;
use super::{Error, Id, Violation, address};
use crate::store::{Changes, OnConstraint, Store, Tx, providers as queries, tenants};

/// What a list of trunks can be filtered and ordered by.
pub const FIELDS: &[Field] = &[
    Field {
        name: "id",
        kind: Kind::Id,
    },
    Field {
        name: "name",
        kind: Kind::Text,
    },
    Field {
        name: "enabled",
        kind: Kind::Boolean,
    },
    Field {
        name: "mode",
        kind: Kind::Text,
    },
    Field {
        name: "transport",
        kind: Kind::Text,
    },
    Field {
        name: "hostname",
        kind: Kind::Text,
    },
    Field {
        name: "port",
        kind: Kind::Integer,
    },
    Field {
        name: "concurrency",
        kind: Kind::Integer,
    },
];

/// How many ranges a tenant may have of one trunk, so that storing them holds nobody up.
const RANGES: usize = 1000;

/// Digits of the longest number (E.164).
const DIGITS: usize = 15;

/// How a trunk and this system know each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By their addresses.
    IpAuth,
    /// This system registers with the trunk.
    RegisterAuth,
    /// The trunk registers with this system.
    AcceptRegister,
}

impl Mode {
    const ALL: [Self; 3] = [Self::IpAuth, Self::RegisterAuth, Self::AcceptRegister];

    /// As the API and the store write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IpAuth => "IP_AUTH",
            Self::RegisterAuth => "REGISTER_AUTH",
            Self::AcceptRegister => "ACCEPT_REGISTER",
        }
    }
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(())
    }
}

/// A trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its id.
    pub id: Id,
    /// For people.
    pub name: String,
    /// Whether calls may use it.
    pub enabled: bool,
    /// How it is known.
    pub mode: Mode,
    /// How SIP travels to it.
    pub transport: Protocol,
    /// In lower case. With [`Mode::AcceptRegister`], the domain for which it registers.
    pub hostname: String,
    /// Never 0.
    pub port: u16,
    /// Calls at a time, of all tenants; none or 0 is any number.
    pub concurrency: Option<i64>,
}

impl Provider {
    /// The members that another has otherwise.
    fn differing(&self, other: &Self) -> Vec<&'static str> {
        let members = [
            ("name", self.name != other.name),
            ("enabled", self.enabled != other.enabled),
            ("mode", self.mode != other.mode),
            ("transport", self.transport != other.transport),
            ("hostname", self.hostname != other.hostname),
            ("port", self.port != other.port),
            ("concurrency", self.concurrency != other.concurrency),
        ];
        let differ = members.into_iter().filter(|(_, differ)| *differ);
        differ.map(|(name, _)| name).collect()
    }
}

/// Changes to a trunk. The outer `None` leaves a member as it is, the inner one clears it: it is then as in a new trunk.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "as in Provider")]
pub struct ProviderChanges {
    pub name: Option<Option<String>>,
    pub enabled: Option<Option<bool>>,
    pub mode: Option<Option<Mode>>,
    pub transport: Option<Option<Protocol>>,
    pub hostname: Option<Option<String>>,
    pub port: Option<Option<u16>>,
    pub concurrency: Option<Option<i64>>,
}

/// What a tenant has of a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Numbers and ranges, separated by semicolons.
    pub did_numbers: String,
    /// Calls of the tenant at a time; none or 0 is any number.
    pub concurrency: Option<i64>,
}

/// Consecutive numbers of as many digits, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberRange {
    /// The smallest.
    pub first: i64,
    /// The largest.
    pub last: i64,
}

impl fmt::Display for NumberRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = self;
        if first == last {
            write!(formatter, "{first}")
        } else {
            write!(formatter, "{first}-{last}")
        }
    }
}

/// One page of the trunks.
pub async fn list(store: &Store, query: ListQuery) -> Result<Page<Provider>, Error> {
    store.scan(move |tx| Ok(queries::page(tx, &query)?)).await
}

/// Adds a trunk.
pub async fn create(store: &Changes, new: Provider) -> Result<Id, Error> {
    let provider = Provider {
        hostname: host(&new.hostname).map_err(Error::invalid)?,
        ..new
    };
    let names = ["name", "enabled", "mode", "transport", "hostname", "port"];
    let names = names.into_iter().chain(provider.concurrency.map(|_| "concurrency"));
    let entry = Entry::create(Object::Provider, provider.id).fields(names);
    store
        .write(move |tx| {
            check_domain(tx, &provider)?;
            queries::insert(tx, &provider)?;
            Ok(entry.clone().with(provider.id))
        })
        .await
}

/// The trunk of that id.
pub async fn show(store: &Store, id: Id) -> Result<Provider, Error> {
    store.read(move |tx| existing(tx, id)).await
}

/// Changes what is given and nothing else.
pub async fn update(store: &Changes, id: Id, changes: ProviderChanges) -> Result<(), Error> {
    let changes = checked(changes)?;
    store
        .write(move |tx| {
            let before = existing(tx, id)?;
            let after = changed(before.clone(), changes.clone());
            check_domain(tx, &after)?;
            queries::update(tx, &after)?;
            Ok(Entry::update(Object::Provider, id)
                .fields(before.differing(&after))
                .with(()))
        })
        .await
}

/// Removes a trunk that no tenant has.
pub async fn destroy(store: &Changes, id: Id) -> Result<(), Error> {
    store
        .write(move |tx| {
            let found = queries::delete(tx, id).on_constraint(queries::ASSIGNED, || Error::Conflict {
                code: "CONFLICT",
                message: "The trunk is assigned to tenants: take it from them first.".to_owned(),
            })?;
            if found {
                Ok(Entry::delete(Object::Provider, id).with(()))
            } else {
                Err(not_found())
            }
        })
        .await
}

/// The tenants that a trunk is assigned to.
pub async fn assignees(store: &Store, id: Id) -> Result<Vec<(Id, Assignment)>, Error> {
    store
        .scan(move |tx| {
            existing(tx, id)?;
            Ok(queries::assignees(tx, id)?)
        })
        .await
}

/// What a tenant has of a trunk.
pub async fn assignee(store: &Store, id: Id, tenant_id: Id) -> Result<Assignment, Error> {
    store
        .read(move |tx| {
            existing(tx, id)?;
            queries::assignee(tx, id, tenant_id)?.ok_or_else(not_assigned)
        })
        .await
}

/// Assigns a trunk to a tenant, in place of what the tenant had of it. Its numbers are no other tenant's.
pub async fn assign(store: &Changes, id: Id, tenant_id: Id, assignment: Assignment) -> Result<(), Error> {
    let ranges = ranges(&assignment.did_numbers).map_err(Error::invalid)?;
    let assignment = Assignment {
        did_numbers: ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(";"),
        ..assignment
    };
    store
        .write(move |tx| {
            existing(tx, id)?;
            if !tenants::is_there(tx, tenant_id)? {
                return Err(Error::NotFound { what: "tenant" });
            }
            queries::unassign(tx, id, tenant_id)?;
            queries::assign(tx, id, tenant_id, &assignment)?;
            for &range in &ranges {
                if queries::is_taken(tx, id, range)? {
                    return Err(Error::Conflict {
                        code: "CONFLICT",
                        message: format!("`did_numbers`: of {range}, another tenant has numbers on this trunk."),
                    });
                }
                queries::insert_number(tx, id, tenant_id, range)?;
            }
            let entry = Entry::update(Object::Provider, id);
            Ok(entry.fields([format!("assignees/{tenant_id}")]).with(()))
        })
        .await
}

/// Takes a trunk away from a tenant, with the numbers of it that the tenant shows to others. The other tenants keep theirs.
pub async fn unassign(store: &Changes, id: Id, tenant_id: Id) -> Result<(), Error> {
    store
        .write(move |tx| {
            existing(tx, id)?;
            if !queries::unassign(tx, id, tenant_id)? {
                return Err(not_assigned());
            }
            let shown = caller_ids::forget(tx, tenant_id, id)?;
            let tenant = Entry::update(Object::Tenant, tenant_id).fields(shown.then_some("outbound_caller_ids"));
            let entry = Entry::update(Object::Provider, id);
            Ok(entry.fields([format!("assignees/{tenant_id}")]).with(()).and(tenant))
        })
        .await
}

/// There is no trunk of that id.
pub fn not_found() -> Error {
    Error::NotFound { what: "provider" }
}

/// The tenant does not have the trunk, or there is no such tenant.
pub fn not_assigned() -> Error {
    Error::NotFound { what: "assignee" }
}

fn existing(tx: &mut Tx<'_>, id: Id) -> Result<Provider, Error> {
    queries::by_id(tx, id)?.ok_or_else(not_found)
}

/// What registers for a domain must not be mistaken for the tenant of that domain.
fn check_domain(tx: &mut Tx<'_>, provider: &Provider) -> Result<(), Error> {
    if provider.mode == Mode::AcceptRegister && tenants::id_of(tx, &provider.hostname)?.is_some() {
        return Err(Error::Conflict {
            code: "CONFLICT",
            message: "`hostname` is the SIP domain of a tenant: a trunk that registers needs one of its own."
                .to_owned(),
        });
    }
    Ok(())
}

fn host(text: &str) -> Result<String, Violation> {
    address::host(text)
        .map(|host| host.to_lowercase())
        .map_err(|message| Violation::field("hostname", "format", message))
}

/// The same changes with the host name as it is stored, if they leave a trunk everything that it needs.
fn checked(mut changes: ProviderChanges) -> Result<ProviderChanges, Error> {
    let cleared = [
        ("name", changes.name == Some(None)),
        ("mode", changes.mode == Some(None)),
        ("hostname", changes.hostname == Some(None)),
    ];
    let cleared = cleared.into_iter().filter(|(_, cleared)| *cleared);
    let mut violations: Vec<_> = cleared
        .map(|(name, _)| Violation::field(name, "required", "cannot be cleared"))
        .collect();
    if let Some(Some(text)) = &changes.hostname {
        match host(text) {
            Ok(hostname) => changes.hostname = Some(Some(hostname)),
            Err(violation) => violations.push(violation),
        }
    }
    if violations.is_empty() {
        Ok(changes)
    } else {
        Err(Error::Invalid(violations))
    }
}

fn changed(before: Provider, changes: ProviderChanges) -> Provider {
    Provider {
        id: before.id,
        name: changes.name.flatten().unwrap_or(before.name),
        enabled: changes.enabled.map_or(before.enabled, |sent| sent.unwrap_or(true)),
        mode: changes.mode.flatten().unwrap_or(before.mode),
        transport: changes
            .transport
            .map_or(before.transport, |sent| sent.unwrap_or(Protocol::Udp)),
        hostname: changes.hostname.flatten().unwrap_or(before.hostname),
        port: changes.port.map_or(before.port, |sent| sent.unwrap_or(5060)),
        concurrency: changes.concurrency.unwrap_or(before.concurrency),
    }
}

/// Numbers and ranges, separated by semicolons: `3000;12000-18000`.
fn ranges(text: &str) -> Result<Vec<NumberRange>, Violation> {
    let refused = |rule, message| Violation::field("did_numbers", rule, message);
    let mut ranges = Vec::new();
    for part in text.split(';') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim(), last.trim());
        if first.len() != last.len() {
            return Err(refused(
                "range",
                "must have ranges from and to numbers of as many digits",
            ));
        }
        if first.len() > DIGITS {
            return Err(refused("maxLength", "must have numbers of at most 15 digits"));
        }
        let (Ok(first), Ok(last)) = (first.parse(), last.parse()) else {
            return Err(refused(
                "pattern",
                "must be numbers and ranges such as 3000;12000-18000",
            ));
        };
        if first > last {
            return Err(refused(
                "range",
                "must have ranges from the smaller to the larger number",
            ));
        }
        ranges.push(NumberRange { first, last });
    }
    if ranges.len() > RANGES {
        return Err(refused("maxItems", "must have at most 1000 numbers and ranges"));
    }
    let mut sorted = ranges.clone();
    sorted.sort_unstable_by_key(|range| range.first);
    if sorted.windows(2).any(|pair| pair[0].last >= pair[1].first) {
        return Err(refused("unique", "must not have a number twice"));
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ranges_are_read_and_written() {
        let written = |text: &str| {
            ranges(text).map(|ranges| ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(";"))
        };
        assert_eq!(written("3000; 12000-18000;7-7").unwrap(), "3000;12000-18000;7");
        assert_eq!(written("999999999999999").unwrap(), "999999999999999");
        for (text, rule) in [
            ("2000-1000", "range"),
            ("999-1000", "range"),
            ("1000000000000000", "maxLength"),
            ("1000-2000;1999", "unique"),
            ("5;5", "unique"),
            ("", "pattern"),
            ("1;", "pattern"),
            ("a-b", "pattern"),
        ] {
            assert_eq!(written(text).unwrap_err().rule, rule, "{text}");
        }
        let many: Vec<_> = (1..=1001).map(|number| number.to_string()).collect();
        assert_eq!(written(&many.join(";")).unwrap_err().rule, "maxItems");
        assert!(written(&many[1..].join(";")).is_ok());
    }

    #[test]
    fn what_every_trunk_has_cannot_be_cleared() {
        let changes = ProviderChanges {
            name: Some(None),
            mode: Some(None),
            hostname: Some(Some("sip://x".to_owned())),
            port: Some(None),
            ..ProviderChanges::default()
        };
        let Err(Error::Invalid(violations)) = checked(changes) else {
            panic!("three members are wrong")
        };
        let found: Vec<_> = violations.iter().map(|violation| violation.rule).collect();
        assert_eq!(found, ["required", "required", "format"]);
    }
}
