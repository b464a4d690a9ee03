//! Sends the request of a call and reads the response.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use progenitor_client::ResponseValue;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Request, RequestBuilder, StatusCode};
#[cfg(feature = "stream")]
use serde_json::Map;
use serde_json::Value;

use crate::call::byte_stream::ByteStream;
use crate::call::operation::Operation;
use crate::call::trace::CallSpan;
use crate::client::{Authorization, Client};
use crate::error::response::ErrorResponse;
use crate::error::{Attempt, Error};
use crate::retry;
use crate::session::manager::Rejection;
use crate::wire::lenient::ReadLenient;

/// The media type of most responses.
const JSON: &str = "application/json";

const OTHER_TYPE: &str = "the JSON type of its body differs from the documented one";

/// A successful response. Servers change their success statuses, so that an undocumented 2xx is one too, if its body can be read.
pub(crate) struct Response {
    status: StatusCode,
    is_documented: bool,
    headers: HeaderMap,
    body: Bytes,
    /// The unread body, if the response is read as a stream.
    unread: Option<reqwest::Response>,
}

impl Response {
    fn into_error_response(self) -> ErrorResponse {
        ErrorResponse::new(self.status, self.headers, self.body)
    }

    pub(crate) fn unexpected(&self, reason: impl Into<String>) -> Error {
        let response = ErrorResponse::new(self.status, self.headers.clone(), self.body.clone());
        Error::unexpected(reason, response)
    }

    fn json(&self) -> Result<Value, Error> {
        serde_json::from_slice(&self.body).map_err(|error| match self.body.is_empty() {
            true => self.unexpected("its body is empty"),
            // The error of serde_json names a location and does not repeat the body.
            false => self.unexpected(format!("its body is not JSON ({error})")),
        })
    }
}

/// Calls an operation with a JSON response.
pub(crate) async fn json<T: ReadLenient>(
    client: &Client,
    operation: &Operation,
    request: RequestBuilder,
) -> Result<ResponseValue<T>, Error> {
    json_with(client, operation, request, T::read).await
}

/// Calls an operation with a JSON response, which `read` reads.
pub(crate) async fn json_with<T>(
    client: &Client,
    operation: &Operation,
    request: RequestBuilder,
    read: impl FnOnce(Value) -> Option<T>,
) -> Result<ResponseValue<T>, Error> {
    let response = exchange(client, operation, request, JSON).await?;
    match read(response.json()?) {
        Some(read) => Ok(ResponseValue::new(read, response.status, response.headers)),
        None => Err(response.unexpected(OTHER_TYPE)),
    }
}

/// Calls a paginated operation. Returns the properties of the page.
#[cfg(feature = "stream")]
pub(crate) async fn page(
    client: &Client,
    operation: &Operation,
    request: RequestBuilder,
) -> Result<(Map<String, Value>, Response), Error> {
    let response = exchange(client, operation, request, JSON).await?;
    match response.json()? {
        Value::Object(properties) => Ok((properties, response)),
        _ => Err(response.unexpected(OTHER_TYPE)),
    }
}

/// Calls an operation without a response body. Ignores a body that is sent nevertheless, unless the status is not documented and the body
/// is not JSON: it may be the page of a proxy.
pub(crate) async fn empty(
    client: &Client,
    operation: &Operation,
    request: RequestBuilder,
) -> Result<ResponseValue<()>, Error> {
    let response = exchange(client, operation, request, JSON).await?;
    if !response.is_documented && !response.body.is_empty() {
        response.json()?;
    }
    Ok(ResponseValue::new((), response.status, response.headers))
}

/// Calls an operation with a text as its response.
pub(crate) async fn text(
    client: &Client,
    operation: &Operation,
    request: RequestBuilder,
) -> Result<ResponseValue<String>, Error> {
    let response = exchange(client, operation, request, "text/plain, */*").await?;
    let text = String::from_utf8_lossy(&response.body).into_owned();
    Ok(ResponseValue::new(text, response.status, response.headers))
}

/// Calls an operation with a binary response, which is read as a stream.
pub(crate) async fn stream(
    client: &Client,
    operation: &Operation,
    request: RequestBuilder,
) -> Result<ResponseValue<ByteStream>, Error> {
    let request = build(request, "*/*")?;
    let response = send_with_retries(client, operation, request, ReadMode::Head).await?;
    let body = match response.unread {
        Some(unread) => ByteStream::new(unread),
        None => ByteStream::from_bytes(response.body),
    };
    Ok(ResponseValue::new(body, response.status, response.headers))
}

/// Calls an operation and reads the whole response.
async fn exchange(
    client: &Client,
    operation: &Operation,
    mut request: RequestBuilder,
    accept: &'static str,
) -> Result<Response, Error> {
    if let Some(timeout) = client.connection().request_timeout {
        request = request.timeout(timeout);
    }
    let request = build(request, accept)?;
    send_with_retries(client, operation, request, ReadMode::Whole).await
}

/// The part of a success response that is read before the call returns.
#[derive(Clone, Copy, PartialEq)]
enum ReadMode {
    Head,
    Whole,
}

fn build(request: RequestBuilder, accept: &'static str) -> Result<Request, Error> {
    let mut request = request.build().map_err(Error::from_send)?;
    request
        .headers_mut()
        .insert(header::ACCEPT, HeaderValue::from_static(accept));
    Ok(request)
}

/// A failed attempt.
struct Failure {
    error: Error,
    /// The renewal of the token failed, whose requests have retries of their own.
    is_final: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, is_final: false }
    }
}

/// Sends a request, with retries as the policy permits.
async fn send_with_retries(
    client: &Client,
    operation: &Operation,
    mut request: Request,
    mode: ReadMode,
) -> Result<Response, Error> {
    let mut span = CallSpan::start(client, operation, request.method());
    let mut retries = client.retries(request.method());
    loop {
        let again = request.try_clone();
        let Failure { error, is_final } = match span.attempt(attempt(client, operation, request, mode)).await {
            Ok(response) => {
                if !response.is_documented {
                    span.undocumented(response.status);
                }
                span.end(Some(response.status));
                return Ok(response);
            }
            Err(failure) => failure,
        };
        let delay = match is_final {
            true => None,
            false => retries.next_delay(&error),
        };
        let (Some(again), Some(delay)) = (again, delay) else {
            span.end(error.status());
            return Err(error);
        };
        span.retry(&error, delay);
        retry::sleep(delay).await;
        request = again;
    }
}

/// Sends a request once. Returns a response with a documented success status or another 2xx.
async fn attempt(
    client: &Client,
    operation: &Operation,
    request: Request,
    mode: ReadMode,
) -> Result<Response, Failure> {
    let Received { response, attempt } = send(client, operation, request).await?;
    let is_documented = operation.successes.contains(&response.status().as_u16());
    let is_success = is_documented || response.status().is_success();
    if is_success && mode == ReadMode::Head {
        return Ok(Response {
            status: response.status(),
            is_documented,
            headers: response.headers().clone(),
            body: Bytes::new(),
            unread: Some(response),
        });
    }
    let mut response = read_body(client, response).await?;
    response.is_documented = is_documented;
    match is_success {
        true => Ok(response),
        false => Err(Error::from_response(response.into_error_response())
            .with_attempt(attempt)
            .into()),
    }
}

/// The head of a response.
struct Received {
    response: reqwest::Response,
    /// The authentication that was attempted, for a response with status 401.
    attempt: Attempt,
}

/// Sends a request with the access token of the session, if the operation needs one. If the server rejects the token, renews it
/// and sends the request again.
async fn send(client: &Client, operation: &Operation, mut request: Request) -> Result<Received, Failure> {
    let received = |response, attempt| Ok(Received { response, attempt });
    let manager = match client.authorization() {
        Authorization::Session(manager) if operation.signed_in => manager,
        Authorization::Token(token) if operation.signed_in => {
            authorize(&mut request, token);
            return received(transmit(client, request).await?, Attempt::AccessToken);
        }
        _ => return received(transmit(client, request).await?, Attempt::NoToken),
    };
    let is_final = |error| Failure { error, is_final: true };
    let ticket = manager.ticket().await.map_err(is_final)?;
    if let Some(ticket) = &ticket {
        authorize(&mut request, &ticket.header);
    }
    let again = request.try_clone();
    let response = transmit(client, request).await?;
    if response.status() != StatusCode::UNAUTHORIZED {
        return received(response, Attempt::NoToken);
    }
    let rejection = manager
        .after_rejection(ticket, again.is_some())
        .await
        .map_err(is_final)?;
    match (rejection, again) {
        (Rejection::Retry(ticket), Some(mut request)) => {
            authorize(&mut request, &ticket.header);
            received(transmit(client, request).await?, Attempt::RenewedToken)
        }
        (Rejection::Retry(_), None) => received(response, Attempt::StreamedBody),
        (Rejection::Final(attempt), _) => received(response, attempt),
    }
}

fn authorize(request: &mut Request, token: &HeaderValue) {
    request.headers_mut().insert(header::AUTHORIZATION, token.clone());
}

async fn transmit(client: &Client, request: Request) -> Result<reqwest::Response, Error> {
    client.http().execute(request).await.map_err(Error::from_send)
}

/// Reads a body to its end. Fails if it exceeds the limit.
async fn read_body(client: &Client, response: reqwest::Response) -> Result<Response, Error> {
    let limit = client.connection().response_limit;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let failure = match chunk {
            Ok(chunk) if body.len() + chunk.len() <= limit => {
                body.extend_from_slice(&chunk);
                continue;
            }
            Ok(_) => None,
            Err(error) => Some(error),
        };
        let received = ErrorResponse::new(status, headers, body.freeze());
        return Err(match failure {
            Some(error) => Error::from_read(error, received),
            None => Error::unexpected(format!("its body is longer than {limit} bytes"), received),
        });
    }
    Ok(Response {
        status,
        is_documented: true,
        headers,
        body: body.freeze(),
        unread: None,
    })
}
