//! Bodies: one media type each, by its plain name.

use serde_json::{Map, Value, json};

use super::Note;
use super::parameters::{is_array_of_scalars, is_scalar};
use crate::extensions::MEDIA_TYPE;
use crate::media::{self, FORM, JSON, Kind};
use openapi_reader::pointer::token;

/// The media type of a text of no other type.
const TEXT: &str = "text/plain";

/// Reduces the request body of an operation.
pub(super) fn reduce(operation: &mut Value, note: &mut Note<'_>) {
    let Some(operation) = operation.as_object_mut() else {
        return;
    };
    let Some(body) = operation.get_mut("requestBody") else {
        return;
    };
    let at = "/requestBody";
    choose(body, at, note);
    let content = body.get_mut("content").and_then(Value::as_object_mut);
    let Some((media_type, entry)) = content.into_iter().flatten().next() else {
        note(at, "the body has no content; it is ignored".to_owned());
        operation.shift_remove("requestBody");
        return;
    };
    if media_type == FORM && !is_form(entry.get("schema").unwrap_or(&Value::Null)) {
        note(
            at,
            "the form has other properties than scalars: callers send its text".to_owned(),
        );
        body["content"] = json!({TEXT: {"schema": {"type": "string"}, MEDIA_TYPE: FORM}});
    } else if media::essence(media_type).starts_with("multipart/") {
        note(
            at,
            format!("the body is bytes, because `{media_type}` is not supported: callers send its parts as one"),
        );
    }
}

/// Returns `true` for objects of known scalars.
fn is_form(schema: &Value) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_closed = !schema.get("additionalProperties").is_some_and(Value::is_object);
    properties.is_some_and(|properties| {
        !properties.is_empty()
            && properties
                .values()
                .all(|property| is_scalar(property) && !is_array_of_scalars(property))
    }) && is_closed
        && !["oneOf", "anyOf"].iter().any(|union| schema.get(union).is_some())
}

/// Keeps one media type of a body, by its plain name. Another type of JSON is kept as [`MEDIA_TYPE`].
pub(super) fn choose(holder: &mut Value, at: &str, note: &mut Note<'_>) {
    let Some(content) = holder.get_mut("content").and_then(Value::as_object_mut) else {
        return;
    };
    content.retain(|media_type, _| !media_type.starts_with("x-"));
    let rank = |media_type: &str| {
        let kind = media::kind(media_type);
        let is_plain = media::essence(media_type) == JSON;
        // With parameters and suffixes it is longer.
        (kind, !is_plain, media_type.len())
    };
    let Some(best) = content.keys().min_by_key(|media_type| rank(media_type)).cloned() else {
        if let Some(holder) = holder.as_object_mut() {
            holder.shift_remove("content");
        }
        return;
    };
    let others: Vec<String> = content
        .keys()
        .filter(|media_type| **media_type != best)
        .map(|media_type| format!("`{media_type}`"))
        .collect();
    if !others.is_empty() {
        note(
            at,
            format!(
                "of several media types `{best}` is taken, and {} ignored",
                others.join(", ")
            ),
        );
    }
    let mut entry = content
        .shift_remove(&best)
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({}));
    // Of what is no JSON, the schema says nothing that a type could hold.
    if matches!(media::kind(&best), Kind::Text | Kind::Bytes)
        && entry.get("schema").is_some_and(|schema| !is_scalar(schema))
        && let Some(entry) = entry.as_object_mut()
    {
        entry.shift_remove("schema");
    }
    let essence = media::essence(&best);
    let name = match media::kind(&best) {
        Kind::Json => {
            if essence != JSON && !essence.contains('*') {
                entry[MEDIA_TYPE] = json!(essence);
            }
            JSON.to_owned()
        }
        // `HeaderValue` of the server and the client must hold it.
        _ if !is_media_type(&essence) => {
            note(
                &format!("{at}/content/{}", token(&best)),
                "this is no media type; the body is bytes".to_owned(),
            );
            media::OCTETS.to_owned()
        }
        _ => essence,
    };
    *content = Map::from_iter([(name, entry)]);
}

fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-*".contains(&byte))
    };
    text.split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}
