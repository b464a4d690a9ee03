//! One error for every operation, which says what to do next.

mod response;
mod retry_after;
mod transport;

use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

pub use self::response::{ErrorResponse, Location, Problem, Violation};
pub(crate) use self::retry_after::retry_after;
pub use self::transport::TransportError;
use crate::ConfigurationError;

/// Why a call failed, and so what to do next.
///
/// Every variant that had an answer gives its status, headers, request id and raw body ([`Error::response`]) and the server's
/// own reasons ([`Error::problems`]). `Display` is one line for a person; neither it nor `Debug` shows headers or bodies, which
/// may hold secrets.
///
/// The enum is exhaustive on purpose: [`Error::Refused`] and [`Error::Unexpected`] take what the others do not, so a variant
/// more would be one more thing to do, and worth a compile error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The client cannot be made of what its builder was given. Change the configuration.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),

    /// The request lacks something, or holds what cannot be sent. Nothing was sent. Change the program.
    #[error("invalid request: {0}")]
    InvalidRequest(String),

    /// No answer, or half of one: the connection failed. Try again, unless the request may have been
    /// [applied](Error::may_have_been_applied).
    #[error("{0}")]
    Transport(#[source] TransportError),

    /// No answer in time. As [`Error::Transport`].
    #[error("{0}")]
    Timeout(#[source] TransportError),

    /// No valid session: the name or password is wrong, or the token is not valid any more. Sign in.
    #[error("not signed in ({attempted}): {response}")]
    Authentication {
        /// What the session tried before it gave up.
        attempted: Attempt,
        /// The last answer.
        response: Box<ErrorResponse>,
    },

    /// The account needs a second factor. Ask the user for the code, then complete the sign-in with
    /// [`SessionHandle::verify_code`](crate::SessionHandle::verify_code).
    #[error("the server wants a second factor: send a code to the user and verify it")]
    SecondFactor(crate::SecondFactor),

    /// The server turns this machine's address away, whoever calls (`DENIED`). Wait, or have the rule removed.
    #[error("this address is denied: {0}")]
    AddressDenied(Box<ErrorResponse>),

    /// The role of the caller does not allow it. Sign in as somebody else, or switch into the tenant.
    #[error("{0}")]
    Forbidden(Box<ErrorResponse>),

    /// Too many requests. Wait, then try again: nothing was done.
    #[error("too many requests{}: {response}", .retry_after.map(|delay| format!(", try again in {delay:?}")).unwrap_or_default())]
    RateLimited {
        /// How long to wait (`Retry-After`), if the server says.
        retry_after: Option<Duration>,
        /// The answer.
        response: Box<ErrorResponse>,
    },

    /// Values break the contract's rules. Correct them: [`Error::violations`] has every one.
    #[error("{0}")]
    Validation(Box<ErrorResponse>),

    /// There is no such object, or none that the caller may know of.
    #[error("{0}")]
    NotFound(Box<ErrorResponse>),

    /// The present state does not allow it: a name is taken, an object in use, a quota exhausted.
    #[error("{0}")]
    Conflict(Box<ErrorResponse>),

    /// Refused (4xx) for a reason that no other variant stands for. The [problems](Error::problems) say which.
    #[error("{0}")]
    Refused(Box<ErrorResponse>),

    /// The server failed (5xx) or could not be reached by a proxy. Try again later, unless the request may have been
    /// [applied](Error::may_have_been_applied).
    #[error("{0}")]
    Server(Box<ErrorResponse>),

    /// An answer that the contract does not know: another status, a body that cannot be read, a proxy's page. Look at it.
    #[error("unexpected answer: {reason} ({response})")]
    Unexpected {
        /// What is wrong with it.
        reason: String,
        /// The answer.
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
    /// The answer, if there was one; of a connection that broke in the middle of it, what had arrived.
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
            | Self::Refused(response)
            | Self::Server(response) => Some(response),
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.response().map(ErrorResponse::status)
    }

    /// The headers of the answer.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.response().map(ErrorResponse::headers)
    }

    /// The body of the answer, whatever it was.
    pub fn body(&self) -> Option<&Bytes> {
        self.response().map(ErrorResponse::body)
    }

    /// `X-Request-Id` of the answer, under which the server's log knows more.
    pub fn request_id(&self) -> Option<&str> {
        self.response()?.request_id()
    }

    /// The server's reasons; empty when no answer came, or not from the API.
    pub fn problems(&self) -> &[Problem] {
        self.response().map(ErrorResponse::problems).unwrap_or_default()
    }

    /// Whether one of the reasons has this code.
    pub fn has_code(&self, code: &str) -> bool {
        self.problems().iter().any(|problem| problem.code == code)
    }

    /// The rules that the request breaks: of an [`Error::Validation`] every one, of others none.
    pub fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Validation(response) => response.problems().iter().map(Violation::of).collect(),
            _ => Vec::new(),
        }
    }

    /// How long to wait, if the server says (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            _ => retry_after(self.headers()?),
        }
    }

    /// Whether it may go away by itself: a connection, a timeout, a limit, a server (502, 503, 504) that is busy or away.
    ///
    /// Before a request that changes something is repeated, look at [`Error::may_have_been_applied`].
    pub fn is_transient(&self) -> bool {
        match self {
            // A certificate that is not trusted will not be the next time.
            Self::Transport(error) | Self::Timeout(error) => !error.is_lasting(),
            Self::RateLimited { .. } => true,
            Self::Server(response) => matches!(response.status().as_u16(), 502..=504),
            _ => false,
        }
    }

    /// Whether the server may have done what it was asked although the call failed: the connection broke after the request was
    /// sent, the server failed half-way, or its success cannot be read.
    pub fn may_have_been_applied(&self) -> bool {
        match self {
            Self::Transport(error) | Self::Timeout(error) => !error.is_unsent(),
            Self::Server(_) => true,
            Self::Unexpected { response, .. } => !response.status().is_client_error(),
            _ => false,
        }
    }

    /// The variant of a failure's status and reasons.
    pub(crate) fn of_answer(response: ErrorResponse) -> Self {
        let has_code = |code: &str| response.problems().iter().any(|problem| problem.code == code);
        let status = response.status().as_u16();
        match status {
            // What these mean does not depend on who says so: a proxy may be throttled or closed as well.
            401 => Self::unauthenticated(response),
            429 => Self::RateLimited {
                retry_after: retry_after(response.headers()),
                response: Box::new(response),
            },
            500..=599 => Self::Server(Box::new(response)),
            400..=499 if response.is_foreign() => Self::unexpected("a page that is not the API's", response),
            // Wrong credentials at the sign-in are a 400.
            400..=499 if has_code("UNAUTHORIZED") => Self::unauthenticated(response),
            400..=499 if has_code("DENIED") => Self::AddressDenied(Box::new(response)),
            403 => Self::Forbidden(Box::new(response)),
            404 => Self::NotFound(Box::new(response)),
            409 => Self::Conflict(Box::new(response)),
            422 => Self::Validation(Box::new(response)),
            400..=499 if has_code("VALIDATE_FAILED") => Self::Validation(Box::new(response)),
            400..=499 => Self::Refused(Box::new(response)),
            _ => Self::unexpected("a status that is not documented", response),
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

    /// The same, with what was tried.
    pub(crate) fn after(self, attempt: Attempt) -> Self {
        match self {
            Self::Authentication { response, .. } => Self::Authentication {
                attempted: attempt,
                response,
            },
            other => other,
        }
    }
}
