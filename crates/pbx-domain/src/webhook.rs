//! Webhooks: the events of a tenant, and the receivers that they are posted to.

use std::fmt;
use std::net::IpAddr;

use url::Url;

use crate::named::named_enum;
use crate::network::Network;

named_enum! {
    /// The kinds of events, each by the property of a tenant that has its receiver.
    pub enum Event {
        /// Call detail records.
        Cdr = "cdr_event",
        /// Events of extensions.
        Extension = "extension_event",
    }
}

/// A receiver of events, with the credentials for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The URL, `http` or `https`.
    pub url: String,
    /// The authentication at the receiver.
    pub authentication: Authentication,
}

/// The authentication of the sender at a receiver.
#[derive(Clone, PartialEq, Eq)]
pub enum Authentication {
    /// None.
    None,
    /// RFC 7617: the password is sent with every request.
    Basic(Account),
    /// RFC 7616, with the strongest hash that the receiver offers: the password is not sent.
    Digest(Account),
    /// RFC 6750.
    Bearer {
        /// The token.
        token: String,
    },
}

/// An account at a receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The username.
    pub username: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Authentication {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::Basic(_) => "Basic(..)",
            Self::Digest(_) => "Digest(..)",
            Self::Bearer { .. } => "Bearer(..)",
        })
    }
}

/// Parses the URL of a webhook. The addresses of its host are checked when it is connected to.
///
/// # Errors
///
/// If it is not an `http` or `https` URL, or contains credentials. The message continues "the URL ...".
pub fn parse_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "cannot be read: it should look like https://example.com/events")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("is neither http nor https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a username or password: set the separate properties instead");
    }
    Ok(url)
}

/// Returns the addresses that lead to this installation. The public ones may belong to a router, not to an interface.
pub fn own_addresses(network: &Network) -> Vec<IpAddr> {
    let addresses = [
        &network.private_ipv4,
        &network.public_ipv4,
        &network.private_ipv6,
        &network.public_ipv6,
    ];
    let addresses = addresses.into_iter().flatten();
    addresses.filter_map(|address| address.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_network_are_own_addresses() {
        let network = Network {
            public_ipv4: Some("8.8.8.8".to_owned()),
            private_ipv6: Some("2a00::1".to_owned()),
            ..Network::default()
        };
        let own: Vec<IpAddr> = vec!["8.8.8.8".parse().unwrap(), "2a00::1".parse().unwrap()];
        assert_eq!(own_addresses(&network), own);
    }

    #[test]
    fn only_http_urls_without_credentials_are_accepted() {
        assert_eq!(parse_url("https://example.com:8443/events?x=1").map(drop), Ok(()));
        for (url, why) in [
            ("ftp://example.com", "neither http nor https"),
            ("file:///etc/passwd", "neither http nor https"),
            ("http://user@example.com", "holds a username"),
            ("http://:p@example.com", "holds a username"),
            ("example.com", "cannot be read"),
            ("http://", "cannot be read"),
            ("https://[::1", "cannot be read"),
        ] {
            assert!(parse_url(url).unwrap_err().contains(why), "{url}");
        }
    }

    #[test]
    fn debug_redacts_credentials() {
        let token = "t0ken".to_owned();
        let account = || Account {
            username: "us\"er".to_owned(),
            password: "Pass-Word-1".to_owned(),
        };
        let all = [
            Authentication::Basic(account()),
            Authentication::Digest(account()),
            Authentication::Bearer { token },
        ];
        assert_eq!(format!("{all:?}"), "[Basic(..), Digest(..), Bearer(..)]");
    }
}
