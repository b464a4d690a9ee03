//! The tokens of a session.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::error::configuration::ConfigurationError;
use crate::wire::secret::Secret;

/// The tokens of a session.
///
/// Serialization includes the tokens, so that a program can store the session and continue it after a restart. Store it where
/// nobody else can read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// The access token, which is sent with every request.
    pub access_token: Secret,
    /// The refresh token, which can be exchanged once for the next pair of tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// The expiry of the access token, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The ID of the tenant that the session was switched into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

impl Session {
    /// Creates a session with only an access token.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            refresh_token: None,
            expires_at: None,
            tenant: None,
        }
    }

    /// Sets the refresh token.
    #[must_use]
    pub fn with_refresh_token(mut self, token: impl Into<Secret>) -> Self {
        self.refresh_token = Some(token.into());
        self
    }

    /// Sets the expiry of the access token.
    #[must_use]
    pub fn with_expiry(mut self, time: Timestamp) -> Self {
        self.expires_at = Some(time);
        self
    }
}

/// The time before the expiry at which a token is renewed, so that it does not expire in transit.
const RENEWAL_MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// A session in use.
#[derive(Clone)]
pub(crate) struct ActiveSession {
    pub(crate) session: Session,
    /// The value of `Authorization`.
    pub(crate) header: HeaderValue,
    /// When it should be renewed.
    renew_at: Option<Timestamp>,
}

impl ActiveSession {
    /// Continues a session of any age.
    pub(crate) fn new(session: Session) -> Result<Self, ConfigurationError> {
        let renew_at = session.expires_at.and_then(|end| end.checked_sub(RENEWAL_MARGIN).ok());
        Self::with_renewal(session, renew_at)
    }

    /// Starts a session with tokens that were issued at `now`. A lifetime of unknown length leaves the expiry to the server.
    pub(crate) fn issued(
        access_token: Secret,
        refresh_token: Option<Secret>,
        lifetime: Option<SignedDuration>,
        tenant: Option<String>,
        now: Timestamp,
    ) -> Result<Self, ConfigurationError> {
        let expires_at = lifetime.and_then(|lifetime| now.checked_add(lifetime).ok());
        let renew_at = lifetime.zip(expires_at).and_then(|(lifetime, end)| {
            // A token with a lifetime of seconds is not renewed all the time.
            end.checked_sub(RENEWAL_MARGIN.min(lifetime / 4)).ok()
        });
        let session = Session {
            access_token,
            refresh_token,
            expires_at,
            tenant,
        };
        Self::with_renewal(session, renew_at)
    }

    fn with_renewal(session: Session, renew_at: Option<Timestamp>) -> Result<Self, ConfigurationError> {
        let token = session.access_token.expose();
        let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ConfigurationError::Token)?;
        header.set_sensitive(true);
        Ok(Self {
            session,
            header,
            renew_at,
        })
    }

    pub(crate) fn is_renewal_due(&self, now: Timestamp) -> bool {
        self.renew_at.is_some_and(|time| now >= time)
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.session.expires_at.is_some_and(|time| now >= time)
    }
}

type Listener = dyn Fn(Option<&Session>) + Send + Sync;

/// A callback for every change of the session.
#[derive(Clone)]
pub(crate) struct SessionListener(Arc<Listener>);

impl SessionListener {
    pub(crate) fn new(listener: impl Fn(Option<&Session>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    pub(crate) fn notify(&self, session: Option<&Session>) {
        (self.0)(session);
    }
}

impl fmt::Debug for SessionListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionListener")
    }
}
