//! Limits of what callers send: `maxItems` and `maxLength` of the arrays and strings in parameters and request bodies that the documents
//! leave unbounded.
//!
//! `x-limits` of the document is the rule, `{maxItems, maxLength, idLength}`, the last for IDs (`x-id`). A number `x-limit` on a schema is
//! an exception from it. A document without `x-limits` is left as it is, but for its exceptions. Enums, formats and patterns of a bounded
//! length, and bytes need no limit.
//!
//! Each limit that is set here has the mark `x-limit: server`: it is this server's and not the vendor's, so the client's contract and
//! the command's flags do not have it ([`without`]). Responses are not limited: they show what was stored before there was a limit.

use regex_syntax::hir::Look;
use serde_json::{Value, json};

use openapi_reader::diagnostic::Diagnostics;

use crate::extensions::{ID, LIMIT, LIMITS};
use crate::operations::{Locations, for_each_operation, location_of};
use crate::schemas::{for_each_schema, walk};

/// The mark of a limit that is not the vendor's.
pub const SERVER: &str = "server";

/// Formats whose strings have a bounded length, or that have no string in JSON.
const BOUNDED_FORMATS: [&str; 7] = ["binary", "date", "date-time", "ipv4", "ipv6", "time", "uuid"];

/// Sets the limits, on normalized schemas.
pub fn apply(document: &mut Value, locations: &Locations) -> Result<(), Diagnostics> {
    let mut errors = Diagnostics::default();
    let rule = document.as_object_mut().and_then(|root| root.shift_remove(LIMITS));
    let rule = rule.unwrap_or_default();
    for_each_operation(document, |path, method, operation| {
        for_each_schema(operation, "", &mut |at, schema| {
            let is_sent = !at.starts_with("/responses/");
            walk(schema, at, &mut |at, schema| {
                let outcome = if is_sent { limit(schema, &rule) } else { forget(schema) };
                if let Err(message) = outcome {
                    let text = format!("`{} {path}` at `{at}`: {message}", method.to_uppercase());
                    errors.push(location_of(locations, path, method), text);
                }
            });
        });
    });
    errors.into_result()
}

/// Sets the limit of one schema, without its subschemas.
fn limit(schema: &mut Value, rule: &Value) -> Result<(), String> {
    let keyword = match schema["type"].as_str() {
        Some("array") => "maxItems",
        Some("string") => "maxLength",
        _ => return forget(schema),
    };
    let stated = schema.get(LIMIT).cloned();
    if is_bounded(schema, keyword) {
        return match stated {
            Some(_) => Err(format!("`{LIMIT}` on a schema that is bounded without it")),
            None => Ok(()),
        };
    }
    let id_length = schema.get(ID).and_then(|_| rule.get("idLength"));
    let Some(limit) = stated.as_ref().or(id_length).or_else(|| rule.get(keyword)) else {
        return Ok(());
    };
    if limit.as_u64().is_none_or(|limit| limit == 0) {
        return Err(format!("the limit {limit} is not a number above 0"));
    }
    schema[keyword] = limit.clone();
    schema[LIMIT] = json!(SERVER);
    Ok(())
}

/// Removes an exception of a response, which has no limits. One action may target a property wherever it is.
fn forget(schema: &mut Value) -> Result<(), String> {
    if let Some(schema) = schema.as_object_mut() {
        schema.shift_remove(LIMIT);
    }
    Ok(())
}

/// Returns the contract without the limits that are not the vendor's, for clients: other servers may accept more.
pub fn without(contract: &Value) -> Value {
    match contract {
        Value::Object(object) => {
            let is_marked = object.get(LIMIT).is_some_and(|mark| mark == SERVER);
            let kept = object
                .iter()
                .filter(|(key, _)| !is_marked || !matches!(key.as_str(), LIMIT | "maxItems" | "maxLength"));
            Value::Object(kept.map(|(key, value)| (key.clone(), without(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without).collect()),
        other => other.clone(),
    }
}

/// Returns `true` if a schema bounds its strings (`maxLength`) or arrays (`maxItems`), by that keyword or otherwise.
pub fn is_bounded(schema: &Value, keyword: &str) -> bool {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    schema.get(keyword).is_some()
        || schema.get("enum").is_some()
        || text("format").is_some_and(|format| BOUNDED_FORMATS.contains(&format))
        || text("pattern").is_some_and(is_bounded_pattern)
}

/// Returns `true` if the pattern bounds the length of the strings that match it.
fn is_bounded_pattern(pattern: &str) -> bool {
    crate::pattern::parse(pattern).is_some_and(|pattern| {
        let properties = pattern.properties();
        properties.look_set_prefix().contains(Look::Start)
            && properties.look_set_suffix().contains(Look::End)
            && properties.maximum_len().is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(schema: &Value) -> Value {
        json!({"content": {"application/json": {"schema": schema}}})
    }

    fn applied(schema: &Value, limits: &Value) -> Result<Value, String> {
        let mut document = json!({"x-limits": limits, "paths": {"/a": {"post": {
            "parameters": [{"name": "p", "in": "query", "schema": schema}],
            "requestBody": content(schema),
            "responses": {"200": content(schema)},
        }}}});
        apply(&mut document, &Locations::new()).map_err(|errors| errors.to_string())?;
        assert_eq!(document.get("x-limits"), None);
        let operation = &document["paths"]["/a"]["post"];
        let body = operation["requestBody"]["content"]["application/json"]["schema"].clone();
        assert_eq!(operation["parameters"][0]["schema"], body);
        let mut shown = schema.clone();
        walk(&mut shown, "", &mut |_, schema| {
            schema.as_object_mut().unwrap().shift_remove(LIMIT);
        });
        let response = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        assert_eq!(*response, shown, "responses are not limited");
        Ok(body)
    }

    #[test]
    fn unbounded_arrays_and_strings_of_requests_get_the_limit_of_the_rule_or_their_own() {
        let schema = json!({"type": "object", "properties": {
            "name": {"type": "string"},
            "names": {"type": "array", "items": {"type": "string", "x-limit": 5}},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "size": {"type": "integer"},
            "id": {"type": "string", "x-id": "Thing"},
            "either": {"oneOf": [{"type": "string"}, {"type": "boolean"}]},
        }});
        let limited = applied(&schema, &json!({"maxItems": 7, "maxLength": 9, "idLength": 3})).unwrap();
        let string = json!({"type": "string", "maxLength": 9, "x-limit": "server"});
        assert_eq!(without(&limited)["properties"]["name"], json!({"type": "string"}));
        assert_eq!(
            limited["properties"],
            json!({
                "name": string,
                "names": {
                    "type": "array", "maxItems": 7, "x-limit": "server",
                    "items": {"type": "string", "maxLength": 5, "x-limit": "server"},
                },
                "map": {"type": "object", "additionalProperties": string},
                "size": {"type": "integer"},
                "id": {"type": "string", "x-id": "Thing", "maxLength": 3, "x-limit": "server"},
                "either": {"oneOf": [string, {"type": "boolean"}]},
            })
        );
    }

    #[test]
    fn bounded_strings_get_no_limit() {
        let limits = json!({"maxItems": 7, "maxLength": 9});
        for schema in [
            json!({"type": "string", "maxLength": 64}),
            json!({"type": "string", "enum": ["A"]}),
            json!({"type": "string", "format": "date-time"}),
            json!({"type": "string", "format": "binary"}),
            json!({"type": "string", "pattern": "^[A-Z]{3}$"}),
            json!({"type": "string", "pattern": "^(a|bc)[0-9]?$"}),
            json!({"type": "array", "items": {"type": "boolean"}, "maxItems": 3}),
        ] {
            assert_eq!(applied(&schema, &limits).unwrap(), schema);
        }
        for pattern in ["^https?://", "[A-Z]{3}$", "^[^@ ]+@[^@ ]+$", "^a$|b", "^(?!x)a$"] {
            let limited = applied(&json!({"type": "string", "pattern": pattern}), &limits).unwrap();
            assert_eq!(limited["maxLength"], 9, "{pattern}");
        }
    }

    #[test]
    fn documents_without_a_rule_have_no_limits_but_the_stated_ones() {
        let schema = json!({"type": "array", "items": {"type": "string", "x-limit": 5}});
        let limited = applied(&schema, &Value::Null).unwrap();
        assert_eq!(
            (limited.get("maxItems"), &limited["items"]["maxLength"]),
            (None, &json!(5))
        );
    }

    #[test]
    fn limits_without_effect_and_those_that_are_no_number_are_errors() {
        for (schema, expected) in [
            (
                json!({"type": "string", "maxLength": 3, "x-limit": 5}),
                "bounded without it",
            ),
            (
                json!({"type": "string", "x-limit": 0}),
                "the limit 0 is not a number above 0",
            ),
            (json!({"type": "array", "x-limit": "server"}), "is not a number above 0"),
        ] {
            let error = applied(&schema, &Value::Null).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains("`POST /a` at `/parameters/0/schema`"), "{error}");
        }
    }
}
