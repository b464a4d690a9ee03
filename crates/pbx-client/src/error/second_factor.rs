//! The second factor of a sign-in.

use crate::wire::secret::Secret;

/// A sign-in that waits for a verification code; from [`Error::SecondFactor`](crate::Error::SecondFactor). After a wrong code, which is an
/// [`Error::Refused`](crate::Error::Refused) with the code `WRONG_CODE`, another one may be entered.
///
/// ```no_run
/// # fn ask() -> String { String::new() }
/// # async fn example(builder: pbx_client::ClientBuilder) -> Result<(), pbx_client::Error> {
/// use pbx_client::Error;
///
/// let client = builder.build()?;
/// match client.session().ensure_signed_in().await {
///     Err(Error::SecondFactor(factor)) => {
///         client.session().send_code(&factor).await?;
///         client.session().verify_code(&factor, &ask()).await?;
///     }
///     other => other?,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SecondFactor {
    pub(crate) token: Secret,
}
