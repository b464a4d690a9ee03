//! Successful responses, for generated code.

use std::fmt;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::precondition::Representation;
use super::problem::Problem;

/// The result of an operation's handler.
pub type HandlerResult = Result<Response, Problem>;

/// Returns a response without a body.
pub fn empty(status: u16) -> HandlerResult {
    response(status, Body::empty())
}

/// Returns a response with a JSON body.
pub fn json(status: u16, body: &impl Serialize) -> HandlerResult {
    let body = serde_json::to_vec(body).map_err(Problem::internal)?;
    with_type(response(status, body.into())?, "application/json")
}

/// Returns a response with a JSON body, and with its entity tag. The properties `volatile` do not change the tag.
pub fn tagged_json(status: u16, body: &impl Serialize, volatile: &[&str]) -> HandlerResult {
    let shown = Representation::new(body).map_err(Problem::internal)?;
    let etag = HeaderValue::try_from(shown.etag(volatile)).map_err(Problem::internal)?;
    let mut response = with_type(response(status, shown.json.into())?, "application/json")?;
    response.headers_mut().insert(ETAG, etag);
    Ok(response)
}

/// Returns a response with a body of any media type. Browsers must not guess another type, because the bytes may come from
/// anyone.
pub fn bytes(status: u16, media_type: &'static str, body: Bytes) -> HandlerResult {
    let mut response = with_type(response(status, body.into())?, media_type)?;
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

fn response(status: u16, body: Body) -> HandlerResult {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).map_err(Problem::internal)?;
    Ok(response)
}

fn with_type(mut response: Response, media_type: &'static str) -> HandlerResult {
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    Ok(response)
}

/// Adds a documented header to a response, unless it is `None`.
pub fn header(response: HandlerResult, name: &'static str, value: Option<impl fmt::Display>) -> HandlerResult {
    let mut response = response?;
    if let Some(value) = value {
        // A value that is not a valid header (for example with a line break) is a defect of the implementation.
        let value = HeaderValue::try_from(value.to_string()).map_err(Problem::internal)?;
        let name = HeaderName::try_from(name).map_err(Problem::internal)?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_header_is_omitted_and_invalid_one_is_an_internal_error() {
        let plain = header(empty(204), "X-Total", None::<i32>).unwrap();
        assert_eq!(plain.status(), 204);
        assert!(plain.headers().is_empty());
        let set = header(empty(302), "Location", Some("/there")).unwrap();
        assert_eq!(set.headers()["location"], "/there");
        let fault = header(empty(200), "X-Name", Some("a\r\nb: c")).unwrap_err();
        assert_eq!(fault.status(), 500);
    }
}
