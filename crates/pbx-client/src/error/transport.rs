//! A connection that failed.

use std::error::Error as _;
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;

use super::{Error, ErrorResponse};

/// What is known of a connection that failed.
#[derive(Debug, Clone)]
pub struct TransportError {
    unsent: bool,
    is_lasting: bool,
    response: Option<Box<ErrorResponse>>,
    source: Arc<reqwest::Error>,
}

impl TransportError {
    /// Whether surely nothing of the request has reached the server, so that sending it again cannot do anything twice.
    pub fn is_unsent(&self) -> bool {
        self.unsent
    }

    /// What had arrived of the answer: its status, its headers and the beginning of its body.
    pub fn response(&self) -> Option<&ErrorResponse> {
        self.response.as_deref()
    }

    /// Whether the next try will fail in the same way: the certificate is not trusted, say.
    pub(crate) fn is_lasting(&self) -> bool {
        self.is_lasting
    }

    fn is_timeout(&self) -> bool {
        self.source.is_timeout()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.is_timeout(), self.unsent, &self.response) {
            (false, true, _) => "no connection to the server",
            (false, false, None) => "the connection broke before the answer came",
            (false, false, Some(_)) => "the connection broke in the middle of the answer",
            (true, true, _) => "no connection to the server in time",
            (true, false, None) => "no answer in time",
            (true, false, Some(_)) => "the answer did not end in time",
        })?;
        // The innermost cause is what a person needs: that nobody listens, that a certificate is not trusted.
        let mut cause = self.source.source();
        while let Some(deeper) = cause.and_then(std::error::Error::source) {
            cause = Some(deeper);
        }
        match cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

impl Error {
    /// Of a request that got no answer.
    pub(crate) fn of_sending(error: reqwest::Error) -> Self {
        // The URL may hold what was searched for.
        let error = error.without_url();
        if error.is_builder() {
            return Self::InvalidRequest(described(&error));
        }
        Self::of_transport(TransportError {
            unsent: is_connect(&error),
            is_lasting: is_garbled(&error),
            response: None,
            source: Arc::new(error),
        })
    }

    /// Of an answer that broke off.
    pub(crate) fn of_reading(error: reqwest::Error, arrived: ErrorResponse) -> Self {
        let error = error.without_url();
        if is_garbled(&error) {
            return Self::unexpected(format!("its body cannot be decoded: {}", described(&error)), arrived);
        }
        Self::of_transport(TransportError {
            unsent: false,
            is_lasting: false,
            response: Some(Box::new(arrived)),
            source: Arc::new(error),
        })
    }

    fn of_transport(error: TransportError) -> Self {
        match error.is_timeout() {
            true => Self::Timeout(error),
            false => Self::Transport(error),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn is_connect(error: &reqwest::Error) -> bool {
    error.is_connect()
}

/// A browser does not tell.
#[cfg(target_arch = "wasm32")]
fn is_connect(_: &reqwest::Error) -> bool {
    false
}

/// Whether the bytes came and are not what they should be, a certificate that is trusted or gzip: reqwest calls a broken
/// connection a failed decoding as well.
fn is_garbled(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return matches!(io.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput);
        }
        cause = inner.source();
    }
    false
}

/// The error with its causes.
fn described(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
