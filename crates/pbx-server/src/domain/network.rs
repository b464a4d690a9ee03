//! The addresses of this system.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::audit::{Entry, Object};
use super::{Error, Violation};
use crate::store::settings::{self, Setting};
use crate::store::{Changes, Store};

/// The stored settings. Every address is in its canonical text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Network {
    pub web_domain: Option<String>,
    pub private_ipv4: Option<Ipv4Addr>,
    pub public_ipv4: Option<Ipv4Addr>,
    pub enable_ipv6: bool,
    pub private_ipv6: Option<Ipv6Addr>,
    pub public_ipv6: Option<Ipv6Addr>,
    pub primary_dns_server: Option<IpAddr>,
    pub secondary_dns_server: Option<IpAddr>,
}

impl Default for Network {
    /// A fresh install knows no address.
    fn default() -> Self {
        Self {
            web_domain: None,
            private_ipv4: None,
            public_ipv4: None,
            enable_ipv6: true,
            private_ipv6: None,
            public_ipv6: None,
            primary_dns_server: None,
            secondary_dns_server: None,
        }
    }
}

impl Setting for Network {
    const NAME: &'static str = "network";
}

/// Changes. The outer `None` leaves a member as it is, the inner one clears it; so does empty text, which is how the
/// vendor's server shows what is unset.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "as in Network")]
pub struct NetworkChanges {
    pub web_domain: Option<Option<String>>,
    pub private_ipv4: Option<Option<String>>,
    pub public_ipv4: Option<Option<String>>,
    pub enable_ipv6: Option<Option<bool>>,
    pub private_ipv6: Option<Option<String>>,
    pub public_ipv6: Option<Option<String>>,
    pub primary_dns_server: Option<Option<String>>,
    pub secondary_dns_server: Option<Option<String>>,
}

/// The settings as they are.
pub async fn show(store: &Store) -> Result<Network, Error> {
    store.read(|tx| Ok(settings::load(tx)?)).await
}

/// Changes what is given and nothing else.
pub async fn update(store: &Changes, changes: NetworkChanges) -> Result<(), Error> {
    store
        .write(move |tx| {
            let before: Network = settings::load(tx)?;
            let after = merged(before.clone(), &changes)?;
            settings::save(tx, &after)?;
            Ok(Entry::update(Object::System, Network::NAME)
                .between(&before, &after)
                .with(()))
        })
        .await
}

fn merged(mut network: Network, changes: &NetworkChanges) -> Result<Network, Error> {
    let mut check = Check::default();
    check.member(&mut network.web_domain, &changes.web_domain, "web_domain", domain);
    check.member(&mut network.private_ipv4, &changes.private_ipv4, "private_ipv4", ipv4);
    check.member(&mut network.public_ipv4, &changes.public_ipv4, "public_ipv4", ipv4);
    check.member(&mut network.private_ipv6, &changes.private_ipv6, "private_ipv6", ipv6);
    check.member(&mut network.public_ipv6, &changes.public_ipv6, "public_ipv6", ipv6);
    check.member(
        &mut network.primary_dns_server,
        &changes.primary_dns_server,
        "primary_dns_server",
        dns_server,
    );
    check.member(
        &mut network.secondary_dns_server,
        &changes.secondary_dns_server,
        "secondary_dns_server",
        dns_server,
    );
    if let Some(enabled) = changes.enable_ipv6 {
        network.enable_ipv6 = enabled.unwrap_or(Network::default().enable_ipv6);
    }
    if network.private_ipv4.is_none() && check.violations.is_empty() {
        let message = "is mandatory: a host without a private address gives its public one";
        check
            .violations
            .push(Violation::field("private_ipv4", "required", message));
    }
    if check.violations.is_empty() {
        Ok(network)
    } else {
        Err(Error::Invalid(check.violations))
    }
}

/// Collects everything that is wrong.
#[derive(Default)]
struct Check {
    violations: Vec<Violation>,
}

impl Check {
    fn member<T>(
        &mut self,
        member: &mut Option<T>,
        change: &Option<Option<String>>,
        name: &str,
        read: impl Fn(&str) -> Result<T, &'static str>,
    ) {
        let Some(change) = change else { return };
        match change.as_deref().filter(|text| !text.is_empty()).map(read).transpose() {
            Ok(value) => *member = value,
            Err(message) => self.violations.push(Violation::field(name, "format", message)),
        }
    }
}

fn ipv4(text: &str) -> Result<Ipv4Addr, &'static str> {
    let address: Ipv4Addr = text.parse().map_err(|_| "must be an IPv4 address")?;
    usable(address.into())?;
    Ok(address)
}

fn ipv6(text: &str) -> Result<Ipv6Addr, &'static str> {
    let address: Ipv6Addr = text.parse().map_err(|_| "must be an IPv6 address")?;
    usable(address.into())?;
    Ok(address)
}

/// Others must reach this system at the address.
fn usable(address: IpAddr) -> Result<(), &'static str> {
    if address.is_loopback() {
        return Err("must not be a loopback address");
    }
    if address.is_unspecified() || address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
        return Err("must be the address of one host");
    }
    Ok(())
}

/// A resolver on this machine is usual, so that loopback is right here.
fn dns_server(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "must be an IPv4 or IPv6 address")
}

/// A host name or an address, without scheme, port and path.
fn domain(text: &str) -> Result<String, &'static str> {
    const MESSAGE: &str = "must be a host name or an IP address, without scheme, port or path";
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A last label of digits only is a mistyped address: no such top-level domain can exist.
    let numeric = text
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if text.len() <= 253 && text.split('.').all(label) && !numeric {
        Ok(text.to_owned())
    } else {
        Err(MESSAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Option<Option<String>> {
        Some(Some(text.to_owned()))
    }

    fn configured() -> Network {
        Network {
            private_ipv4: Some(Ipv4Addr::new(10, 0, 0, 2)),
            ..Network::default()
        }
    }

    fn places(outcome: Result<Network, Error>) -> Vec<String> {
        match outcome {
            Err(Error::Invalid(violations)) => violations
                .iter()
                .map(|violation| format!("{:?} {}", violation.place, violation.rule))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn absent_keeps_null_clears_and_a_value_replaces() {
        let mut before = configured();
        before.web_domain = Some("pbx.example.com".to_owned());
        before.public_ipv4 = Some(Ipv4Addr::new(198, 51, 100, 7));
        let changes = NetworkChanges {
            public_ipv4: Some(None),
            public_ipv6: set("2001:DB8::0:1"),
            enable_ipv6: Some(Some(false)),
            ..NetworkChanges::default()
        };
        let after = merged(before.clone(), &changes).unwrap();
        let public_ipv6 = Some("2001:db8::1".parse().unwrap());
        assert_eq!(
            after,
            Network {
                public_ipv4: None,
                public_ipv6,
                enable_ipv6: false,
                ..before
            }
        );
    }

    #[test]
    fn the_private_address_is_mandatory() {
        assert_eq!(
            places(merged(Network::default(), &NetworkChanges::default())),
            ["Body(\"/private_ipv4\") required"]
        );
        let cleared = NetworkChanges {
            private_ipv4: Some(None),
            ..NetworkChanges::default()
        };
        assert_eq!(
            places(merged(configured(), &cleared)),
            ["Body(\"/private_ipv4\") required"]
        );
        let blank = NetworkChanges {
            private_ipv4: set(""),
            ..NetworkChanges::default()
        };
        assert_eq!(
            places(merged(configured(), &blank)),
            ["Body(\"/private_ipv4\") required"]
        );
    }

    #[test]
    fn every_bad_address_is_reported() {
        let changes = NetworkChanges {
            web_domain: set("https://pbx.example.com"),
            private_ipv4: set("127.0.0.1"),
            public_ipv4: set("256.1.1.1"),
            private_ipv6: set("::1"),
            primary_dns_server: set("resolver"),
            ..NetworkChanges::default()
        };
        let places = places(merged(configured(), &changes));
        let expected = [
            "web_domain",
            "private_ipv4",
            "public_ipv4",
            "private_ipv6",
            "primary_dns_server",
        ];
        assert_eq!(places, expected.map(|name| format!("Body(\"/{name}\") format")));
    }

    #[test]
    fn web_domains() {
        for good in [
            "pbx.example.com",
            "pbx",
            "198.51.100.7",
            "2001:db8::1",
            "xn--bcher-kva.example",
            "a1.b-2.c3",
        ] {
            assert!(domain(good).is_ok(), "{good}");
        }
        let bad = [
            "https://x",
            "x:8887",
            "x/y",
            "x..y",
            "-x.com",
            "x-.com",
            "x_y",
            "1.2.3",
            "300.1.1.1",
            "x.com.",
            " x",
            "bücher",
        ];
        for bad in bad {
            assert!(domain(bad).is_err(), "{bad}");
        }
        assert!(domain(&format!("{}.com", "a".repeat(64))).is_err());
    }
}
