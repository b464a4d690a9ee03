//! Posting events to a URL.
//!
//! The URL is a tenant's choice, and the request comes from here: see [`guard`] for what it cannot be made to reach. Redirects
//! are not followed and proxies of the environment not used, as both would lead past the guard. Of the answer nothing but its
//! status is read.

pub mod guard;

use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_auth::{DigestClient, PasswordParams, parse_challenges};
use ipnet::IpNet;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use rustls::ClientConfig;
use serde_json::Value;

use self::guard::{Forbidden, Guard};
use crate::tls;

/// For how long a receiver may keep us waiting: for a connection, and for the whole of one request.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Where events go, and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// `http` or `https`.
    pub url: String,
    /// How the receiver knows us.
    pub authentication: Authentication,
}

/// How a receiver knows who posts.
#[derive(Clone, PartialEq, Eq)]
pub enum Authentication {
    /// It does not.
    None,
    /// RFC 7617; the password goes with every request.
    Basic(Account),
    /// RFC 7616, with the strongest hash that the receiver offers; the password stays here.
    Digest(Account),
    /// RFC 6750.
    Bearer {
        /// The token.
        token: String,
    },
}

/// An account at a receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Authentication {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::Basic(_) => "Basic(..)",
            Self::Digest(_) => "Digest(..)",
            Self::Bearer { .. } => "Bearer(..)",
        })
    }
}

/// Why an event did not arrive. The texts may be shown to whoever chose the URL: they hold no credentials, no address that the
/// host has, and nothing of the answer but its status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// See [`check_url`].
    #[error("the URL {0}")]
    Url(&'static str),
    /// The guard does not let it through.
    #[error(
        "the host of the URL is, or leads to, an address inside of this network, and nothing is sent there: the operator of the \
         server can allow it with --webhook-allow"
    )]
    Forbidden,
    /// No header can carry the username, password or token.
    #[error("the credentials hold characters that cannot be sent")]
    Credentials,
    /// There is no connection, no TLS, or no whole answer.
    #[error("{0}")]
    Unreachable(String),
    /// Too slow.
    #[error("the receiver did not answer within {} seconds", ANSWER_WITHIN.as_secs())]
    TimedOut,
    /// It wants us elsewhere.
    #[error("the receiver answered {0}, and redirects are not followed: set the URL that it leads to")]
    Redirected(u16),
    /// It does not ask for a digest that we know.
    #[error(
        "the receiver answered 401 without asking for a digest that is known here (MD5, SHA-256, SHA-512-256 with qop auth)"
    )]
    NoDigest,
    /// Any other status than a success.
    #[error("the receiver answered {0}")]
    Refused(u16),
}

/// Whether events can be posted there, as far as the text says. What its host leads to shows when it is used.
pub fn check_url(text: &str) -> Result<(), &'static str> {
    parse(text).map(drop)
}

fn parse(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "cannot be read: it should look like https://example.com/events")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("is neither http nor https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a username or password: they have members of their own");
    }
    Ok(url)
}

/// Posts events.
#[derive(Clone)]
pub struct Sender {
    tls: ClientConfig,
    allowed: Arc<[IpNet]>,
}

impl Sender {
    /// Certificates of receivers are checked against what the machine trusts. What is in the ranges is sent to even where the
    /// guard would refuse it.
    pub fn new(allowed: &[IpNet]) -> Result<Self, rustls::Error> {
        Ok(Self {
            tls: tls::client_config(tls::machine_roots())?,
            allowed: allowed.into(),
        })
    }

    /// Posts an event as JSON; it has arrived when the receiver answers with a 2xx status. `own` are addresses that lead back to
    /// this server, besides those that the machine itself has.
    pub async fn send(&self, webhook: &Webhook, own: Vec<IpAddr>, event: &Value) -> Result<(), Failure> {
        let url = parse(&webhook.url).map_err(Failure::Url)?;
        let guard = Guard::new(Arc::clone(&self.allowed), own);
        // An address in the URL is never resolved, so the resolver would not see it.
        if guard::literal(&url).is_some_and(|address| !guard.permits(address)) {
            return Err(Failure::Forbidden);
        }
        let http = self.client(guard).map_err(unreachable)?;
        let post = async |authorization: Option<HeaderValue>| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.extend(authorization.map(|value| (AUTHORIZATION, value)));
            let request = http.post(url.clone()).headers(headers).body(event.to_string());
            request.send().await.map_err(unreachable)
        };
        let answer = match &webhook.authentication {
            Authentication::None => post(None).await?,
            Authentication::Basic(account) => {
                let Account { username, password } = account;
                // RFC 7617 has no way to write such a name.
                if username.contains(':') {
                    return Err(Failure::Credentials);
                }
                post(Some(secret(&http_auth::basic::encode_credentials(username, password))?)).await?
            }
            Authentication::Bearer { token } => post(Some(secret(&format!("Bearer {token}"))?)).await?,
            Authentication::Digest(account) => {
                let answer = post(None).await?;
                if answer.status() == StatusCode::UNAUTHORIZED {
                    let response = digest(&answer, account, &url)?;
                    post(Some(secret(&response)?)).await?
                } else {
                    answer
                }
            }
        };
        judge(&answer)
    }

    /// One for each event, so that no connection outlives the check of its address.
    fn client(&self, guard: Guard) -> Result<Client, reqwest::Error> {
        Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Arc::new(guard))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .user_agent(concat!("pbx-server/", env!("CARGO_PKG_VERSION")))
            .build()
    }
}

fn judge(answer: &Response) -> Result<(), Failure> {
    let status = answer.status();
    if status.is_success() {
        Ok(())
    } else if status.is_redirection() {
        Err(Failure::Redirected(status.as_u16()))
    } else {
        Err(Failure::Refused(status.as_u16()))
    }
}

/// A header that no log shows.
fn secret(text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Failure::Credentials)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The answer to the strongest of the challenges.
fn digest(answer: &Response, account: &Account, url: &Url) -> Result<String, Failure> {
    use http_auth::digest::Algorithm;
    let strength = |client: &DigestClient| match client.algorithm() {
        Algorithm::Sha512Trunc256 => 2,
        Algorithm::Sha256 => 1,
        _ => 0,
    };
    let headers = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    let mut client = headers
        .filter_map(|header| parse_challenges(header.to_str().ok()?).ok())
        .flatten()
        .filter_map(|challenge| DigestClient::try_from(&challenge).ok())
        .max_by_key(strength)
        .ok_or(Failure::NoDigest)?;
    let uri = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let parameters = PasswordParams {
        username: &account.username,
        password: &account.password,
        uri: &uri,
        method: "POST",
        body: None,
    };
    client.respond(&parameters).map_err(|_| Failure::NoDigest)
}

/// What went wrong before there was an answer, without the URL.
fn unreachable(error: reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::TimedOut;
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<Forbidden>() {
            return Failure::Forbidden;
        }
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    Failure::Unreachable(text)
}

#[cfg(test)]
mod tests;
