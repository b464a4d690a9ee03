//! Addresses that people write into settings. Each rule gives the canonical form, or says what the text must be.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The IPv4 address of a host that others reach.
pub fn ipv4(text: &str) -> Result<Ipv4Addr, &'static str> {
    let address: Ipv4Addr = text.parse().map_err(|_| "must be an IPv4 address")?;
    usable(address.into())?;
    Ok(address)
}

/// The IPv6 address of a host that others reach.
pub fn ipv6(text: &str) -> Result<Ipv6Addr, &'static str> {
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

/// The address of a resolver. One on this machine is usual, so that loopback is right here.
pub fn dns_server(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "must be an IPv4 or IPv6 address")
}

/// A host name or an address, without scheme, port and path.
pub fn host(text: &str) -> Result<String, &'static str> {
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

    #[test]
    fn addresses_of_hosts_have_one_form_and_reach_somebody() {
        assert_eq!(ipv6("2001:DB8::0:1").unwrap().to_string(), "2001:db8::1");
        assert!(ipv4("10.0.0.2").is_ok());
        for bad in ["127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "256.1.1.1", ""] {
            assert!(ipv4(bad).is_err(), "{bad}");
        }
        for bad in ["::1", "::", "ff02::1", "10.0.0.2"] {
            assert!(ipv6(bad).is_err(), "{bad}");
        }
        assert!(dns_server("127.0.0.53").is_ok());
        assert!(dns_server("resolver").is_err());
    }

    #[test]
    fn hosts() {
        for good in [
            "pbx.example.com",
            "pbx",
            "198.51.100.7",
            "2001:db8::1",
            "xn--bcher-kva.example",
            "a1.b-2.c3",
        ] {
            assert!(host(good).is_ok(), "{good}");
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
            assert!(host(bad).is_err(), "{bad}");
        }
        assert!(host(&format!("{}.com", "a".repeat(64))).is_err());
    }
}
