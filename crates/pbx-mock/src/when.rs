//! The conditions of a mock.

use std::borrow::Borrow;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::argument::{Argument, Expect, is_equal, to_string, to_strings};
use crate::expectation::Condition;
use crate::json_diff::{Comparison, differences};
use crate::operation::{BodyEncoding, BytesBody, Operation, OptionalBody, TypedBody};
use crate::request::Request;
use crate::router;

/// The conditions that a request of the operation `O` must meet to match a mock. Without conditions, every request matches.
///
/// Each parameter of an operation is a method: `when.id("7")`, `when.top(10)`, and `when.filter(None)` for one that must be
/// absent.
pub struct When<O> {
    conditions: Vec<Condition>,
    pub(crate) http: Option<httpmock::When>,
    pub(crate) has_httpmock_conditions: bool,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> When<O> {
    pub(crate) fn new(http: httpmock::When) -> Self {
        Self {
            conditions: Vec::new(),
            http: Some(http),
            has_httpmock_conditions: false,
            operation: PhantomData,
        }
    }

    pub(crate) fn finish(self) -> (Vec<Condition>, Option<httpmock::When>, bool) {
        (self.conditions, self.http, self.has_httpmock_conditions)
    }

    /// Requires this access token.
    pub fn authenticated(&mut self, token: impl Argument<String>) -> &mut Self {
        self.header("Authorization", format!("Bearer {}", token.into_value()))
    }

    /// Requires that there is no access token.
    pub fn anonymous(&mut self) -> &mut Self {
        self.header("Authorization", None)
    }

    /// Requires a header with this value, or with `None` that the header is absent.
    pub fn header(&mut self, name: &str, value: impl Expect<String>) -> &mut Self {
        header(self, name, value.into_expected());
        self
    }

    /// Requires that a predicate holds for the request. `description` describes it in the message for requests that do not match.
    pub fn matches(
        &mut self,
        description: &str,
        predicate: impl Fn(&Request) -> bool + Send + Sync + 'static,
    ) -> &mut Self {
        let message = format!("condition not met: {description}");
        self.condition(move |request| match predicate(request) {
            true => Vec::new(),
            false => vec![message.clone()],
        })
    }

    /// Adds conditions with the interface of httpmock. Messages cannot tell which of them is not met.
    pub fn httpmock(&mut self, conditions: impl FnOnce(httpmock::When) -> httpmock::When) -> &mut Self {
        self.http = self.http.take().map(conditions);
        self.has_httpmock_conditions = true;
        self
    }

    fn condition(&mut self, condition: impl Fn(&Request) -> Vec<String> + Send + Sync + 'static) -> &mut Self {
        self.conditions.push(Box::new(condition));
        self
    }
}

impl<O: TypedBody> When<O> {
    /// Requires exactly this body.
    pub fn body(&mut self, body: impl Borrow<O::Body>) -> &mut Self {
        let expected = serde_json::to_value(body.borrow()).unwrap_or_default();
        self.compare(expected, Comparison::Exact)
    }

    /// Requires that the body includes these properties with these values: `when.body_includes(json!({"name": "a"}))`.
    ///
    /// Objects may have further properties, at every depth. Arrays must have the same length.
    pub fn body_includes(&mut self, part: impl Into<Value>) -> &mut Self {
        self.compare(part.into(), Comparison::Partial)
    }

    /// Requires that a predicate holds for the body.
    pub fn body_matches(&mut self, predicate: impl Fn(&O::Body) -> bool + Send + Sync + 'static) -> &mut Self
    where
        O::Body: DeserializeOwned,
    {
        self.condition(move |request| match read::<O, O::Body>(request) {
            Ok(body) if predicate(&body) => Vec::new(),
            Ok(_) => vec![format!(
                "body: does not match the predicate, was {}",
                String::from_utf8_lossy(request.body())
            )],
            Err(problem) => vec![problem],
        })
    }

    fn compare(&mut self, expected: Value, comparison: Comparison) -> &mut Self {
        let expected = match O::ENCODING {
            BodyEncoding::Json => expected,
            BodyEncoding::UrlEncoded => as_form_values(expected),
        };
        self.condition(move |request| match read::<O, Value>(request) {
            Ok(actual) => prefixed("body", differences(&expected, &actual, comparison)),
            Err(problem) => vec![problem],
        })
    }
}

impl<O: BytesBody> When<O> {
    /// Requires exactly these bytes as the body.
    pub fn bytes(&mut self, bytes: impl Into<Vec<u8>>) -> &mut Self {
        let expected = bytes.into();
        self.condition(move |request| {
            let actual = request.body();
            match actual == expected {
                true => Vec::new(),
                false => vec![format!(
                    "body: expected {} bytes, was {} different bytes",
                    expected.len(),
                    actual.len()
                )],
            }
        })
    }
}

impl<O: OptionalBody> When<O> {
    /// Requires that there is no body.
    pub fn no_body(&mut self) -> &mut Self {
        self.condition(|request| match request.body() {
            [] => Vec::new(),
            body => vec![format!("body: expected to be absent, was {} bytes", body.len())],
        })
    }
}

/// Called by the generated methods, like the functions below. They are no methods, so that a parameter may have any name.
#[allow(dead_code, reason = "not every contract has one")]
pub(crate) fn path<'a, O: Operation, T: Serialize>(
    when: &'a mut When<O>,
    name: &'static str,
    value: impl Argument<T>,
) -> &'a mut When<O> {
    let expected = to_strings(&value.into_value()).join(",");
    when.condition(move |request| {
        let actual = router::parameter(O::INFO.path, request.path(), name);
        compared(
            "path",
            name,
            std::slice::from_ref(&expected),
            &actual.into_iter().collect::<Vec<_>>(),
        )
    })
}

/// Adds a condition on a query parameter. `names` are all its spellings.
#[allow(dead_code, reason = "not every contract has one")]
pub(crate) fn query<'a, O: Operation, T: Serialize>(
    when: &'a mut When<O>,
    names: &'static [&'static str],
    value: impl Expect<T>,
) -> &'a mut When<O> {
    let expected = value
        .into_expected()
        .map(|value| to_strings(&value))
        .unwrap_or_default();
    query_values(when, names, expected)
}

/// Adds a condition on a query parameter whose value is an array with a separator.
#[allow(dead_code)] // A contract may have none.
pub(crate) fn query_list<'a, O: Operation, T: Serialize>(
    when: &'a mut When<O>,
    names: &'static [&'static str],
    separator: &str,
    value: impl Expect<T>,
) -> &'a mut When<O> {
    let expected = value.into_expected().map(|value| to_strings(&value).join(separator));
    query_values(when, names, expected.into_iter().collect())
}

fn query_values<'a, O: Operation>(
    when: &'a mut When<O>,
    names: &'static [&'static str],
    expected: Vec<String>,
) -> &'a mut When<O> {
    when.condition(move |request| {
        let actual = request
            .query()
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        let actual: Vec<String> = actual.map(|(_, value)| value.clone()).collect();
        compared("query", names.first().unwrap_or(&""), &expected, &actual)
    })
}

#[allow(dead_code, reason = "not every contract has one")]
pub(crate) fn header_parameter<'a, O: Operation, T: Serialize>(
    when: &'a mut When<O>,
    name: &'static str,
    value: impl Expect<T>,
) -> &'a mut When<O> {
    header(
        when,
        name,
        value.into_expected().map(|value| to_strings(&value).join(",")),
    );
    when
}

fn header<O: Operation>(when: &mut When<O>, name: &str, value: Option<String>) {
    let (name, expected) = (name.to_owned(), value.into_iter().collect::<Vec<_>>());
    when.condition(move |request| {
        let actual = request.header(&name).map(str::to_owned);
        compared("header", &name, &expected, &actual.into_iter().collect::<Vec<_>>())
    });
}

fn compared(location: &str, name: &str, expected: &[String], actual: &[String]) -> Vec<String> {
    let equal = expected.len() == actual.len() && expected.iter().zip(actual).all(|(one, other)| is_equal(one, other));
    let shown = |values: &[String]| match values {
        [] => "absent".to_owned(),
        [one] => format!("{one:?}"),
        several => format!("{several:?}"),
    };
    match (equal, expected) {
        (true, _) => Vec::new(),
        (false, []) => vec![format!(
            "{location} {name}: expected to be absent, was {}",
            shown(actual)
        )],
        (false, _) => vec![format!(
            "{location} {name}: expected {}, was {}",
            shown(expected),
            shown(actual)
        )],
    }
}

/// Reads the body of a request.
pub(crate) fn read<O: TypedBody, T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    let shown = || {
        let text: String = String::from_utf8_lossy(request.body()).chars().take(200).collect();
        match text.as_str() {
            "" => "is empty".to_owned(),
            text => format!("was {text:?}"),
        }
    };
    match O::ENCODING {
        BodyEncoding::Json => request
            .json()
            .map_err(|error| format!("body: cannot be read as JSON ({error}): {}", shown())),
        BodyEncoding::UrlEncoded => {
            let fields = form(request.body());
            serde_json::from_value(fields.clone())
                .or_else(|_| serde_json::from_value(scalars(fields)))
                .map_err(|error| format!("body: cannot be read as form ({error}): {}", shown()))
        }
    }
}

/// Converts strings that are numbers or booleans.
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

/// Parses a form into an object of strings.
fn form(body: &[u8]) -> Value {
    let fields = form_urlencoded::parse(body).into_owned();
    Value::Object(fields.map(|(name, value)| (name, Value::String(value))).collect())
}

/// Converts the properties of an object to strings as in a form.
fn as_form_values(object: Value) -> Value {
    match object {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                members
                    .map(|(name, value)| (name, Value::String(to_string(&value))))
                    .collect::<Map<_, _>>(),
            )
        }
        other => other,
    }
}

fn prefixed(prefix: &str, lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| format!("{prefix} {line}")).collect()
}
