//! Parameters and form properties: conversion from strings to JSON values of the documented type.

use http::{HeaderMap, Method};
use pbx_types::{Location, Violation, property_pointer};
use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::json;
use super::numbers::{self, Fault};
use crate::runtime::operation::{Operation, Parameter, ParameterType};
use crate::runtime::schema_violations::{self as violations, unknown};

/// Converts path parameters, which axum decoded.
pub(super) fn path<'a>(
    declared: &[Parameter],
    sent: impl Iterator<Item = (&'a str, &'a str)>,
    violations: &mut Vec<Violation>,
) -> Map<String, Value> {
    let mut values = Map::new();
    for (name, text) in sent {
        match find(declared, Location::Path, name) {
            Some(parameter) => add(parameter, text.to_owned(), &mut values, violations),
            None => drop(values.insert(name.to_owned(), text.into())),
        }
    }
    values
}

/// Parses a query. A `GET` may have parameters that are ignored where they are not declared.
pub(super) fn query(operation: &Operation, text: &[u8], violations: &mut Vec<Violation>) -> Map<String, Value> {
    let ignores = operation.method == Method::GET;
    pairs(operation.parameters, Location::Query, text, ignores, violations)
}

/// Parses a form.
pub(super) fn form(declared: &[Parameter], text: &[u8], violations: &mut Vec<Violation>) -> Map<String, Value> {
    pairs(declared, Location::Body, text, false, violations)
}

/// Returns `true` for parameters that clients add to every URL and that select nothing: `_`, whose value is new in each request so
/// that no cache responds, and OData's `count`.
fn is_ignored(name: &str, value: Option<&str>) -> bool {
    match name {
        "_" => true,
        "count" | "$count" => matches!(value, Some("true" | "false")),
        _ => false,
    }
}

/// Parses `name=value&…`, percent-encoded, with `+` for a space.
fn pairs(
    declared: &[Parameter],
    location: Location,
    text: &[u8],
    ignores: bool,
    violations: &mut Vec<Violation>,
) -> Map<String, Value> {
    let mut values = Map::new();
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = decode(halves.next().unwrap_or_default());
        let value = decode(halves.next().unwrap_or_default());
        let Some(name) = name else {
            let predicate = "must be percent-encoded UTF-8";
            violations::add(violations, || {
                Violation::with_predicate(location, "", "encoding", predicate)
            });
            continue;
        };
        match (find(declared, location, &name), value) {
            (None, value) if ignores && is_ignored(&name, value.as_deref()) => {}
            (None, _) => violations::add(violations, || unknown(location, "", &name)),
            (Some(parameter), None) => violations::add(violations, || {
                let pointer = property_pointer("", parameter.name);
                Violation::with_predicate(location, pointer, "encoding", "must be percent-encoded UTF-8")
            }),
            (Some(parameter), Some(value)) => add(parameter, value, &mut values, violations),
        }
    }
    values
}

/// Converts header parameters. Other headers are ignored.
pub(super) fn headers(declared: &[Parameter], sent: &HeaderMap, violations: &mut Vec<Violation>) -> Map<String, Value> {
    let mut values = Map::new();
    for parameter in declared
        .iter()
        .filter(|parameter| parameter.location == Location::Header)
    {
        for value in sent.get_all(parameter.name) {
            match std::str::from_utf8(value.as_bytes()) {
                Ok(text) => add(parameter, text.trim().to_owned(), &mut values, violations),
                Err(_) => violations.push(Violation::with_predicate(
                    Location::Header,
                    property_pointer("", parameter.name),
                    "encoding",
                    "must be UTF-8",
                )),
            }
        }
    }
    values
}

fn find<'a>(declared: &'a [Parameter], location: Location, name: &str) -> Option<&'a Parameter> {
    declared
        .iter()
        .find(|parameter| parameter.location == location && parameter.is_called(name))
}

fn add(parameter: &Parameter, text: String, values: &mut Map<String, Value>, violations: &mut Vec<Violation>) {
    let (kind, is_array) = match parameter.kind {
        ParameterType::Array(item) => (*item, true),
        // A header that is sent twice has the items of both (RFC 9110, section 5.3).
        ParameterType::List(item, separator) if parameter.location == Location::Header => {
            for text in text.split(separator) {
                let parameter = Parameter {
                    kind: ParameterType::Array(item),
                    ..*parameter
                };
                add(&parameter, text.trim().to_owned(), values, violations);
            }
            return;
        }
        kind => (kind, false),
    };
    let value = coerce(kind, text).unwrap_or_else(|fault| {
        let pointer = property_pointer("", parameter.name);
        violations::add(violations, || fault.violation(parameter.location, pointer));
        Value::from(0)
    });
    if is_array {
        let list = values.entry(parameter.name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(items) = list {
            items.push(value);
        }
    } else if values.contains_key(parameter.name) {
        violations::add(violations, || {
            let pointer = property_pointer("", parameter.name);
            Violation::with_predicate(parameter.location, pointer, "duplicate", "is given more than once")
        });
    } else {
        values.insert(parameter.name.to_owned(), value);
    }
}

/// Returns the value that a string stands for. A string that is not of the type stays a string, which the schema rejects.
fn coerce(kind: ParameterType, text: String) -> Result<Value, Fault> {
    Ok(match kind {
        ParameterType::String => Value::String(text),
        ParameterType::Boolean => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::String(text),
        },
        ParameterType::Number => parse_number(&text)?.unwrap_or(Value::String(text)),
        ParameterType::Array(item) => Value::Array(vec![coerce(*item, text)?]),
        ParameterType::List(..) if text.is_empty() => Value::Array(Vec::new()),
        ParameterType::List(item, separator) => {
            let items = text.split(separator).map(|text| coerce(*item, text.to_owned()));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
    })
}

/// Parses a number by JSON's grammar, which `+5`, `0x10` and ` 5` do not match.
fn parse_number(text: &str) -> Result<Option<Value>, Fault> {
    let digit_or_sign = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    if !text.as_bytes().first().is_some_and(digit_or_sign) || !text.as_bytes().last().is_some_and(u8::is_ascii_digit) {
        return Ok(None);
    }
    match numbers::fault(text) {
        Some(fault) => Err(fault),
        None => Ok(match serde_json::from_str(text) {
            Ok(Value::Number(number)) if number.is_f64() => number.as_f64().map(json::number),
            other => other.ok(),
        }),
    }
}

/// Percent-decodes one half of a pair; `None` if the result is not UTF-8.
pub(super) fn decode(text: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    String::from_utf8(percent_decode(&spaced).collect()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    static DECLARED: [Parameter; 6] = [
        Parameter::query("top", ParameterType::Number).with_aliases(&["$top"]),
        Parameter::query("filter", ParameterType::String),
        Parameter::query("qr", ParameterType::Boolean),
        Parameter::query("ids", ParameterType::Array(&ParameterType::Number)),
        Parameter::query("sizes", ParameterType::List(&ParameterType::Number, '|')),
        Parameter::header("X-Marks", ParameterType::List(&ParameterType::String, ',')),
    ];

    fn query(text: &str) -> (Value, Vec<String>) {
        query_of(text, true)
    }

    fn query_of(text: &str, ignores: bool) -> (Value, Vec<String>) {
        let mut violations = Vec::new();
        let values = pairs(&DECLARED, Location::Query, text.as_bytes(), ignores, &mut violations);
        let violations = violations.iter().map(Violation::to_string).collect();
        (Value::Object(values), violations)
    }

    #[test]
    fn strings_are_converted_to_the_documented_types() {
        let (values, violations) = query("%24top=5&filter=a+eq+%27%C3%A4%2B%27&qr=true&ids=1&ids=x&");
        assert_eq!(
            values,
            json!({"top": 5, "filter": "a eq 'ä+'", "qr": true, "ids": [1, "x"]})
        );
        assert_eq!(violations, [""; 0]);
    }

    #[test]
    fn items_of_a_list_are_separated() {
        let (values, violations) = query("sizes=1%7C2.5|x");
        assert_eq!(values, json!({"sizes": [1, 2.5, "x"]}));
        assert_eq!(violations, [""; 0]);
        assert_eq!(query("sizes=").0, json!({"sizes": []}));
        assert_eq!(query("sizes=1&sizes=2").1, ["query#/sizes duplicate"]);
        assert_eq!(query("sizes=1e999|1").1, ["query#/sizes number"]);
        let mut sent = HeaderMap::new();
        for value in ["a, b", "c"] {
            sent.append("x-marks", http::HeaderValue::from_static(value));
        }
        let values = headers(&DECLARED, &sent, &mut Vec::new());
        assert_eq!(Value::Object(values), json!({"X-Marks": ["a", "b", "c"]}));
    }

    #[test]
    fn only_json_numbers_are_numbers() {
        for (text, value) in [
            ("7.0", json!(7)),
            ("-3", json!(-3)),
            ("1.5", json!(1.5)),
            ("", json!("")),
            ("+5", json!("+5")),
            ("0x10", json!("0x10")),
            ("%205", json!(" 5")),
        ] {
            let (values, _) = query(&format!("top={}", text.replace('+', "%2B")));
            assert_eq!(values, json!({"top": value}));
        }
    }

    #[test]
    fn cache_buster_and_count_are_ignored_where_they_select_nothing() {
        for text in ["_=1764590000", "_", "_=1&_=2", "count=true", "%24count=false"] {
            assert_eq!(
                query(&format!("top=5&{text}")),
                (json!({"top": 5}), Vec::new()),
                "{text}"
            );
            assert_eq!(query_of(text, false).1.len(), text.split('&').count(), "{text}");
        }
        for (text, violation) in [
            ("count=many", "query#/count unknown"),
            ("count", "query#/count unknown"),
            ("__=1", "query#/__ unknown"),
        ] {
            assert_eq!(query(text).1, [violation]);
        }
    }

    #[test]
    fn numbers_that_a_double_does_not_hold_are_reported() {
        let (_, violations) = query("top=1e999&ids=1&ids=1.0000000000000000000001");
        assert_eq!(violations, ["query#/top number", "query#/ids number"]);
    }

    #[test]
    fn duplicate_unknown_and_undecodable_parameters_are_reported() {
        let (values, violations) = query("top=1&$top=2&a%2Fb=1&filter=%FF&%FF=1");
        assert_eq!(values, json!({"top": 1}));
        assert_eq!(
            violations,
            [
                "query#/top duplicate",
                "query#/a~1b unknown",
                "query#/filter encoding",
                "query# encoding",
            ]
        );
    }
}
