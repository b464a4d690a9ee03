//! The requests for signing in and out.
//!
//! Written by hand: older servers lack operations that the contract has, and a session needs one form of every response. A test compares
//! them with the contract.

use serde::Serialize;
use serde_json::json;

use crate::call::execute;
use crate::call::operation::Operation;
use crate::client::Client;
use crate::error::Error;
use crate::macros::read_object;
use crate::session::credentials::Credentials;
use crate::wire::secret::Secret;

/// The OAuth client ID from the vendor's guide.
const CLIENT_ID: &str = "9d806019-75b2-4b3d-bb8b-f5a3a412cc0a";

const SIGN_IN: Operation = anonymous("signIn", "/auth/sign_in");
const REFRESH: Operation = anonymous("refreshTokens", "/auth/refresh_token");
const SEND_CODE: Operation = anonymous("sendOTP", "/auth/send_otp");
const VERIFY_CODE: Operation = anonymous("verifyOTP", "/auth/verify_otp");
const SIGN_OUT: Operation = signed_in("signOut", "/auth/sign_out", &[200, 204]);
const OAUTH_TOKEN: Operation = anonymous("issueOauthToken", "/login/oauth/token");
const OAUTH_REVOKE: Operation = signed_in("revokeOauthToken", "/login/oauth/revoke", &[200, 204]);
const SWITCH: Operation = signed_in("switchTenants", "/tenants/switch", &[200, 204]);

#[cfg(test)]
pub(super) const OPERATIONS: [&Operation; 8] = [
    &SIGN_IN,
    &REFRESH,
    &SEND_CODE,
    &VERIFY_CODE,
    &SIGN_OUT,
    &OAUTH_TOKEN,
    &OAUTH_REVOKE,
    &SWITCH,
];

const fn anonymous(id: &'static str, path: &'static str) -> Operation {
    Operation {
        id,
        path,
        signed_in: false,
        successes: &[200, 201],
    }
}

const fn signed_in(id: &'static str, path: &'static str, successes: &'static [u16]) -> Operation {
    Operation {
        id,
        path,
        signed_in: true,
        successes,
    }
}

/// The response to a sign-in: tokens, or a request for a second factor.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    pub(super) access_token: Option<Secret>,
    pub(super) refresh_token: Option<Secret>,
    /// In seconds.
    pub(super) expires_in: Option<i64>,
    pub(super) two_factor_enabled: Option<bool>,
    /// Identifies the sign-in when the code is verified.
    pub(super) token: Option<Secret>,
}

read_object! {
    Tokens { access_token, refresh_token, expires_in, two_factor_enabled, token }
}

async fn tokens(client: &Client, operation: &Operation, body: &impl Serialize) -> Result<Tokens, Error> {
    let request = client.http().post(url(client, operation)).json(body);
    let response = execute::json::<Tokens>(client, operation, request).await?;
    Ok(response.into_inner())
}

fn url(client: &Client, operation: &Operation) -> String {
    format!("{}{}", client.base_url(), operation.path)
}

pub(super) async fn sign_in(client: &Client, credentials: &Credentials) -> Result<Tokens, Error> {
    let mut body = json!({"username": credentials.username, "password": credentials.password});
    if let Some(domain) = &credentials.domain {
        body["domain"] = domain.as_str().into();
    }
    tokens(client, &SIGN_IN, &body).await
}

pub(super) async fn refresh(client: &Client, token: &Secret) -> Result<Tokens, Error> {
    tokens(client, &REFRESH, &json!({"refresh_token": token})).await
}

pub(super) async fn verify_code(client: &Client, token: &Secret, code: &str) -> Result<Tokens, Error> {
    tokens(client, &VERIFY_CODE, &json!({"token": token, "code": code})).await
}

pub(super) async fn send_code(client: &Client, token: &Secret) -> Result<(), Error> {
    let request = client
        .http()
        .post(url(client, &SEND_CODE))
        .json(&json!({"token": token}));
    execute::empty(client, &SEND_CODE, request).await?;
    Ok(())
}

async fn form(client: &Client, fields: &[(&str, &str)]) -> Result<Tokens, Error> {
    let request = client.http().post(url(client, &OAUTH_TOKEN)).form(fields);
    let response = execute::json::<Tokens>(client, &OAUTH_TOKEN, request).await?;
    Ok(response.into_inner())
}

pub(super) async fn oauth_sign_in(client: &Client, credentials: &Credentials) -> Result<Tokens, Error> {
    let mut fields = vec![
        ("grant_type", "password"),
        ("username", &credentials.username),
        ("password", credentials.password.expose()),
        ("scope", "all"),
        ("client_id", CLIENT_ID),
    ];
    if let Some(domain) = &credentials.domain {
        fields.push(("domain", domain));
    }
    form(client, &fields).await
}

pub(super) async fn oauth_refresh(client: &Client, token: &Secret) -> Result<Tokens, Error> {
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.expose()),
        ("client_id", CLIENT_ID),
    ];
    form(client, &fields).await
}

async fn empty(client: &Client, operation: &Operation) -> Result<(), Error> {
    let request = client.http().post(url(client, operation));
    execute::empty(client, operation, request).await?;
    Ok(())
}

pub(super) async fn sign_out(client: &Client) -> Result<(), Error> {
    empty(client, &SIGN_OUT).await
}

pub(super) async fn oauth_revoke(client: &Client) -> Result<(), Error> {
    empty(client, &OAUTH_REVOKE).await
}

/// Switches the session into a tenant, or with `None` back to the account.
pub(super) async fn switch(client: &Client, tenant: Option<&str>) -> Result<(), Error> {
    let mut request = client.http().post(url(client, &SWITCH));
    if let Some(id) = tenant {
        request = request.query(&[("id", id)]);
    }
    execute::empty(client, &SWITCH, request).await?;
    Ok(())
}

/// Returns `true` if the server lacks the operation, so that the other sign-in method may work.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error.status().map(|status| status.as_u16()), Some(404 | 405 | 501))
}
