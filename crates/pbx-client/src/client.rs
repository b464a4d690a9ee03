//! The client itself: where the server is and who is calling.

use std::{fmt, time::Duration};

use reqwest::header::HeaderValue;
use thiserror::Error;

use crate::Secret;

/// How long to wait for a connection, and for each next piece of an answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A server and, after signing in, a session on it.
///
/// Every operation is a method that returns a builder:
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = pbx_client::Client::new("https://pbx.example.com:8887/api")?.with_token("...")?;
/// # Ok(())
/// # }
/// ```
///
/// Cloning is cheap and shares the connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) baseurl: String,
    pub(crate) client: reqwest::Client,
    authorization: Option<HeaderValue>,
}

/// Why a [`Client`] could not be made.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The base URL cannot be used.
    #[error("base URL `{url}` {problem}; it should look like `https://pbx.example.com:8887/api`")]
    BaseUrl {
        /// As given, without credentials.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A token holds characters that no header may hold.
    #[error("the access token holds characters that cannot be sent in a header")]
    Token,
    /// TLS or the resolver could not be set up.
    #[error("setting up HTTP failed: {0}")]
    Http(#[from] reqwest::Error),
}

impl Client {
    /// A client for the server at `base_url`, such as `https://pbx.example.com:8887/api`, without a session.
    ///
    /// Certificates are checked against the system's trusted roots. Redirects are not followed: the API's own redirects
    /// are answers, and any other would carry a token elsewhere.
    pub fn new(base_url: &str) -> Result<Self, ClientError> {
        Self::with_http_client(base_url, Self::http_builder().build()?)
    }

    /// What [`Client::new`] uses, to be changed: to trust the certificate that a fresh PBX signs itself, say.
    ///
    /// ```no_run
    /// # fn example(pem: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    /// use pbx_client::{Client, reqwest};
    ///
    /// let own = reqwest::Certificate::from_pem(pem)?;
    /// let http = Client::http_builder().tls_certs_merge([own]).build()?;
    /// let client = Client::with_http_client("https://pbx.example.com:8887/api", http)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn http_builder() -> reqwest::ClientBuilder {
        // An error means that the program has chosen its provider already, which then serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
    }

    /// As [`Client::new`], with an HTTP client from [`Client::http_builder`] or elsewhere.
    pub fn with_http_client(base_url: &str, http: reqwest::Client) -> Result<Self, ClientError> {
        Ok(Self {
            baseurl: check_base_url(base_url)?,
            client: http,
            authorization: None,
        })
    }

    /// The same client, sending this access token.
    pub fn with_token(mut self, token: impl Into<Secret>) -> Result<Self, ClientError> {
        let token: Secret = token.into();
        let mut header = HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| ClientError::Token)?;
        header.set_sensitive(true);
        self.authorization = Some(header);
        Ok(self)
    }

    /// Where the server is, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.baseurl
    }

    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.baseurl)
            .field("has_token", &self.authorization.is_some())
            .finish_non_exhaustive()
    }
}

fn check_base_url(given: &str) -> Result<String, ClientError> {
    let fail = |problem: String| ClientError::BaseUrl {
        // What precedes an @ may be a password.
        url: given.rsplit_once('@').map_or(given, |(_, rest)| rest).to_owned(),
        problem,
    };
    let url = reqwest::Url::parse(given).map_err(|error| fail(format!("cannot be read ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fail("is neither http nor https".to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fail("has a query or a fragment".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fail("holds a user name or password; sign in instead".to_owned()));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls() {
        let base = |url: &str| check_base_url(url).map_err(|error| error.to_string());
        assert_eq!(base("https://h:8887/api/"), Ok("https://h:8887/api".to_owned()));
        assert_eq!(base("http://[::1]"), Ok("http://[::1]".to_owned()));
        for (url, problem) in [
            ("h:8887", "neither http nor https"),
            ("{protocol}://{hostname}:{port}/api", "cannot be read"),
            ("https://h/api?x=1", "query"),
            ("https://u:secret@h/api", "user name or password"),
        ] {
            let message = base(url).unwrap_err();
            assert!(message.contains(problem), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let client = Client::new("http://h").unwrap().with_token("T0K3N").unwrap();
        let debug = format!("{client:?}");
        assert!(debug.contains("has_token: true"), "{debug}");
        assert!(!debug.contains("T0K3N"), "{debug}");
        assert!(Client::new("http://h").unwrap().with_token("a\nb").is_err());
    }
}
