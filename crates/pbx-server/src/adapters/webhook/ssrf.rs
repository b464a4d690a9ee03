//! Protection against server-side request forgery (SSRF): a URL that a tenant has chosen reaches the internet only, not
//! this machine or its network.
//!
//! A server inside of a network is trusted there for being inside. Anyone who can make it send a request could otherwise reach a
//! database without a password, a router's admin pages or a cloud's metadata. So the IP address is checked, when it is connected
//! to: a name proves nothing, and may resolve to another address a second later.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use pbx_domain::setting::Owner;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::adapters::resolver::Resolver;

/// IPv4 ranges without hosts on the internet (IANA's registry of special-purpose addresses, multicast and class E).
const NOT_PUBLIC_V4: &[Ipv4Net] = &[
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// The IPv6 range of the hosts on the internet.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0], 3);

/// Ranges within [`GLOBAL_V6`] without hosts: protocol assignments, Teredo and ORCHID; documentation; 6to4.
const NOT_PUBLIC_V6: &[Ipv6Net] = &[
    v6([0x2001, 0, 0], 23),
    v6([0x2001, 0xdb8, 0], 32),
    v6([0x2002, 0, 0], 16),
    v6([0x3fff, 0, 0], 20),
];

/// IPv4 behind a translator (NAT64). The address is in the last 32 bits.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0], 96);

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6([a, b, c]: [u16; 3], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length)
}

/// Permits or refuses connections by address.
#[derive(Debug, Clone)]
pub struct SsrfGuard {
    allowed: Arc<[IpNet]>,
    own: Vec<IpAddr>,
}

impl SsrfGuard {
    /// Returns a guard that permits the `allowed` ranges. `own` are addresses that lead back here although no interface has them.
    pub fn new(allowed: Arc<[IpNet]>, own: Vec<IpAddr>) -> Self {
        Self { allowed, own }
    }

    /// Returns `true` if the address may be connected to.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if self.allowed.iter().any(|range| range.contains(&address)) {
            return true;
        }
        let target = nat64_target(address);
        is_public(target) && !self.own.contains(&target) && !is_of_this_machine(target)
    }
}

/// Returns the address behind a NAT64 translator, or the same address.
fn nat64_target(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) if NAT64.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        other => other,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|range| range.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|range| range.contains(&address))
        }
    }
}

/// Returns `true` for an address of this machine. A socket can be bound to no other.
fn is_of_this_machine(address: IpAddr) -> bool {
    UdpSocket::bind(SocketAddr::new(address, 0)).is_ok()
}

/// Returns the IP address that a URL has instead of a host name.
pub(super) fn ip_literal(url: &Url) -> Option<IpAddr> {
    // The URL parser has normalized other notations (127.1, 0x7f000001).
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// No address of a host name is permitted.
#[derive(Debug, thiserror::Error)]
#[error("the address is not permitted")]
pub(super) struct AddressForbidden;

/// Resolves names for requests of one owner, to permitted addresses only.
pub(super) struct GuardedResolver {
    pub(super) guard: SsrfGuard,
    pub(super) resolver: Resolver,
    pub(super) owner: Owner,
}

impl Resolve for GuardedResolver {
    /// Returns the permitted addresses of a name, which are then connected to without resolving it again.
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, resolver, owner) = (self.guard.clone(), self.resolver.clone(), self.owner);
        Box::pin(async move {
            let found = resolver.resolve(owner, name.as_str()).await?;
            let permitted = found.into_iter().filter(|address| guard.permits(*address));
            let permitted: Vec<SocketAddr> = permitted.map(|address| SocketAddr::new(address, 0)).collect();
            if permitted.is_empty() {
                return Err(AddressForbidden.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(allowed: &[&str], address: &str) -> bool {
        let allowed = allowed.iter().map(|range| range.parse().unwrap()).collect();
        SsrfGuard::new(allowed, vec!["8.8.8.8".parse().unwrap()]).permits(address.parse().unwrap())
    }

    #[test]
    fn only_the_internet_is_permitted() {
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!permits(&[], inside), "{inside}");
        }
        for outside in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2001:200::1",
            "2606:4700::1111",
            "2a00::1",
        ] {
            assert!(permits(&[], outside), "{outside}");
        }
    }

    #[test]
    fn own_public_addresses_are_refused() {
        for own in ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"] {
            assert!(!permits(&[], own), "{own}");
        }
        assert!(is_of_this_machine(Ipv4Addr::LOCALHOST.into()));
        assert!(!is_of_this_machine(Ipv4Addr::new(1, 1, 1, 1).into()));
    }

    #[test]
    fn allowed_ranges_are_permitted() {
        assert!(permits(&["10.0.0.0/8"], "10.9.9.9"));
        assert!(permits(&["10.0.0.0/8"], "::ffff:10.9.9.9"));
        assert!(permits(&["127.0.0.1/32", "::1/128"], "::1"));
        assert!(permits(&["8.8.8.8/32"], "8.8.8.8"));
        assert!(!permits(&["10.0.0.0/8"], "192.168.0.1"));
        // A translated address belongs to another network.
        assert!(!permits(&["10.0.0.0/8"], "64:ff9b::10.0.0.1"));
    }

    #[test]
    fn ip_address_is_recognized_in_every_notation() {
        let address = |url: &str| ip_literal(&Url::parse(url).unwrap()).map(|address| address.to_string());
        for url in [
            "http://127.0.0.1/",
            "http://127.1",
            "http://2130706433:80/x",
            "http://0x7f000001",
            "http://0177.0.0.1",
            "http://127.0.0.1.",
            "http://１２７.0.0.1",
        ] {
            assert_eq!(address(url).as_deref(), Some("127.0.0.1"), "{url}");
        }
        assert_eq!(
            address("http://[::FFFF:7f00:1]:8080/").as_deref(),
            Some("::ffff:127.0.0.1")
        );
        assert_eq!(address("http://localhost/"), None);
    }
}
