//! Where a server is.

/// What somebody writes for a server as a base URL: a host alone gets scheme, port and path, a URL without a path the path.
pub fn complete_url(given: &str) -> String {
    let given = given.trim().trim_end_matches('/');
    let Some((scheme, rest)) = given.split_once("://") else {
        let has_port = match given.rsplit_once(':') {
            // `[::1]` and `::1` have colons as well.
            Some((host, port)) => port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']')),
            None => false,
        };
        let host = match given.parse::<std::net::Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => given.to_owned(),
        };
        return match (has_port, given.contains('/')) {
            (_, true) => format!("https://{given}"),
            (true, _) => format!("https://{given}/api"),
            (false, _) => format!("https://{host}:8887/api"),
        };
    };
    match rest.contains('/') {
        true => given.to_owned(),
        false => format!("{scheme}://{rest}/api"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_or_a_url() {
        for (given, url) in [
            ("pbx.example.com", "https://pbx.example.com:8887/api"),
            ("pbx.example.com:9000", "https://pbx.example.com:9000/api"),
            ("192.0.2.1", "https://192.0.2.1:8887/api"),
            ("::1", "https://[::1]:8887/api"),
            ("[::1]:8887", "https://[::1]:8887/api"),
            ("pbx.example.com/x/api", "https://pbx.example.com/x/api"),
            ("https://pbx.example.com:8887", "https://pbx.example.com:8887/api"),
            ("http://127.0.0.1:8888/api/", "http://127.0.0.1:8888/api"),
        ] {
            assert_eq!(complete_url(given), url, "{given}");
        }
    }
}
