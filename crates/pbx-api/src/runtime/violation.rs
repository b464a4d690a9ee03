//! What is wrong with a request, told to a person and to a program, without repeating what was sent.

use std::borrow::Cow;
use std::fmt;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use crate::Check;

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
    /// The body.
    Body,
}

impl Place {
    /// As in the detail of an error, and as the key in a checked input.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Body => "body",
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        [Self::Path, Self::Query, Self::Header, Self::Body]
            .into_iter()
            .find(|place| place.as_str() == key)
    }
}

/// One rule of the contract that a request breaks.
///
/// `Display` is the machine-readable form: `place#pointer rule limit`, e.g. `body#/port maximum 65535`. The pointer is a JSON
/// pointer in URI fragment form (RFC 6901, section 6), the rule a JSON Schema keyword or one of `unknown`, `duplicate`,
/// `readOnly`, `encoding`, `json`, `depth`; the limit is the rest of the line, if there is any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    place: Place,
    pointer: String,
    rule: Cow<'static, str>,
    limit: Option<String>,
    message: String,
}

/// Names a caller made up are quoted up to this length.
const LONGEST_NAME: usize = 64;

impl Violation {
    /// A violation; the pointer is a JSON pointer, `""` for the whole place.
    pub fn new(
        place: Place,
        pointer: impl Into<String>,
        rule: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            place,
            pointer: pointer.into(),
            rule: rule.into(),
            limit: None,
            message: message.into(),
        }
    }

    /// The limit that the rule sets.
    #[must_use]
    pub fn limit(mut self, limit: impl fmt::Display) -> Self {
        self.limit = Some(limit.to_string());
        self
    }

    /// Where it is.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Whether it says that a whole place is not there.
    pub(crate) fn is_missing(&self) -> bool {
        self.pointer.is_empty() && self.rule == "required"
    }

    pub(crate) fn into_message(self) -> String {
        self.message
    }

    /// A violation whose message is a subject ("`port`") and a predicate ("must be at most 65535").
    pub(crate) fn about(
        place: Place,
        pointer: impl Into<String>,
        rule: impl Into<Cow<'static, str>>,
        predicate: &str,
    ) -> Self {
        let pointer = pointer.into();
        let message = format!("{} {predicate}.", subject(place, &pointer));
        Self::new(place, pointer, rule, message)
    }

    /// The violations behind one error of the JSON Schema validator, whose instance is an object with a member for each place.
    pub(crate) fn of_schema(error: &ValidationError<'_>, check: &Check, found: &mut Vec<Self>) {
        let location = error.instance_path().as_str();
        let rest = location.strip_prefix('/').unwrap_or(location);
        let (key, pointer) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        match (Place::from_key(key), error.kind()) {
            (Some(place), kind) => of_kind(place, pointer, kind, check, found),
            (None, ValidationErrorKind::Required { property }) => {
                let place = property.as_str().and_then(Place::from_key);
                found.push(missing(place.unwrap_or(Place::Body)));
            }
            (None, kind) => of_kind(Place::Body, location, kind, check, found),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// What a URI fragment may not hold (RFC 3986, section 3.5); non-ASCII is always encoded.
        const NOT_IN_FRAGMENTS: &AsciiSet = &CONTROLS
            .add(b' ')
            .add(b'"')
            .add(b'#')
            .add(b'%')
            .add(b'<')
            .add(b'>')
            .add(b'[')
            .add(b'\\')
            .add(b']')
            .add(b'^')
            .add(b'`')
            .add(b'{')
            .add(b'|')
            .add(b'}');
        let pointer = utf8_percent_encode(&self.pointer, NOT_IN_FRAGMENTS);
        write!(f, "{}#{pointer} {}", self.place.as_str(), self.rule)?;
        match &self.limit {
            Some(limit) => write!(f, " {limit}"),
            None => Ok(()),
        }
    }
}

/// A whole place is missing: today only a body can be.
pub(crate) fn missing(place: Place) -> Violation {
    Violation::about(place, "", "required", "is required")
}

/// A pointer to a member.
pub(crate) fn member(pointer: &str, name: &str) -> String {
    let mut pointer = pointer.to_owned();
    push_member(&mut pointer, name);
    pointer
}

/// Makes a pointer lead to a member of what it led to.
pub(crate) fn push_member(pointer: &mut String, name: &str) {
    pointer.push('/');
    for (place, character) in name.chars().enumerate() {
        match character {
            _ if place == LONGEST_NAME => return pointer.push('…'),
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            character => pointer.push(character),
        }
    }
}

/// What a person calls the thing at a pointer: "`transports[0].port`", "Query parameter `top`", "The request body".
fn subject(place: Place, pointer: &str) -> String {
    let mut name = String::new();
    for segment in pointer.split('/').skip(1) {
        if !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit()) {
            name.push_str(&format!("[{segment}]"));
            continue;
        }
        if !name.is_empty() {
            name.push('.');
        }
        let segment = segment.replace("~1", "/").replace("~0", "~");
        name.extend(segment.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
    }
    match (place, name.is_empty()) {
        (Place::Body, true) => "The request body".to_owned(),
        (Place::Body, false) => format!("`{name}`"),
        (Place::Path, true) => "The path".to_owned(),
        (Place::Path, false) => format!("Path parameter `{name}`"),
        (Place::Query, true) => "The query".to_owned(),
        (Place::Query, false) => format!("Query parameter `{name}`"),
        (Place::Header, true) => "The headers".to_owned(),
        (Place::Header, false) => format!("Header `{name}`"),
    }
}

fn of_kind(place: Place, pointer: &str, kind: &ValidationErrorKind, check: &Check, found: &mut Vec<Violation>) {
    use ValidationErrorKind as Kind;
    let about = |rule: &'static str, predicate: &str| Violation::about(place, pointer, rule, predicate);
    let violation = match kind {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            Violation::about(place, member(pointer, name), "required", "is required")
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            found.extend(unexpected.iter().map(|name| unknown(place, pointer, name)));
            return;
        }
        // The generator writes `false` for what is read-only: see `xtask`, `codegen/server/schemas.rs`.
        Kind::FalseSchema => about("readOnly", "is read-only and cannot be set"),
        Kind::Type { kind } => {
            let names = type_names(kind);
            let predicate = format!("must be {}", listing(&names, with_article));
            about("type", &predicate).limit(names.join("|"))
        }
        Kind::Enum { options } => {
            let values: Vec<String> = match options.as_ref() {
                Value::Array(values) => values.iter().map(plain).collect(),
                other => vec![plain(other)],
            };
            let predicate = format!("must be {}", listing(&values, Clone::clone));
            about("enum", &predicate).limit(values.join("|"))
        }
        Kind::Constant { expected_value } => {
            let value = plain(expected_value);
            about("const", &format!("must be {value}")).limit(value)
        }
        Kind::Minimum { limit } => about("minimum", &format!("must be at least {limit}")).limit(limit),
        Kind::Maximum { limit } => about("maximum", &format!("must be at most {limit}")).limit(limit),
        Kind::ExclusiveMinimum { limit } => {
            about("exclusiveMinimum", &format!("must be more than {limit}")).limit(limit)
        }
        Kind::ExclusiveMaximum { limit } => {
            about("exclusiveMaximum", &format!("must be less than {limit}")).limit(limit)
        }
        Kind::MultipleOf { multiple_of } => {
            about("multipleOf", &format!("must be a multiple of {multiple_of}")).limit(multiple_of)
        }
        Kind::MinLength { limit } => {
            let predicate = format!("must have at least {}", count(*limit, "character"));
            about("minLength", &predicate).limit(limit)
        }
        Kind::MaxLength { limit } => {
            let predicate = format!("must have at most {}", count(*limit, "character"));
            about("maxLength", &predicate).limit(limit)
        }
        Kind::MinItems { limit } => {
            let predicate = format!("must have at least {}", count(*limit, "item"));
            about("minItems", &predicate).limit(limit)
        }
        Kind::MaxItems { limit } => {
            let predicate = format!("must have at most {}", count(*limit, "item"));
            about("maxItems", &predicate).limit(limit)
        }
        Kind::MinProperties { limit } => {
            let predicate = format!("must have at least {}", count(*limit, "member"));
            about("minProperties", &predicate).limit(limit)
        }
        Kind::MaxProperties { limit } => {
            let predicate = format!("must have at most {}", count(*limit, "member"));
            about("maxProperties", &predicate).limit(limit)
        }
        Kind::UniqueItems => about("uniqueItems", "must not hold the same item twice"),
        Kind::Pattern { pattern } => {
            let predicate = match check.meaning(pointer, pattern) {
                Some(meaning) => format!("must be {meaning}"),
                None => format!("must match the pattern `{pattern}`"),
            };
            about("pattern", &predicate).limit(pattern)
        }
        Kind::Format { format } => about("format", &format!("must be {}", format_name(format))).limit(format),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            found.push(Violation::about(
                place,
                pointer,
                kind.keyword().to_owned(),
                "has none of the allowed forms (errors of the closest one follow)",
            ));
            let closest = context.iter().min_by_key(|errors| distance(errors));
            for error in closest.into_iter().flatten() {
                Violation::of_schema(error, check, found);
            }
            return;
        }
        Kind::OneOfMultipleValid { .. } => about("oneOf", "has more than one of the allowed forms at once"),
        other => Violation::about(place, pointer, other.keyword().to_owned(), "is not valid"),
    };
    found.push(violation);
}

/// How far a value is from one branch of a union: first by shape (members missing, unknown, or of another kind), then by the
/// number of errors.
fn distance(errors: &[ValidationError<'_>]) -> (usize, usize) {
    use ValidationErrorKind as Kind;
    let by_shape = |error: &ValidationError<'_>| match error.kind() {
        Kind::AdditionalProperties { unexpected } => unexpected.len(),
        Kind::Required { .. } | Kind::Constant { .. } | Kind::Enum { .. } => 1,
        _ => 0,
    };
    (errors.iter().map(by_shape).sum(), errors.len())
}

pub(crate) fn unknown(place: Place, pointer: &str, name: &str) -> Violation {
    let predicate = match place {
        Place::Body => "is not a known field",
        Place::Path | Place::Query | Place::Header => "is not known",
    };
    Violation::about(place, member(pointer, name), "unknown", predicate)
}

fn type_names(kind: &TypeKind) -> Vec<&'static str> {
    let name = |json_type: JsonType| match json_type {
        JsonType::Array => "array",
        JsonType::Boolean => "boolean",
        JsonType::Integer => "integer",
        JsonType::Null => "null",
        JsonType::Number => "number",
        JsonType::Object => "object",
        JsonType::String => "string",
    };
    match kind {
        TypeKind::Single(json_type) => vec![name(*json_type)],
        TypeKind::Multiple(types) => {
            let mut names: Vec<_> = types.iter().map(name).collect();
            // `null` last, as a person would say it.
            names.sort_by_key(|name| *name == "null");
            names
        }
    }
}

fn with_article(name: &&str) -> String {
    match *name {
        "null" => "null".to_owned(),
        "array" | "integer" | "object" => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

/// "A", "A or B", "A, B or C".
fn listing<T>(values: &[T], name: impl Fn(&T) -> String) -> String {
    match values {
        [] => "nothing".to_owned(),
        [only] => name(only),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(&name).collect();
            format!("{} or {}", first.join(", "), name(last))
        }
    }
}

/// A value of the contract as text; a string without quotes unless it is empty.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        other => other.to_string(),
    }
}

fn count(limit: u64, unit: &str) -> String {
    let plural = if limit == 1 { "" } else { "s" };
    format!("{limit} {unit}{plural}")
}

fn format_name(format: &str) -> String {
    match format {
        "date-time" => "a time such as 2026-01-31T08:00:00Z (RFC 3339)".to_owned(),
        "date" => "a date such as 2026-01-31".to_owned(),
        "email" => "an e-mail address".to_owned(),
        "ipv4" => "an IPv4 address".to_owned(),
        "ipv6" => "an IPv6 address".to_owned(),
        "uri" => "a URI".to_owned(),
        "uuid" => "a UUID".to_owned(),
        "hostname" => "a host name".to_owned(),
        other => format!("a valid {other}"),
    }
}
