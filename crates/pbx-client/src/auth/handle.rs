//! The public interface to the session of a client.

use std::sync::Arc;

use reqwest::header::HeaderValue;

use crate::auth::endpoints::{self, is_missing};
use crate::auth::renewal::{renew, start_session};
use crate::client::{Authorization, Client};
use crate::error::Error;
use crate::error::second_factor::SecondFactor;
use crate::session::credentials::SignInMethod;
use crate::session::manager::SessionManager;
use crate::session::tokens::Session;

impl Client {
    /// Returns the session: to sign in or out, to switch into a tenant, or to store the tokens.
    pub fn session(&self) -> SessionHandle<'_> {
        SessionHandle { client: self }
    }
}

/// The session of a [`Client`] and all its clones. Returned by [`Client::session`].
#[derive(Debug, Clone, Copy)]
pub struct SessionHandle<'a> {
    client: &'a Client,
}

impl<'a> SessionHandle<'a> {
    fn manager(&self) -> Result<&'a Arc<SessionManager>, Error> {
        match self.client.authorization() {
            Authorization::Session(manager) => Ok(manager),
            Authorization::None | Authorization::Token(_) => {
                Err(Error::InvalidRequest("this client has no session".to_owned()))
            }
        }
    }

    /// Returns the present tokens, to continue the session later with
    /// [`ClientBuilder::session`](crate::ClientBuilder::session). `None` before signing in and after signing out.
    pub fn current(&self) -> Option<Session> {
        self.manager().ok()?.session()
    }

    /// Signs in if there is no session yet, and renews the access token if that is due. Does nothing without credentials and tokens.
    pub async fn ensure_signed_in(&self) -> Result<(), Error> {
        self.manager()?.ticket().await?;
        Ok(())
    }

    /// Signs in with the credentials of the client and replaces the present session. Needed after [`SessionHandle::sign_out`].
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
        let client = self.without_token();
        let tokens = endpoints::verify_code(&client, &factor.token, code).await?;
        manager.replace(start_session(&client, tokens, manager.tenant()).await?);
        Ok(())
    }

    fn without_token(&self) -> Client {
        Client::from_parts(Arc::clone(self.client.connection()), Authorization::None)
    }

    /// Ends the session. No token is sent until [`SessionHandle::sign_in`].
    ///
    /// The tokens are discarded even if the server cannot be reached. An expired access token is renewed in order to sign out:
    /// without that, the refresh token would stay valid on the server.
    pub async fn sign_out(&self) -> Result<(), Error> {
        let manager = self.manager()?;
        manager.wait_for_renewal().await;
        let (Some(ticket), renewal) = manager.end() else {
            return Ok(());
        };
        match self.revoke(ticket.header, renewal.method).await {
            Err(Error::Authentication { .. }) => {}
            result => return result,
        }
        if renewal.refresh_token.is_none() {
            // It had expired already.
            return Ok(());
        }
        let renewed = match renew(Arc::clone(self.client.connection()), renewal).await {
            Ok(renewed) => renewed,
            Err(Error::Authentication { .. } | Error::SecondFactor(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        match self.revoke(renewed.active.header, renewed.method).await {
            Err(Error::Authentication { .. }) => Ok(()),
            result => result,
        }
    }

    async fn revoke(&self, token: HeaderValue, method: SignInMethod) -> Result<(), Error> {
        let client = Client::from_parts(Arc::clone(self.client.connection()), Authorization::Token(token));
        match method {
            SignInMethod::OAuth => endpoints::oauth_revoke(&client).await,
            SignInMethod::Json => endpoints::sign_out(&client).await,
            SignInMethod::Automatic => match endpoints::sign_out(&client).await {
                Err(error) if is_missing(&error) => endpoints::oauth_revoke(&client).await,
                other => other,
            },
        }
    }

    /// Switches into a tenant, to act as its administrator until [`SessionHandle::leave_tenant`]. For system administrators and
    /// dealers.
    ///
    /// The access token stays the same; the server switches the session behind it, for all clones of the client. When the client
    /// signs in again, it switches into the tenant again.
    pub async fn switch_tenant(&self, id: impl Into<String>) -> Result<(), Error> {
        let id = id.into();
        if id.is_empty() {
            return Err(Error::InvalidRequest(
                "`id` is empty; `leave_tenant` returns to the account".to_owned(),
            ));
        }
        self.switch(Some(id)).await
    }

    /// Switches back from the tenant to the account that signed in.
    pub async fn leave_tenant(&self) -> Result<(), Error> {
        self.switch(None).await
    }

    async fn switch(&self, tenant: Option<String>) -> Result<(), Error> {
        let manager = self.manager()?;
        self.ensure_signed_in().await?;
        loop {
            let generation = manager.generation();
            endpoints::switch(self.client, tenant.as_deref()).await?;
            // Tokens that were renewed meanwhile may belong to a new session, which was switched into the previous tenant.
            if manager.switched(generation, tenant.clone()) {
                return Ok(());
            }
        }
    }
}
