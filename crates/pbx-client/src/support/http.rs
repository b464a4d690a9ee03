//! The way of a request: path segments, optional bodies, the token, and what comes back.

// progenitor's error type is what it is; its builders return it by value.
#![allow(clippy::result_large_err)]

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use progenitor_client::{Error, RequestBuilderExt, ResponseValue};
use reqwest::{Request, RequestBuilder, Response, ResponseBuilderExt};
use serde::Serialize;
use serde_json::Value;

use super::{NO_FIT, Read};
use crate::Client;

/// Everything but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One segment of a path. A segment that would make it another path is refused: empty, `.` and `..`.
pub(crate) fn path_segment<E>(name: &str, value: &impl ToString) -> Result<String, Error<E>> {
    let value = value.to_string();
    match value.as_str() {
        "" => Err(Error::InvalidRequest(format!("`{name}` is empty"))),
        "." | ".." => Err(Error::InvalidRequest(format!(
            "`{name}` is `{value}`, which cannot be part of a URL's path"
        ))),
        _ => Ok(utf8_percent_encode(&value, SEGMENT).to_string()),
    }
}

/// Bodies that may be left out.
pub(crate) trait OptionalBody: Sized {
    fn optional_json<T: Serialize>(self, body: &Option<T>) -> Self;
    fn optional_form<T: Serialize, E>(self, body: &Option<T>) -> Result<Self, Error<E>>;
    fn optional_bytes(self, body: Option<reqwest::Body>) -> Self;
}

impl OptionalBody for RequestBuilder {
    fn optional_json<T: Serialize>(self, body: &Option<T>) -> Self {
        match body {
            Some(body) => self.json(body),
            None => self,
        }
    }

    fn optional_form<T: Serialize, E>(self, body: &Option<T>) -> Result<Self, Error<E>> {
        match body {
            Some(body) => self.form_urlencoded(body),
            None => Ok(self),
        }
    }

    fn optional_bytes(self, body: Option<reqwest::Body>) -> Self {
        match body {
            Some(body) => self
                .header(reqwest::header::CONTENT_TYPE, "application/octet-stream")
                .body(body),
            None => self,
        }
    }
}

/// Sends a request with the client's token.
pub(crate) async fn execute<E>(client: &Client, mut request: Request) -> Result<Response, Error<E>> {
    if let Some(token) = client.authorization() {
        request
            .headers_mut()
            .insert(reqwest::header::AUTHORIZATION, token.clone());
    }
    Ok(client.client.execute(request).await?)
}

/// Sends a request of an operation that takes no token.
pub(crate) async fn execute_anonymously<E>(client: &Client, request: Request) -> Result<Response, Error<E>> {
    Ok(client.client.execute(request).await?)
}

/// The documented body of a success.
pub(crate) async fn read_response<T: Read, E>(response: Response) -> Result<ResponseValue<T>, Error<E>> {
    let status = response.status();
    let headers = response.headers().clone();
    let body = response.bytes().await.map_err(Error::ResponseBodyError)?;
    let value: Value = match serde_json::from_slice(&body) {
        Ok(value) => value,
        Err(error) => return Err(Error::InvalidResponsePayload(body, error)),
    };
    match T::read(value) {
        Some(read) => Ok(ResponseValue::new(read, status, headers)),
        None => Err(Error::InvalidResponsePayload(
            body,
            serde::de::Error::custom("the answer is JSON of another type than documented"),
        )),
    }
}

/// The documented body of a failure. A body of another kind (a proxy's page, say) is kept as an unexpected response.
pub(crate) async fn error_response<E: Read>(response: Response) -> Error<E> {
    let (status, version) = (response.status(), response.version());
    let (headers, url) = (response.headers().clone(), response.url().clone());
    let body = match response.bytes().await {
        Ok(body) => body,
        Err(error) => return Error::ResponseBodyError(error),
    };
    if let Ok(value) = serde_json::from_slice::<Value>(&body)
        && E::fit(&value) != NO_FIT
        && let Some(read) = E::read(value)
    {
        return Error::ErrorResponse(ResponseValue::new(read, status, headers));
    }
    Error::UnexpectedResponse(rebuild(status, version, headers, url, body))
}

/// The response again, after its body was read.
fn rebuild(
    status: reqwest::StatusCode,
    version: reqwest::Version,
    headers: reqwest::header::HeaderMap,
    url: reqwest::Url,
    body: Bytes,
) -> Response {
    let mut response = ::http::Response::builder()
        .url(url)
        .body(body.clone())
        .unwrap_or_else(|_| ::http::Response::new(body));
    *response.status_mut() = status;
    *response.version_mut() = version;
    *response.headers_mut() = headers;
    Response::from(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_never_leaves_its_place() {
        let segment = |value: &str| path_segment::<()>("id", &value).ok();
        assert_eq!(segment("a b/c?d#e%2f\\"), Some("a%20b%2Fc%3Fd%23e%252f%5C".to_owned()));
        assert_eq!(segment("é"), Some("%C3%A9".to_owned()));
        assert_eq!(segment("a.b-c_d~e"), Some("a.b-c_d~e".to_owned()));
        for refused in ["", ".", ".."] {
            assert_eq!(segment(refused), None, "{refused:?}");
        }
    }
}
