//! Sources of requests: the address ranges that rate limiting and lockout count together.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

pub use pbx_types::canonical_range as canonical;

/// Network prefix of an IPv6 source: a host chooses the remaining bits of its address at will.
const IPV6_PREFIX: u8 = 64;

/// Returns the range that counts as one source: an IPv4 address, or an IPv6 network of /64. If each IPv6 address counted, one
/// host could have any number of them.
pub fn source(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Net::from(address).into(),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> (128 - IPV6_PREFIX) << (128 - IPV6_PREFIX);
            Ipv6Net::new_assert(Ipv6Addr::from(network), IPV6_PREFIX).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_ipv4_address_or_an_ipv6_network() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("::1", "::/64"),
        ] {
            assert_eq!(source(address.parse().unwrap()).to_string(), expected);
        }
    }
}
