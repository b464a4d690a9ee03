//! The error of every operation. Each variant calls for another reaction of the caller.

pub(crate) mod configuration;
pub(crate) mod response;
mod retry_after;
pub(crate) mod second_factor;
pub(crate) mod transport;

use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use self::configuration::ConfigurationError;
use self::response::{ErrorResponse, Problem, Violation};
use self::retry_after::retry_after;
use self::second_factor::SecondFactor;
use self::transport::{TransportError, is_malformed, with_causes};

/// The reason a call failed.
///
/// Every variant with a response gives its status, headers, request ID and raw body ([`Error::response`]) and the reasons that
/// the server reported ([`Error::problems`]). `Display` is one line for a person. Neither it nor `Debug` shows headers or
/// bodies, which may hold secrets.
///
/// The enum is exhaustive on purpose: [`Error::Refused`] and [`Error::Unexpected`] cover what no other variant does, so a new
/// variant would stand for a new reaction of the caller, and that is worth a compile error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The configuration of the client is invalid. Change the configuration.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),

    /// The request is incomplete or cannot be encoded. Nothing was sent. Change the program.
    #[error("invalid request: {0}")]
    InvalidRequest(String),

    /// The connection failed before or during the response. Retry, unless the request may have been
    /// [applied](Error::may_have_been_applied).
    #[error("{0}")]
    Transport(#[source] TransportError),

    /// A timeout expired before the response was complete. Handle as [`Error::Transport`].
    #[error("{0}")]
    Timeout(#[source] TransportError),

    /// There is no valid session: the user name or password is wrong, or the token is no longer valid. Sign in.
    #[error("not signed in ({attempted}): {response}")]
    Authentication {
        /// The authentication that was attempted last.
        attempted: Attempt,
        /// The last response.
        response: Box<ErrorResponse>,
    },

    /// The account needs a second factor. Ask the user for the code, then complete the sign-in with
    /// [`SessionHandle::verify_code`](crate::SessionHandle::verify_code).
    #[error("the server requires a second factor: send a code to the user and verify it")]
    SecondFactor(SecondFactor),

    /// The server denies requests from this machine's address (`DENIED`). Wait, or have the IP rule removed.
    #[error("this address is denied: {0}")]
    AddressDenied(Box<ErrorResponse>),

    /// The caller's role does not permit the operation. Sign in with another account, or switch into the tenant.
    #[error("{0}")]
    Forbidden(Box<ErrorResponse>),

    /// The rate limit is exceeded. Wait, then retry: the request was not applied.
    #[error("too many requests{}: {response}", .retry_after.map(|delay| format!(", retry after {delay:?}")).unwrap_or_default())]
    RateLimited {
        /// The delay that the server asks for (`Retry-After`), if any.
        retry_after: Option<Duration>,
        /// The response.
        response: Box<ErrorResponse>,
    },

    /// Values violate rules of the contract. Correct them: [`Error::violations`] lists every one.
    #[error("{0}")]
    Validation(Box<ErrorResponse>),

    /// The object does not exist, or is not visible to the caller.
    #[error("{0}")]
    NotFound(Box<ErrorResponse>),

    /// The present state does not permit the operation: a name is taken, an object is in use, a quota is exhausted.
    #[error("{0}")]
    Conflict(Box<ErrorResponse>),

    /// The object has changed since the `ETag` of `if_match`, and the update was not applied. Get the object again, and repeat the
    /// change. The message names the changed properties.
    #[error("{0}")]
    PreconditionFailed(Box<ErrorResponse>),

    /// The server refused the request (4xx) for a reason that no other variant covers. See [`Error::problems`].
    #[error("{0}")]
    Refused(Box<ErrorResponse>),

    /// The server failed (5xx), or a proxy could not reach it. Retry later, unless the request may have been
    /// [applied](Error::may_have_been_applied).
    #[error("{0}")]
    Server(Box<ErrorResponse>),

    /// The response does not follow the contract: an undocumented status other than 2xx, an unreadable body, the page of a proxy. Inspect it.
    #[error("unexpected response: {reason} ({response})")]
    Unexpected {
        /// The deviation from the contract.
        reason: String,
        /// The response.
        response: Box<ErrorResponse>,
    },
}

/// The authentication that was attempted last before [`Error::Authentication`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempt {
    /// No token was sent: the client has neither tokens nor credentials.
    NoToken,
    /// The access token alone: the client has neither a refresh token nor credentials.
    AccessToken,
    /// The access token. It could have been renewed, but the body of the request was a stream, which cannot be sent twice. The
    /// next call renews the session: make the call again with a fresh body.
    StreamedBody,
    /// The refresh token: the client has no credentials.
    RefreshToken,
    /// The credentials.
    Credentials,
    /// The session was renewed, and the server rejected its new access token as well.
    RenewedToken,
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoToken => "no token was sent",
            Self::AccessToken => "the access token was rejected",
            Self::StreamedBody => "the access token was rejected, and a streamed body cannot be sent again",
            Self::RefreshToken => "the refresh token was rejected",
            Self::Credentials => "the credentials were rejected",
            Self::RenewedToken => "the renewed access token was rejected",
        })
    }
}

impl Error {
    /// Returns the response, if there was one. If the connection broke during the response, its body ends where it broke.
    pub fn response(&self) -> Option<&ErrorResponse> {
        match self {
            Self::Configuration(_) | Self::InvalidRequest(_) | Self::SecondFactor(_) => None,
            Self::Transport(error) | Self::Timeout(error) => error.response(),
            Self::Authentication { response, .. }
            | Self::RateLimited { response, .. }
            | Self::Unexpected { response, .. }
            | Self::AddressDenied(response)
            | Self::Forbidden(response)
            | Self::Validation(response)
            | Self::NotFound(response)
            | Self::Conflict(response)
            | Self::PreconditionFailed(response)
            | Self::Refused(response)
            | Self::Server(response) => Some(response),
        }
    }

    /// Returns the status of the response.
    pub fn status(&self) -> Option<StatusCode> {
        self.response().map(ErrorResponse::status)
    }

    /// Returns the headers of the response.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.response().map(ErrorResponse::headers)
    }

    /// Returns the body of the response as it was received.
    pub fn body(&self) -> Option<&Bytes> {
        self.response().map(ErrorResponse::body)
    }

    /// Returns `X-Request-Id` of the response, which identifies the request in the server's log.
    pub fn request_id(&self) -> Option<&str> {
        self.response()?.request_id()
    }

    /// Returns the reasons that the server reported. Empty without a response, or if the response is not the API's.
    pub fn problems(&self) -> &[Problem] {
        self.response().map(ErrorResponse::problems).unwrap_or_default()
    }

    /// Returns `true` if one of the reasons has this code.
    pub fn has_code(&self, code: &str) -> bool {
        self.problems().iter().any(|problem| problem.code == code)
    }

    /// Returns every rule that the request violates. Empty unless this is [`Error::Validation`].
    pub fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Validation(response) => response.problems().iter().map(Violation::from).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the delay that the server asks for (`Retry-After`), if any.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            _ => retry_after(self.headers()?),
        }
    }

    /// Returns `true` for transient errors: connection failures, timeouts, 429 and 502 to 504.
    ///
    /// Check [`Error::may_have_been_applied`] before you repeat a request that changes something.
    pub fn is_transient(&self) -> bool {
        match self {
            // A certificate that is not trusted will not be trusted next time either.
            Self::Transport(error) | Self::Timeout(error) => !error.is_permanent(),
            Self::RateLimited { .. } => true,
            Self::Server(response) => matches!(response.status().as_u16(), 502..=504),
            _ => false,
        }
    }

    /// Returns `true` if the server may have applied the request although the call failed: the connection broke after the request
    /// was sent, the server failed midway, or its success response cannot be read.
    pub fn may_have_been_applied(&self) -> bool {
        match self {
            Self::Transport(error) | Self::Timeout(error) => !error.is_unsent(),
            Self::Server(_) => true,
            Self::Unexpected { response, .. } => !response.status().is_client_error(),
            _ => false,
        }
    }

    /// Classifies an error response by its status and problem codes.
    pub(crate) fn from_response(response: ErrorResponse) -> Self {
        let has_code = |code: &str| response.problems().iter().any(|problem| problem.code == code);
        let status = response.status().as_u16();
        match status {
            // These mean the same from any sender: a proxy may limit rates or be unavailable as well.
            401 => Self::unauthenticated(response),
            429 => Self::RateLimited {
                retry_after: retry_after(response.headers()),
                response: Box::new(response),
            },
            500..=599 => Self::Server(Box::new(response)),
            400..=499 if response.is_foreign() => Self::unexpected("its body is not the API's", response),
            // The server answers a sign-in with wrong credentials with 400.
            400..=499 if has_code("UNAUTHORIZED") => Self::unauthenticated(response),
            400..=499 if has_code("DENIED") => Self::AddressDenied(Box::new(response)),
            403 => Self::Forbidden(Box::new(response)),
            404 => Self::NotFound(Box::new(response)),
            409 => Self::Conflict(Box::new(response)),
            412 => Self::PreconditionFailed(Box::new(response)),
            422 => Self::Validation(Box::new(response)),
            400..=499 if has_code("VALIDATE_FAILED") => Self::Validation(Box::new(response)),
            400..=499 => Self::Refused(Box::new(response)),
            _ => Self::unexpected("its status is not documented", response),
        }
    }

    fn unauthenticated(response: ErrorResponse) -> Self {
        Self::Authentication {
            attempted: Attempt::NoToken,
            response: Box::new(response),
        }
    }

    pub(crate) fn unexpected(reason: impl Into<String>, response: ErrorResponse) -> Self {
        Self::Unexpected {
            reason: reason.into(),
            response: Box::new(response),
        }
    }

    /// Replaces the attempt of an [`Error::Authentication`].
    pub(crate) fn with_attempt(self, attempt: Attempt) -> Self {
        match self {
            Self::Authentication { response, .. } => Self::Authentication {
                attempted: attempt,
                response,
            },
            other => other,
        }
    }

    /// Converts the failure of a request without a response.
    pub(crate) fn from_send(error: reqwest::Error) -> Self {
        // The URL may hold search terms.
        let error = error.without_url();
        if error.is_builder() {
            return Self::InvalidRequest(with_causes(&error));
        }
        Self::from_transport(TransportError::sending(error))
    }

    /// Converts the failure to read the body of a response. `received` is the response up to the failure.
    pub(crate) fn from_read(error: reqwest::Error, received: ErrorResponse) -> Self {
        let error = error.without_url();
        if is_malformed(&error) {
            return Self::unexpected(format!("its body cannot be decoded: {}", with_causes(&error)), received);
        }
        Self::from_transport(TransportError::reading(error, received))
    }

    fn from_transport(error: TransportError) -> Self {
        match error.is_timeout() {
            true => Self::Timeout(error),
            false => Self::Transport(error),
        }
    }
}
