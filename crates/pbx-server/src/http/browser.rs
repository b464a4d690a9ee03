//! Web pages of other origins (RFC 6454): which of them may call this server, and the headers that browsers need for it.
//!
//! Every web page can make the browser of its visitor send requests here, from the address of the visitor. It cannot read the
//! responses, and has no token, so that it neither changes nor learns anything. But sign-ins that fail are counted against that
//! address, and so are requests against the rate limit. So the requests of such pages are refused before they are counted, unless
//! the operator allows the origin.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CONTENT_LENGTH,
    CONTENT_TYPE, HOST, ORIGIN, STRICT_TRANSPORT_SECURITY, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::Response;
use reqwest::Url;

use super::client::Proxies;

/// The headers that a page may send.
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, if-match, x-request-id, portsip-upload-id, portsip-upload-token",
);

/// The headers that a page may read.
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static(
    "content-disposition, etag, portsip-upload-id, portsip-upload-token, retry-after, x-ratelimit-limit, x-ratelimit-remaining, \
     x-ratelimit-reset, x-request-id",
);

/// The time for which a browser may cache the response to a preflight, in seconds. Chromium caches none for longer.
const PREFLIGHT_MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// An origin, as browsers send it: scheme, host, and the port unless it is the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl FromStr for Origin {
    type Err = ();

    /// Parses an origin. `null` and `*` are none: the first is that of any sandboxed page, the second would be everyone.
    fn from_str(text: &str) -> Result<Self, ()> {
        let url = Url::parse(text).map_err(drop)?;
        let origin = url.origin().ascii_serialization();
        let exact = origin.eq_ignore_ascii_case(text) && !text.contains('*');
        if matches!(url.scheme(), "http" | "https") && exact {
            HeaderValue::from_str(&origin).map(Self).map_err(drop)
        } else {
            Err(())
        }
    }
}

/// The origins whose pages may call this server, and the proxies that name the host which the browser has requested.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    allowed: Arc<[Origin]>,
    proxies: Proxies,
}

/// The origin of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source<'a> {
    /// No page, a page of this server, or one of an allowed origin.
    Permitted,
    /// A page of this origin, or of one that the browser does not disclose.
    Page(Option<&'a str>),
}

impl Origins {
    /// Allows pages of these origins.
    pub fn new(allowed: Vec<Origin>, proxies: Proxies) -> Self {
        Self {
            allowed: allowed.into(),
            proxies,
        }
    }

    /// Returns the origin of a request by the headers of browsers, which pages cannot change.
    pub(super) fn source<'a>(&self, peer: Option<SocketAddr>, headers: &'a HeaderMap) -> Source<'a> {
        let origin = headers.get(ORIGIN);
        if origin.is_some_and(|origin| self.allows(origin)) {
            return Source::Permitted;
        }
        let page = Source::Page(origin.and_then(|origin| origin.to_str().ok()));
        match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            // `none` is a request of the user, not of a page.
            Some(b"same-origin" | b"none") => Source::Permitted,
            // A sibling domain (`same-site`) may belong to somebody else.
            Some(_) => page,
            // Browsers omit it when they request plain HTTP.
            None => match origin {
                None => Source::Permitted,
                Some(origin) if self.is_own(peer, headers, origin) => Source::Permitted,
                Some(_) => page,
            },
        }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.allowed.iter().any(|allowed| allowed.0 == origin)
    }

    /// Returns `true` if the browser has requested the host of that origin.
    fn is_own(&self, peer: Option<SocketAddr>, headers: &HeaderMap, origin: &HeaderValue) -> bool {
        let forwarded = headers
            .get("x-forwarded-host")
            .filter(|_| peer.is_some_and(|peer| self.proxies.trusts(peer.ip().to_canonical())));
        let host = forwarded
            .or_else(|| headers.get(HOST))
            .and_then(|host| host.to_str().ok());
        let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        let (Some(host), Some((scheme, authority))) = (host, origin) else {
            return false;
        };
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(host);
        host.eq_ignore_ascii_case(authority)
    }
}

/// Returns the host of an origin, without its port.
pub(super) fn host(origin: &str) -> Option<String> {
    Some(Url::parse(origin).ok()?.host_str()?.to_owned())
}

/// Adds CORS for the allowed origins, if there are any. Without credentials: tokens are sent by the page itself.
///
/// tower-http's layer would answer preflights before the request is admitted, with one list of methods for all paths.
pub fn with_cors(app: Router, origins: Origins) -> Router {
    if origins.allowed.is_empty() {
        return app;
    }
    // Around the router, which adds `Allow` to a 405.
    Router::new()
        .fallback_service(app)
        .layer(from_fn_with_state(origins, add_cors))
}

async fn add_cors(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let origin = headers.get(ORIGIN).filter(|origin| origins.allows(origin)).cloned();
    let preflight = request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = next.run(request).await;
    // Caches must not give the response to another origin.
    response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = origin else {
        return response;
    };
    // The contract has no OPTIONS: a 405 shows that the request is admitted, and has the methods of the path.
    if preflight && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        *response.status_mut() = StatusCode::NO_CONTENT;
        *response.body_mut() = Body::empty();
        let headers = response.headers_mut();
        headers.remove(CONTENT_TYPE);
        headers.remove(CONTENT_LENGTH);
        if let Some(methods) = headers.remove(ALLOW) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE);
    }
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    response
}

/// Adds `Strict-Transport-Security` (RFC 6797) with that age in seconds to the responses of HTTPS, unless it is 0.
pub fn with_hsts(app: Router, max_age: u32) -> Router {
    match HeaderValue::try_from(format!("max-age={max_age}")) {
        Ok(value) if max_age > 0 => app.layer(map_response(move |mut response: Response| {
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, value.clone());
            std::future::ready(response)
        })),
        _ => app,
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::ProxyHeader;
    use super::*;

    #[test]
    fn only_exact_origins_are_accepted() {
        for good in [
            "https://portal.example.com",
            "http://localhost:3000",
            "https://[2001:db8::1]:8443",
        ] {
            assert!(good.parse::<Origin>().is_ok(), "{good}");
        }
        let bad = [
            "*",
            "null",
            "",
            "portal.example.com",
            "https://portal.example.com/",
            "https://portal.example.com/app",
            "https://*.example.com",
            "https://portal.example.com:443",
            "https://user@portal.example.com",
            "file:///index.html",
            "chrome-extension://abc",
        ];
        for bad in bad {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
    }

    #[test]
    fn source_of_a_request_follows_from_the_headers_of_browsers() {
        let allowed = vec!["https://portal.example.org".parse().unwrap()];
        let proxy: SocketAddr = "10.0.0.1:1".parse().unwrap();
        let origins = Origins::new(
            allowed,
            Proxies::new(&["10.0.0.0/8".parse().unwrap()], ProxyHeader::default()),
        );
        let permits = |peer: SocketAddr, lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("pbx.example.com"));
            for (name, value) in lines {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            origins.source(Some(peer), &headers) == Source::Permitted
        };
        let client: SocketAddr = "192.0.2.1:1".parse().unwrap();
        let permitted: [&[(&str, &str)]; 8] = [
            &[],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://rewritten.example.com"),
            ],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://pbx.example.com")],
            &[("origin", "http://pbx.example.com")],
            &[("origin", "https://pbx.example.com"), ("host", "PBX.example.com:443")],
            &[
                ("origin", "http://pbx.example.com:8888"),
                ("host", "pbx.example.com:8888"),
            ],
            &[
                ("origin", "https://portal.example.org"),
                ("sec-fetch-site", "cross-site"),
            ],
        ];
        for lines in permitted {
            assert!(permits(client, lines), "{lines:?}");
        }
        let foreign: [&[(&str, &str)]; 9] = [
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("origin", "https://pbx.example.com.evil.example")],
            &[("origin", "https://pbx.example.com:8443")],
            &[("origin", "http://portal.example.org")],
            &[("sec-fetch-site", "cross-site")],
            &[
                ("sec-fetch-site", "same-site"),
                ("origin", "https://tenant.example.com"),
            ],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://pbx.example.com")],
            &[("origin", "https://evil.example"), ("x-forwarded-host", "evil.example")],
        ];
        for lines in foreign {
            assert!(!permits(client, lines), "{lines:?}");
        }
        // A trusted proxy says which host the browser has requested.
        let forwarded = [
            ("origin", "https://www.example.com"),
            ("x-forwarded-host", "www.example.com"),
        ];
        assert!(permits(proxy, &forwarded));
    }

    #[test]
    fn host_of_an_origin_has_no_port() {
        assert_eq!(host("https://pbx.example.com:8443").as_deref(), Some("pbx.example.com"));
        assert_eq!(host("null"), None);
    }
}
