//! Failures of connections.

use std::error::Error as _;
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;

use crate::error::response::ErrorResponse;

/// A failure of the connection to the server.
#[derive(Debug, Clone)]
pub struct TransportError {
    unsent: bool,
    is_permanent: bool,
    response: Option<Box<ErrorResponse>>,
    source: Arc<reqwest::Error>,
}

impl TransportError {
    /// Creates the error of a request without a response.
    pub(crate) fn sending(error: reqwest::Error) -> Self {
        Self {
            unsent: is_connect(&error),
            is_permanent: is_malformed(&error),
            response: None,
            source: Arc::new(error),
        }
    }

    /// Creates the error of a response whose body ended early.
    pub(crate) fn reading(error: reqwest::Error, received: ErrorResponse) -> Self {
        Self {
            unsent: false,
            is_permanent: false,
            response: Some(Box::new(received)),
            source: Arc::new(error),
        }
    }

    /// Returns `true` if surely nothing of the request has reached the server, so that sending it again is safe.
    pub fn is_unsent(&self) -> bool {
        self.unsent
    }

    /// Returns the part of the response that was received: its status, its headers and the beginning of its body.
    pub fn response(&self) -> Option<&ErrorResponse> {
        self.response.as_deref()
    }

    /// Returns `true` if a retry would fail in the same way, for example because the certificate is not trusted.
    pub(crate) fn is_permanent(&self) -> bool {
        self.is_permanent
    }

    pub(crate) fn is_timeout(&self) -> bool {
        self.source.is_timeout()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.is_timeout(), self.unsent, &self.response) {
            (false, true, _) => "no connection to the server",
            (false, false, None) => "the connection broke before the response",
            (false, false, Some(_)) => "the connection broke during the response",
            (true, true, _) => "timed out connecting to the server",
            (true, false, None) => "timed out waiting for the response",
            (true, false, Some(_)) => "timed out during the response",
        })?;
        // The innermost cause is what a person needs: connection refused, certificate not trusted.
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

#[cfg(not(target_arch = "wasm32"))]
fn is_connect(error: &reqwest::Error) -> bool {
    error.is_connect()
}

/// A browser does not report it.
#[cfg(target_arch = "wasm32")]
fn is_connect(_: &reqwest::Error) -> bool {
    false
}

/// Returns `true` if bytes arrived and are invalid: a certificate that is not trusted, or a body that is not gzip. reqwest reports
/// a broken connection as a decoding error as well.
pub(crate) fn is_malformed(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return matches!(io.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput);
        }
        cause = inner.source();
    }
    false
}

/// Formats an error with its causes.
pub(crate) fn with_causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
