//! What the domain answers when it does not do what was asked. How that becomes a status is decided in one place, `http/error.rs`.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use pbx_types::Violation;

/// A refusal or a failure. Texts in it may be shown to the caller, except those that are called `internal`.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There is no object of that id, or none that the caller may know of.
    #[error("{what} not found")]
    NotFound {
        /// Its kind, e.g. "IP rule".
        what: &'static str,
    },
    /// The request is well formed, and the present state does not allow it.
    #[error("{message}")]
    Conflict {
        /// Upper case with underscores.
        code: &'static str,
        /// Says with what it conflicts.
        message: String,
    },
    /// Values break the rules; every one that does.
    #[error("{} values are invalid", .0.len())]
    Invalid(Vec<Violation>),
    /// A refusal whose code and text are documented.
    #[error("{message}")]
    Refused {
        /// Upper case with underscores.
        code: &'static str,
        /// Word for word as documented.
        message: &'static str,
    },
    /// Something outside of this server did not do its part.
    #[error("{message} {detail}")]
    Failed {
        /// Upper case with underscores.
        code: &'static str,
        /// A sentence.
        message: &'static str,
        /// What it said; nothing secret.
        detail: String,
    },
    /// No valid session.
    #[error("no valid session")]
    Unauthorized,
    /// The caller's role does not allow it.
    #[error("not allowed for this role")]
    Forbidden,
    /// Not allowed as things are, whatever the role.
    #[error("{message}")]
    Barred {
        /// A sentence.
        message: &'static str,
    },
    /// A rule turns the client's address away.
    #[error("{address} is denied")]
    Denied {
        /// The client's.
        address: IpAddr,
        /// Until when; `None` is for ever.
        until: Option<Timestamp>,
    },
    /// The client asks too often.
    #[error("too many requests")]
    TooManyRequests {
        /// When there will be room for one more.
        retry_after: Duration,
    },
    /// The same call may succeed later.
    #[error("temporarily unavailable")]
    Unavailable {
        /// For the log only.
        internal: String,
    },
    /// A fault of ours.
    #[error("internal error")]
    Internal {
        /// For the log only.
        internal: String,
    },
}

impl Error {
    /// A fault of ours; the text goes to the log only.
    pub fn internal(internal: impl Into<String>) -> Self {
        Self::Internal {
            internal: internal.into(),
        }
    }

    /// One invalid value.
    pub fn invalid(violation: Violation) -> Self {
        Self::Invalid(vec![violation])
    }
}

impl From<Vec<Violation>> for Error {
    fn from(violations: Vec<Violation>) -> Self {
        Self::Invalid(violations)
    }
}
