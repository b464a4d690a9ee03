//! Requests that the mock server received.

use httpmock::HttpMockRequest;
use serde::de::DeserializeOwned;

/// A request that the mock server received.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(request: &HttpMockRequest) -> Self {
        // The request target is in origin form, or in absolute form from the client of a proxy.
        let uri = request.uri_str();
        let target = match uri.find("://").map(|at| &uri[at + 3..]) {
            Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => uri,
        };
        Self {
            method: request.method_str().to_owned(),
            path: target.split('?').next().unwrap_or_default().to_owned(),
            query: request.query_params(),
            headers: request.headers_vec().clone(),
            body: request.body_vec(),
        }
    }

    /// Returns the HTTP method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Returns the path as it was sent, percent-encoded: `/api/tenants/7`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the names and values of the query, decoded, in their order.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// Returns the value of a header, or the first of several. The name is case-insensitive.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Deserializes the body from JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}
