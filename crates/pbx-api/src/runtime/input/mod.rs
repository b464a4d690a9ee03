//! The input of an operation: read from the request, checked as a whole, then handed out typed.

mod body;
mod json;
mod parameters;

use axum::extract::{FromRequestParts, RawPathParams};
use bytes::Bytes;
use http::request::Parts;
use pbx_types::{Location, Patch, Violation};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::operation::Operation;
use super::problem::Problem;
use super::schema_violations;

/// More violations than this are counted, not listed: an answer must not be larger than the request.
const MOST_LISTED: usize = 1000;

/// The checked input of one call.
#[derive(Debug, Default)]
pub struct Input {
    path: Map<String, Value>,
    query: Map<String, Value>,
    header: Map<String, Value>,
    body: Option<Value>,
    bytes: Option<Bytes>,
}

impl Input {
    /// Reads path, query, headers and body, and answers with everything that is wrong with them, at once.
    pub(crate) async fn read(
        operation: &'static Operation,
        parts: &mut Parts,
        body: axum::body::Body,
        limit: usize,
    ) -> Result<Self, Problem> {
        let mut found = Vec::new();
        let mut input = Self::default();
        if !operation.parameters.is_empty() {
            match RawPathParams::from_request_parts(parts, &()).await {
                // `/dealers//destroy`: the router lets an empty segment stand for an id, and there is no such path.
                Ok(params) if params.iter().any(|(_, value)| value.is_empty()) => {
                    return Err(Problem::unknown_path());
                }
                Ok(params) => {
                    input.path = parameters::path(operation.parameters, params.iter());
                }
                Err(_) => found.push(Violation::with_predicate(
                    Location::Path,
                    "",
                    "encoding",
                    "must be percent-encoded UTF-8",
                )),
            }
        }
        if let Some(query) = parts.uri.query() {
            input.query = parameters::pairs(operation.parameters, Location::Query, query.as_bytes(), &mut found);
        }
        input.header = parameters::headers(operation.parameters, &parts.headers, &mut found);
        body::read(operation, &parts.headers, body, limit, &mut input, &mut found).await?;

        let input = input.check(operation, &mut found)?;
        if found.is_empty() {
            Ok(input)
        } else {
            Err(Problem::invalid(listed(found)))
        }
    }

    /// Holds the input against the operation's schema.
    fn check(mut self, operation: &'static Operation, found: &mut Vec<Violation>) -> Result<Self, Problem> {
        let validator = operation.schema.validator(operation.id);
        let Some(validator) = validator.map_err(Problem::internal)? else {
            return Ok(self);
        };
        let mut whole = Map::new();
        for (place, part) in [
            (Location::Path, &mut self.path),
            (Location::Query, &mut self.query),
            (Location::Header, &mut self.header),
        ] {
            whole.insert(place.as_str().to_owned(), Value::Object(std::mem::take(part)));
        }
        if let Some(body) = self.body.take() {
            whole.insert(Location::Body.as_str().to_owned(), body);
        }
        let mut whole = Value::Object(whole);
        if !validator.is_valid(&whole) {
            // A part that could not even be read is reported as such; do not report it as missing, too.
            let unreadable: Vec<Location> = found.iter().map(Violation::location).collect();
            let mut broken = Vec::new();
            for error in validator.iter_errors(&whole) {
                schema_violations::collect(&error, &operation.schema, &mut broken);
                if broken.len() > 2 * MOST_LISTED {
                    break;
                }
            }
            broken.retain(|violation| {
                !(unreadable.contains(&violation.location()) && schema_violations::is_missing(violation))
            });
            found.append(&mut broken);
        }
        let mut take = |place: Location| match whole.get_mut(place.as_str()).map(Value::take) {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        self.path = take(Location::Path);
        self.query = take(Location::Query);
        self.header = take(Location::Header);
        self.body = whole.get_mut(Location::Body.as_str()).map(Value::take);
        Ok(self)
    }

    /// A path parameter.
    pub fn path<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Problem> {
        let value = self.path.remove(name).unwrap_or(Value::Null);
        typed(value, Location::Path)
    }

    /// All query parameters.
    pub fn query<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        typed(Value::Object(std::mem::take(&mut self.query)), Location::Query)
    }

    /// All header parameters.
    pub fn headers<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        typed(Value::Object(std::mem::take(&mut self.header)), Location::Header)
    }

    /// A JSON or form body.
    pub fn body<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        typed(self.body.take().unwrap_or(Value::Null), Location::Body)
    }

    /// A JSON or form body that may be missing.
    pub fn optional_body<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Problem> {
        self.body.take().map(|body| typed(body, Location::Body)).transpose()
    }

    /// A merge patch.
    pub fn patch<T: DeserializeOwned>(&mut self) -> Result<Patch<T>, Problem> {
        match self.body.take() {
            Some(Value::Object(merge)) => {
                let fields = T::deserialize(serde::de::value::MapDeserializer::new(
                    merge.iter().map(|(name, value)| (name.as_str(), value)),
                ))
                .map_err(|error| mistyped(&error, Location::Body))?;
                Ok(Patch::new(fields, merge))
            }
            other => {
                let fields = typed(other.unwrap_or(Value::Null), Location::Body)?;
                Ok(Patch::new(fields, Map::new()))
            }
        }
    }

    /// A merge patch that may be missing.
    pub fn optional_patch<T: DeserializeOwned>(&mut self) -> Result<Option<Patch<T>>, Problem> {
        if self.body.is_none() {
            return Ok(None);
        }
        self.patch().map(Some)
    }

    /// A body of bytes.
    pub fn bytes(&mut self) -> Bytes {
        self.bytes.take().unwrap_or_default()
    }

    /// A body of bytes that may be missing.
    pub fn optional_bytes(&mut self) -> Option<Bytes> {
        self.bytes.take()
    }
}

fn typed<T: DeserializeOwned>(value: Value, place: Location) -> Result<T, Problem> {
    T::deserialize(value).map_err(|error| mistyped(&error, place))
}

/// The schema let a value through that its Rust type cannot hold. The type was made from the schema, so this should not
/// happen; if it does, the caller learns no more than the place, because serde quotes values.
fn mistyped(error: &serde_json::Error, place: Location) -> Problem {
    tracing::error!(%error, place = place.as_str(), "a valid value does not fit its type");
    Problem::invalid([Violation::with_predicate(
        place,
        "",
        "type",
        "holds a value of the wrong type",
    )])
}

/// In a stable order, without repetitions, and not more than fit an answer.
fn listed(mut found: Vec<Violation>) -> Vec<Violation> {
    found.sort();
    found.dedup();
    if found.len() > MOST_LISTED {
        let more = found.len() - MOST_LISTED;
        found.truncate(MOST_LISTED);
        found.push(
            Violation::new(
                Location::Body,
                "",
                "more",
                format!("There are more errors than the {MOST_LISTED} listed."),
            )
            .limit(more),
        );
    }
    found
}
