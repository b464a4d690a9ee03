//! Signing in with a code on top of the password.

use super::endpoints;
use crate::client::Access;
use crate::{Client, Error, Secret};

/// A sign-in that waits for its second factor; from [`Error::SecondFactor`].
///
/// ```no_run
/// # fn ask() -> String { String::new() }
/// # async fn example(builder: pbx_client::ClientBuilder) -> Result<(), pbx_client::Error> {
/// use pbx_client::Error;
///
/// let client = match builder.connect().await {
///     Err(Error::SecondFactor(factor)) => {
///         factor.send_code().await?;
///         factor.verify(&ask()).await?
///     }
///     other => other?,
/// };
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SecondFactor {
    client: Client,
    token: Secret,
}

impl SecondFactor {
    pub(crate) fn new(client: Client, token: Secret) -> Self {
        Self { client, token }
    }

    fn anonymous(&self) -> Client {
        Client::of(self.client.connection().clone(), Access::None)
    }

    /// Has the server send the user a code, by mail.
    pub async fn send_code(&self) -> Result<(), Error> {
        endpoints::send_code(&self.anonymous(), &self.token).await
    }

    /// Ends the sign-in with the code that the user got. The client that needed it, and all of its clones, are signed in then.
    pub async fn verify(&self, code: &str) -> Result<Client, Error> {
        let tokens = endpoints::verify_code(&self.anonymous(), &self.token, code).await?;
        if let Access::Session(manager) = self.client.access() {
            let active = manager.plan_to_adopt().switched(tokens).await;
            manager.adopt(active.map_err(|failure| failure.into_error(&self.client))?);
        }
        Ok(self.client.clone())
    }
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecondFactor").finish_non_exhaustive()
    }
}
