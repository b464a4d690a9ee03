//! The client's address behind reverse proxies.
//!
//! Anyone can send a forwarding header. So it is trusted only as far as configured proxies wrote it: from the right, each address
//! is the peer of the proxy before it, up to the first address that is not a trusted proxy.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::HeaderMap;
use axum::http::header::FORWARDED;
use ipnet::IpNet;
use pbx_domain::source::canonical;

/// The header in which proxies name the client. Only one is read: a proxy that sets one passes the other on as the client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, which most proxies set.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl FromStr for ProxyHeader {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_ascii_lowercase().as_str() {
            "x-forwarded-for" => Ok(Self::XForwardedFor),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err(()),
        }
    }
}

/// The trusted proxies, and the header that they set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    header: ProxyHeader,
}

impl Proxies {
    /// Trusts the proxies in these ranges.
    pub fn new(trusted: &[IpNet], header: ProxyHeader) -> Self {
        Self {
            trusted: trusted.iter().copied().map(canonical).collect(),
            header,
        }
    }

    /// Returns the address of the client whose request came from `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let name = match self.header {
            ProxyHeader::XForwardedFor => "x-forwarded-for",
            ProxyHeader::Forwarded => FORWARDED.as_str(),
        };
        let lines: Vec<_> = headers.get_all(name).iter().collect();
        let mut client = peer;
        for line in lines.into_iter().rev() {
            // A value that is not ASCII was not set by a trusted proxy, and neither was anything left of it.
            let Ok(line) = line.to_str() else { break };
            for element in line.rsplit(',') {
                let address = match self.header {
                    ProxyHeader::XForwardedFor => parse_address(element.trim()),
                    ProxyHeader::Forwarded => parse_forwarded(element),
                };
                // If a proxy does not name its client, the proxy is the client.
                let Some(address) = address else { return client };
                client = address;
                if !self.trusts(client) {
                    return client;
                }
            }
        }
        client
    }

    /// Returns `true` for the address of a trusted proxy.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        if self.trusted.is_empty() {
            return false;
        }
        let address = address.to_canonical();
        self.trusted.iter().any(|range| range.contains(&address))
    }
}

/// Parses the `for` of one element of `Forwarded`.
fn parse_forwarded(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let value = value.trim();
    let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    parse_address(unquoted.unwrap_or(value))
}

/// Parses an address with or without a port; IPv6 with or without brackets.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = bracketed.unwrap_or(text).parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: ProxyHeader, peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "::ffff:127.0.0.0/104", "2001:db8:1::/48"].map(|range| range.parse().unwrap());
        let name = match header {
            ProxyHeader::XForwardedFor => "x-forwarded-for",
            ProxyHeader::Forwarded => "forwarded",
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, line.parse().unwrap());
        }
        let other = if name == "forwarded" {
            "x-forwarded-for"
        } else {
            "forwarded"
        };
        headers.append(other, "for=198.51.100.99".parse().unwrap());
        Proxies::new(&trusted, header)
            .client(peer.parse().unwrap(), &headers)
            .to_string()
    }

    #[test]
    fn x_forwarded_for_is_read_from_the_right() {
        let client = |peer, lines: &[&str]| client(ProxyHeader::XForwardedFor, peer, lines);
        // The header of a peer that is not a trusted proxy is ignored.
        assert_eq!(client("192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        // What the client sent stands left of what the trusted proxies added.
        assert_eq!(
            client("127.0.0.1", &["1.1.1.1, 198.51.100.1 ,10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(
            client("127.0.0.1", &["1.1.1.1", "198.51.100.1", "10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(client("2001:db8:1::1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn invalid_element_makes_the_proxy_the_client() {
        let client = |lines: &[&str]| client(ProxyHeader::XForwardedFor, "10.0.0.1", lines);
        assert_eq!(client(&["198.51.100.1, unknown"]), "10.0.0.1");
        assert_eq!(client(&["198.51.100.1, , 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client(&[""]), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_from_the_right() {
        let client = |peer, lines: &[&str]| client(ProxyHeader::Forwarded, peer, lines);
        assert_eq!(client("192.0.2.1", &["for=198.51.100.1"]), "192.0.2.1");
        assert_eq!(
            client(
                "10.0.0.1",
                &["for=1.1.1.1, For=\"198.51.100.1:80\";proto=https;by=10.0.0.1"]
            ),
            "198.51.100.1"
        );
        assert_eq!(
            client("10.0.0.1", &["proto=http; for=\"[2001:db8::1]:4711\"", "for=10.0.0.2"]),
            "2001:db8::1"
        );
        assert_eq!(client("10.0.0.1", &["for=198.51.100.1, for=_hidden"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["proto=https"]), "10.0.0.1");
    }
}
