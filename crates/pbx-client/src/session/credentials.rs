//! Credentials and sign-in methods.

use crate::wire::secret::Secret;

/// The user name and password of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(crate) username: String,
    pub(crate) password: Secret,
    pub(crate) domain: Option<String>,
}

impl Credentials {
    /// Creates the credentials of a system account: an administrator or a dealer.
    pub fn system(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
            domain: None,
        }
    }

    /// Creates the credentials of a user of a tenant. `domain` is the SIP domain of the tenant.
    pub fn tenant_user(username: impl Into<String>, password: impl Into<Secret>, domain: impl Into<String>) -> Self {
        Self {
            domain: Some(domain.into()),
            ..Self::system(username, password)
        }
    }
}

/// The sign-in methods that the vendor documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInMethod {
    /// [`SignInMethod::Json`], or [`SignInMethod::OAuth`] if the server lacks it.
    #[default]
    Automatic,
    /// `POST /auth/sign_in`, since v22.2.
    Json,
    /// `POST /login/oauth/token`, for older servers. It does not support a second factor.
    OAuth,
}
