//! Responses of the mock server.

use serde::Serialize;
use serde_json::{Value, json};

/// A response of any kind.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The names and values of the headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Creates a response without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Creates a response with a body of a media type.
    pub fn raw(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), media_type.to_owned())],
            body: body.into(),
        }
    }

    /// Creates a response with a JSON body.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        Self::raw(status, "application/json", serde_json::to_vec(body).unwrap_or_default())
    }

    /// Creates an error response in the envelope of the API.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::errors(status, vec![json!({"code": code, "message": message})])
    }

    pub(crate) fn unauthorized() -> Self {
        let response = Self::error(401, "UNAUTHORIZED", "The access token is invalid or has expired.");
        response.header("WWW-Authenticate", "Bearer error=\"invalid_token\"")
    }

    pub(crate) fn errors(status: u16, errors: Vec<Value>) -> Self {
        Self::json(status, &json!({"errors": errors}))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}
