//! What a client cannot be made of.

/// What is wrong with the configuration of a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// The base URL cannot be used.
    #[error("base URL `{url}` {problem}; it should look like `https://pbx.example.com:8887/api`")]
    BaseUrl {
        /// As given, without credentials.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Neither a host nor a URL was given.
    #[error("the client was given neither a host nor a URL")]
    NoServer,
    /// A token holds characters that no header may hold.
    #[error("the access token holds characters that cannot be sent in a header")]
    Token,
    /// A certificate or key cannot be read.
    #[error("{what} cannot be read: {problem}")]
    Certificate {
        /// Which.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The proxy's URL cannot be used.
    #[error("the proxy cannot be used: {0}")]
    Proxy(String),
    /// TLS or the resolver could not be set up.
    #[error("setting up HTTP failed: {0}")]
    Http(String),
}

/// An error of reqwest with its causes.
pub(super) fn described(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
