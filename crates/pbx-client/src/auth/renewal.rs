//! Renews the tokens: by refreshing, or by signing in again.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::auth::endpoints::{self, Tokens, is_missing};
use crate::client::{Authorization, Client, Connection};
use crate::error::response::ErrorResponse;
use crate::error::second_factor::SecondFactor;
use crate::error::{Attempt, Error};
use crate::session::credentials::{Credentials, SignInMethod};
use crate::session::manager::{RenewalRequest, Renewed};
use crate::session::tokens::ActiveSession;
use crate::wire::secret::Secret;

/// Time within which a refresh is sent again if its response was lost: well within the 10 seconds that `pbx-server` gives.
const REPEAT_WITHIN: SignedDuration = SignedDuration::from_secs(5);

/// Refreshes the tokens. Signs in if there is no refresh token or the server rejects it.
pub(crate) async fn renew(connection: Arc<Connection>, request: RenewalRequest) -> Result<Renewed, Error> {
    let client = Client::from_parts(connection, Authorization::None);
    if let Some(token) = &request.refresh_token {
        match refresh(&client, &request, token).await {
            Ok(renewed) => return Ok(renewed),
            Err(error) if is_rejection(&error) => {
                if request.credentials.is_none() {
                    return Err(rejected(error, Attempt::RefreshToken));
                }
            }
            Err(error) => return Err(error),
        }
    }
    let Some(credentials) = &request.credentials else {
        return Err(Error::InvalidRequest(
            "the client has no credentials to sign in with".to_owned(),
        ));
    };
    let (tokens, method) = sign_in(&client, request.method, credentials).await?;
    let active = start_session(&client, tokens, request.tenant).await?;
    Ok(Renewed { active, method })
}

/// Refreshes the tokens. If the response was lost, sends the same token once more: a server with a grace period gives the same tokens
/// again for some seconds. Afterwards the token would be one that is used twice, which ends the session; a later renewal has no other.
async fn refresh(client: &Client, request: &RenewalRequest, token: &Secret) -> Result<Renewed, Error> {
    let clock = &client.connection().clock;
    let sent_at = clock.now();
    match refresh_once(client, request, token).await {
        // What was not sent has been retried already.
        Err(Error::Transport(failure))
            if !failure.is_unsent() && clock.now().duration_since(sent_at) < REPEAT_WITHIN =>
        {
            refresh_once(client, request, token).await
        }
        other => other,
    }
}

async fn refresh_once(client: &Client, request: &RenewalRequest, token: &Secret) -> Result<Renewed, Error> {
    let (tokens, method) = match request.method {
        SignInMethod::Json => (endpoints::refresh(client, token).await?, SignInMethod::Json),
        SignInMethod::OAuth => (endpoints::oauth_refresh(client, token).await?, SignInMethod::OAuth),
        SignInMethod::Automatic => match endpoints::refresh(client, token).await {
            Err(error) if is_missing(&error) => (endpoints::oauth_refresh(client, token).await?, SignInMethod::OAuth),
            other => (other?, SignInMethod::Json),
        },
    };
    // A refreshed session stays in the tenant that it was switched into.
    let active = activate(client, tokens, request.tenant.clone())?;
    Ok(Renewed { active, method })
}

async fn sign_in(
    client: &Client,
    method: SignInMethod,
    credentials: &Credentials,
) -> Result<(Tokens, SignInMethod), Error> {
    let (result, method) = match method {
        SignInMethod::Json => (endpoints::sign_in(client, credentials).await, SignInMethod::Json),
        SignInMethod::OAuth => (endpoints::oauth_sign_in(client, credentials).await, SignInMethod::OAuth),
        SignInMethod::Automatic => match endpoints::sign_in(client, credentials).await {
            Err(missing) if is_missing(&missing) => match endpoints::oauth_sign_in(client, credentials).await {
                // The server lacks both operations, or does not know the domain: the first error says which.
                Err(error) if is_missing(&error) => (Err(missing), SignInMethod::Json),
                other => (other, SignInMethod::OAuth),
            },
            other => (other, SignInMethod::Json),
        },
    };
    match result {
        Ok(tokens) => Ok((tokens, method)),
        // The server responds with 404 if it does not know the SIP domain.
        Err(Error::NotFound(response)) if credentials.domain.is_some() => {
            Err(authentication(*response, Attempt::Credentials))
        }
        Err(error) => Err(error.with_attempt(Attempt::Credentials)),
    }
}

/// Starts a session with new tokens, in the given tenant.
pub(super) async fn start_session(
    client: &Client,
    tokens: Tokens,
    tenant: Option<String>,
) -> Result<ActiveSession, Error> {
    let active = activate(client, tokens, tenant.clone())?;
    if let Some(tenant) = &tenant {
        let authorization = Authorization::Token(active.header.clone());
        let client = Client::from_parts(Arc::clone(client.connection()), authorization);
        if let Err(error) = endpoints::switch(&client, Some(tenant)).await {
            // Outside of the tenant, the same calls would act on something else: better no session than that one.
            let _ = endpoints::sign_out(&client).await;
            return Err(error);
        }
    }
    Ok(active)
}

fn activate(client: &Client, tokens: Tokens, tenant: Option<String>) -> Result<ActiveSession, Error> {
    let is_set = |token: &Secret| !token.expose().is_empty();
    if let Some(access_token) = tokens.access_token.filter(is_set) {
        // The server decides when a token expires whose lifetime makes no sense.
        let lifetime = tokens.expires_in.filter(|seconds| *seconds > 0);
        return Ok(ActiveSession::issued(
            access_token,
            tokens.refresh_token.filter(is_set),
            lifetime.map(SignedDuration::from_secs),
            tenant,
            client.connection().clock.now(),
        )?);
    }
    match tokens.token {
        Some(token) if tokens.two_factor_enabled == Some(true) => Err(Error::SecondFactor(SecondFactor { token })),
        _ => {
            let empty = ErrorResponse::new(reqwest::StatusCode::OK, Default::default(), Default::default());
            Err(Error::unexpected(
                "it contains neither tokens nor a request for a second factor",
                empty,
            ))
        }
    }
}

/// Returns `true` if the server checked a refresh token and rejected it.
fn is_rejection(error: &Error) -> bool {
    matches!(
        error,
        Error::Authentication { .. }
            | Error::Refused(_)
            | Error::Validation(_)
            | Error::NotFound(_)
            | Error::Forbidden(_)
            | Error::Conflict(_)
            | Error::PreconditionFailed(_)
    )
}

fn rejected(error: Error, attempted: Attempt) -> Error {
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
