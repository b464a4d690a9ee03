//! The addresses of this system.

use pbx_types::network as api;
use serde::{Deserialize, Serialize};

use crate::address;
use crate::document::{Check, Document};
use crate::error::Error;
use crate::setting::Setting;

/// The network settings, with every address in its canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Network {
    pub web_domain: Option<String>,
    pub private_ipv4: Option<String>,
    pub public_ipv4: Option<String>,
    pub enable_ipv6: bool,
    pub private_ipv6: Option<String>,
    pub public_ipv6: Option<String>,
    pub primary_dns_server: Option<String>,
    pub secondary_dns_server: Option<String>,
}

impl Default for Network {
    /// Returns the settings of a fresh install, without any address.
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

impl Document for Network {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        if self.private_ipv4.is_none() {
            let message = "is mandatory: a host without a private address gives its public one";
            check.record("private_ipv4", "required", message);
        }
        check.canonicalize_optional(&mut self.web_domain, "web_domain", address::host);
        check.canonicalize_optional(&mut self.private_ipv4, "private_ipv4", address::ipv4);
        check.canonicalize_optional(&mut self.public_ipv4, "public_ipv4", address::ipv4);
        check.canonicalize_optional(&mut self.private_ipv6, "private_ipv6", address::ipv6);
        check.canonicalize_optional(&mut self.public_ipv6, "public_ipv6", address::ipv6);
        let dns_server = address::dns_server;
        check.canonicalize_optional(&mut self.primary_dns_server, "primary_dns_server", dns_server);
        check.canonicalize_optional(&mut self.secondary_dns_server, "secondary_dns_server", dns_server);
        Ok(())
    }
}

impl From<Network> for api::Network {
    fn from(network: Network) -> Self {
        Self {
            web_domain: network.web_domain,
            private_ipv4: network.private_ipv4,
            public_ipv4: network.public_ipv4,
            enable_ipv6: Some(network.enable_ipv6),
            private_ipv6: network.private_ipv6,
            public_ipv6: network.public_ipv6,
            primary_dns_server: network.primary_dns_server,
            secondary_dns_server: network.secondary_dns_server,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::validated;
    use crate::vault::tests::vault;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn addresses_are_normalized() {
        let network = Network {
            private_ipv4: text("10.0.0.2"),
            public_ipv6: text("2001:DB8::0:1"),
            ..Network::default()
        };
        let validated = validated(network.clone(), &vault()).unwrap();
        assert_eq!(
            validated,
            Network {
                public_ipv6: text("2001:db8::1"),
                ..network
            }
        );
    }

    #[test]
    fn the_private_ipv4_address_is_required() {
        assert_eq!(
            validated(Network::default(), &vault()).unwrap_err(),
            ["/private_ipv4 required"]
        );
    }

    #[test]
    fn every_invalid_address_is_reported() {
        let network = Network {
            web_domain: text("https://pbx.example.com"),
            private_ipv4: text("127.0.0.1"),
            public_ipv4: text("256.1.1.1"),
            private_ipv6: text("::1"),
            primary_dns_server: text("resolver"),
            ..Network::default()
        };
        let expected = [
            "web_domain",
            "private_ipv4",
            "public_ipv4",
            "private_ipv6",
            "primary_dns_server",
        ];
        assert_eq!(
            validated(network, &vault()).unwrap_err(),
            expected.map(|name| format!("/{name} format"))
        );
    }
}
