//! Errors of the domain. Only `crates/pbx-server/src/http/error.rs` converts them to an HTTP status.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use pbx_types::Violation;

/// The reason why an operation was refused or failed. Everything in it may be shown to the caller, except fields called `internal`.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There is no object with this ID, or none that the caller may see.
    #[error("{what} not found")]
    NotFound {
        /// The kind of object, e.g. "IP rule".
        what: &'static str,
    },
    /// The request is valid and conflicts with the current state.
    #[error("{message}")]
    Conflict {
        /// The error code, upper case with underscores.
        code: &'static str,
        /// A sentence that names the conflict.
        message: String,
    },
    /// The object is not the one that the caller has read.
    #[error("the object has changed")]
    Changed {
        /// The names of the changed properties, as far as they are known.
        properties: Vec<String>,
    },
    /// Values violate rules; has every violation.
    #[error("{} values are invalid", .0.len())]
    Invalid(Vec<Violation>),
    /// A refusal with a documented code and message.
    #[error("{message}")]
    Refused {
        /// The error code, upper case with underscores.
        code: &'static str,
        /// The message, word for word as documented.
        message: &'static str,
    },
    /// An external service, such as a mail server, failed or could not be reached.
    #[error("{message} {detail}")]
    ExternalFailure {
        /// The error code, upper case with underscores.
        code: &'static str,
        /// A sentence.
        message: &'static str,
        /// The response of the service, or the reason why there is none; contains no secret.
        detail: String,
    },
    /// The caller has no valid session.
    #[error("no valid session")]
    Unauthorized,
    /// The caller's role does not allow it.
    #[error("not allowed for this role")]
    Forbidden,
    /// The state of the account, the tenant or the installation does not allow it, whatever the role.
    #[error("{message}")]
    NotAllowed {
        /// A sentence.
        message: &'static str,
    },
    /// An IP rule denies requests from the client's address.
    #[error("{address} is denied")]
    AddressDenied {
        /// The client's address.
        address: IpAddr,
        /// The expiry of the rule; `None` if it does not expire.
        until: Option<Timestamp>,
    },
    /// The client, the clients of an account together, or the callers of a tenant exceed a limit.
    #[error("too many requests")]
    TooManyRequests {
        /// The limit.
        limit: u32,
        /// The time until the next request is permitted.
        retry_after: Duration,
        /// The time until as many requests as the limit are permitted.
        reset: Duration,
    },
    /// All clients together exceed a limit of the server: the request was refused without work.
    #[error("overloaded")]
    Overloaded {
        /// The time after which a retry may succeed.
        retry_after: Duration,
    },
    /// The operation failed for a reason that may go away: a retry may succeed.
    #[error("temporarily unavailable")]
    Unavailable {
        /// The reason, for the log only.
        internal: String,
    },
    /// The database did not confirm a change in time: it may or may not have been saved.
    #[error("the outcome is unknown")]
    OutcomeUnknown {
        /// The reason, for the log only.
        internal: String,
    },
    /// The content of a file is missing where the server stores it, or was changed there.
    #[error("the content of the file is damaged")]
    ContentDamaged {
        /// The file and its location, for the log only.
        internal: String,
    },
    /// The server cannot write to its disk, which is full or fails. Nothing was saved.
    #[error("the disk is full")]
    StorageFull {
        /// The reason, for the log only.
        internal: String,
    },
    /// A bug or an unexpected state of the server.
    #[error("internal error")]
    Internal {
        /// The reason, for the log only.
        internal: String,
    },
}

impl Error {
    /// Creates an internal error, whose reason is for the log only.
    pub fn internal(internal: impl Into<String>) -> Self {
        Self::Internal {
            internal: internal.into(),
        }
    }

    /// Creates the error for a conflict without a specific code.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict {
            code: "CONFLICT",
            message: message.into(),
        }
    }

    /// Creates an error for a single violation.
    pub fn invalid(violation: Violation) -> Self {
        Self::Invalid(vec![violation])
    }
}

/// Returns an error if there are violations.
///
/// # Errors
///
/// [`Error::Invalid`] with all of them.
pub fn reject_violations(violations: Vec<Violation>) -> Result<(), Error> {
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(violations))
    }
}

impl From<Vec<Violation>> for Error {
    fn from(violations: Vec<Violation>) -> Self {
        Self::Invalid(violations)
    }
}
