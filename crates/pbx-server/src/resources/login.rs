//! `/login` and `/login/oauth`: the earlier forms of signing in and out.

use pbx_api::Call;
use pbx_api::login::{GrantType, IssueOauthToken, LoginApi, LoginStatus, SignIn, TokenSet};
use pbx_domain::password::Password;
use pbx_domain::session::{Caller, Credentials};
use pbx_domain::{Error, clock};
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
                let tokens = session::sign_in_without_second_factor(&self.context(&call), client, credentials).await?;
                Ok(tokens.into())
            }
            GrantType::RefreshToken => {
                let Some(token) = body.refresh_token else {
                    return Err(missing(&[("refresh_token", true)]));
                };
                let tokens = session::refresh(&self.context(&call), self.client(&call)?, token.expose()).await?;
                Ok(tokens.into())
            }
        }
    }

    async fn revoke_oauth_token(&self, call: Call<Caller>) -> Result<(), Error> {
        session::sign_out(&self.changes(&call), &call.caller).await
    }

    async fn get_login_status(&self, call: Call<Caller>) -> Result<LoginStatus, Error> {
        let token = call.bearer_token().ok_or(Error::Unauthorized)?;
        let expires_at = session::active(&self.store, token).await?.expires_at;
        let seconds = expires_at.duration_since(clock::now()).as_secs().max(0);
        Ok(LoginStatus {
            access_token: token.to_owned().into(),
            expires_at: expires_at.into(),
            expires_in: i32::try_from(seconds).unwrap_or(i32::MAX),
            role: call.caller.acting_role().as_str().to_owned(),
        })
    }

    async fn login(&self, call: Call<()>, body: SignIn) -> Result<TokenSet, Error> {
        let client = self.client(&call)?;
        let tokens = session::sign_in_without_second_factor(&self.context(&call), client, body.into()).await?;
        Ok(tokens.into())
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
