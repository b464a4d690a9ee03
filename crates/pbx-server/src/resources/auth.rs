//! `/auth`: signing in and out with JSON.

use pbx_api::Call;
use pbx_api::auth::{
    AuthApi, ForgetPassword, RefreshTokens, ResetForgottenPassword, SendOtp, SignIn, SignInQuery, SignInResult,
    SignedInUser, TokenSet, VerifyOtp,
};
use pbx_domain::Error;
use pbx_domain::password::Password;
use pbx_domain::session::Caller;
use pbx_types::Violation;

use crate::http::Pbx;
use crate::services::{second_factor, session};

impl AuthApi for Pbx {
    async fn sign_in(&self, call: Call<()>, query: SignInQuery, body: SignIn) -> Result<SignInResult, Error> {
        if query.qr {
            let text = "signing in with a QR code is not offered, send `false` or nothing";
            return Err(Error::invalid(Violation::query("qr", "const", text)));
        }
        let client = self.client(&call)?;
        let signed_in = session::sign_in(&self.context(&call), client, body.into()).await?;
        Ok(signed_in.into())
    }

    async fn send_otp(&self, call: Call<()>, body: SendOtp) -> Result<(), Error> {
        let context = self.context(&call);
        second_factor::send_code(&context, &self.mailer, &self.outgoing, body.token.expose()).await
    }

    async fn verify_otp(&self, call: Call<()>, body: VerifyOtp) -> Result<TokenSet, Error> {
        let client = self.client(&call)?;
        let (token, code) = (body.token.expose(), body.code.expose());
        let tokens = session::verify_code(&self.context(&call), client, token, code).await?;
        Ok(tokens.into())
    }

    async fn forget_password(&self, call: Call<()>, body: ForgetPassword) -> Result<(), Error> {
        let client = self.client(&call)?;
        let context = self.context(&call);
        self.password_resets
            .request(&context, client, body.domain, body.username, &body.callback_url)
            .await
    }

    async fn reset_password(&self, call: Call<()>, body: ResetForgottenPassword) -> Result<(), Error> {
        let client = self.client(&call)?;
        let new = Password::new(body.new_password.into_inner());
        let context = self.context(&call);
        self.password_resets
            .reset(&context, client, body.token.expose(), new)
            .await
    }

    async fn refresh_tokens(&self, call: Call<()>, body: RefreshTokens) -> Result<TokenSet, Error> {
        let tokens = session::refresh(&self.context(&call), self.client(&call)?, body.refresh_token.expose()).await?;
        Ok(tokens.into())
    }

    async fn sign_out(&self, call: Call<Caller>) -> Result<(), Error> {
        session::sign_out(&self.changes(&call), &call.caller).await
    }

    async fn retrieve_signed_in_user(&self, call: Call<Caller>) -> Result<SignedInUser, Error> {
        let caller = call.caller;
        Ok(SignedInUser {
            role: caller.acting_role().as_str().to_owned(),
            // There is no session without a password.
            password_verified: true,
            password_force_reset: caller.must_change_password,
        })
    }
}
