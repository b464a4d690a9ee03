//! Address ranges in one form.

use ipnet::{IpNet, Ipv4Net};

/// Converts an IPv4-mapped IPv6 range (`::ffff:192.0.2.0/120`) to the IPv4 range that traffic shows.
pub fn canonical_range(range: IpNet) -> IpNet {
    if let IpNet::V6(mapped) = range
        && let Some(address) = mapped.addr().to_ipv4_mapped()
        && let Some(prefix) = mapped.prefix_len().checked_sub(96)
        && let Ok(range) = Ipv4Net::new(address, prefix)
    {
        return range.into();
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_mapped_ranges_become_ipv4() {
        for (range, expected) in [
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("::ffff:0:0/95", "::ffff:0.0.0.0/95"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("192.0.2.0/24", "192.0.2.0/24"),
        ] {
            assert_eq!(canonical_range(range.parse().unwrap()).to_string(), expected);
        }
    }
}
