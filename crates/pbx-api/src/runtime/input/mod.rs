//! The input of an operation: read from the request, validated as a whole, then deserialized part by part.

mod body;
mod json;
mod numbers;
mod parameters;

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use bytes::Bytes;
use http::request::Parts;
use pbx_types::{Location, Patch, Violation};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::body_budget::Held;
use super::operation::Operation;
use super::precondition::Precondition;
use super::problem::{MAX_LISTED, Problem};
use super::schema_violations;

/// The maximum number of values in a body of which every violation is looked for. In a larger one the first is reported: the validator
/// builds all errors before it returns any, and a body may have one for every other byte.
const MAX_EXAMINED: usize = 10_000;

/// The validated input of one call.
#[derive(Debug, Default)]
pub struct Input {
    path: Map<String, Value>,
    query: Map<String, Value>,
    header: Map<String, Value>,
    body: Option<Value>,
    bytes: Option<Bytes>,
    text: Option<String>,
    /// The conditions of an update.
    pub(super) precondition: Option<Arc<Precondition>>,
    /// The number of values in the body.
    values: usize,
    /// The violations by the body of an operation that sets a state; see [`Operation::sets_state`].
    violations: Vec<Violation>,
}

impl Input {
    /// Reads and validates path, query, headers and body, whose size is counted in `held`. The error has the violations, unless the
    /// operation can be rehearsed to find further ones: then the input has them.
    pub(crate) async fn read(
        operation: &'static Operation,
        parts: &mut Parts,
        body: axum::body::Body,
        limit: usize,
        held: &mut Held,
        rehearses: bool,
    ) -> Result<Self, Problem> {
        let mut violations = Vec::new();
        let mut input = Self::default();
        if !operation.parameters.is_empty() {
            match RawPathParams::from_request_parts(parts, &()).await {
                // `/dealers//destroy`: the router accepts an empty segment as an ID, and the contract has no such path.
                Ok(params) if params.iter().any(|(_, value)| value.is_empty()) => {
                    return Err(Problem::unknown_path());
                }
                Ok(params) => {
                    input.path = parameters::path(operation.parameters, params.iter(), &mut violations);
                }
                Err(_) => violations.push(Violation::with_predicate(
                    Location::Path,
                    "",
                    "encoding",
                    "must be percent-encoded UTF-8",
                )),
            }
        }
        if let Some(query) = parts.uri.query() {
            input.query = parameters::query(operation, query.as_bytes(), &mut violations);
        }
        input.header = parameters::headers(operation.parameters, &parts.headers, &mut violations);
        body::read(
            operation,
            &parts.headers,
            body,
            limit,
            held,
            &mut input,
            &mut violations,
        )
        .await?;

        let mut input = input.check(operation, &mut violations)?;
        if let Some(echo) = &operation.echo {
            input.precondition = Precondition::take(echo, &parts.headers, input.body.as_mut(), &mut violations);
        }
        if violations.is_empty() {
            Ok(input)
        } else {
            let more = violations.len() > MAX_LISTED;
            schema_violations::sort_distinct(&mut violations);
            let only_body = violations
                .iter()
                .all(|violation| violation.location() == Location::Body);
            // The rules of a very large body would cost much, only to add to a 400.
            let is_examined = !more && input.values <= MAX_EXAMINED;
            if rehearses && operation.sets_state && input.body.is_some() && only_body && is_examined {
                return Ok(Self { violations, ..input });
            }
            Err(Problem::invalid_and_more(violations, more))
        }
    }

    /// Returns the violations by the body; none if the input is valid.
    pub(crate) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Validates the input by the operation's schema.
    fn check(mut self, operation: &'static Operation, violations: &mut Vec<Violation>) -> Result<Self, Problem> {
        let validator = operation.schema.validator(operation.id);
        let Some(validator) = validator.map_err(Problem::internal)? else {
            return Ok(self);
        };
        let mut whole = Map::new();
        for (location, part) in [
            (Location::Path, &mut self.path),
            (Location::Query, &mut self.query),
            (Location::Header, &mut self.header),
        ] {
            whole.insert(location.as_str().to_owned(), Value::Object(std::mem::take(part)));
        }
        if let Some(body) = self.body.take() {
            whole.insert(Location::Body.as_str().to_owned(), body);
        }
        let mut whole = Value::Object(whole);
        if !validator.is_valid(&whole) {
            // A part that could not be read is reported already; do not report it as missing as well.
            let unreadable: Vec<Location> = violations.iter().map(Violation::location).collect();
            let mut broken = Vec::new();
            if self.values > MAX_EXAMINED {
                if let Err(error) = validator.validate(&whole) {
                    schema_violations::collect(&error, &operation.schema, &mut broken);
                }
            } else {
                for error in validator.iter_errors(&whole) {
                    schema_violations::collect(&error, &operation.schema, &mut broken);
                    if broken.len() > MAX_LISTED {
                        break;
                    }
                }
            }
            broken.retain(|violation| {
                !(unreadable.contains(&violation.location()) && schema_violations::is_missing(violation))
            });
            violations.append(&mut broken);
        }
        let mut take = |location: Location| match whole.get_mut(location.as_str()).map(Value::take) {
            Some(Value::Object(properties)) => properties,
            _ => Map::new(),
        };
        self.path = take(Location::Path);
        self.query = take(Location::Query);
        self.header = take(Location::Header);
        self.body = whole.get_mut(Location::Body.as_str()).map(Value::take);
        Ok(self)
    }

    /// Takes a path parameter.
    pub fn path<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Problem> {
        let value = self.path.remove(name).unwrap_or(Value::Null);
        self.typed(value, Location::Path)
    }

    /// Takes the query parameters.
    pub fn query<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        let query = Value::Object(std::mem::take(&mut self.query));
        self.typed(query, Location::Query)
    }

    /// Takes the header parameters.
    pub fn headers<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        let header = Value::Object(std::mem::take(&mut self.header));
        self.typed(header, Location::Header)
    }

    /// Takes a JSON or form body.
    pub fn body<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        let body = self.body.take().unwrap_or(Value::Null);
        self.typed(body, Location::Body)
    }

    /// Takes an optional JSON or form body.
    pub fn optional_body<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Problem> {
        let body = self.body.take();
        body.map(|body| self.typed(body, Location::Body)).transpose()
    }

    /// Takes a merge patch.
    pub fn patch<T: DeserializeOwned>(&mut self) -> Result<Patch<T>, Problem> {
        match self.body.take() {
            Some(Value::Object(merge)) => {
                let fields = T::deserialize(serde::de::value::MapDeserializer::new(
                    merge.iter().map(|(name, value)| (name.as_str(), value)),
                ))
                .map_err(|error| self.mistyped(&error, Location::Body))?;
                Ok(Patch::new(fields, merge))
            }
            other => {
                let fields = self.typed(other.unwrap_or(Value::Null), Location::Body)?;
                Ok(Patch::new(fields, Map::new()))
            }
        }
    }

    /// Takes an optional merge patch.
    pub fn optional_patch<T: DeserializeOwned>(&mut self) -> Result<Option<Patch<T>>, Problem> {
        if self.body.is_none() {
            return Ok(None);
        }
        self.patch().map(Some)
    }

    /// Takes a body of bytes.
    pub fn bytes(&mut self) -> Bytes {
        self.bytes.take().unwrap_or_default()
    }

    /// Takes an optional body of bytes.
    pub fn optional_bytes(&mut self) -> Option<Bytes> {
        self.bytes.take()
    }

    /// Takes a body of text.
    pub fn text(&mut self) -> String {
        self.text.take().unwrap_or_default()
    }

    /// Takes an optional body of text.
    pub fn optional_text(&mut self) -> Option<String> {
        self.text.take()
    }

    fn typed<T: DeserializeOwned>(&self, value: Value, location: Location) -> Result<T, Problem> {
        T::deserialize(value).map_err(|error| self.mistyped(&error, location))
    }

    /// Returns the violation by a valid value that its Rust type cannot hold. The type is generated from the schema, so this does not
    /// happen; if it did, the caller would only get the location, because serde quotes values. An invalid value is reported already.
    fn mistyped(&self, error: &serde_json::Error, location: Location) -> Problem {
        if !self.violations.is_empty() {
            return Problem::invalid([]);
        }
        tracing::error!(%error, location = location.as_str(), "a valid value does not fit its type");
        Problem::invalid([Violation::with_predicate(
            location,
            "",
            "type",
            "holds a value of the wrong type",
        )])
    }
}
