//! Responses: one media type each, single statuses, and headers that are scalars.

use serde_json::{Map, Value, json};

use super::Note;
use super::bodies::choose;
use super::parameters::is_scalar;
use crate::media::OCTETS;
use openapi_reader::pointer::token;

/// Reduces the responses of an operation.
pub(super) fn reduce(operation: &mut Value, note: &mut Note<'_>) {
    let Some(operation) = operation.as_object_mut() else {
        return;
    };
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    if !responses.is_object() {
        *responses = json!({});
    }
    let Some(responses) = responses.as_object_mut() else {
        return;
    };
    let mut kept = Map::new();
    for (status, mut response) in std::mem::take(responses) {
        let at = format!("/responses/{}", token(&status));
        let status = match status.as_str() {
            _ if status.starts_with("x-") => continue,
            "default" => status,
            "2XX" | "2xx" => {
                note(
                    &at,
                    "the range is the status 200 here; other 2xx are successes as well".to_owned(),
                );
                "200".to_owned()
            }
            "4xx" | "5xx" => status.to_uppercase(),
            "4XX" | "5XX" => status,
            _ => match status.parse::<u16>() {
                Ok(200..600) => status,
                Ok(100..200) => {
                    note(&at, "an interim response is ignored".to_owned());
                    continue;
                }
                _ => {
                    note(&at, format!("`{status}` is no status of a response; it is ignored"));
                    continue;
                }
            },
        };
        if kept.contains_key(&status) {
            continue;
        }
        if !response.is_object() {
            response = json!({});
        }
        choose(&mut response, &at, note);
        if matches!(status.as_str(), "204" | "205" | "304")
            && let Some(response) = response.as_object_mut()
            && response.shift_remove("content").is_some()
        {
            note(&at, "HTTP allows no body with this status; it is ignored".to_owned());
        }
        headers(&mut response, &at, note);
        kept.insert(status, response);
    }
    *responses = kept;
    if !responses.keys().any(|status| status.starts_with(['2', '3'])) {
        note(
            "",
            "no success response is documented: the response is bytes".to_owned(),
        );
        responses.insert("200".to_owned(), json!({"description": "", "content": {OCTETS: {}}}));
    }
}

fn headers(response: &mut Value, at: &str, note: &mut Note<'_>) {
    let Some(headers) = response.get_mut("headers").and_then(Value::as_object_mut) else {
        return;
    };
    headers.retain(|name, _| !name.eq_ignore_ascii_case("content-type") && !name.starts_with("x-ms-"));
    for (name, header) in headers {
        let at = format!("{at}/headers/{}", token(name));
        let Some(header) = header.as_object_mut() else { continue };
        if header.shift_remove("content").is_some() || !header.get("schema").is_some_and(is_scalar) {
            note(&at, "the header is a string here".to_owned());
            header.insert("schema".to_owned(), json!({"type": "string"}));
        }
    }
}
