//! A request as the mock server got it.

use httpmock::HttpMockRequest;
use serde::de::DeserializeOwned;

/// A request that was sent to the mock server.
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
        // A server is asked in origin form, or in absolute form by a proxy's client.
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

    /// `GET`, `POST`, ...
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The whole path as it was sent, percent-encoded: `/api/tenants/7`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Every name and value of the query, decoded, in their order.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The value of a header, by its name in any case; the first if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body's bytes.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, read as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}
