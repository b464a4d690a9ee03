//! What a program can do with the session of its client.

use std::sync::Arc;

use reqwest::header::HeaderValue;

use super::endpoints::{self, is_missing};
use super::{Manager, SecondFactor, Session, SignInMethod};
use crate::client::Access;
use crate::{Client, Error};

/// The session of a [`Client`] and of all its clones; from [`Client::session`].
#[derive(Debug, Clone, Copy)]
pub struct SessionHandle<'a> {
    client: &'a Client,
}

impl<'a> SessionHandle<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    fn manager(&self) -> Result<&'a Arc<Manager>, Error> {
        match self.client.access() {
            Access::Session(manager) => Ok(manager),
            Access::None | Access::Token(_) => Err(Error::InvalidRequest("this client has no session".to_owned())),
        }
    }

    /// The tokens as they are, to continue the session later with
    /// [`ClientBuilder::session`](crate::ClientBuilder::session). `None` before signing in and after signing out.
    pub fn current(&self) -> Option<Session> {
        self.manager().ok()?.session()
    }

    /// Makes sure that there is a session that works, if there is anything to get it with: signs in unless that has been done,
    /// renews the token if it is due.
    pub async fn ensure_signed_in(&self) -> Result<(), Error> {
        self.manager()?.ticket().await?;
        Ok(())
    }

    /// Signs in with the credentials of the client, whatever there was before: again after [`SessionHandle::sign_out`], say.
    pub async fn sign_in(&self) -> Result<(), Error> {
        self.manager()?.sign_in().await
    }

    /// Asks the server to send the user a verification code by email.
    pub async fn send_code(&self, factor: &SecondFactor) -> Result<(), Error> {
        endpoints::send_code(&self.without_token(), &factor.token).await
    }

    /// Completes the sign-in with the code that the user received. The client and all of its clones are signed in afterwards.
    pub async fn verify_code(&self, factor: &SecondFactor, code: &str) -> Result<(), Error> {
        let manager = self.manager()?;
        let tokens = endpoints::verify_code(&self.without_token(), &factor.token, code).await?;
        manager.adopt(manager.plan_to_adopt().switched(tokens).await?);
        Ok(())
    }

    fn without_token(&self) -> Client {
        Client::of(Arc::clone(self.client.connection()), Access::None)
    }

    /// Ends the session. From now on no token is sent, until [`SessionHandle::sign_in`].
    ///
    /// The tokens are forgotten even if the server cannot be told. An access token that is over is renewed for this, because the
    /// session behind it is not: whoever has its refresh token could go on with it.
    pub async fn sign_out(&self) -> Result<(), Error> {
        let manager = self.manager()?;
        manager.settle().await;
        let (Some(ticket), plan) = manager.end() else {
            return Ok(());
        };
        match self.revoke(ticket.header, plan.form).await {
            Err(Error::Authentication { .. }) => {}
            told => return told,
        }
        if plan.refresh_token.is_none() {
            // It was over already.
            return Ok(());
        }
        let renewed = match plan.carry_out().await {
            Ok(renewed) => renewed,
            Err(Error::Authentication { .. } | Error::SecondFactor(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        match self.revoke(renewed.active.header, renewed.form).await {
            Err(Error::Authentication { .. }) => Ok(()),
            told => told,
        }
    }

    async fn revoke(&self, token: HeaderValue, form: SignInMethod) -> Result<(), Error> {
        let client = Client::of(Arc::clone(self.client.connection()), Access::Token(token));
        match form {
            SignInMethod::OAuth => endpoints::oauth_revoke(&client).await,
            SignInMethod::Json => endpoints::sign_out(&client).await,
            SignInMethod::Automatic => match endpoints::sign_out(&client).await {
                Err(error) if is_missing(&error) => endpoints::oauth_revoke(&client).await,
                other => other,
            },
        }
    }

    /// Acts in a tenant as its administrator, until [`SessionHandle::leave_tenant`]. For system administrators and dealers.
    ///
    /// The token stays the same: what changes is the session behind it, for all clones of the client. When the client has to
    /// sign in again, it returns to the tenant by itself.
    pub async fn switch_tenant(&self, id: impl Into<String>) -> Result<(), Error> {
        let id = id.into();
        if id.is_empty() {
            return Err(Error::InvalidRequest(
                "`id` is empty; `leave_tenant` goes back".to_owned(),
            ));
        }
        self.switch(Some(id)).await
    }

    /// Returns from a tenant to the account that signed in.
    pub async fn leave_tenant(&self) -> Result<(), Error> {
        self.switch(None).await
    }

    async fn switch(&self, tenant: Option<String>) -> Result<(), Error> {
        let manager = self.manager()?;
        self.ensure_signed_in().await?;
        loop {
            let generation = manager.generation();
            endpoints::switch(self.client, tenant.as_deref()).await?;
            // Tokens that have come meanwhile may be of another session, which was switched to where this one had been.
            if manager.switched(generation, tenant.clone()) {
                return Ok(());
            }
        }
    }
}
