//! The client: a connection and a session, shared by all clones.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderValue;

use crate::clock::Clock;
use crate::retry::Retries;
#[cfg(feature = "retry")]
use crate::retry::RetryPolicy;
use crate::session::manager::SessionManager;

/// A client of a server, with a session.
///
/// Created by [`Client::builder`]. Every operation of the API is a method that returns a builder of the request. Its `send`
/// returns the response or an [`Error`](crate::Error).
///
/// Cloning is cheap. All clones share the connections and the session: when one of them renews the token, switches into a
/// tenant or signs out, that applies to all.
#[derive(Clone)]
pub struct Client {
    connection: Arc<Connection>,
    authorization: Authorization,
}

/// The address of the server and the settings of all requests.
pub(crate) struct Connection {
    pub(crate) base_url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) response_limit: usize,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) clock: Clock,
    #[cfg(feature = "retry")]
    pub(crate) retry: RetryPolicy,
}

/// The source of the `Authorization` header.
#[derive(Clone)]
pub(crate) enum Authorization {
    /// No header is sent.
    None,
    /// This header, which is never renewed.
    Token(HeaderValue),
    /// The access token of the session.
    Session(Arc<SessionManager>),
}

impl Client {
    pub(crate) fn from_parts(connection: Arc<Connection>, authorization: Authorization) -> Self {
        Self {
            connection,
            authorization,
        }
    }

    /// Returns the base URL, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.connection.base_url
    }

    /// Builds requests; [`crate::call`] sends them.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.connection.http
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    pub(crate) fn authorization(&self) -> &Authorization {
        &self.authorization
    }

    /// Returns the retries of a call with this method.
    #[cfg(feature = "retry")]
    pub(crate) fn retries(&self, method: &Method) -> Retries {
        Retries::new(&self.connection.retry, method)
    }

    #[cfg(not(feature = "retry"))]
    pub(crate) fn retries(&self, _: &Method) -> Retries {
        Retries
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.connection.base_url)
            .finish_non_exhaustive()
    }
}
