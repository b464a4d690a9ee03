//! The request of a generated operation, from the values that its builder was given.
//!
//! Each step is one call in generated code, which so stays short: what all operations have in common is compiled once, here.

use progenitor_client::{QueryParam, ResponseValue};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Body, Method, RequestBuilder};
use serde::Serialize;
use serde_json::Value;

use crate::call::byte_stream::ByteStream;
use crate::call::execute;
use crate::call::operation::Operation;
#[cfg(feature = "stream")]
use crate::call::pagination::{ItemStream, Pagination, Parameter, paginate};
use crate::call::request::{header_value, path_segment};
use crate::client::Client;
use crate::error::Error;
use crate::wire::lenient::ReadLenient;

/// A value of a builder, or the reason why there is none.
pub(crate) type Given<T> = Result<T, String>;

/// Converts the argument of a setter.
pub(crate) fn convert<T>(value: impl TryInto<T>, name: &str, ty: &str) -> Given<T> {
    value
        .try_into()
        .map_err(|_| format!("the value of `{name}` is not a valid `{ty}`"))
}

/// Returns the value of a required field that was not set.
pub(crate) fn not_set<T>(name: &str) -> Given<T> {
    Err(format!("`{name}` is required and was not set"))
}

/// A path parameter: its name and its encoded value.
pub(crate) type Segment = Result<(&'static str, String), Error>;

/// Encodes a path parameter.
pub(crate) fn segment<T: ToString>(name: &'static str, value: Given<T>) -> Segment {
    let value = value.map_err(Error::InvalidRequest)?;
    Ok((name, path_segment(name, &value)?))
}

/// Encodes a path parameter that is an array.
pub(crate) fn list_segment<T: Serialize>(name: &'static str, value: Given<T>) -> Segment {
    let joined = value.and_then(|value| Ok(joined(name, ',', &value)?.unwrap_or_default()));
    segment(name, joined)
}

/// Joins the items of an array; `None` if the value is null.
fn joined(name: &str, separator: char, value: &impl Serialize) -> Given<Option<String>> {
    let invalid = |reason: &str| format!("the value of `{name}` cannot be sent: {reason}");
    let items = match serde_json::to_value(value) {
        Ok(Value::Null) => return Ok(None),
        Ok(Value::Array(items)) => items,
        Ok(other) => vec![other],
        Err(error) => return Err(invalid(&error.to_string())),
    };
    let items: Vec<String> = items
        .into_iter()
        .map(|item| match item {
            Value::String(text) => text,
            other => other.to_string(),
        })
        .collect();
    match items.iter().any(|item| item.contains(separator)) {
        true => Err(invalid(&format!(
            "`{separator}` separates its items, so none may contain it"
        ))),
        false => Ok(Some(items.join(separator.encode_utf8(&mut [0; 4])))),
    }
}

/// The request of an operation. The first invalid value is its error.
pub(crate) struct OperationRequest<'a> {
    client: &'a Client,
    operation: &'static Operation,
    request: Result<RequestBuilder, Error>,
    /// The media type of the body, where it is not the usual one of its kind.
    media_type: Option<&'static str>,
}

impl<'a> OperationRequest<'a> {
    pub(crate) fn new<const N: usize>(
        client: &'a Client,
        method: Method,
        operation: &'static Operation,
        segments: [Segment; N],
    ) -> Self {
        let mut path = Ok(operation.path.to_owned());
        for segment in segments {
            path = path.and_then(|path| {
                let (name, value) = segment?;
                // Encoded values have no braces.
                Ok(path.replace(&format!("{{{name}}}"), &value))
            });
        }
        Self {
            client,
            operation,
            media_type: None,
            request: path.map(|path| client.http().request(method, format!("{}{path}", client.base_url()))),
        }
    }

    fn with<T>(
        mut self,
        value: Given<T>,
        add: impl FnOnce(RequestBuilder, T) -> Result<RequestBuilder, Error>,
    ) -> Self {
        self.request = self
            .request
            .and_then(|request| add(request, value.map_err(Error::InvalidRequest)?));
        self
    }

    /// Adds a query parameter: an array as one parameter per item, `None` as none.
    pub(crate) fn query<T: Serialize>(self, name: &str, value: Given<T>) -> Self {
        self.with(
            value,
            |request, value| Ok(request.query(&QueryParam::new(name, &value))),
        )
    }

    /// Adds an array as one query parameter.
    pub(crate) fn query_list<T: Serialize>(self, name: &str, separator: char, value: Given<T>) -> Self {
        let joined = value.and_then(|value| joined(name, separator, &value));
        self.query(name, joined)
    }

    /// Adds an array as one header.
    pub(crate) fn header_list<T: Serialize>(self, name: &'static str, value: Given<T>) -> Self {
        let joined = value.and_then(|value| joined(name, ',', &value));
        self.header(name, joined)
    }

    pub(crate) fn header<T: ToString>(self, name: &'static str, value: Given<Option<T>>) -> Self {
        self.with(value, |request, value| match value {
            Some(value) => Ok(request.header(name, header_value(name, &value)?)),
            None => Ok(request),
        })
    }

    /// Sets the media type of the body, which follows.
    pub(crate) fn media_type(mut self, media_type: &'static str) -> Self {
        self.media_type = Some(media_type);
        self
    }

    /// Adds a body and its media type, unless it is `None`.
    fn body<T>(
        self,
        usual: &'static str,
        body: Given<Option<T>>,
        add: impl FnOnce(RequestBuilder, T) -> RequestBuilder,
    ) -> Self {
        let media_type = self.media_type.unwrap_or(usual);
        self.with(body, |request, body| {
            Ok(match body {
                Some(body) => add(request.header(CONTENT_TYPE, media_type), body),
                None => request,
            })
        })
    }

    pub(crate) fn body_json<T: Serialize>(self, body: Given<Option<T>>) -> Self {
        self.body("application/json", body, |request, body| request.json(&body))
    }

    /// An error in writing a form surfaces when the request is built.
    pub(crate) fn body_form<T: Serialize>(self, body: Given<Option<T>>) -> Self {
        self.body("application/x-www-form-urlencoded", body, |request, body| {
            request.form(&body)
        })
    }

    pub(crate) fn body_text(self, body: Given<Option<String>>) -> Self {
        self.body("text/plain", body, RequestBuilder::body)
    }

    pub(crate) fn body_bytes(self, body: Given<Option<Body>>) -> Self {
        self.body("application/octet-stream", body, RequestBuilder::body)
    }

    /// Sends the request and reads a JSON response.
    pub(crate) async fn json<T: ReadLenient>(self) -> Result<ResponseValue<T>, Error> {
        execute::json(self.client, self.operation, self.request?).await
    }

    /// Sends the request and reads a text.
    pub(crate) async fn text(self) -> Result<ResponseValue<String>, Error> {
        execute::text(self.client, self.operation, self.request?).await
    }

    /// Sends the request of an operation without a response body.
    pub(crate) async fn empty(self) -> Result<ResponseValue<()>, Error> {
        execute::empty(self.client, self.operation, self.request?).await
    }

    /// Sends the request and returns the response body as a stream.
    pub(crate) async fn stream(self) -> Result<ResponseValue<ByteStream>, Error> {
        execute::stream(self.client, self.operation, self.request?).await
    }

    /// Returns the items of all pages; the request has no page yet.
    #[cfg(feature = "stream")]
    pub(crate) fn pages<T: ReadLenient + Send + 'static>(
        self,
        pagination: Pagination,
        page: (Parameter, Parameter),
    ) -> ItemStream<T> {
        paginate(
            self.client.clone(),
            self.operation,
            pagination,
            self.request,
            page,
            T::read,
        )
    }
}
