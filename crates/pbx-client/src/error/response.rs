//! Error responses.

use std::fmt;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

const REQUEST_ID: &str = "x-request-id";

/// The complete response behind an [`Error`](crate::Error).
#[derive(Clone)]
pub struct ErrorResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    problems: Vec<Problem>,
}

/// One reason why a request failed, from the server's `errors[]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The code in upper case with underscores, such as `VALIDATE_FAILED`. Servers may add codes: treat others as `UNKNOWN`.
    pub code: String,
    /// The message for a person.
    pub message: String,
    /// Further details.
    pub detail: Option<String>,
}

/// The part of a request that a violation refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Location {
    /// The path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
    /// The body.
    Body,
}

/// A rule that a request violates.
///
/// Only `message` is always set. The other fields are set for servers that send `detail` as `location#pointer rule limit`, such as
/// `body#/port maximum 65535`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The message for a person.
    pub message: String,
    /// The part of the request.
    pub location: Option<Location>,
    /// The JSON Pointer (RFC 6901) within that part. Empty for the whole part.
    pub pointer: Option<String>,
    /// The JSON Schema keyword of the rule: `required`, `maximum`, `format`, ...
    pub rule: Option<String>,
    /// The limit that the rule sets.
    pub limit: Option<String>,
}

impl ErrorResponse {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        let problems = problems(&body);
        Self {
            status,
            headers,
            body,
            problems,
        }
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns `X-Request-Id`, which identifies the request in the server's log.
    pub fn request_id(&self) -> Option<&str> {
        self.headers.get(REQUEST_ID)?.to_str().ok()
    }

    /// Returns the body as it was received.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Deserializes the body from JSON. Returns `None` if it is not JSON of this type.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns the reasons that the server reported.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns `true` if the body is neither empty nor a JSON object or array: the page of a proxy, for example.
    pub(crate) fn is_foreign(&self) -> bool {
        let is_empty = self.body.iter().all(u8::is_ascii_whitespace);
        !is_empty && !matches!(self.json(), Some(Value::Object(_) | Value::Array(_)))
    }
}

impl fmt::Display for ErrorResponse {
    /// Writes the status and the reasons that the server reported.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for (index, problem) in self.problems.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ErrorResponse {
    /// Omits headers and body, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorResponse")
            .field("status", &self.status.as_u16())
            .field("request_id", &self.request_id())
            .field("problems", &self.problems)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

/// Reads `errors[]` leniently.
fn problems(body: &[u8]) -> Vec<Problem> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |entry: &Value, name: &str| entry[name].as_str().map(str::to_owned);
    let entries = body["errors"].as_array().into_iter().flatten();
    entries
        .filter(|entry| entry.is_object())
        .map(|entry| Problem {
            code: text(entry, "code")
                .filter(|code| !code.is_empty())
                .unwrap_or_else(|| "UNKNOWN".to_owned()),
            message: text(entry, "message").unwrap_or_default(),
            detail: text(entry, "detail"),
        })
        .collect()
}

impl From<&Problem> for Violation {
    fn from(problem: &Problem) -> Self {
        let mut violation = Self {
            message: problem.message.clone(),
            location: None,
            pointer: None,
            rule: None,
            limit: None,
        };
        if let Some((location, rest)) = problem.detail.as_deref().and_then(|detail| detail.split_once('#'))
            && let Some(location) = Location::parse(location)
        {
            let (pointer, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let (rule, limit) = match rest.split_once(' ') {
                Some((rule, limit)) => (rule, Some(limit)),
                None => (rest, None),
            };
            violation.location = Some(location);
            // The pointer is percent-encoded as in the fragment of a URL.
            let pointer = percent_encoding::percent_decode_str(pointer).decode_utf8_lossy();
            violation.pointer = Some(pointer.into_owned());
            violation.rule = Some(rule.to_owned()).filter(|rule| !rule.is_empty());
            violation.limit = limit.map(str::to_owned);
        }
        violation
    }
}

impl Violation {
    /// Returns the name of the parameter or property, which is the last segment of the pointer.
    pub fn name(&self) -> Option<String> {
        let (_, last) = self.pointer.as_deref()?.rsplit_once('/')?;
        Some(last.replace("~1", "/").replace("~0", "~"))
    }
}

impl Location {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "path" => Some(Self::Path),
            "query" => Some(Self::Query),
            "header" => Some(Self::Header),
            "body" => Some(Self::Body),
            _ => None,
        }
    }
}
