//! The builder of a client.

mod http;

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;

use self::http::HttpConfig;
#[cfg(not(target_arch = "wasm32"))]
use self::http::Proxy;
use crate::auth::renewal;
use crate::client::{Authorization, Client, Connection};
use crate::clock::Clock;
use crate::error::Error;
use crate::error::configuration::ConfigurationError;
#[cfg(not(target_arch = "wasm32"))]
use crate::error::transport::with_causes;
#[cfg(feature = "retry")]
use crate::retry::RetryPolicy;
use crate::session::credentials::{Credentials, SignInMethod};
use crate::session::manager::{Renew, SessionManager};
use crate::session::tokens::{Session, SessionListener};
use crate::wire::secret::Secret;

impl Client {
    /// Creates a client for the server at `base_url`, such as `https://pbx.example.com:8887/api`, without a session.
    ///
    /// For operations that need none. [`Client::builder`] creates one that signs in.
    pub fn new(base_url: &str) -> Result<Self, Error> {
        Self::builder().url(base_url).build()
    }

    /// Returns a builder of a client:
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
}

/// The default limit for bodies that are read into memory. No response of the API comes near it.
const DEFAULT_RESPONSE_LIMIT: usize = 64 << 20;

/// The scheme of the base URL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Encrypted. Default port: 8887.
    #[default]
    Https,
    /// Not encrypted: anyone on the network path can read the password. Default port: 8888.
    Http,
}

/// The builder of a [`Client`].
///
/// Setters do not fail: [`ClientBuilder::build`] and [`ClientBuilder::connect`] return the first error of the configuration.
#[must_use = "a builder does nothing until `build` or `connect`"]
#[derive(Default)]
pub struct ClientBuilder {
    address: Address,
    credentials: Option<Credentials>,
    session: Option<Session>,
    sign_in_method: SignInMethod,
    listener: Option<SessionListener>,
    clock: Clock,
    response_limit: Option<usize>,
    request_timeout: Option<Duration>,
    #[cfg(feature = "retry")]
    retry: RetryPolicy,
    http_config: HttpConfig,
    http: Option<reqwest::Client>,
    /// The first error.
    error: Option<ConfigurationError>,
}

#[derive(Default)]
struct Address {
    url: Option<String>,
    scheme: Scheme,
    host: Option<String>,
    port: Option<u16>,
    base_path: Option<String>,
}

/// The address of the server.
impl ClientBuilder {
    /// Sets the host name or IP address of the server.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.address.host = Some(host.into());
        self
    }

    /// Sets the scheme. Default: [`Scheme::Https`].
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.address.scheme = scheme;
        self
    }

    /// Sets the port. Default: that of the scheme.
    pub fn port(mut self, port: u16) -> Self {
        self.address.port = Some(port);
        self
    }

    /// Sets the prefix of all paths. Default: `/api`.
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.address.base_path = Some(path.into());
        self
    }

    /// Sets the base URL, such as `https://pbx.example.com:8887/api`, in place of scheme, host, port and base path.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.address.url = Some(url.into());
        self
    }
}

/// Authentication.
impl ClientBuilder {
    /// Sets the credentials to sign in with, initially and whenever the session cannot be refreshed.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Sets an access token, which is used until it expires.
    pub fn token(self, token: impl Into<Secret>) -> Self {
        self.session(Session::new(token))
    }

    /// Continues a stored session ([`SessionHandle::current`](crate::SessionHandle::current)). Credentials, if set as well, are
    /// used when it can no longer be refreshed.
    pub fn session(mut self, session: Session) -> Self {
        self.session = Some(session);
        self
    }

    /// Sets the sign-in method. Default: [`SignInMethod::Automatic`].
    pub fn sign_in_method(mut self, method: SignInMethod) -> Self {
        self.sign_in_method = method;
        self
    }

    /// Sets a callback for every change of the session, with `None` after signing out. Use it to store the tokens: a refresh token
    /// can be used once, so a stored one is useless after the next refresh.
    pub fn on_session_change(mut self, listener: impl Fn(Option<&Session>) + Send + Sync + 'static) -> Self {
        self.listener = Some(SessionListener::new(listener));
        self
    }

    /// Replaces the system clock, which decides when tokens are renewed. For tests.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }
}

/// HTTP. A browser (`wasm32`) manages timeouts, certificates and proxies itself, so these setters are missing there.
impl ClientBuilder {
    /// Sets the `User-Agent` header. Default: `pbx-client/` and the version.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.http_config.user_agent = name.into();
        self
    }

    /// Sets the timeout of a request, from connecting to the end of the response. Default: none. Applies to
    /// each attempt of a call separately, and not to downloads.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = Some(timeout);
        self
    }

    /// Sets the retry policy. Default: [`RetryPolicy::default`].
    #[cfg(feature = "retry")]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the maximum size of a response body in bytes. Default: 64 MiB. A longer one fails with [`Error::Unexpected`]. Does not
    /// apply to downloads.
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.response_limit = Some(bytes);
        self
    }

    /// Sets the HTTP client. The settings for certificates, proxies, connections and the user agent are ignored then. The HTTP
    /// client should not follow redirects, which would send the token elsewhere.
    pub fn http_client(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl ClientBuilder {
    /// Sets the timeout for connecting. Default: 15 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.http_config.connections.connect_timeout = timeout;
        self
    }

    /// Sets the read timeout between chunks of a response. Default: 60 s.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.http_config.connections.read_timeout = timeout;
        self
    }

    /// Trusts the certificates in this PEM file in addition to those of the system, for example the self-signed certificate of a
    /// newly installed PBX.
    pub fn root_certificates_pem(mut self, pem: &[u8]) -> Self {
        match reqwest::Certificate::from_pem_bundle(pem) {
            Ok(found) if found.is_empty() => {
                self.fail_certificate("the root certificate", "the PEM file contains no certificate")
            }
            Ok(found) => self.http_config.connections.roots.extend(found),
            Err(error) => self.fail_certificate("the root certificate", error),
        }
        self
    }

    /// Trusts this certificate (DER) in addition to those of the system.
    pub fn root_certificate_der(mut self, der: &[u8]) -> Self {
        match reqwest::Certificate::from_der(der) {
            Ok(certificate) => self.http_config.connections.roots.push(certificate),
            Err(error) => self.fail_certificate("the root certificate", error),
        }
        self
    }

    /// Sets the client certificate for servers that request one: PEM with the private key and the certificate chain.
    pub fn client_identity_pem(mut self, pem: &[u8]) -> Self {
        match reqwest::Identity::from_pem(pem) {
            Ok(identity) => self.http_config.connections.identity = Some(identity),
            Err(error) => self.fail_certificate("the client's certificate or key", error),
        }
        self
    }

    /// Disables the verification of the server's certificate: **anyone on the network path can read and modify everything**,
    /// including passwords. Only for a development server on the same machine; [`ClientBuilder::root_certificates_pem`] trusts a
    /// self-signed certificate. Each client built this way logs a warning.
    pub fn dangerously_accept_any_server_certificate(mut self) -> Self {
        self.http_config.connections.accepts_any_certificate = true;
        self
    }

    /// Sets the proxy and ignores the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`).
    pub fn proxy(mut self, url: &str) -> Self {
        match reqwest::Proxy::all(url) {
            Ok(proxy) => self.http_config.connections.proxy = Proxy::Only(Box::new(proxy)),
            Err(error) => self.fail(ConfigurationError::Proxy(with_causes(&error.without_url()))),
        }
        self
    }

    /// Disables proxies and ignores the environment.
    pub fn no_proxy(mut self) -> Self {
        self.http_config.connections.proxy = Proxy::None;
        self
    }

    fn fail_certificate(&mut self, what: &'static str, problem: impl std::fmt::Display) {
        let problem = problem.to_string();
        self.fail(ConfigurationError::Certificate { what, problem });
    }

    fn fail(&mut self, error: ConfigurationError) {
        self.error.get_or_insert(error);
    }
}

/// Building.
impl ClientBuilder {
    /// Builds the client. It signs in on the first call that needs a session.
    pub fn build(self) -> Result<Client, Error> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        let base_url = self.address.base_url()?;
        let http = match self.http {
            Some(http) => http,
            None => self.http_config.build()?,
        };
        let connection = Arc::new(Connection {
            base_url,
            http,
            response_limit: self.response_limit.unwrap_or(DEFAULT_RESPONSE_LIMIT),
            request_timeout: self.request_timeout,
            clock: self.clock,
            #[cfg(feature = "retry")]
            retry: self.retry,
        });
        let manager = SessionManager::new(
            connection.clock.clone(),
            renew_over(&connection),
            self.credentials,
            self.sign_in_method,
            self.listener,
            self.session,
        )?;
        #[cfg_attr(
            target_arch = "wasm32",
            expect(clippy::arc_with_non_send_sync, reason = "there is a single thread")
        )]
        let manager = Arc::new(manager);
        Ok(Client::from_parts(connection, Authorization::Session(manager)))
    }

    /// Builds the client and signs in if it has credentials.
    ///
    /// Fails with [`Error::SecondFactor`] for an account that needs a second factor: call [`ClientBuilder::build`] and complete the
    /// sign-in as [`SecondFactor`](crate::SecondFactor) shows.
    pub async fn connect(self) -> Result<Client, Error> {
        let client = self.build()?;
        client.session().ensure_signed_in().await?;
        Ok(client)
    }
}

/// Renews sessions with requests over this connection.
#[cfg(not(target_arch = "wasm32"))]
fn renew_over(connection: &Arc<Connection>) -> Box<Renew> {
    let connection = Arc::clone(connection);
    Box::new(move |request| renewal::renew(Arc::clone(&connection), request).boxed())
}

/// The same for a browser, where futures are not `Send`.
#[cfg(target_arch = "wasm32")]
fn renew_over(connection: &Arc<Connection>) -> Box<Renew> {
    let connection = Arc::clone(connection);
    Box::new(move |request| renewal::renew(Arc::clone(&connection), request).boxed_local())
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

impl Address {
    fn base_url(self) -> Result<String, ConfigurationError> {
        let Some(url) = self.url else {
            let host = self.host.ok_or(ConfigurationError::NoServer)?;
            let (scheme, port) = match self.scheme {
                Scheme::Https => ("https", self.port.unwrap_or(8887)),
                Scheme::Http => ("http", self.port.unwrap_or(8888)),
            };
            let path = self.base_path.as_deref().unwrap_or("/api").trim_start_matches('/');
            let host = match host.parse::<Ipv6Addr>() {
                Ok(address) => format!("[{address}]"),
                Err(_) => host,
            };
            let url = format!("{scheme}://{host}:{port}/{path}");
            if host.is_empty()
                || host.contains(['/', '?', '#', '\\', '@'])
                || (host.contains(':') && !host.ends_with(']'))
            {
                return Err(invalid(&url, "has a host that is neither a name nor an address"));
            }
            return check(&url);
        };
        check(&url)
    }
}

fn invalid(url: &str, problem: impl Into<String>) -> ConfigurationError {
    ConfigurationError::BaseUrl {
        // The part before an @ may be a password.
        url: url.rsplit_once('@').map_or(url, |(_, rest)| rest).to_owned(),
        problem: problem.into(),
    }
}

fn check(given: &str) -> Result<String, ConfigurationError> {
    let url = reqwest::Url::parse(given).map_err(|error| invalid(given, format!("is invalid ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(given, "is neither http nor https"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid(given, "has a query or a fragment"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(
            given,
            "contains a user name or password; set credentials instead",
        ));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(builder: ClientBuilder) -> Result<String, String> {
        builder.address.base_url().map_err(|error| error.to_string())
    }

    #[test]
    fn url_is_validated_and_used_unchanged() {
        let base = |url: &str| base(Client::builder().url(url));
        assert_eq!(base("https://h:8887/api/"), Ok("https://h:8887/api".to_owned()));
        assert_eq!(base("http://[::1]"), Ok("http://[::1]".to_owned()));
        for (url, problem) in [
            ("h:8887", "neither http nor https"),
            ("{protocol}://{hostname}:{port}/api", "is invalid"),
            ("https://h/api?x=1", "query"),
            ("https://u:secret@h/api", "user name or password"),
        ] {
            let message = base(url).unwrap_err();
            assert!(message.contains(problem), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn url_parts_have_defaults() {
        let host = |host: &str| Client::builder().host(host);
        assert_eq!(
            base(host("pbx.example.com")),
            Ok("https://pbx.example.com:8887/api".to_owned())
        );
        assert_eq!(
            base(host("::1").scheme(Scheme::Http)),
            Ok("http://[::1]:8888/api".to_owned())
        );
        assert_eq!(base(host("[::1]").port(1)), Ok("https://[::1]:1/api".to_owned()));
        assert_eq!(base(host("h").port(443).base_path("")), Ok("https://h".to_owned()));
        assert_eq!(base(host("h").base_path("a/b/")), Ok("https://h:8887/a/b".to_owned()));
        for wrong in ["", "h:1", "h/api", "u:secret@h", "https://h", "a b"] {
            let message = base(host(wrong)).unwrap_err();
            assert!(!message.contains("secret"), "{message}");
        }
        assert!(
            base(Client::builder())
                .unwrap_err()
                .contains("neither a host nor a URL")
        );
    }

    #[test]
    fn debug_hides_the_token() {
        let client = Client::builder().url("http://h").token("T0K3N").build().unwrap();
        assert!(!format!("{client:?} {:?}", client.session().current()).contains("T0K3N"));
        let refused = Client::builder().url("http://h").token("a\nb").build().unwrap_err();
        assert!(matches!(refused, Error::Configuration(ConfigurationError::Token)));
    }

    #[test]
    fn invalid_certificates_and_proxies_are_rejected() {
        for builder in [
            Client::builder().root_certificates_pem(b"no PEM"),
            Client::builder().client_identity_pem(b"no PEM"),
            Client::builder().proxy("://"),
        ] {
            let refused = builder.url("http://h").build().unwrap_err();
            assert!(matches!(refused, Error::Configuration(_)), "{refused}");
        }
    }
}
