//! Violations from the errors of the JSON Schema validator.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use pbx_types::{Location, Violation, property_pointer};
use serde_json::Value;

use super::operation::InputSchema;
use super::problem::MAX_LISTED;

/// The rule of numbers that cannot be read. At its place, no other rule is reported: it would judge another value.
pub(super) const NUMBER: &str = "number";

/// Adds a violation, up to one more than are listed, which shows that there are more. None is created beyond that, because a body may
/// have one for every few bytes, each with a long pointer.
pub(super) fn add(violations: &mut Vec<Violation>, make: impl FnOnce() -> Violation) {
    if violations.len() <= MAX_LISTED {
        violations.push(make());
    }
}

/// The rules after which no other rule of the same place matters.
const DECISIVE: [&str; 2] = [NUMBER, "type"];

/// Sorts violations and removes those that say the same as another one of their place, such as a format that is a pattern as well.
pub(super) fn sort_distinct(violations: &mut Vec<Violation>) {
    fn place(violation: &Violation) -> (Location, &str) {
        (violation.location(), violation.pointer())
    }
    violations.sort();
    let mut distinct: Vec<Violation> = Vec::with_capacity(violations.len());
    for violation in violations.drain(..) {
        let is_reported = |other: &Violation| {
            let is_decided = DECISIVE.contains(&other.rule());
            place(other) == place(&violation) && (is_decided || other.message() == violation.message())
        };
        if !distinct.iter().any(is_reported) {
            if DECISIVE.contains(&violation.rule()) {
                distinct.retain(|other| place(other) != place(&violation));
            }
            distinct.push(violation);
        }
    }
    *violations = distinct;
}

/// Adds the violations behind one error of the validator, whose instance is an object with a property for each location.
pub(super) fn collect(error: &ValidationError<'_>, schema: &InputSchema, violations: &mut Vec<Violation>) {
    let path = error.instance_path().as_str();
    let rest = path.strip_prefix('/').unwrap_or(path);
    let (name, pointer) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    match (Location::from_name(name), error.kind()) {
        (Some(location), kind) => collect_kind(location, pointer, kind, schema, violations),
        (None, ValidationErrorKind::Required { property }) => {
            let location = property.as_str().and_then(Location::from_name);
            violations.push(missing(location.unwrap_or(Location::Body)));
        }
        (None, kind) => collect_kind(Location::Body, path, kind, schema, violations),
    }
}

/// Returns the violation for a missing location. Only bodies can be missing.
pub(super) fn missing(location: Location) -> Violation {
    Violation::with_predicate(location, "", "required", "is required")
}

/// Returns `true` if the violation is that a whole location is missing.
pub(super) fn is_missing(violation: &Violation) -> bool {
    violation.pointer().is_empty() && violation.rule() == "required"
}

fn collect_kind(
    location: Location,
    pointer: &str,
    kind: &ValidationErrorKind,
    schema: &InputSchema,
    violations: &mut Vec<Violation>,
) {
    use ValidationErrorKind as Kind;
    let broken = |rule: &'static str, predicate: &str| Violation::with_predicate(location, pointer, rule, predicate);
    let violation = match kind {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            Violation::with_predicate(location, property_pointer(pointer, name), "required", "is required")
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                add(violations, || unknown(location, pointer, name));
            }
            return;
        }
        // The generator writes `false` for read-only properties.
        Kind::FalseSchema => broken("readOnly", "is read-only and cannot be set"),
        Kind::Type { kind } => {
            let names = type_names(kind);
            let predicate = format!("must be {}", listing(&names, with_article));
            broken("type", &predicate).limit(names.join("|"))
        }
        Kind::Enum { options } => {
            let values: Vec<String> = match options.as_ref() {
                Value::Array(values) => values.iter().map(plain).collect(),
                other => vec![plain(other)],
            };
            let predicate = format!("must be {}", listing(&values, Clone::clone));
            broken("enum", &predicate).limit(values.join("|"))
        }
        Kind::Constant { expected_value } => {
            let value = plain(expected_value);
            broken("const", &format!("must be {value}")).limit(value)
        }
        Kind::Minimum { limit } => broken("minimum", &format!("must be at least {limit}")).limit(limit),
        Kind::Maximum { limit } => broken("maximum", &format!("must be at most {limit}")).limit(limit),
        Kind::ExclusiveMinimum { limit } => {
            broken("exclusiveMinimum", &format!("must be more than {limit}")).limit(limit)
        }
        Kind::ExclusiveMaximum { limit } => {
            broken("exclusiveMaximum", &format!("must be less than {limit}")).limit(limit)
        }
        Kind::MultipleOf { multiple_of } => {
            broken("multipleOf", &format!("must be a multiple of {multiple_of}")).limit(multiple_of)
        }
        Kind::MinLength { limit } => {
            let predicate = format!("must have at least {}", count(*limit, "character", "characters"));
            broken("minLength", &predicate).limit(limit)
        }
        Kind::MaxLength { limit } => {
            let predicate = format!("must have at most {}", count(*limit, "character", "characters"));
            broken("maxLength", &predicate).limit(limit)
        }
        Kind::MinItems { limit } => {
            let predicate = format!("must have at least {}", count(*limit, "item", "items"));
            broken("minItems", &predicate).limit(limit)
        }
        Kind::MaxItems { limit } => {
            let predicate = format!("must have at most {}", count(*limit, "item", "items"));
            broken("maxItems", &predicate).limit(limit)
        }
        Kind::MinProperties { limit } => {
            let predicate = format!("must have at least {}", count(*limit, "property", "properties"));
            broken("minProperties", &predicate).limit(limit)
        }
        Kind::MaxProperties { limit } => {
            let predicate = format!("must have at most {}", count(*limit, "property", "properties"));
            broken("maxProperties", &predicate).limit(limit)
        }
        Kind::UniqueItems => broken("uniqueItems", "must not hold the same item twice"),
        Kind::Pattern { pattern } => {
            let predicate = match schema.meaning(pointer, pattern) {
                Some(meaning) => format!("must be {meaning}"),
                None => format!("must match the pattern `{pattern}`"),
            };
            broken("pattern", &predicate).limit(pattern)
        }
        Kind::Format { format } => broken("format", &format!("must be {}", format_name(format))).limit(format),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            violations.push(Violation::with_predicate(
                location,
                pointer,
                kind.keyword().to_owned(),
                "has none of the allowed forms (errors of the closest one follow)",
            ));
            let closest = context.iter().min_by_key(|errors| distance(errors));
            for error in closest.into_iter().flatten() {
                collect(error, schema, violations);
            }
            return;
        }
        Kind::OneOfMultipleValid { .. } => broken("oneOf", "has more than one of the allowed forms at once"),
        other => Violation::with_predicate(location, pointer, other.keyword().to_owned(), "is not valid"),
    };
    violations.push(violation);
}

/// Returns the distance of a value from one branch of a union: first by its properties (missing, unknown, or with another
/// discriminating value), then by the number of errors.
fn distance(errors: &[ValidationError<'_>]) -> (usize, usize) {
    use ValidationErrorKind as Kind;
    let by_shape = |error: &ValidationError<'_>| match error.kind() {
        Kind::AdditionalProperties { unexpected } => unexpected.len(),
        Kind::Required { .. } | Kind::Constant { .. } | Kind::Enum { .. } => 1,
        _ => 0,
    };
    (errors.iter().map(by_shape).sum(), errors.len())
}

pub(super) fn unknown(location: Location, pointer: &str, name: &str) -> Violation {
    let predicate = match location {
        Location::Body => "is not a known field",
        Location::Path | Location::Query | Location::Header => "is not known",
    };
    Violation::with_predicate(location, property_pointer(pointer, name), "unknown", predicate)
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
            // `null` last, because that reads better.
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

/// Returns a value of the contract as a string; a string has no quotes unless it is empty.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        other => other.to_string(),
    }
}

fn count(limit: u64, singular: &str, plural: &str) -> String {
    let unit = if limit == 1 { singular } else { plural };
    format!("{limit} {unit}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_is_reported_once() {
        let body = |pointer: &str, rule: &'static str, predicate: &str| {
            Violation::with_predicate(Location::Body, pointer, rule, predicate)
        };
        let mut violations = vec![
            body("/email", "pattern", "must be an e-mail address").limit("^.+$"),
            body("/email", "format", "must be an e-mail address").limit("email"),
            body("/email", "maxLength", "is too long"),
            body("/b", "pattern", "must be an e-mail address"),
            body("/a", "type", "must be an integer"),
            body("/a", "number", "is out of range"),
        ];
        sort_distinct(&mut violations);
        let found: Vec<String> = violations.iter().map(Violation::to_string).collect();
        assert_eq!(
            found,
            [
                "body#/a number",
                "body#/b pattern",
                "body#/email format email",
                "body#/email maxLength"
            ]
        );
    }
}
