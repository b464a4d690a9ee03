//! Completes the address of a server.

/// Completes a host or URL to a base URL: a host gets scheme, port and path, a URL without a path gets the path.
pub fn complete_url(address: &str) -> String {
    let address = address.trim().trim_end_matches('/');
    let Some((scheme, rest)) = address.split_once("://") else {
        let has_port = match address.rsplit_once(':') {
            // `[::1]` and `::1` contain colons as well.
            Some((host, port)) => port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']')),
            None => false,
        };
        let host = match address.parse::<std::net::Ipv6Addr>() {
            Ok(ip) => format!("[{ip}]"),
            Err(_) => address.to_owned(),
        };
        return match (has_port, address.contains('/')) {
            (_, true) => format!("https://{address}"),
            (true, _) => format!("https://{address}/api"),
            (false, _) => format!("https://{host}:8887/api"),
        };
    };
    match rest.contains('/') {
        true => address.to_owned(),
        false => format!("{scheme}://{rest}/api"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_or_url_is_completed() {
        for (address, url) in [
            ("pbx.example.com", "https://pbx.example.com:8887/api"),
            ("pbx.example.com:9000", "https://pbx.example.com:9000/api"),
            ("192.0.2.1", "https://192.0.2.1:8887/api"),
            ("::1", "https://[::1]:8887/api"),
            ("[::1]:8887", "https://[::1]:8887/api"),
            ("pbx.example.com/x/api", "https://pbx.example.com/x/api"),
            ("https://pbx.example.com:8887", "https://pbx.example.com:8887/api"),
            ("http://127.0.0.1:8888/api/", "http://127.0.0.1:8888/api"),
        ] {
            assert_eq!(complete_url(address), url, "{address}");
        }
    }
}
