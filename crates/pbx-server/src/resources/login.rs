//! `/login/oauth`: signing in and out with OAuth 2.0 grants.

use pbx_api::Call;
use pbx_api::login::{GrantType, IssueOauthToken, LoginApi, TokenSet};
use pbx_domain::Error;
use pbx_domain::password::Password;
use pbx_domain::session::{Caller, Credentials};
use pbx_types::Violation;

use crate::http::Pbx;
use crate::services::session;

impl LoginApi for Pbx {
    /// `scope` and `client_id` are documented as constants, and ignored.
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
                let client = self.client(&call)?;
                let credentials = Credentials {
                    name: username,
                    password: Password::new(password.into_inner()),
                    domain: body.domain,
                };
                let tokens = session::sign_in(&self.context(&call), client, credentials).await?;
                Ok(tokens.into())
            }
            GrantType::RefreshToken => {
                let Some(token) = body.refresh_token else {
                    return Err(missing(&[("refresh_token", true)]));
                };
                let tokens = session::refresh(&self.changes(&call), token.expose()).await?;
                Ok(tokens.into())
            }
        }
    }

    async fn revoke_oauth_token(&self, call: Call<Caller>) -> Result<(), Error> {
        session::sign_out(&self.changes(&call), &call.caller).await
    }
}

/// Returns the violations of the fields that the grant type requires and the form lacks.
fn missing(fields: &[(&str, bool)]) -> Error {
    let absent = fields.iter().filter(|(_, absent)| *absent);
    Error::Invalid(
        absent
            .map(|(name, _)| Violation::field(name, "required", "is needed for this grant_type"))
            .collect(),
    )
}
