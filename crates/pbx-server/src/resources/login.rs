//! `/login/oauth`: signing in and out the OAuth way.

use pbx_api::Call;
use pbx_api::login::{GrantType, IssueOauthToken, LoginApi, TokenSet};
use pbx_types::Violation;

use super::token_set;
use crate::domain::Error;
use crate::domain::password::Password;
use crate::domain::session::{self, Caller, Credentials};
use crate::http::Pbx;

impl LoginApi for Pbx {
    /// `scope` and `client_id` are documented as constants; whatever a client sends there changes nothing.
    async fn issue_oauth_token(&self, call: Call<()>, body: IssueOauthToken) -> Result<TokenSet, Error> {
        match body.grant_type {
            GrantType::Password => {
                let absent = [
                    ("username", body.username.is_none()),
                    ("password", body.password.is_none()),
                ];
                let (Some(username), Some(password)) = (body.username, body.password) else {
                    return Err(missing(&absent));
                };
                let client = self.client(&call).await?;
                let credentials = Credentials {
                    name: username,
                    password: Password::new(password.into_inner()),
                    domain: body.domain,
                };
                session::sign_in(&self.changes(&call), &self.ids, &self.passwords, client, credentials)
                    .await
                    .map(token_set)
            }
            GrantType::RefreshToken => {
                let Some(token) = body.refresh_token else {
                    return Err(missing(&[("refresh_token", true)]));
                };
                session::refresh(&self.changes(&call), token.expose())
                    .await
                    .map(token_set)
            }
        }
    }

    async fn revoke_oauth_token(&self, call: Call<Caller>) -> Result<(), Error> {
        session::sign_out(&self.changes(&call), &call.caller).await
    }
}

/// The fields that this kind of grant needs and the form does not have.
fn missing(fields: &[(&str, bool)]) -> Error {
    let absent = fields.iter().filter(|(_, absent)| *absent);
    Error::Invalid(
        absent
            .map(|(name, _)| Violation::field(name, "required", "is needed for this grant_type"))
            .collect(),
    )
}
