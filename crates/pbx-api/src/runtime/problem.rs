//! Error responses, in the envelope `{"errors":[{"code","message","detail"?}]}`.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use pbx_types::{Location, Violation};
use serde::Serialize;

use super::request_id::RequestId;

type Text = Cow<'static, str>;

/// The maximum number of violations that are listed. A last entry reports that there are more.
pub(crate) const MAX_LISTED: usize = 100;

/// The maximum size of the listed violations, in bytes: a response must not be much larger than its request.
const MAX_LISTED_BYTES: usize = 32 * 1024;

/// An error response: a status, one or more errors, and optional headers.
pub struct Problem(Box<Inner>);

struct Inner {
    status: StatusCode,
    errors: Vec<ErrorEntry>,
    /// The violations behind the errors, if they are violations.
    violations: Vec<Violation>,
    headers: HeaderMap,
    /// Logged, and not sent.
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// One error of the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorEntry {
    /// The code, in upper case with underscores. Clients treat unknown codes as `UNKNOWN`.
    pub code: Text,
    /// A sentence for a person.
    pub message: Text,
    /// For programs: the location and the rule. It never repeats what the caller sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Text>,
}

impl Problem {
    /// Creates an error response with one error.
    pub fn new(status: StatusCode, code: impl Into<Text>, message: impl Into<Text>) -> Self {
        let mut problem = Self::empty(status);
        problem.0.errors.push(ErrorEntry::new(code, message));
        problem
    }

    fn empty(status: StatusCode) -> Self {
        Self(Box::new(Inner {
            status,
            errors: Vec::new(),
            violations: Vec::new(),
            headers: HeaderMap::new(),
            source: None,
        }))
    }

    /// Creates a 400 `VALIDATE_FAILED` with one error for each violation: at most 100 of them and 32 KiB of text. If there are more,
    /// the last error reports that.
    pub fn invalid(violations: impl IntoIterator<Item = Violation>) -> Self {
        Self::invalid_and_more(violations, false)
    }

    /// [`invalid`](Self::invalid), with the entry for further violations in any case if there are `more`.
    pub(crate) fn invalid_and_more(violations: impl IntoIterator<Item = Violation>, mut more: bool) -> Self {
        let mut problem = Self::empty(StatusCode::BAD_REQUEST);
        let Inner {
            errors,
            violations: listed,
            ..
        } = &mut *problem.0;
        let mut bytes = 0;
        for violation in violations {
            let entry = ErrorEntry::from(&violation);
            bytes += entry.message.len() + entry.detail.as_deref().map_or(0, str::len);
            if errors.len() == MAX_LISTED || (bytes > MAX_LISTED_BYTES && !errors.is_empty()) {
                more = true;
                break;
            }
            errors.push(entry);
            listed.push(violation);
        }
        if more {
            let message = format!("There are more errors than the {} listed.", errors.len());
            errors.push((&Violation::new(Location::Body, "", "more", message)).into());
        }
        problem
    }

    /// Returns the listed violations; none if this is another problem.
    pub(crate) fn into_violations(self) -> Vec<Violation> {
        self.0.violations
    }

    /// Creates a 408 `REQUEST_TIMEOUT`: the body of the request did not arrive in time.
    pub fn request_timeout() -> Self {
        let message = "The request body did not arrive in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", message)
    }

    /// Creates a 503 `UNAVAILABLE` for a lack of memory for bodies.
    pub(crate) fn too_many_bodies() -> Self {
        let message = "The server holds too many request and response bodies: try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
            .header(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// Creates a 412 `PRECONDITION_FAILED`: the object has changed since the entity tag of `If-Match`, in these properties as far as they
    /// are known.
    pub fn precondition_failed(changed: &[String]) -> Self {
        let names: Vec<_> = changed.iter().map(|name| format!("`{name}`")).collect();
        // Weak tags never match; compression in a proxy makes them.
        let what = if names.is_empty() {
            "The object does not have this ETag: it has changed, or the tag is of another path or weak (`W/`)"
                .to_owned()
        } else {
            format!("The object has changed since this ETag ({})", names.join(", "))
        };
        let message = format!("{what}. Get it again, and repeat your change.");
        let detail = format!("header#/If-Match etag {}", changed.join("|"));
        Self::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", message).detail(detail.trim_end().to_owned())
    }

    /// Creates a 401 `UNAUTHORIZED`: the request has no valid access token.
    pub fn unauthorized(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
    }

    /// Creates a 403 `FORBIDDEN`: the caller is authenticated, and not allowed to do this.
    pub fn forbidden(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
    }

    /// Creates a 404 `NOT_FOUND`.
    pub fn not_found(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    /// Creates the 404 for a path that no operation has.
    pub(crate) fn unknown_path() -> Self {
        Self::not_found("There is nothing at this path.")
    }

    /// Creates a 409: the request is well formed, and the current state does not allow it.
    pub fn conflict(code: impl Into<Text>, message: impl Into<Text>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// Creates a 500 `INTERNAL_ERROR`. The source is logged with the request ID; the caller only gets the ID.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut problem = Self::empty(StatusCode::INTERNAL_SERVER_ERROR);
        problem.0.source = Some(source.into());
        problem
    }

    /// Adds an error.
    #[must_use]
    pub fn with_error(mut self, code: impl Into<Text>, message: impl Into<Text>) -> Self {
        self.0.errors.push(ErrorEntry::new(code, message));
        self
    }

    /// Sets the `detail` of the last error.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Text>) -> Self {
        if let Some(last) = self.0.errors.last_mut() {
            last.detail = Some(detail.into());
        }
        self
    }

    /// Sets a header, for example `Retry-After`.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Returns the errors. An internal error has none yet: its message needs the request ID.
    pub fn errors(&self) -> &[ErrorEntry] {
        &self.0.errors
    }

    /// Adds the challenge for a rejected token to a 401 (RFC 6750, section 3.1).
    pub(crate) fn with_invalid_token_challenge(self) -> Self {
        if self.status() != StatusCode::UNAUTHORIZED || self.0.headers.contains_key(WWW_AUTHENTICATE) {
            return self;
        }
        self.header(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer error=\"invalid_token\""),
        )
    }

    /// Returns the response to a request with that ID.
    pub fn into_response(self, request_id: &RequestId) -> Response {
        let Inner {
            status,
            mut errors,
            mut headers,
            source,
            ..
        } = *self.0;
        if status.is_server_error() && source.is_some() {
            let source = source.as_deref().map(chain).unwrap_or_default();
            tracing::error!(request_id = request_id.as_str(), error = source, "request failed");
        }
        if errors.is_empty() {
            errors.push(ErrorEntry {
                code: Cow::Borrowed("INTERNAL_ERROR"),
                message: Cow::Owned(format!(
                    "The server failed to answer this request. Quote request id {request_id} when you report it."
                )),
                detail: Some(Cow::Owned(request_id.to_string())),
            });
        }
        if status == StatusCode::UNAUTHORIZED {
            // Every 401 has a challenge (RFC 9110, section 15.5.2).
            headers
                .entry(WWW_AUTHENTICATE)
                .or_insert(HeaderValue::from_static("Bearer"));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(RequestId::HEADER, request_id.clone().into_header());
        // A problem that is sent without the router must not be cached either.
        headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        let body = serde_json::to_vec(&Envelope { errors: &errors }).unwrap_or_default();
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    errors: &'a [ErrorEntry],
}

impl ErrorEntry {
    fn new(code: impl Into<Text>, message: impl Into<Text>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            detail: None,
        }
    }
}

impl From<&Violation> for ErrorEntry {
    fn from(violation: &Violation) -> Self {
        Self {
            code: Cow::Borrowed("VALIDATE_FAILED"),
            detail: Some(Cow::Owned(violation.to_string())),
            message: Cow::Owned(violation.message().to_owned()),
        }
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("status", &self.0.status)
            .field("errors", &self.0.errors)
            .field("headers", &self.0.headers)
            .field("source", &self.0.source)
            .finish()
    }
}

/// Returns an error and its causes on one line.
fn chain(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_without_the_router_is_not_cached_either() {
        let response = Problem::request_timeout().into_response(&RequestId::from_header(None));
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    }
}
