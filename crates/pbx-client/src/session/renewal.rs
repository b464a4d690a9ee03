//! Getting the next tokens: by refreshing, or by signing in again.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderValue;

use super::endpoints::{self, Tokens, is_missing};
use super::{Credentials, SecondFactor, Session, SignInMethod};
use crate::client::{Access, Connection};
use crate::error::{Attempt, ErrorResponse};
use crate::{Client, ConfigurationError, Error, Secret};

/// How long before its end a token is renewed, so that it does not end on the way.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// What a renewal has to go by.
pub(super) struct Plan {
    pub(super) connection: Arc<Connection>,
    pub(super) form: SignInMethod,
    pub(super) refresh_token: Option<Secret>,
    pub(super) credentials: Option<Credentials>,
    /// Which tenant a new session is switched into.
    pub(super) tenant: Option<String>,
}

/// A session that can be used.
#[derive(Clone)]
pub(super) struct Active {
    pub(super) session: Session,
    pub(super) header: HeaderValue,
    /// When it should be renewed.
    pub(super) renew_at: Option<Timestamp>,
}

/// What came of a renewal.
#[derive(Clone)]
pub(super) struct Renewed {
    pub(super) active: Active,
    /// The form that the server knows.
    pub(super) form: SignInMethod,
}

impl Active {
    /// A session from before.
    pub(super) fn of(session: Session) -> Result<Self, ConfigurationError> {
        let token = session.access_token.expose();
        let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ConfigurationError::Token)?;
        header.set_sensitive(true);
        let renew_at = session.expires_at.and_then(|end| end.checked_sub(MARGIN).ok());
        Ok(Self {
            session,
            header,
            renew_at,
        })
    }

    /// A session of tokens that have come just now.
    fn of_tokens(
        access: Secret,
        tokens: Tokens,
        now: Timestamp,
        tenant: Option<String>,
    ) -> Result<Self, ConfigurationError> {
        // What is no lifetime says nothing: the server will tell.
        let lifetime = tokens
            .expires_in
            .filter(|seconds| *seconds > 0)
            .map(SignedDuration::from_secs);
        let expires_at = lifetime.and_then(|lifetime| now.checked_add(lifetime).ok());
        let mut active = Self::of(Session {
            access_token: access,
            refresh_token: tokens.refresh_token.filter(|token| !token.expose().is_empty()),
            expires_at,
            tenant,
        })?;
        if let (Some(lifetime), Some(end)) = (lifetime, expires_at) {
            // A token of a few seconds is not renewed all the time.
            active.renew_at = end.checked_sub(MARGIN.min(lifetime / 4)).ok();
        }
        Ok(active)
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.renew_at.is_some_and(|time| now >= time)
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.session.expires_at.is_some_and(|time| now >= time)
    }
}

impl Plan {
    /// Refreshes; signs in where there is nothing to refresh with, or the server refuses to.
    pub(super) async fn carry_out(self) -> Result<Renewed, Error> {
        let client = Client::of(Arc::clone(&self.connection), Access::None);
        if let Some(token) = &self.refresh_token {
            match self.refresh(&client, token).await {
                Ok(renewed) => return Ok(renewed),
                Err(error) if is_refusal(&error) => {
                    if self.credentials.is_none() {
                        return Err(refused(error, Attempt::RefreshToken));
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        let Some(credentials) = &self.credentials else {
            return Err(Error::InvalidRequest(
                "the client has no credentials to sign in with".to_owned(),
            ));
        };
        let (tokens, form) = self.sign_in(&client, credentials).await?;
        let active = self.switched(tokens).await?;
        Ok(Renewed { active, form })
    }

    async fn refresh(&self, client: &Client, token: &Secret) -> Result<Renewed, Error> {
        let (tokens, form) = match self.form {
            SignInMethod::Json => (endpoints::refresh(client, token).await?, SignInMethod::Json),
            SignInMethod::OAuth => (endpoints::oauth_refresh(client, token).await?, SignInMethod::OAuth),
            SignInMethod::Automatic => match endpoints::refresh(client, token).await {
                Err(error) if is_missing(&error) => {
                    (endpoints::oauth_refresh(client, token).await?, SignInMethod::OAuth)
                }
                other => (other?, SignInMethod::Json),
            },
        };
        // Refreshing keeps the tenant that the session was switched into.
        let active = self.active(tokens, self.tenant.clone())?;
        Ok(Renewed { active, form })
    }

    async fn sign_in(&self, client: &Client, credentials: &Credentials) -> Result<(Tokens, SignInMethod), Error> {
        let result = match self.form {
            SignInMethod::Json => (endpoints::sign_in(client, credentials).await, SignInMethod::Json),
            SignInMethod::OAuth => (endpoints::oauth_sign_in(client, credentials).await, SignInMethod::OAuth),
            SignInMethod::Automatic => match endpoints::sign_in(client, credentials).await {
                Err(missing) if is_missing(&missing) => match endpoints::oauth_sign_in(client, credentials).await {
                    // Neither is there, or the domain is not: the first answer says so.
                    Err(error) if is_missing(&error) => (Err(missing), SignInMethod::Json),
                    other => (other, SignInMethod::OAuth),
                },
                other => (other, SignInMethod::Json),
            },
        };
        match result {
            (Ok(tokens), form) => Ok((tokens, form)),
            // A SIP domain that the server does not know is a 404.
            (Err(Error::NotFound(response)), _) if credentials.domain.is_some() => {
                Err(authentication(*response, Attempt::Credentials))
            }
            (Err(error), _) => Err(error.after(Attempt::Credentials)),
        }
    }

    /// A session of new tokens, in the tenant where the last one was.
    pub(super) async fn switched(&self, tokens: Tokens) -> Result<Active, Error> {
        let active = self.active(tokens, self.tenant.clone())?;
        if let Some(tenant) = &self.tenant {
            let client = Client::of(Arc::clone(&self.connection), Access::Token(active.header.clone()));
            if let Err(error) = endpoints::switch(&client, Some(tenant)).await {
                // Outside of the tenant the same calls would mean something else: no session is better than that one.
                let _ = endpoints::sign_out(&client).await;
                return Err(error);
            }
        }
        Ok(active)
    }

    fn active(&self, mut tokens: Tokens, tenant: Option<String>) -> Result<Active, Error> {
        if let Some(access) = tokens.access_token.take().filter(|token| !token.expose().is_empty()) {
            return Ok(Active::of_tokens(
                access,
                tokens,
                self.connection.clock().now(),
                tenant,
            )?);
        }
        match tokens.token {
            Some(token) if tokens.two_factor_enabled == Some(true) => Err(Error::SecondFactor(SecondFactor { token })),
            _ => {
                let empty = ErrorResponse::new(reqwest::StatusCode::OK, Default::default(), Default::default());
                Err(Error::unexpected(
                    "it holds neither tokens nor the need of a second factor",
                    empty,
                ))
            }
        }
    }
}

/// Whether the server has looked at a refresh token and does not take it.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error,
        Error::Authentication { .. }
            | Error::Refused(_)
            | Error::Validation(_)
            | Error::NotFound(_)
            | Error::Forbidden(_)
            | Error::Conflict(_)
    )
}

fn refused(error: Error, attempted: Attempt) -> Error {
    match error.response() {
        Some(response) => authentication(response.clone(), attempted),
        None => error,
    }
}

fn authentication(response: ErrorResponse, attempted: Attempt) -> Error {
    Error::Authentication {
        attempted,
        response: Box::new(response),
    }
}
