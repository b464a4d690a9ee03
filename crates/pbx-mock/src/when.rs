//! What a request must be for a mock to answer it.

use std::borrow::Borrow;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::differ::{Mode, differences};
use crate::expect::{same, text, texts};
use crate::expectation::Condition;
use crate::operation::{BodyEncoding, BytesBody, Operation, OptionalBody, TypedBody};
use crate::{Argument, Expect, Request, route};

/// What a request of the operation `O` must be for a mock to answer it. Without a condition, any will do.
///
/// Each parameter of an operation is a method: `when.id("7")`, `when.top(10)`, and `when.filter(None)` for one that must not
/// be there.
pub struct When<O> {
    conditions: Vec<Condition>,
    pub(crate) http: Option<httpmock::When>,
    pub(crate) more: bool,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> When<O> {
    pub(crate) fn new(http: httpmock::When) -> Self {
        Self {
            conditions: Vec::new(),
            http: Some(http),
            more: false,
            operation: PhantomData,
        }
    }

    pub(crate) fn finish(self) -> (Vec<Condition>, Option<httpmock::When>, bool) {
        (self.conditions, self.http, self.more)
    }

    /// The request carries this access token.
    pub fn authenticated(&mut self, token: impl Argument<String>) -> &mut Self {
        self.header("Authorization", format!("Bearer {}", token.into_value()))
    }

    /// The request carries no access token.
    pub fn anonymous(&mut self) -> &mut Self {
        self.header("Authorization", None)
    }

    /// The request has a header of this value; with `None`, it has no such header.
    pub fn header(&mut self, name: &str, value: impl Expect<String>) -> &mut Self {
        header(self, name, value.into_expected());
        self
    }

    /// Something else is true of the request. `what` says what, for the message when it is not.
    pub fn matches(&mut self, what: &str, holds: impl Fn(&Request) -> bool + Send + Sync + 'static) -> &mut Self {
        let what = format!("not true: {what}");
        self.condition(move |request| match holds(request) {
            true => Vec::new(),
            false => vec![what.clone()],
        })
    }

    /// Conditions in httpmock's own words. A message cannot say which of them does not hold.
    pub fn httpmock(&mut self, conditions: impl FnOnce(httpmock::When) -> httpmock::When) -> &mut Self {
        self.http = self.http.take().map(conditions);
        self.more = true;
        self
    }

    fn condition(&mut self, condition: impl Fn(&Request) -> Vec<String> + Send + Sync + 'static) -> &mut Self {
        self.conditions.push(Box::new(condition));
        self
    }
}

impl<O: TypedBody> When<O> {
    /// The body is this one, with nothing missing and nothing more.
    pub fn body(&mut self, body: impl Borrow<O::Body>) -> &mut Self {
        let expected = serde_json::to_value(body.borrow()).unwrap_or_default();
        self.compare(expected, Mode::Whole)
    }

    /// The body has these members with these values, whatever else it has: `when.body_includes(json!({"name": "a"}))`.
    ///
    /// This is true at every depth. Lists have as many items as are given.
    pub fn body_includes(&mut self, part: impl Into<Value>) -> &mut Self {
        self.compare(part.into(), Mode::Part)
    }

    /// Something is true of the body.
    pub fn body_matches(&mut self, holds: impl Fn(&O::Body) -> bool + Send + Sync + 'static) -> &mut Self
    where
        O::Body: DeserializeOwned,
    {
        self.condition(move |request| match read::<O, O::Body>(request) {
            Ok(body) if holds(&body) => Vec::new(),
            Ok(_) => vec![format!(
                "body: does not match, is {}",
                String::from_utf8_lossy(request.body())
            )],
            Err(problem) => vec![problem],
        })
    }

    fn compare(&mut self, expected: Value, mode: Mode) -> &mut Self {
        let expected = match O::ENCODING {
            BodyEncoding::Json => expected,
            BodyEncoding::UrlEncoded => as_texts(expected),
        };
        self.condition(move |request| match read::<O, Value>(request) {
            Ok(found) => prefixed("body", differences(&expected, &found, mode)),
            Err(problem) => vec![problem],
        })
    }
}

impl<O: BytesBody> When<O> {
    /// The body is made of these bytes.
    pub fn bytes(&mut self, bytes: impl Into<Vec<u8>>) -> &mut Self {
        let expected = bytes.into();
        self.condition(move |request| {
            let found = request.body();
            match found == expected {
                true => Vec::new(),
                false => vec![format!(
                    "body: expected {} other bytes, was {}",
                    expected.len(),
                    found.len()
                )],
            }
        })
    }
}

impl<O: OptionalBody> When<O> {
    /// The request has no body.
    pub fn no_body(&mut self) -> &mut Self {
        self.condition(|request| match request.body() {
            [] => Vec::new(),
            body => vec![format!("body: expected to be absent, was {} bytes", body.len())],
        })
    }
}

/// The parameters of operations: what the generated methods call. Functions, so that a parameter may have any name.
pub(crate) fn path<'a, O: Operation, T: Serialize>(
    when: &'a mut When<O>,
    name: &'static str,
    value: impl Argument<T>,
) -> &'a mut When<O> {
    let expected = texts(&value.into_value()).concat();
    when.condition(move |request| {
        let found = route::parameter(O::INFO.path, request.path(), name);
        compared(
            "path",
            name,
            std::slice::from_ref(&expected),
            &found.into_iter().collect::<Vec<_>>(),
        )
    })
}

/// `names`: all spellings of the parameter.
pub(crate) fn query<'a, O: Operation, T: Serialize>(
    when: &'a mut When<O>,
    names: &'static [&'static str],
    value: impl Expect<T>,
) -> &'a mut When<O> {
    let expected = value.into_expected().map(|value| texts(&value)).unwrap_or_default();
    when.condition(move |request| {
        let found = request
            .query()
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        let found: Vec<String> = found.map(|(_, value)| value.clone()).collect();
        compared("query", names.first().unwrap_or(&""), &expected, &found)
    })
}

pub(crate) fn header_parameter<'a, O: Operation, T: Serialize>(
    when: &'a mut When<O>,
    name: &'static str,
    value: impl Expect<T>,
) -> &'a mut When<O> {
    header(when, name, value.into_expected().map(|value| texts(&value).concat()));
    when
}

fn header<O: Operation>(when: &mut When<O>, name: &str, value: Option<String>) {
    let (name, expected) = (name.to_owned(), value.into_iter().collect::<Vec<_>>());
    when.condition(move |request| {
        let found = request.header(&name).map(str::to_owned);
        compared("header", &name, &expected, &found.into_iter().collect::<Vec<_>>())
    });
}

fn compared(place: &str, name: &str, expected: &[String], found: &[String]) -> Vec<String> {
    let equal = expected.len() == found.len() && expected.iter().zip(found).all(|(one, other)| same(one, other));
    let told = |values: &[String]| match values {
        [] => "absent".to_owned(),
        [one] => format!("{one:?}"),
        several => format!("{several:?}"),
    };
    match (equal, expected) {
        (true, _) => Vec::new(),
        (false, []) => vec![format!("{place} {name}: expected to be absent, was {}", told(found))],
        (false, _) => vec![format!(
            "{place} {name}: expected {}, was {}",
            told(expected),
            told(found)
        )],
    }
}

/// The body of a request as a `T`.
pub(crate) fn read<O: TypedBody, T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    let shown = || {
        let text: String = String::from_utf8_lossy(request.body()).chars().take(200).collect();
        match text.as_str() {
            "" => "there is none".to_owned(),
            text => format!("was {text:?}"),
        }
    };
    match O::ENCODING {
        BodyEncoding::Json => request
            .json()
            .map_err(|error| format!("body: no such JSON ({error}): {}", shown())),
        BodyEncoding::UrlEncoded => {
            let fields = form(request.body());
            serde_json::from_value(fields.clone())
                .or_else(|_| serde_json::from_value(scalars(fields)))
                .map_err(|error| format!("body: no such form ({error}): {}", shown()))
        }
    }
}

/// An object of texts with those that are numbers or booleans as such.
fn scalars(fields: Value) -> Value {
    let Value::Object(fields) = fields else {
        return fields;
    };
    let read = |value: Value| match value.as_str().map(serde_json::from_str::<Value>) {
        Some(Ok(scalar @ (Value::Bool(_) | Value::Number(_)))) => scalar,
        _ => value,
    };
    Value::Object(fields.into_iter().map(|(name, value)| (name, read(value))).collect())
}

/// A form's fields as an object of texts.
fn form(body: &[u8]) -> Value {
    let fields = form_urlencoded::parse(body).into_owned();
    Value::Object(fields.map(|(name, value)| (name, Value::String(value))).collect())
}

/// An object with its members as a form writes them.
fn as_texts(object: Value) -> Value {
    match object {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                members
                    .map(|(name, value)| (name, Value::String(text(&value))))
                    .collect::<Map<_, _>>(),
            )
        }
        other => other,
    }
}

fn prefixed(prefix: &str, lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| format!("{prefix} {line}")).collect()
}
