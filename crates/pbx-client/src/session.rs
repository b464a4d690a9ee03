//! Who is calling: credentials, tokens and what becomes of them.

mod clock;
mod endpoints;
mod handle;
mod manager;
mod renewal;
mod second_factor;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Secret;

pub(crate) use self::clock::Clock;
pub use self::handle::SessionHandle;
pub(crate) use self::manager::{Manager, Next};
pub use self::second_factor::SecondFactor;

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    username: String,
    password: Secret,
    domain: Option<String>,
}

impl Credentials {
    /// Of a system account: an administrator or a dealer.
    pub fn system(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
            domain: None,
        }
    }

    /// Of a tenant's user; `domain` is the SIP domain of the tenant.
    pub fn tenant_user(username: impl Into<String>, password: impl Into<Secret>, domain: impl Into<String>) -> Self {
        Self {
            domain: Some(domain.into()),
            ..Self::system(username, password)
        }
    }
}

/// The ways to sign in that the vendor documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInMethod {
    /// [`SignInMethod::Json`], or [`SignInMethod::OAuth`] where that is not there.
    #[default]
    Automatic,
    /// `POST /auth/sign_in`, since v22.2.
    Json,
    /// `POST /login/oauth/token`, which older servers have. It knows no second factor.
    OAuth,
}

/// The tokens of a session.
///
/// It can be serialised, tokens included, so that a program can keep it from one start to the next: where nobody else can read
/// it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// Sent with every request.
    pub access_token: Secret,
    /// Gets the next pair of tokens, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// When the access token stops working, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The id of the tenant that the session was switched into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

impl Session {
    /// With an access token alone.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            refresh_token: None,
            expires_at: None,
            tenant: None,
        }
    }

    /// With the token that gets the next pair.
    #[must_use]
    pub fn with_refresh_token(mut self, token: impl Into<Secret>) -> Self {
        self.refresh_token = Some(token.into());
        self
    }

    /// With the time at which the access token stops working.
    #[must_use]
    pub fn with_expiry(mut self, time: Timestamp) -> Self {
        self.expires_at = Some(time);
        self
    }
}

type Listener = dyn Fn(Option<&Session>) + Send + Sync;

/// Hears of every new state of the session.
#[derive(Clone)]
pub(crate) struct SessionListener(Arc<Listener>);

impl SessionListener {
    pub(crate) fn new(listener: impl Fn(Option<&Session>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    fn hear(&self, session: Option<&Session>) {
        (self.0)(session);
    }
}

impl fmt::Debug for SessionListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionListener")
    }
}
