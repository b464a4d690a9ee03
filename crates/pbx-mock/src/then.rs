//! The response of a mock.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::argument::to_strings;
use crate::operation::{FileResponse, ListResponse, Operation};
use crate::request::Request;
use crate::response::Response;

/// The response of a mock of the operation `O`.
///
/// Each documented success status is a method: `then.ok(&tenant)`, `then.created(..)`, `then.no_content()`.
pub struct Then<O> {
    pub(crate) respond: Option<Respond>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) delay: Option<Duration>,
    pub(crate) limit: Option<usize>,
    operation: PhantomData<fn() -> O>,
}

type Respond = Box<dyn Fn(&Request) -> Response + Send + Sync>;

impl<O: Operation> Then<O> {
    pub(crate) fn new() -> Self {
        Self {
            respond: None,
            headers: Vec::new(),
            delay: None,
            limit: None,
            operation: PhantomData,
        }
    }

    /// Responds with an error of one reason, in the envelope of the API: `then.error(409, "LICENSE_LIMITED", "...")`.
    pub fn error(&mut self, status: u16, code: &str, message: &str) -> &mut Self {
        self.always(Response::error(status, code, message))
    }

    /// Responds with 400: properties of the body violate rules. Each violation is a JSON Pointer, a JSON Schema keyword with its
    /// limit, and a message: `then.validation([("/port", "maximum 65535", "`port` must be at most 65535.")])`.
    pub fn validation<'v>(&mut self, violations: impl IntoIterator<Item = (&'v str, &'v str, &'v str)>) -> &mut Self {
        let errors = violations.into_iter().map(|(pointer, rule, message)| {
            let detail = format!("body#{pointer} {rule}");
            json!({"code": "VALIDATE_FAILED", "message": message, "detail": detail.trim_end()})
        });
        self.always(Response::errors(400, errors.collect()))
    }

    /// Responds with 401: the access token is invalid or has expired.
    pub fn unauthorized(&mut self) -> &mut Self {
        self.always(Response::unauthorized())
    }

    /// Responds with 403: the caller's role does not permit the operation.
    pub fn forbidden(&mut self) -> &mut Self {
        self.error(403, "FORBIDDEN", "Your role does not allow this operation.")
    }

    /// Responds with 403: requests from the caller's address are denied.
    pub fn denied(&mut self) -> &mut Self {
        self.error(403, "DENIED", "Access from 127.0.0.1 is denied.")
    }

    /// Responds with 404.
    pub fn not_found(&mut self) -> &mut Self {
        self.error(404, "NOT_FOUND", "There is no object with this ID.")
    }

    /// Responds with 409: the present state does not permit the operation.
    pub fn conflict(&mut self, code: &str, message: &str) -> &mut Self {
        self.error(409, code, message)
    }

    /// Responds with 412: the object has changed since the `ETag` of `If-Match`, in these properties.
    pub fn precondition_failed(&mut self, properties: &[&str]) -> &mut Self {
        let message = format!("The object has changed since this ETag ({}).", properties.join(", "));
        self.error(412, "PRECONDITION_FAILED", &message)
    }

    /// Responds with 429 and `Retry-After` in whole seconds.
    pub fn rate_limited(&mut self, delay: Duration) -> &mut Self {
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        let message = format!("Too many requests from this address: try again in {seconds} s.");
        let response = Response::error(429, "TOO_MANY_REQUESTS", &message);
        self.always(response.header("Retry-After", seconds.to_string()))
    }

    /// Responds with any status, media type and body, documented or not: `then.raw(502, "text/html", "<h1>Bad gateway</h1>")`.
    pub fn raw(&mut self, status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> &mut Self {
        self.always(Response::raw(status, media_type, body))
    }

    /// Responds depending on the request.
    pub fn respond_with(&mut self, respond: impl Fn(&Request) -> Response + Send + Sync + 'static) -> &mut Self {
        self.respond = Some(Box::new(respond));
        self
    }

    /// Adds a header to the response, also to errors.
    pub fn header(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Delays the response.
    pub fn delay(&mut self, delay: Duration) -> &mut Self {
        self.delay = Some(delay);
        self
    }

    /// Limits the number of requests that the mock answers. Further requests go to the mocks created after it. A server that fails
    /// once:
    ///
    /// ```
    /// # let server = pbx_mock::MockServer::start();
    /// server.show_key(|_, then| {
    ///     then.error(503, "UNAVAILABLE", "The server is busy.").up_to_n_times(1);
    /// });
    /// server.show_key(|_, then| {
    ///     then.ok(pbx_client::types::CertificateKey::default());
    /// });
    /// ```
    pub fn up_to_n_times(&mut self, n: usize) -> &mut Self {
        self.limit = Some(n);
        self
    }

    fn always(&mut self, response: Response) -> &mut Self {
        self.respond_with(move |_| response.clone())
    }
}

impl<O: ListResponse> Then<O> {
    /// Responds with a paginated list of these items: each request gets the page for its `skip` and `top`, with the `count` of all.
    ///
    /// `filter`, `orderby` and `search` are not evaluated: pass the items that the expected filter selects.
    pub fn items<I: Borrow<O::Item>>(&mut self, items: impl IntoIterator<Item = I>) -> &mut Self {
        let items: Vec<Value> = items
            .into_iter()
            .map(|item| serde_json::to_value(item.borrow()).unwrap_or_default())
            .collect();
        self.respond_with(move |request| {
            let number = |names: [&str; 2]| {
                let found = request.query().iter().find(|(name, _)| names.contains(&name.as_str()));
                found.and_then(|(_, value)| value.parse::<usize>().ok())
            };
            let skip = number(["skip", "$skip"]).unwrap_or(0);
            let page = O::DEFAULT_PAGE_SIZE
                .and_then(|page| page.try_into().ok())
                .unwrap_or(usize::MAX);
            let top = number(["top", "$top"]).unwrap_or(page);
            let page: Vec<&Value> = items.iter().skip(skip).take(top).collect();
            Response::json(O::STATUS, &json!({"count": items.len(), "items": page}))
        })
    }
}

impl<O: FileResponse> Then<O> {
    /// Responds with a file of this name, as an attachment.
    pub fn file(&mut self, name: &str, content: impl Into<Vec<u8>>) -> &mut Self {
        let disposition = disposition(name);
        self.always(Response::raw(O::STATUS, O::MEDIA_TYPE, content).header("Content-Disposition", disposition))
    }
}

/// Formats `Content-Disposition` (RFC 6266): the name in quotes and, unless it is plain ASCII, in UTF-8.
fn disposition(name: &str) -> String {
    let plain = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    let fallback: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    match fallback == name {
        true => format!("attachment; filename=\"{name}\""),
        false => {
            let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
            format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}")
        }
    }
}

/// Called by the generated methods, like the functions below. They are no methods, so that a header may have any name.
#[allow(dead_code, reason = "not every contract has one")]
pub(crate) fn json_response<'a, O: Operation, T: Serialize>(
    then: &'a mut Then<O>,
    status: u16,
    body: &T,
) -> &'a mut Then<O> {
    then.always(Response::json(status, body))
}

#[allow(dead_code, reason = "not every contract has one")]
pub(crate) fn header<'a, O: Operation>(then: &'a mut Then<O>, name: &str, value: &impl Serialize) -> &'a mut Then<O> {
    then.header(name, to_strings(value).concat())
}

#[allow(dead_code, reason = "not every contract has one")]
pub(crate) fn empty_response<O: Operation>(then: &mut Then<O>, status: u16) -> &mut Then<O> {
    then.always(Response::empty(status))
}

#[allow(dead_code, reason = "not every contract has one")]
pub(crate) fn bytes_response<'a, O: Operation>(
    then: &'a mut Then<O>,
    status: u16,
    media_type: &str,
    body: impl Into<Vec<u8>>,
) -> &'a mut Then<O> {
    then.always(Response::raw(status, media_type, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_name_is_quoted_or_encoded() {
        assert_eq!(disposition("a b.csv"), "attachment; filename=\"a b.csv\"");
        assert_eq!(
            disposition("é\"\r\n"),
            "attachment; filename=\"____\"; filename*=UTF-8''%C3%A9%22%0D%0A"
        );
    }
}
