//! Whom to trust, who we are, and through which proxy. A browser has its own answers to all of these.

#[cfg(not(target_arch = "wasm32"))]
use std::time::Duration;

use super::ConfigurationError;
use super::configuration::described;

/// How connections are made.
pub(super) struct Transport {
    pub(super) user_agent: String,
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) connections: Connections,
}

/// What a browser decides for itself.
#[cfg(not(target_arch = "wasm32"))]
pub(super) struct Connections {
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) roots: Vec<reqwest::Certificate>,
    pub(super) identity: Option<reqwest::Identity>,
    pub(super) proxy: Proxy,
    pub(super) accepts_any_certificate: bool,
}

/// Which proxy is used.
#[cfg(not(target_arch = "wasm32"))]
pub(super) enum Proxy {
    /// That of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    Environment,
    None,
    Only(Box<reqwest::Proxy>),
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned(),
            #[cfg(not(target_arch = "wasm32"))]
            connections: Connections::default(),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Default for Connections {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(15),
            read_timeout: Duration::from_secs(60),
            roots: Vec::new(),
            identity: None,
            proxy: Proxy::Environment,
            accepts_any_certificate: false,
        }
    }
}

impl Transport {
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn build(self) -> Result<reqwest::Client, ConfigurationError> {
        // An error means that the program has chosen its provider already, which then serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ours = self.connections;
        let mut http = reqwest::Client::builder()
            .user_agent(self.user_agent)
            .connect_timeout(ours.connect_timeout)
            .read_timeout(ours.read_timeout)
            // The API's own redirects are answers, and any other would carry the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            // What may be sent again is decided by `crate::retry`.
            .retry(reqwest::retry::never());
        if !ours.roots.is_empty() {
            http = http.tls_certs_merge(ours.roots);
        }
        if let Some(identity) = ours.identity {
            http = http.identity(identity);
        }
        if ours.accepts_any_certificate {
            #[cfg(feature = "tracing")]
            tracing::warn!(
                "the server's certificate is NOT checked: anyone on the way can read and change everything, passwords included"
            );
            http = http
                .tls_danger_accept_invalid_certs(true)
                .tls_danger_accept_invalid_hostnames(true);
        }
        http = match ours.proxy {
            Proxy::Environment => http,
            Proxy::None => http.no_proxy(),
            Proxy::Only(proxy) => http.proxy(*proxy),
        };
        http.build().map_err(|error| ConfigurationError::Http(described(error)))
    }

    /// The browser keeps the connections.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn build(self) -> Result<reqwest::Client, ConfigurationError> {
        reqwest::Client::builder()
            .user_agent(self.user_agent)
            .build()
            .map_err(|error| ConfigurationError::Http(described(error)))
    }
}
