//! The HTTP client: user agent, timeouts, certificates, proxy. In a browser, all but the user agent is up to the browser.

#[cfg(not(target_arch = "wasm32"))]
use std::time::Duration;

use crate::error::configuration::ConfigurationError;
use crate::error::transport::with_causes;

/// The configuration of the HTTP client.
pub(super) struct HttpConfig {
    pub(super) user_agent: String,
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) connections: ConnectionConfig,
}

/// The configuration of connections.
#[cfg(not(target_arch = "wasm32"))]
pub(super) struct ConnectionConfig {
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) roots: Vec<reqwest::Certificate>,
    pub(super) identity: Option<reqwest::Identity>,
    pub(super) proxy: Proxy,
    pub(super) accepts_any_certificate: bool,
}

/// The proxy in use.
#[cfg(not(target_arch = "wasm32"))]
pub(super) enum Proxy {
    /// The one in `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    Environment,
    None,
    Only(Box<reqwest::Proxy>),
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned(),
            #[cfg(not(target_arch = "wasm32"))]
            connections: ConnectionConfig::default(),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Default for ConnectionConfig {
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

impl HttpConfig {
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn build(self) -> Result<reqwest::Client, ConfigurationError> {
        // An error means that the program has installed a provider already, which is used then.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = self.connections;
        let mut http = reqwest::Client::builder()
            .user_agent(self.user_agent)
            .connect_timeout(config.connect_timeout)
            .read_timeout(config.read_timeout)
            // Documented redirects are responses, and any other would send the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            // Retries are up to `crate::retry`.
            .retry(reqwest::retry::never());
        if !config.roots.is_empty() {
            http = http.tls_certs_merge(config.roots);
        }
        if let Some(identity) = config.identity {
            http = http.identity(identity);
        }
        if config.accepts_any_certificate {
            #[cfg(feature = "tracing")]
            tracing::warn!(
                "the server's certificate is NOT verified: anyone on the network path can read and modify everything, including passwords"
            );
            http = http
                .tls_danger_accept_invalid_certs(true)
                .tls_danger_accept_invalid_hostnames(true);
        }
        http = match config.proxy {
            Proxy::Environment => http,
            Proxy::None => http.no_proxy(),
            Proxy::Only(proxy) => http.proxy(*proxy),
        };
        http.build()
            .map_err(|error| ConfigurationError::Http(with_causes(&error.without_url())))
    }

    /// The browser manages the connections.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn build(self) -> Result<reqwest::Client, ConfigurationError> {
        reqwest::Client::builder()
            .user_agent(self.user_agent)
            .build()
            .map_err(|error| ConfigurationError::Http(with_causes(&error.without_url())))
    }
}
