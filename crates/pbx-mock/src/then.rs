//! What a mock answers.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Request;
use crate::expect::texts;
use crate::operation::{FileResponse, ListResponse, Operation};

/// What a mock of the operation `O` answers.
///
/// Each documented success is a method: `then.ok(&tenant)`, `then.created(..)`, `then.no_content()`.
pub struct Then<O> {
    pub(crate) answer: Option<Answer>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) delay: Option<Duration>,
    pub(crate) limit: Option<usize>,
    operation: PhantomData<fn() -> O>,
}

type Answer = Box<dyn Fn(&Request) -> Response + Send + Sync>;

/// An answer of any kind.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Of bytes of some kind.
    pub fn raw(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), media_type.to_owned())],
            body: body.into(),
        }
    }

    /// Of JSON.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        Self::raw(status, "application/json", serde_json::to_vec(body).unwrap_or_default())
    }

    /// A failure, in the API's envelope.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::errors(status, vec![json!({"code": code, "message": message})])
    }

    pub(crate) fn unauthorized() -> Self {
        let response = Self::error(401, "UNAUTHORIZED", "The access token is not valid (any more).");
        response.header("WWW-Authenticate", "Bearer error=\"invalid_token\"")
    }

    fn errors(status: u16, errors: Vec<Value>) -> Self {
        Self::json(status, &json!({"errors": errors}))
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl<O: Operation> Then<O> {
    pub(crate) fn new() -> Self {
        Self {
            answer: None,
            headers: Vec::new(),
            delay: None,
            limit: None,
            operation: PhantomData,
        }
    }

    /// A failure with one reason, in the API's envelope: `then.error(409, "LICENSE_LIMITED", "...")`.
    pub fn error(&mut self, status: u16, code: &str, message: &str) -> &mut Self {
        self.always(Response::error(status, code, message))
    }

    /// 400: members of the body break rules; for each its JSON pointer, the rule as JSON Schema calls it with what it allows,
    /// and a sentence: `then.validation([("/port", "maximum 65535", "`port` must be at most 65535.")])`.
    pub fn validation<'v>(&mut self, violations: impl IntoIterator<Item = (&'v str, &'v str, &'v str)>) -> &mut Self {
        let errors = violations.into_iter().map(|(pointer, rule, message)| {
            let detail = format!("body#{pointer} {rule}");
            json!({"code": "VALIDATE_FAILED", "message": message, "detail": detail.trim_end()})
        });
        self.always(Response::errors(400, errors.collect()))
    }

    /// 401: the token is not valid, or no longer.
    pub fn unauthorized(&mut self) -> &mut Self {
        self.always(Response::unauthorized())
    }

    /// 403: the caller's role does not allow it.
    pub fn forbidden(&mut self) -> &mut Self {
        self.error(403, "FORBIDDEN", "Your role does not allow this operation.")
    }

    /// 403: requests from the caller's address are refused.
    pub fn denied(&mut self) -> &mut Self {
        self.error(403, "DENIED", "Access from 127.0.0.1 is denied.")
    }

    /// 404.
    pub fn not_found(&mut self) -> &mut Self {
        self.error(404, "NOT_FOUND", "There is nothing of this id.")
    }

    /// 409: what is there already forbids it.
    pub fn conflict(&mut self, code: &str, message: &str) -> &mut Self {
        self.error(409, code, message)
    }

    /// 429, with `Retry-After` in whole seconds.
    pub fn rate_limited(&mut self, delay: Duration) -> &mut Self {
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        let message = format!("Too many requests from this address: try again in {seconds} s.");
        let response = Response::error(429, "TOO_MANY_REQUESTS", &message);
        self.always(response.header("Retry-After", seconds.to_string()))
    }

    /// What no server should answer: any status, kind and body. `then.raw(502, "text/html", "<h1>Bad gateway</h1>")`.
    pub fn raw(&mut self, status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> &mut Self {
        self.always(Response::raw(status, media_type, body))
    }

    /// An answer that depends on the request.
    pub fn respond_with(&mut self, respond: impl Fn(&Request) -> Response + Send + Sync + 'static) -> &mut Self {
        self.answer = Some(Box::new(respond));
        self
    }

    /// A header of the answer, whatever the answer is.
    pub fn header(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The answer comes this much later.
    pub fn delay(&mut self, delay: Duration) -> &mut Self {
        self.delay = Some(delay);
        self
    }

    /// The mock answers only so many requests; the next one goes to the mock made after it. A server that fails once:
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
    /// A list of all these: each request gets the page that its `skip` and `top` ask for, with the `count` of all.
    ///
    /// `filter`, `orderby` and `search` are not evaluated: give the items that the expected one selects.
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
    /// A file of this name, as an attachment.
    pub fn file(&mut self, name: &str, content: impl Into<Vec<u8>>) -> &mut Self {
        let disposition = disposition(name);
        self.always(Response::raw(O::STATUS, O::MEDIA_TYPE, content).header("Content-Disposition", disposition))
    }
}

/// RFC 6266: the name in quotes and, where that cannot say it, in UTF-8.
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

/// What the generated methods call. Functions, so that a header may have any name.
pub(crate) fn json_answer<'a, O: Operation, T: Serialize>(
    then: &'a mut Then<O>,
    status: u16,
    body: &T,
) -> &'a mut Then<O> {
    then.always(Response::json(status, body))
}

pub(crate) fn header<'a, O: Operation>(then: &'a mut Then<O>, name: &str, value: &impl Serialize) -> &'a mut Then<O> {
    then.header(name, texts(value).concat())
}

pub(crate) fn empty_answer<O: Operation>(then: &mut Then<O>, status: u16) -> &mut Then<O> {
    then.always(Response::empty(status))
}

pub(crate) fn bytes_answer<'a, O: Operation>(
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
    fn every_name_is_said() {
        assert_eq!(disposition("a b.csv"), "attachment; filename=\"a b.csv\"");
        assert_eq!(
            disposition("é\"\r\n"),
            "attachment; filename=\"____\"; filename*=UTF-8''%C3%A9%22%0D%0A"
        );
    }
}
