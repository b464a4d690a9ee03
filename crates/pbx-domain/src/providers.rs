//! Trunks, which the API calls providers: calls reach and leave the system through them. A system administrator creates them and
//! assigns them to tenants, each with its own numbers.

use std::fmt;
use std::str::FromStr;

use pbx_types::Violation;
use pbx_types::list::{FieldKind, ListField};
use pbx_types::providers as api;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::address;
use crate::error::Error;
use crate::id::Id;
use crate::merge::{merged, required};
use crate::transports::Protocol;
use crate::vault::Sealed;

/// The properties that a list of trunks can be filtered and ordered by.
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

/// Ranges that a tenant may have of one trunk. Limits how long storing them takes.
const MAX_RANGES: usize = 1000;

/// Digits of the longest number (E.164).
const MAX_DIGITS: usize = 15;

/// The way in which a trunk and this system authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthMode {
    /// By their addresses.
    IpAuth,
    /// This system registers with the trunk.
    RegisterAuth,
    /// The trunk registers with this system.
    AcceptRegister,
}

impl AuthMode {
    const ALL: [Self; 3] = [Self::IpAuth, Self::RegisterAuth, Self::AcceptRegister];

    /// Returns the name in the API and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IpAuth => "IP_AUTH",
            Self::RegisterAuth => "REGISTER_AUTH",
            Self::AcceptRegister => "ACCEPT_REGISTER",
        }
    }
}

impl FromStr for AuthMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(())
    }
}

/// A trunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provider {
    /// The ID.
    #[serde(skip)]
    pub id: Id,
    /// The display name.
    pub name: String,
    /// `true` if calls may use it.
    pub enabled: bool,
    /// The way of authentication.
    pub auth_mode: AuthMode,
    /// The username of the registration.
    pub auth_id: Option<String>,
    /// The password of the registration; never shown.
    pub password: Option<Sealed>,
    /// The SIP transport to it.
    pub transport: Protocol,
    /// The host, in lower case. With [`AuthMode::AcceptRegister`], the domain for which it registers.
    pub hostname: String,
    /// The port; never 0.
    pub port: u16,
    /// The limit of concurrent calls of all tenants. `None` and 0 mean no limit.
    pub concurrency: Option<i64>,
}

impl Provider {
    /// Returns the names of the properties that have a value.
    pub fn present_properties(&self) -> impl Iterator<Item = &'static str> {
        let always = ["name", "enabled", "auth_mode", "transport", "hostname", "port"];
        let given = [
            self.auth_id.as_ref().map(|_| "auth_id"),
            self.password.as_ref().map(|_| "password"),
            self.concurrency.map(|_| "concurrency"),
        ];
        always.into_iter().chain(given.into_iter().flatten())
    }

    /// Merges the properties that were sent into the trunk and validates the result. A password is sealed already.
    pub fn merge(&self, sent: &Map<String, Value>) -> Result<Self, Error> {
        merged::<Draft>(self, sent)?.validate(self.id)
    }
}

/// The properties of a trunk before validation: of a request, or of the stored trunk with an update merged into it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as in Provider")]
pub struct Draft {
    pub name: Option<String>,
    pub enabled: Option<bool>,
    pub auth_mode: Option<AuthMode>,
    pub auth_id: Option<String>,
    pub password: Option<Sealed>,
    pub transport: Option<Protocol>,
    pub hostname: Option<String>,
    pub port: Option<u16>,
    pub concurrency: Option<i64>,
}

impl Draft {
    /// Returns the trunk, with the defaults of a new one for missing properties.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every rule that the properties violate.
    pub fn validate(self, id: Id) -> Result<Provider, Error> {
        let mut violations = Vec::new();
        let name = required(&mut violations, "name", self.name);
        let auth_mode = required(&mut violations, "auth_mode", self.auth_mode);
        let hostname = required(&mut violations, "hostname", self.hostname).and_then(|text| {
            let host = address::host(&text).map_err(|message| Violation::field("hostname", "format", message));
            host.map_err(|violation| violations.push(violation)).ok()
        });
        if self.password.is_some() && self.auth_id.is_none() {
            violations.push(Violation::field("auth_id", "required", "is needed with `password`"));
        }
        match (name, auth_mode, hostname) {
            (Some(name), Some(auth_mode), Some(hostname)) if violations.is_empty() => Ok(Provider {
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
            _ => Err(Error::Invalid(violations)),
        }
    }
}

/// The share of a tenant in a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The DID numbers: numbers and ranges, separated by semicolons.
    pub did_numbers: String,
    /// The limit of concurrent calls of the tenant. `None` and 0 mean no limit.
    pub concurrency: Option<i64>,
}

/// Consecutive numbers of the same number of digits, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberRange {
    /// The smallest number.
    pub first: i64,
    /// The largest number.
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

/// Returns the error for an ID that no trunk has.
pub fn not_found() -> Error {
    Error::NotFound { what: "provider" }
}

/// Returns the error for a tenant that does not have the trunk, or does not exist.
pub fn not_assigned() -> Error {
    Error::NotFound { what: "assignee" }
}

/// Returns the context that the password of a trunk is sealed for.
pub fn seal_context(id: Id) -> String {
    format!("providers.{id}.password")
}

/// Writes numbers and ranges as [`parse_ranges`] reads them.
pub fn format_ranges(ranges: &[NumberRange]) -> String {
    ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

/// Parses numbers and ranges, separated by semicolons: `3000;12000-18000`.
pub fn parse_ranges(text: &str) -> Result<Vec<NumberRange>, Violation> {
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
        if first.len() > MAX_DIGITS {
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
    if ranges.len() > MAX_RANGES {
        return Err(refused("maxItems", "must have at most 1000 numbers and ranges"));
    }
    let mut sorted = ranges.clone();
    sorted.sort_unstable_by_key(|range| range.first);
    if sorted.windows(2).any(|pair| pair[0].last >= pair[1].first) {
        return Err(refused("unique", "must not have a number twice"));
    }
    Ok(ranges)
}

impl From<api::CreateProvider> for Draft {
    /// Leaves out the password, which must be sealed first.
    fn from(body: api::CreateProvider) -> Self {
        Self {
            name: Some(body.name),
            enabled: Some(body.enabled),
            auth_mode: Some(body.auth_mode.into()),
            auth_id: body.auth_id,
            password: None,
            transport: Some(body.transport.into()),
            hostname: Some(body.hostname),
            port: Some(body.port),
            concurrency: body.concurrency.map(i64::from),
        }
    }
}

impl From<Provider> for api::Provider {
    fn from(provider: Provider) -> Self {
        Self {
            id: provider.id.to_string(),
            name: provider.name,
            enabled: provider.enabled,
            auth_mode: provider.auth_mode.into(),
            auth_id: provider.auth_id,
            transport: provider.transport.into(),
            hostname: provider.hostname,
            port: provider.port,
            concurrency: provider.concurrency.and_then(|calls| calls.try_into().ok()),
        }
    }
}

impl From<Assignment> for api::ProviderAssignment {
    fn from(assignment: Assignment) -> Self {
        Self {
            did_numbers: assignment.did_numbers,
            concurrency: assignment.concurrency.and_then(|calls| calls.try_into().ok()),
        }
    }
}

impl Assignment {
    /// Returns the assignment as an item of the list of all tenants that have the trunk.
    pub fn into_assignee(self, tenant_id: Id) -> api::ProviderAssignee {
        api::ProviderAssignee {
            tenant_id: tenant_id.to_string(),
            did_numbers: self.did_numbers,
            concurrency: self.concurrency.and_then(|calls| calls.try_into().ok()),
        }
    }
}

impl From<api::TrunkMode> for AuthMode {
    fn from(mode: api::TrunkMode) -> Self {
        match mode {
            api::TrunkMode::IpAuth => Self::IpAuth,
            api::TrunkMode::RegisterAuth => Self::RegisterAuth,
            api::TrunkMode::AcceptRegister => Self::AcceptRegister,
        }
    }
}

impl From<AuthMode> for api::TrunkMode {
    fn from(mode: AuthMode) -> Self {
        match mode {
            AuthMode::IpAuth => Self::IpAuth,
            AuthMode::RegisterAuth => Self::RegisterAuth,
            AuthMode::AcceptRegister => Self::AcceptRegister,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_ranges_are_parsed_and_formatted() {
        let written = |text: &str| parse_ranges(text).map(|ranges| format_ranges(&ranges));
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
    fn required_property_cannot_be_cleared() {
        let before = Draft {
            name: Some("Trunk".to_owned()),
            auth_mode: Some(AuthMode::IpAuth),
            hostname: Some("sip.example.net".to_owned()),
            ..Draft::default()
        };
        let before = before.validate(Id::from_stored(1)).unwrap();
        let sent = json!({"name": null, "auth_mode": null, "hostname": "sip://x", "port": null, "password": "x"});
        let sent: Map<String, Value> = serde_json::from_value(sent).unwrap();
        let Err(Error::Invalid(violations)) = before.merge(&sent) else {
            panic!("four properties are invalid")
        };
        let found: Vec<_> = violations.iter().map(|violation| violation.rule()).collect();
        assert_eq!(found, ["required", "required", "format", "required"]);
    }
}
