//! From a name and a password to a client with a session.

use progenitor_client::Error;

use crate::{Client, ClientError, ErrorExt as _, types};

/// Why signing in failed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The base URL cannot be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server refused, or could not be reached.
    #[error("signing in failed: {}", .0.describe())]
    Refused(Box<Error<types::Errors>>),
    /// The server answered without a token: the user needs a second factor.
    #[error("the server wants a second factor, which needs more than a name and a password")]
    SecondFactor,
}

/// Signs in and returns a client that sends the token. `domain` is the SIP domain of a tenant's user; administrators and
/// dealers have none.
///
/// ```no_run
/// # async fn example() -> Result<(), pbx_client::SignInError> {
/// let client = pbx_client::sign_in("https://pbx.example.com:8887/api", "admin", "secret", None).await?;
/// # Ok(())
/// # }
/// ```
pub async fn sign_in(
    base_url: &str,
    username: &str,
    password: &str,
    domain: Option<&str>,
) -> Result<Client, SignInError> {
    sign_in_with(Client::new(base_url)?, username, password, domain).await
}

/// As [`sign_in`], on a client that exists already.
pub async fn sign_in_with(
    client: Client,
    username: &str,
    password: &str,
    domain: Option<&str>,
) -> Result<Client, SignInError> {
    let mut body = types::SignIn::new(username, password);
    body.domain = domain.map(str::to_owned);
    let answer = client
        .sign_in()
        .body(body)
        .send()
        .await
        .map_err(|error| SignInError::Refused(Box::new(error)))?;
    match answer.into_inner().access_token {
        Some(token) => Ok(client.with_token(token)?),
        None => Err(SignInError::SecondFactor),
    }
}
