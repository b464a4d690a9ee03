//! Posting events to webhooks.
//!
//! A tenant chooses the URL, and the server sends the request: see [`ssrf`] for the addresses that it does not connect to.
//! Redirects are not followed and proxies of the environment not used, as both would bypass that check. Only the status of a
//! response is read.

pub mod ssrf;

use std::error::Error as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_auth::{DigestClient, PasswordParams, parse_challenges};
use ipnet::IpNet;
use pbx_domain::setting::Owner;
use pbx_domain::webhook::{Account, Authentication, Webhook, parse_url};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use rustls::ClientConfig;
use serde_json::Value;

use self::ssrf::{AddressForbidden, GuardedResolver, SsrfGuard};
use crate::adapters::outgoing::{Full, OutgoingSlots};
use crate::adapters::resolver::{ResolveError, Resolver};
use crate::adapters::tls;

/// The timeout of a connection to a receiver, the look-up of its name and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The timeout of one request, its connection included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// The reason why an event did not arrive. Messages may be shown to the tenant who chose the URL: they contain no credentials, no
/// address of the host, and nothing of the response but its status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// See [`parse_url`].
    #[error("the URL {0}")]
    Url(&'static str),
    /// The SSRF guard does not permit the address.
    #[error(
        "the host of the URL is, or leads to, an address inside of this network, and nothing is sent there: the operator of the \
         server can allow it with --webhook-allow"
    )]
    Forbidden,
    /// No header can carry the username, password or token.
    #[error("the credentials hold characters that cannot be sent")]
    Credentials,
    /// The connection, TLS or the response failed.
    #[error("{0}")]
    Unreachable(String),
    /// Too many requests or look-ups are in progress.
    #[error(transparent)]
    Full(#[from] Full),
    /// The connection timed out.
    #[error("there was no connection to the receiver within {} seconds", CONNECT_TIMEOUT.as_secs())]
    NotConnected,
    /// The response timed out.
    #[error("the receiver did not respond within {} seconds", REQUEST_TIMEOUT.as_secs())]
    TimedOut,
    /// The receiver redirects.
    #[error("the receiver answered {0}, and redirects are not followed: set the URL that it leads to")]
    Redirected(u16),
    /// The receiver asks for no digest algorithm that is supported here.
    #[error(
        "the receiver answered 401 without asking for a digest that is known here (MD5, SHA-256, SHA-512-256 with qop auth)"
    )]
    NoDigest,
    /// Any other status than a success.
    #[error("the receiver answered {0}")]
    Refused(u16),
}

/// Posts events.
#[derive(Clone)]
pub struct Sender {
    tls: ClientConfig,
    allowed: Arc<[IpNet]>,
    resolver: Resolver,
    slots: OutgoingSlots,
}

impl Sender {
    /// Returns a sender that checks receivers' certificates against the roots that the machine trusts. It connects to addresses in
    /// the `allowed` ranges even if the SSRF guard would refuse them. An event takes one of the `slots` until it has arrived or
    /// failed.
    pub fn new(allowed: &[IpNet], resolver: Resolver, slots: OutgoingSlots) -> Result<Self, rustls::Error> {
        Ok(Self {
            tls: tls::client_config(tls::machine_roots())?,
            allowed: allowed.into(),
            resolver,
            slots,
        })
    }

    /// Posts an event of a tenant as JSON. It has arrived if the receiver responds with a 2xx status. `own` are addresses that lead
    /// back to this server, in addition to those of the machine's interfaces.
    pub async fn send(
        &self,
        owner: Owner,
        webhook: &Webhook,
        own: Vec<IpAddr>,
        event: &Value,
    ) -> Result<(), SendError> {
        let _slot = self.slots.take(owner)?;
        let url = parse_url(&webhook.url).map_err(SendError::Url)?;
        let guard = SsrfGuard::new(Arc::clone(&self.allowed), own);
        // An IP address in the URL is never resolved, so the resolver would not check it.
        if ssrf::ip_literal(&url).is_some_and(|address| !guard.permits(address)) {
            return Err(SendError::Forbidden);
        }
        let resolver = GuardedResolver {
            guard,
            resolver: self.resolver.clone(),
            owner,
        };
        let http = self.client(resolver).map_err(unreachable)?;
        let post = async |authorization: Option<HeaderValue>| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.extend(authorization.map(|value| (AUTHORIZATION, value)));
            let request = http.post(url.clone()).headers(headers).body(event.to_string());
            request.send().await.map_err(unreachable)
        };
        let response = match &webhook.authentication {
            Authentication::None => post(None).await?,
            Authentication::Basic(account) => {
                let Account { username, password } = account;
                // RFC 7617 cannot express such a username.
                if username.contains(':') {
                    return Err(SendError::Credentials);
                }
                post(Some(secret(&http_auth::basic::encode_credentials(username, password))?)).await?
            }
            Authentication::Bearer { token } => post(Some(secret(&format!("Bearer {token}"))?)).await?,
            Authentication::Digest(account) => {
                let response = post(None).await?;
                if response.status() == StatusCode::UNAUTHORIZED {
                    let authorization = digest(&response, account, &url)?;
                    post(Some(secret(&authorization)?)).await?
                } else {
                    response
                }
            }
        };
        check_status(&response)
    }

    /// Returns a new client. Each event has its own, so that no connection outlives the check of its address.
    fn client(&self, resolver: GuardedResolver) -> Result<Client, reqwest::Error> {
        Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Arc::new(resolver))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .user_agent(concat!("pbx-server/", env!("CARGO_PKG_VERSION")))
            .build()
    }
}

fn check_status(response: &Response) -> Result<(), SendError> {
    let status = response.status();
    if status.is_success() {
        Ok(())
    } else if status.is_redirection() {
        Err(SendError::Redirected(status.as_u16()))
    } else {
        Err(SendError::Refused(status.as_u16()))
    }
}

/// Returns a header value that is not logged.
fn secret(text: &str) -> Result<HeaderValue, SendError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| SendError::Credentials)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the `Authorization` for the strongest of the challenges.
fn digest(response: &Response, account: &Account, url: &Url) -> Result<String, SendError> {
    use http_auth::digest::Algorithm;
    let strength = |client: &DigestClient| match client.algorithm() {
        Algorithm::Sha512Trunc256 => 2,
        Algorithm::Sha256 => 1,
        _ => 0,
    };
    let headers = response.headers().get_all(WWW_AUTHENTICATE).iter();
    let mut client = headers
        .filter_map(|header| parse_challenges(header.to_str().ok()?).ok())
        .flatten()
        .filter_map(|challenge| DigestClient::try_from(&challenge).ok())
        .max_by_key(strength)
        .ok_or(SendError::NoDigest)?;
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
    client.respond(&parameters).map_err(|_| SendError::NoDigest)
}

/// Returns the reason why there was no response, without the URL.
fn unreachable(error: reqwest::Error) -> SendError {
    if error.is_timeout() {
        return if error.is_connect() {
            SendError::NotConnected
        } else {
            SendError::TimedOut
        };
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<AddressForbidden>() {
            return SendError::Forbidden;
        }
        if let Some(ResolveError::Full(full)) = error.downcast_ref() {
            return SendError::Full(*full);
        }
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    SendError::Unreachable(text)
}

#[cfg(test)]
mod tests;
