//! The client itself: where the server is and who is calling.

mod builder;
mod configuration;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;

pub use self::builder::{ClientBuilder, Scheme};
pub use self::configuration::ConfigurationError;
#[cfg(feature = "retry")]
use crate::RetryPolicy;
use crate::session::{Clock, Manager, SessionHandle};

/// A server and a session on it.
///
/// Made by [`Client::builder`]. Every operation of the API is a method that returns a builder of the request, and whose `send`
/// gives the answer or an [`Error`](crate::Error).
///
/// Cloning is cheap. All clones share the connections and the session: when one of them renews the token, switches into a
/// tenant or signs out, all have.
#[derive(Clone)]
pub struct Client {
    connection: Arc<Connection>,
    access: Access,
}

/// Where the server is and how to get there.
pub(crate) struct Connection {
    base_url: String,
    http: reqwest::Client,
    response_limit: usize,
    request_timeout: Option<Duration>,
    clock: Clock,
    #[cfg(feature = "retry")]
    retry: RetryPolicy,
}

/// What is sent as `Authorization`.
#[derive(Clone)]
pub(crate) enum Access {
    /// Nothing.
    None,
    /// This, as long as it may work.
    Token(HeaderValue),
    /// What the session has.
    Session(Arc<Manager>),
}

impl Client {
    /// A client for the server at `base_url`, such as `https://pbx.example.com:8887/api`, without a session.
    ///
    /// For operations that need none; [`Client::builder`] makes one that signs in.
    pub fn new(base_url: &str) -> Result<Self, crate::Error> {
        Self::builder().url(base_url).build()
    }

    /// Starts a client:
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), pbx_client::Error> {
    /// use pbx_client::{Client, Credentials};
    ///
    /// let client = Client::builder()
    ///     .host("pbx.example.com")
    ///     .credentials(Credentials::system("admin", "secret"))
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Where the server is, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.connection.base_url
    }

    /// The session: to sign in or out, to switch into a tenant, to keep the tokens for the next start.
    pub fn session(&self) -> SessionHandle<'_> {
        SessionHandle::new(self)
    }

    pub(crate) fn of(connection: Arc<Connection>, access: Access) -> Self {
        Self { connection, access }
    }

    /// For requests; they are sent by [`crate::support`].
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.connection.http
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// How long a body may be that is read at once.
    pub(crate) fn response_limit(&self) -> usize {
        self.connection.response_limit
    }

    #[cfg(feature = "retry")]
    pub(crate) fn retry_policy(&self) -> &RetryPolicy {
        &self.connection.retry
    }

    /// How long an exchange may take, from the connection to the end of the answer.
    pub(crate) fn request_timeout(&self) -> Option<Duration> {
        self.connection.request_timeout
    }
}

impl Connection {
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.connection.base_url)
            .finish_non_exhaustive()
    }
}
