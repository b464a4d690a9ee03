//! Trunks, which the API calls providers: by them calls reach and leave the system. A system administrator makes them and shares
//! them out among tenants, each with numbers of its own.

use std::fmt;
use std::str::FromStr;

use pbx_types::Violation;
use pbx_types::list::{FieldKind, ListField, ListQuery, Page};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::audit::{Entry, Object};
use super::merge::{merged, needed};
use super::tenants::caller_ids;
use super::transports::Protocol;
use super::vault::{Sealed, Vault};
use super::{Error, Id, IdSource, address, document};
use crate::store::{Changes, OnConstraint, Store, Tx, providers as queries, tenants};

/// What a list of trunks can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField::new("id", FieldKind::Id),
    ListField::new("name", FieldKind::Text),
    ListField::new("enabled", FieldKind::Boolean),
    ListField::new("auth_mode", FieldKind::Text),
    ListField::new("auth_id", FieldKind::Text),
    ListField::new("transport", FieldKind::Text),
    ListField::new("hostname", FieldKind::Text),
    ListField::new("port", FieldKind::Integer),
    ListField::new("concurrency", FieldKind::Integer),
];

/// How many ranges a tenant may have of one trunk, so that storing them holds nobody up.
const RANGES: usize = 1000;

/// Digits of the longest number (E.164).
const DIGITS: usize = 15;

/// How a trunk and this system know each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provider {
    /// Its id.
    #[serde(skip)]
    pub id: Id,
    /// For people.
    pub name: String,
    /// Whether calls may use it.
    pub enabled: bool,
    /// How it is known.
    pub auth_mode: Mode,
    /// As whom one of the two registers with the other.
    pub auth_id: Option<String>,
    /// With what; never shown.
    pub password: Option<Sealed>,
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
    /// The members that have a value.
    fn set(&self) -> impl Iterator<Item = &'static str> {
        let always = ["name", "enabled", "auth_mode", "transport", "hostname", "port"];
        let given = [
            self.auth_id.as_ref().map(|_| "auth_id"),
            self.password.as_ref().map(|_| "password"),
            self.concurrency.map(|_| "concurrency"),
        ];
        always.into_iter().chain(given.into_iter().flatten())
    }
}

/// A trunk as it was sent: what is missing is as in a new one, if that has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as in Provider")]
pub struct Draft {
    pub name: Option<String>,
    pub enabled: Option<bool>,
    pub auth_mode: Option<Mode>,
    pub auth_id: Option<String>,
    pub password: Option<Sealed>,
    pub transport: Option<Protocol>,
    pub hostname: Option<String>,
    pub port: Option<u16>,
    pub concurrency: Option<i64>,
}

impl Draft {
    /// The trunk, or everything that is wrong with it.
    fn checked(self, id: Id) -> Result<Provider, Error> {
        let mut faults = Vec::new();
        let name = needed(&mut faults, "name", self.name);
        let auth_mode = needed(&mut faults, "auth_mode", self.auth_mode);
        let hostname = needed(&mut faults, "hostname", self.hostname).and_then(|text| {
            let host = address::host(&text).map_err(|message| Violation::field("hostname", "format", message));
            host.map_err(|fault| faults.push(fault)).ok()
        });
        if self.password.is_some() && self.auth_id.is_none() {
            faults.push(Violation::field("auth_id", "required", "is needed with `password`"));
        }
        match (name, auth_mode, hostname) {
            (Some(name), Some(auth_mode), Some(hostname)) if faults.is_empty() => Ok(Provider {
                id,
                name,
                enabled: self.enabled.unwrap_or(true),
                auth_mode,
                auth_id: self.auth_id,
                password: self.password,
                transport: self.transport.unwrap_or(Protocol::Udp),
                hostname: hostname.to_lowercase(),
                port: self.port.unwrap_or(5060),
                concurrency: self.concurrency,
            }),
            _ => Err(Error::Invalid(faults)),
        }
    }
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

/// Adds a trunk, with that password in clear.
pub async fn create(
    store: &Changes,
    ids: &IdSource,
    vault: &Vault,
    mut new: Draft,
    password: Option<&str>,
) -> Result<Id, Error> {
    let id = ids.next();
    new.password = password.map(|clear| vault.seal(&place(id), clear)).transpose()?;
    let provider = new.checked(id)?;
    store
        .write(move |tx| {
            check_domain(tx, &provider)?;
            queries::insert(tx, &provider).on_constraint(queries::UNIQUE_AUTH_ID, taken)?;
            Ok(Entry::create(Object::Provider, id).fields(provider.set()).with(id))
        })
        .await
}

/// The trunk of that id.
pub async fn show(store: &Store, id: Id) -> Result<Provider, Error> {
    store.read(move |tx| existing(tx, id)).await
}

/// Merges the members that were sent and nothing else; the whole must keep the rules.
pub async fn update(store: &Changes, vault: &Vault, id: Id, mut sent: Map<String, Value>) -> Result<(), Error> {
    document::seal(vault, &mut sent, &["password"], |_| place(id))?;
    store
        .write(move |tx| {
            let before = existing(tx, id)?;
            let after = merged::<Draft>(&before, &sent)?.checked(id)?;
            check_domain(tx, &after)?;
            queries::update(tx, &after).on_constraint(queries::UNIQUE_AUTH_ID, taken)?;
            Ok(Entry::update(Object::Provider, id).between(&before, &after).with(()))
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
    if provider.auth_mode == Mode::AcceptRegister && tenants::id_of(tx, &provider.hostname)?.is_some() {
        return Err(Error::Conflict {
            code: "CONFLICT",
            message: "`hostname` is the SIP domain of a tenant: a trunk that registers needs one of its own."
                .to_owned(),
        });
    }
    Ok(())
}

/// Where the password of a trunk is, to the vault.
fn place(id: Id) -> String {
    format!("providers.{id}.password")
}

fn taken() -> Error {
    Error::Conflict {
        code: "CONFLICT",
        message: "Another trunk has this `auth_id` at this `hostname`.".to_owned(),
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
    use serde_json::json;

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
            assert_eq!(written(text).unwrap_err().rule(), rule, "{text}");
        }
        let many: Vec<_> = (1..=1001).map(|number| number.to_string()).collect();
        assert_eq!(written(&many.join(";")).unwrap_err().rule(), "maxItems");
        assert!(written(&many[1..].join(";")).is_ok());
    }

    #[test]
    fn what_every_trunk_has_cannot_be_cleared() {
        let before = Draft {
            name: Some("Trunk".to_owned()),
            auth_mode: Some(Mode::IpAuth),
            hostname: Some("sip.example.net".to_owned()),
            ..Draft::default()
        };
        let before = before.checked(Id::from_stored(1)).unwrap();
        let sent = json!({"name": null, "auth_mode": null, "hostname": "sip://x", "port": null, "password": "x"});
        let sent: Map<String, Value> = serde_json::from_value(sent).unwrap();
        let Err(Error::Invalid(violations)) = merged::<Draft>(&before, &sent).unwrap().checked(before.id) else {
            panic!("four members are wrong")
        };
        let found: Vec<_> = violations.iter().map(Violation::rule).collect();
        assert_eq!(found, ["required", "required", "format", "required"]);
    }
}
