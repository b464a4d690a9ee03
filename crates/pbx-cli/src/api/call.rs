//! Sends one request.

use pbx_client::reqwest::Method;
use pbx_client::{ByteStream, Client, Error, ResponseExt as _, ResponseValue};
use serde_json::Value;

use crate::failure::Failure;
use crate::operation::request::{Request, RequestBody};
use crate::operation::spec::{Access, ResponseBody};
use crate::transfer::request_body;

/// A successful response.
pub enum Response {
    /// No body.
    Empty,
    /// JSON, with the entity tag (`ETag`) if the server sent one.
    Json {
        /// The body.
        value: Value,
        /// The entity tag.
        etag: Option<String>,
    },
    /// The bytes of a file.
    Bytes(Box<ResponseValue<ByteStream>>),
}

impl Response {
    /// Returns the JSON, or `null` for other bodies.
    pub fn into_json(self) -> Value {
        match self {
            Self::Json { value, .. } => value,
            Self::Empty | Self::Bytes(_) => Value::Null,
        }
    }
}

/// The error of a request.
pub enum CallError {
    /// An error of the client or the server.
    Client(Error),
    /// An error on this machine, such as a file that cannot be read.
    Local(Failure),
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        Self::Local(failure)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Client(error) => error.into(),
            CallError::Local(failure) => failure,
        }
    }
}

/// Sends a request with the session of the client.
///
/// # Errors
///
/// Fails if the file of the body cannot be read, or as the client does.
pub async fn send(client: &Client, request: &Request) -> Result<Response, CallError> {
    let spec = request.spec;
    let parameters: Vec<(&str, &str)> = request
        .path
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let method = Method::from_bytes(spec.method.as_bytes())
        .map_err(|_| Failure::local(format!("`{}` is not an HTTP method", spec.method)))?;
    let mut call = client
        .call(method, spec.path, &parameters)?
        .success_statuses(spec.success_statuses);
    if matches!(spec.access, Access::Public) {
        call = call.without_token();
    }
    for (name, value) in &request.query {
        call = call.query(name, value);
    }
    for (name, value) in &request.headers {
        call = call.header(name, value);
    }
    if let Some(body) = &spec.body
        && !matches!(request.body, RequestBody::Empty)
    {
        call = call.header("content-type", body.media_type);
    }
    call = match &request.body {
        RequestBody::Empty => call,
        RequestBody::Json(body) => call.body_json(body),
        RequestBody::Form(fields) => call.body_form(fields),
        RequestBody::File(file) => call.body(request_body::from_file(file).await?),
        RequestBody::Text(text) => call.body(text.clone()),
    };
    Ok(match spec.response {
        ResponseBody::Empty => {
            call.empty().await?;
            Response::Empty
        }
        ResponseBody::Json(_) => {
            let response = call.json().await?;
            let etag = response.etag().map(str::to_owned);
            Response::Json {
                value: response.into_inner(),
                etag,
            }
        }
        ResponseBody::Bytes => Response::Bytes(Box::new(call.stream().await?)),
    })
}
