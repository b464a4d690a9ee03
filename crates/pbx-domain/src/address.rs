//! Addresses in settings: IP addresses, hosts, mail addresses and URLs. Each function returns the canonical form, or the message
//! of the violation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::mail;

/// Parses the IPv4 address of a host that others reach.
pub fn ipv4(text: &str) -> Result<Ipv4Addr, &'static str> {
    let address: Ipv4Addr = text.parse().map_err(|_| "must be an IPv4 address")?;
    check_reachable(address.into())?;
    Ok(address)
}

/// Parses the IPv6 address of a host that others reach.
pub fn ipv6(text: &str) -> Result<Ipv6Addr, &'static str> {
    let address: Ipv6Addr = text.parse().map_err(|_| "must be an IPv6 address")?;
    if address.to_ipv4_mapped().is_some() {
        return Err("must be an IPv6 address, and is an IPv4 address in the form of IPv6");
    }
    check_reachable(address.into())?;
    Ok(address)
}

/// Refuses addresses at which others cannot reach this system.
fn check_reachable(address: IpAddr) -> Result<(), &'static str> {
    if address.is_loopback() {
        return Err("must not be a loopback address");
    }
    if address.is_unspecified() || address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
        return Err("must be the address of one host");
    }
    Ok(())
}

/// Parses the address of a DNS resolver. A loopback address is valid, as a resolver on this machine is usual.
pub fn dns_server(text: &str) -> Result<IpAddr, &'static str> {
    let address: IpAddr = text.parse().map_err(|_| "must be an IPv4 or IPv6 address")?;
    Ok(address.to_canonical())
}

/// Parses a host name or an IP address, without scheme, port and path. The address is in canonical form, an IPv4-mapped one as IPv4.
pub fn host(text: &str) -> Result<String, &'static str> {
    const MESSAGE: &str = "must be a host name or an IP address, without scheme, port or path";
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.to_canonical().to_string());
    }
    let is_label = |label: &str| {
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
    if text.len() <= 253 && text.split('.').all(is_label) && !numeric {
        Ok(text.to_owned())
    } else {
        Err(MESSAGE)
    }
}

/// Parses a string that becomes part of a line: of a header, a command or a log. A line break in it would begin another.
pub fn line(text: &str) -> Result<String, &'static str> {
    if text.contains(char::is_control) {
        return Err("must not have control characters");
    }
    Ok(text.to_owned())
}

/// Parses a mail address.
pub fn mail_address(text: &str) -> Result<String, &'static str> {
    if mail::is_address(text) {
        Ok(text.to_owned())
    } else {
        Err("must be an e-mail address")
    }
}

/// Parses mail addresses, and separates them by commas. Semicolons are accepted, as the vendor's portal writes them.
pub fn mail_addresses(text: &str) -> Result<String, &'static str> {
    let addresses: Vec<&str> = text.split([',', ';']).map(str::trim).collect();
    if addresses.iter().all(|address| mail::is_address(address)) {
        Ok(addresses.join(","))
    } else {
        Err("must be e-mail addresses, separated by commas")
    }
}

/// Parses a URL that this system requests: `http` or `https`, a host, an optional port, no username and password. Scheme and host are
/// returned in lower case.
pub fn http_url(text: &str) -> Result<String, &'static str> {
    const MESSAGE: &str = "must be a URL such as https://example.com/path, without a name and password in it";
    let (scheme, rest) = text.split_once("://").ok_or(MESSAGE)?;
    let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if is_http && is_location(rest) {
        Ok(format!("{}://{}", scheme.to_ascii_lowercase(), lower_host(rest)))
    } else {
        Err(MESSAGE)
    }
}

/// Returns the host, port, path and query of a URL with the host in lower case.
fn lower_host(location: &str) -> String {
    let (authority, path) = location.split_at(location.find(['/', '?', '#']).unwrap_or(location.len()));
    format!("{}{path}", authority.to_lowercase())
}

/// Parses the address of a website, which this system does not request: a URL, or one without its scheme, in any script. Scheme and host
/// are returned in lower case.
pub fn website(text: &str) -> Result<String, &'static str> {
    let latin_letter = |c: char| if !c.is_ascii() && c.is_alphanumeric() { 'x' } else { c };
    let latin: String = text.chars().map(latin_letter).collect();
    let scheme = text.contains("://");
    if scheme && http_url(&latin).is_ok() {
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        Ok(format!("{}://{}", scheme.to_ascii_lowercase(), lower_host(rest)))
    } else if !scheme && is_location(&latin) {
        Ok(lower_host(text))
    } else {
        Err("must be the address of a website such as https://example.com")
    }
}

/// Returns `true` for the host, port, path and query of a URL.
fn is_location(text: &str) -> bool {
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    let (authority, path) = text.split_at(end);
    let is_valid_path = |text: &str| {
        !text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "<>\"\\^`{|}".contains(c))
    };
    let (name, port) = match authority.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(None) => return false,
        Some(Some((address, port))) => (address.parse::<Ipv6Addr>().is_ok(), port),
        None => {
            let (name, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (!name.contains(':') && host(name).is_ok(), port)
        }
    };
    let port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.parse().is_ok_and(|port: u16| port > 0));
    name && port && is_valid_path(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses_are_separated_by_commas() {
        assert_eq!(
            mail_addresses("a@x.org; b@x.org ,c@x.org").unwrap(),
            "a@x.org,b@x.org,c@x.org"
        );
        assert!(mail_addresses("a@x.org; b").is_err());
        assert!(mail_addresses("a@x.org;").is_err());
    }

    #[test]
    fn ip_address_as_host_is_canonical() {
        assert_eq!(host("2001:DB8:0::1").unwrap(), "2001:db8::1");
        assert_eq!(host("::ffff:192.0.2.1").unwrap(), "192.0.2.1");
        assert_eq!(host("PBX.example.com").unwrap(), "PBX.example.com");
        assert_eq!(dns_server("::ffff:192.0.2.1").unwrap().to_string(), "192.0.2.1");
        for bad in [
            "sip:example.com",
            "example.com:5060",
            "a b",
            "alice@example.com",
            "1.2.3",
        ] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn urls_have_a_host_and_no_credentials() {
        for good in [
            "http://10.0.0.5/cdr",
            "https://cdr.example.com:8443/a/b?c=d",
            "http://[2001:db8::1]:80/",
            "http://localhost",
            "https://example.com/ümlaut",
        ] {
            assert!(http_url(good).is_ok(), "{good}");
        }
        for bad in [
            "ftp://example.com",
            "https://",
            "https:///path",
            "https://alice:secret@example.com/",
            "https://example.com:0/",
            "https://example.com:99999/",
            "https://example.com:/x y",
            "https://exa mple.com",
            "https://[::1",
            "example.com",
            "HTTPX://example.com",
        ] {
            assert!(http_url(bad).is_err(), "{bad}");
        }
        assert_eq!(
            http_url("HTTPS://CDR.Example.com:8443/A?B=C").unwrap(),
            "https://cdr.example.com:8443/A?B=C"
        );
        assert_eq!(
            website("HTTP://BÜCHER.example/Über").unwrap(),
            "http://bücher.example/Über"
        );
        assert_eq!(website("WWW.Example.com/About").unwrap(), "www.example.com/About");
        assert!(website("www.example.com/about").is_ok());
        assert!(website("https://www.example.com").is_ok());
        assert!(website("https://bücher.example/über").is_ok());
        assert!(website("例え.jp").is_ok());
        assert!(website("javascript://alert(1)").is_err());
        assert!(website("our website").is_err());
    }

    #[test]
    fn host_addresses_are_canonical_and_reachable() {
        assert_eq!(ipv6("2001:DB8::0:1").unwrap().to_string(), "2001:db8::1");
        assert!(ipv4("10.0.0.2").is_ok());
        for bad in ["127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "256.1.1.1", ""] {
            assert!(ipv4(bad).is_err(), "{bad}");
        }
        for bad in ["::1", "::", "ff02::1", "10.0.0.2", "::ffff:10.0.0.2"] {
            assert!(ipv6(bad).is_err(), "{bad}");
        }
        assert!(dns_server("127.0.0.53").is_ok());
        assert!(dns_server("resolver").is_err());
    }

    #[test]
    fn hosts_have_neither_scheme_port_nor_path() {
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
