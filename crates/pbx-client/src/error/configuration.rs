//! Errors in the configuration of a client.

/// An error in the configuration of a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// The base URL cannot be used.
    #[error("base URL `{url}` {problem}; it should look like `https://pbx.example.com:8887/api`")]
    BaseUrl {
        /// The URL as given, without credentials.
        url: String,
        /// The reason.
        problem: String,
    },
    /// Neither a host nor a URL was given.
    #[error("the client was given neither a host nor a URL")]
    NoServer,
    /// The access token contains characters that are not allowed in a header.
    #[error("the access token contains characters that are not allowed in a header")]
    Token,
    /// A certificate or private key cannot be read.
    #[error("{what} cannot be read: {problem}")]
    Certificate {
        /// The item that cannot be read.
        what: &'static str,
        /// The reason.
        problem: String,
    },
    /// The proxy URL cannot be used.
    #[error("the proxy cannot be used: {0}")]
    Proxy(String),
    /// Setting up TLS or the resolver failed.
    #[error("setting up HTTP failed: {0}")]
    Http(String),
}
