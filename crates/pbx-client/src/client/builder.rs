//! From parts to a client.

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::tls::Transport;
use super::{Access, Client, ConfigurationError, Connection};
#[cfg(feature = "retry")]
use crate::RetryPolicy;
use crate::session::{Clock, Credentials, Manager, Session, SessionListener, SignInMethod};
use crate::{Error, Secret};

/// Bodies that are read at once, at most: no answer of the API comes near.
const RESPONSE_LIMIT: usize = 64 << 20;

/// Whether the way to the server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Encrypted; port 8887 unless another is given.
    #[default]
    Https,
    /// Not encrypted: everyone on the way can read the password. Port 8888 unless another is given.
    Http,
}

/// Makes a [`Client`].
///
/// What is wrong with the parts is told by [`ClientBuilder::build`] and [`ClientBuilder::connect`].
#[must_use = "a builder does nothing until `build` or `connect`"]
#[derive(Default)]
pub struct ClientBuilder {
    address: Address,
    credentials: Option<Credentials>,
    session: Option<Session>,
    form: SignInMethod,
    listener: Option<SessionListener>,
    clock: Clock,
    response_limit: Option<usize>,
    request_timeout: Option<Duration>,
    #[cfg(feature = "retry")]
    retry: RetryPolicy,
    transport: Transport,
    http: Option<reqwest::Client>,
    /// The first thing that is wrong.
    fault: Option<ConfigurationError>,
}

#[derive(Default)]
struct Address {
    url: Option<String>,
    scheme: Scheme,
    host: Option<String>,
    port: Option<u16>,
    base_path: Option<String>,
}

/// The server.
impl ClientBuilder {
    /// The server's name or address.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.address.host = Some(host.into());
        self
    }

    /// How to get there; [`Scheme::Https`] unless set.
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.address.scheme = scheme;
        self
    }

    /// The port; that of the scheme unless set.
    pub fn port(mut self, port: u16) -> Self {
        self.address.port = Some(port);
        self
    }

    /// What all paths begin with; `/api` unless set.
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.address.base_path = Some(path.into());
        self
    }

    /// All of these as one URL, such as `https://pbx.example.com:8887/api`. Nothing is added to it.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.address.url = Some(url.into());
        self
    }
}

/// Who calls.
impl ClientBuilder {
    /// Signs in with these, and again whenever the session cannot be refreshed.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Sends this access token as long as it works.
    pub fn token(self, token: impl Into<Secret>) -> Self {
        self.session(Session::new(token))
    }

    /// Continues a session from before ([`SessionHandle::current`](crate::SessionHandle::current)). With credentials as well,
    /// these are used when it cannot be refreshed any more.
    pub fn session(mut self, session: Session) -> Self {
        self.session = Some(session);
        self
    }

    /// Which of the two documented ways to sign in is used; found out unless set.
    pub fn sign_in_method(mut self, form: SignInMethod) -> Self {
        self.form = form;
        self
    }

    /// Is called with every new state of the session, `None` after signing out: to keep the tokens for the next start. A refresh
    /// token works once, so that one which was kept is of no use after the next refresh.
    pub fn on_session_change(mut self, listener: impl Fn(Option<&Session>) + Send + Sync + 'static) -> Self {
        self.listener = Some(SessionListener::new(listener));
        self
    }

    /// The time, by which the session is refreshed. For tests.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }
}

/// The way there. A browser (`wasm32`) has its own timeouts, certificates and proxies; what cannot be set is not there.
impl ClientBuilder {
    /// What the client calls itself.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.transport.user_agent = name.into();
        self
    }

    /// How long one exchange may take, from the connection to the end of the answer; unlimited unless set. Downloads are
    /// exempt.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = Some(timeout);
        self
    }

    /// What is tried again, and how often; see [`RetryPolicy`].
    #[cfg(feature = "retry")]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many bytes an answer may have that is read at once; 64 MiB unless set. Longer ones are an
    /// [`Error::Unexpected`]. Downloads are exempt.
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.response_limit = Some(bytes);
        self
    }

    /// Uses this HTTP client, whatever it does, in place of one of its own: what is set here about certificates, proxies,
    /// connections and the user agent is then no matter. It should not follow redirects, which would carry the token elsewhere.
    pub fn http_client(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl ClientBuilder {
    /// How long to wait for a connection; 15 seconds unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.transport.connections.connect_timeout = timeout;
        self
    }

    /// How long to wait for each next piece of an answer; 60 seconds unless set.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.transport.connections.read_timeout = timeout;
        self
    }

    /// Trusts the certificates in this PEM text as well as those that the system trusts: the one that a fresh PBX has signed
    /// itself, say.
    pub fn root_certificates_pem(mut self, pem: &[u8]) -> Self {
        match reqwest::Certificate::from_pem_bundle(pem) {
            Ok(found) if found.is_empty() => self.fail_certificate("the root certificate", "the PEM text holds none"),
            Ok(found) => self.transport.connections.roots.extend(found),
            Err(error) => self.fail_certificate("the root certificate", error),
        }
        self
    }

    /// Trusts this certificate (DER) as well as those that the system trusts.
    pub fn root_certificate_der(mut self, der: &[u8]) -> Self {
        match reqwest::Certificate::from_der(der) {
            Ok(certificate) => self.transport.connections.roots.push(certificate),
            Err(error) => self.fail_certificate("the root certificate", error),
        }
        self
    }

    /// Shows this certificate to servers that ask for one: PEM text with the private key and the chain.
    pub fn client_identity_pem(mut self, pem: &[u8]) -> Self {
        match reqwest::Identity::from_pem(pem) {
            Ok(identity) => self.transport.connections.identity = Some(identity),
            Err(error) => self.fail_certificate("the client's certificate or key", error),
        }
        self
    }

    /// Does not check the server's certificate at all: **anyone on the way can read and change everything**, passwords included.
    /// For a development server on one's own machine, and for nothing else; [`ClientBuilder::root_certificates_pem`] trusts a
    /// self-signed certificate without this. A warning is logged each time.
    pub fn dangerously_accept_any_server_certificate(mut self) -> Self {
        self.transport.connections.accepts_any_certificate = true;
        self
    }

    /// Goes through this proxy, whatever the environment says.
    pub fn proxy(mut self, url: &str) -> Self {
        match reqwest::Proxy::all(url) {
            Ok(proxy) => self.transport.connections.proxy = super::tls::Proxy::Only(Box::new(proxy)),
            Err(error) => self.fail(ConfigurationError::Proxy(super::configuration::described(error))),
        }
        self
    }

    /// Goes through no proxy, whatever the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) says.
    pub fn no_proxy(mut self) -> Self {
        self.transport.connections.proxy = super::tls::Proxy::None;
        self
    }

    fn fail_certificate(&mut self, what: &'static str, problem: impl std::fmt::Display) {
        let problem = problem.to_string();
        self.fail(ConfigurationError::Certificate { what, problem });
    }

    fn fail(&mut self, fault: ConfigurationError) {
        self.fault.get_or_insert(fault);
    }
}

/// The end.
impl ClientBuilder {
    /// The client. It signs in with the first call that needs a session.
    pub fn build(self) -> Result<Client, Error> {
        if let Some(fault) = self.fault {
            return Err(fault.into());
        }
        let base_url = self.address.base_url()?;
        let http = match self.http {
            Some(http) => http,
            None => self.transport.build()?,
        };
        let connection = Arc::new(Connection {
            base_url,
            http,
            response_limit: self.response_limit.unwrap_or(RESPONSE_LIMIT),
            request_timeout: self.request_timeout,
            clock: self.clock,
            #[cfg(feature = "retry")]
            retry: self.retry,
        });
        let manager = Manager::new(
            Arc::clone(&connection),
            self.credentials,
            self.form,
            self.listener,
            self.session,
        )?;
        #[cfg_attr(
            target_arch = "wasm32",
            expect(clippy::arc_with_non_send_sync, reason = "there is one thread")
        )]
        let manager = Arc::new(manager);
        Ok(Client::of(connection, Access::Session(manager)))
    }

    /// The client, signed in if it was given credentials.
    ///
    /// Fails with [`Error::SecondFactor`] for an account that needs a second factor: call [`ClientBuilder::build`] and complete the
    /// sign-in as [`SecondFactor`](crate::SecondFactor) shows.
    pub async fn connect(self) -> Result<Client, Error> {
        let client = self.build()?;
        client.session().ensure_signed_in().await?;
        Ok(client)
    }
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
                return Err(fault(&url, "has a host that is more than a name or an address"));
            }
            return check(&url);
        };
        check(&url)
    }
}

fn fault(url: &str, problem: impl Into<String>) -> ConfigurationError {
    ConfigurationError::BaseUrl {
        // What precedes an @ may be a password.
        url: url.rsplit_once('@').map_or(url, |(_, rest)| rest).to_owned(),
        problem: problem.into(),
    }
}

fn check(given: &str) -> Result<String, ConfigurationError> {
    let url = reqwest::Url::parse(given).map_err(|error| fault(given, format!("cannot be read ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fault(given, "is neither http nor https"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fault(given, "has a query or a fragment"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fault(
            given,
            "holds a user name or password, which are given apart from it",
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
    fn a_url_is_taken_as_it_is() {
        let base = |url: &str| base(Client::builder().url(url));
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
    fn parts_have_defaults() {
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
    fn debug_shows_no_token() {
        let client = Client::builder().url("http://h").token("T0K3N").build().unwrap();
        assert!(!format!("{client:?} {:?}", client.session().current()).contains("T0K3N"));
        let refused = Client::builder().url("http://h").token("a\nb").build().unwrap_err();
        assert!(matches!(refused, Error::Configuration(ConfigurationError::Token)));
    }

    #[test]
    fn certificates_are_checked_when_they_are_given() {
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
