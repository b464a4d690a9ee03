//! The addresses of this system.

use crate::address;
use crate::check::Check;
use crate::document::Document;
use crate::error::Error;
use crate::setting::Setting;
use crate::state::Rules;

pub use crate::generated::network::Network;

impl Setting for Network {
    const NAME: &'static str = "network";
}

impl Document for Network {}

impl Rules for Network {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        if self.private_ipv4.is_none() {
            let message = "must be set: a server without a private address has its public one here";
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
