//! The way of a call: the request out, the answer back, whatever it is.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use progenitor_client::ResponseValue;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Request, RequestBuilder, Response, StatusCode};
#[cfg(feature = "stream")]
use serde_json::Map;
use serde_json::Value;

use super::{ByteStream, Operation, Read};
use crate::client::Access;
use crate::error::{Attempt, ErrorResponse};
use crate::retry::{self, Retries};
use crate::session::Next;
use crate::trace::Call;
use crate::{Client, Error};

const OTHER_TYPE: &str = "its body is JSON of another type than documented";

/// An answer that has arrived.
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// What is still to be read of the body.
    open: Option<Response>,
}

impl Answer {
    fn into_error_response(self) -> ErrorResponse {
        ErrorResponse::new(self.status, self.headers, self.body)
    }

    pub(crate) fn unexpected(&self, reason: impl Into<String>) -> Error {
        let response = ErrorResponse::new(self.status, self.headers.clone(), self.body.clone());
        Error::unexpected(reason, response)
    }

    fn json(&self) -> Result<Value, Error> {
        serde_json::from_slice(&self.body).map_err(|error| match self.body.is_empty() {
            true => self.unexpected("it has no body"),
            // The error of serde_json is a place, and does not repeat what is there.
            false => self.unexpected(format!("its body is no JSON ({error})")),
        })
    }
}

/// Calls an operation that answers JSON.
pub(crate) async fn json<T: Read>(
    client: &Client,
    operation: &Operation,
    request: RequestBuilder,
) -> Result<ResponseValue<T>, Error> {
    let answer = exchange(client, operation, request).await?;
    match T::read(answer.json()?) {
        Some(read) => Ok(ResponseValue::new(read, answer.status, answer.headers)),
        None => Err(answer.unexpected(OTHER_TYPE)),
    }
}

/// Calls a paged operation: the members of the page.
#[cfg(feature = "stream")]
pub(crate) async fn page(
    client: &Client,
    operation: &Operation,
    request: RequestBuilder,
) -> Result<(Map<String, Value>, Answer), Error> {
    let answer = exchange(client, operation, request).await?;
    match answer.json()? {
        Value::Object(members) => Ok((members, answer)),
        _ => Err(answer.unexpected(OTHER_TYPE)),
    }
}

/// Calls an operation that answers nothing. What is sent nevertheless is no matter.
pub(crate) async fn empty(
    client: &Client,
    operation: &Operation,
    request: RequestBuilder,
) -> Result<ResponseValue<()>, Error> {
    let answer = exchange(client, operation, request).await?;
    Ok(ResponseValue::new((), answer.status, answer.headers))
}

/// Calls an operation that answers bytes, which are read as they come.
pub(crate) async fn stream(
    client: &Client,
    operation: &Operation,
    request: RequestBuilder,
) -> Result<ResponseValue<ByteStream>, Error> {
    let request = prepared(request, "*/*")?;
    let answer = repeatedly(client, operation, request, Reading::Head).await?;
    let body = match answer.open {
        Some(response) => ByteStream::of(response),
        None => ByteStream::whole(answer.body),
    };
    Ok(ResponseValue::new(body, answer.status, answer.headers))
}

/// A documented success, arrived whole.
async fn exchange(client: &Client, operation: &Operation, mut request: RequestBuilder) -> Result<Answer, Error> {
    if let Some(timeout) = client.request_timeout() {
        request = request.timeout(timeout);
    }
    let request = prepared(request, "application/json")?;
    repeatedly(client, operation, request, Reading::Whole).await
}

/// How much of a success is read at once.
#[derive(Clone, Copy, PartialEq)]
enum Reading {
    Head,
    Whole,
}

fn prepared(request: RequestBuilder, accept: &'static str) -> Result<Request, Error> {
    let mut request = request.build().map_err(Error::of_sending)?;
    request
        .headers_mut()
        .insert(header::ACCEPT, HeaderValue::from_static(accept));
    Ok(request)
}

/// Why an exchange failed.
struct Fault {
    error: Error,
    /// It was not this request that failed, but getting a token for it, which has had its own tries.
    is_final: bool,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self { error, is_final: false }
    }
}

/// One exchange, and as many more as the policy allows while it fails.
async fn repeatedly(
    client: &Client,
    operation: &Operation,
    mut request: Request,
    reading: Reading,
) -> Result<Answer, Error> {
    let mut call = Call::start(client, operation, request.method());
    let mut retries = Retries::new(client, request.method());
    loop {
        let again = request.try_clone();
        let Fault { error, is_final } = match call.attempt(attempt(client, operation, request, reading)).await {
            Ok(answer) => {
                call.end(Some(answer.status));
                return Ok(answer);
            }
            Err(fault) => fault,
        };
        let delay = match is_final {
            true => None,
            false => retries.delay(&error),
        };
        let (Some(again), Some(delay)) = (again, delay) else {
            call.end(error.status());
            return Err(error);
        };
        call.repeats(&error, delay);
        retry::sleep(delay).await;
        request = again;
    }
}

/// One exchange, up to a documented success.
async fn attempt(client: &Client, operation: &Operation, request: Request, reading: Reading) -> Result<Answer, Fault> {
    let Received { response, attempt } = send(client, operation, request).await?;
    let is_success = operation.successes.contains(&response.status().as_u16());
    if is_success && reading == Reading::Head {
        return Ok(Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: Bytes::new(),
            open: Some(response),
        });
    }
    let answer = arrive(client, response).await?;
    match is_success {
        true => Ok(answer),
        false => Err(Error::of_answer(answer.into_error_response()).after(attempt).into()),
    }
}

/// The head of an answer.
struct Received {
    response: Response,
    /// What the session tried, if it is a refusal.
    attempt: Attempt,
}

/// Sends a request, with the session's token if the operation takes one; once more if that was refused and there is another.
async fn send(client: &Client, operation: &Operation, mut request: Request) -> Result<Received, Fault> {
    let received = |response, attempt| Ok(Received { response, attempt });
    let manager = match client.access() {
        Access::Session(manager) if operation.signed_in => manager,
        Access::Token(token) if operation.signed_in => {
            authorize(&mut request, token);
            return received(transmit(client, request).await?, Attempt::AccessToken);
        }
        _ => return received(transmit(client, request).await?, Attempt::NoToken),
    };
    let is_final = |error| Fault { error, is_final: true };
    let ticket = manager.ticket().await.map_err(is_final)?;
    if let Some(ticket) = &ticket {
        authorize(&mut request, &ticket.header);
    }
    let again = request.try_clone();
    let response = transmit(client, request).await?;
    if response.status() != StatusCode::UNAUTHORIZED {
        return received(response, Attempt::NoToken);
    }
    let next = manager.after_refusal(ticket, again.is_some()).await.map_err(is_final)?;
    match (next, again) {
        (Next::Repeat(ticket), Some(mut request)) => {
            authorize(&mut request, &ticket.header);
            received(transmit(client, request).await?, Attempt::RenewedToken)
        }
        (Next::Repeat(_), None) => received(response, Attempt::StreamedBody),
        (Next::GiveUp(attempt), _) => received(response, attempt),
    }
}

fn authorize(request: &mut Request, token: &HeaderValue) {
    request.headers_mut().insert(header::AUTHORIZATION, token.clone());
}

async fn transmit(client: &Client, request: Request) -> Result<Response, Error> {
    client.http().execute(request).await.map_err(Error::of_sending)
}

/// Reads a body to its end, or to the limit.
async fn arrive(client: &Client, response: Response) -> Result<Answer, Error> {
    let limit = client.response_limit();
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let fault = match chunk {
            Ok(chunk) if body.len() + chunk.len() <= limit => {
                body.extend_from_slice(&chunk);
                continue;
            }
            Ok(_) => None,
            Err(error) => Some(error),
        };
        let arrived = ErrorResponse::new(status, headers, body.freeze());
        return Err(match fault {
            Some(error) => Error::of_reading(error, arrived),
            None => Error::unexpected(format!("its body is longer than {limit} bytes"), arrived),
        });
    }
    Ok(Answer {
        status,
        headers,
        body: body.freeze(),
        open: None,
    })
}
