//! Request bodies: size limit, media type, bytes.

use std::error::Error;

use axum::body::{Body, HttpBody as _};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use pbx_types::{Location, Violation, property_pointer};
use serde_json::Value;

use super::{Input, json, parameters};
use crate::runtime::body_budget::Held;
use crate::runtime::operation::{Content, Operation};
use crate::runtime::problem::{MAX_LISTED, Problem};
use crate::runtime::schema_violations::missing;

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const FORM: &str = "application/x-www-form-urlencoded";
const OCTETS: &str = "application/octet-stream";

/// Reads the body of an operation into `input`.
pub(super) async fn read(
    operation: &Operation,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    held: &mut Held,
    input: &mut Input,
    violations: &mut Vec<Violation>,
) -> Result<(), Problem> {
    let types: &[&str] = match operation.content {
        Content::None if body.is_end_stream() => return Ok(()),
        Content::None => {
            let bytes = read_limited(headers, body, limit, held).await?;
            refuse_undeclared(operation, &bytes, violations);
            return Ok(());
        }
        Content::Json => &[JSON],
        Content::JsonAs(types) | Content::Text(types) | Content::BytesAs(types) => types,
        Content::MergePatch => &[JSON, MERGE_PATCH],
        Content::Form(_) => &[FORM],
        Content::Bytes => &[OCTETS],
    };
    let bytes = read_limited(headers, body, limit, held).await?;
    if bytes.is_empty() {
        if operation.body_required {
            violations.push(missing(Location::Body));
        }
        return Ok(());
    }
    check_type(headers, types)?;
    match operation.content {
        Content::None => {}
        Content::Json | Content::JsonAs(_) | Content::MergePatch => {
            if let Some((value, values)) = json::parse(&bytes, violations) {
                input.body = Some(value);
                input.values = values;
            }
        }
        Content::Form(fields) => {
            let values = parameters::form(fields, &bytes, violations);
            input.body = Some(Value::Object(values));
        }
        Content::Text(_) => match String::from_utf8(bytes.into()) {
            Ok(text) => input.text = Some(text),
            Err(_) => violations.push(Violation::with_predicate(
                Location::Body,
                "",
                "encoding",
                "must be UTF-8",
            )),
        },
        Content::Bytes | Content::BytesAs(_) => input.bytes = Some(bytes),
    }
    Ok(())
}

/// Records a violation by the body of an operation that takes none: to ignore it could do something else than the caller wanted. `{}` and
/// `null` are accepted, because clients that are generated from other documents send them with every POST.
fn refuse_undeclared(operation: &Operation, bytes: &[u8], violations: &mut Vec<Violation>) {
    let text = json::without_mark(bytes).trim_ascii();
    if text.is_empty() {
        return;
    }
    let names: Vec<String> = match serde_json::from_slice(text) {
        Ok(Value::Null) => return,
        Ok(Value::Object(properties)) if properties.is_empty() => return,
        Ok(Value::Object(properties)) => properties.into_iter().map(|(name, _)| name).collect(),
        Ok(_) => Vec::new(),
        // Perhaps a form.
        Err(_) => text
            .split(|byte| *byte == b'&')
            .take(MAX_LISTED)
            .filter_map(|pair| parameters::decode(pair.split(|byte| *byte == b'=').next()?))
            .collect(),
    };
    let before = violations.len();
    for parameter in operation.parameters {
        let Some(name) = names.iter().find(|name| parameter.is_called(name)) else {
            continue;
        };
        let place = match parameter.location {
            Location::Query => "send it as a query parameter",
            Location::Path => "it is a part of the path",
            Location::Header => "send it as a header",
            Location::Body => continue,
        };
        let message = format!("`{name}` does not belong in the request body: {place}.");
        violations.push(Violation::new(
            Location::Body,
            property_pointer("", name),
            "unexpected",
            message,
        ));
    }
    if violations.len() == before {
        let message = "This operation takes no request body: send the request without one.";
        violations.push(Violation::new(Location::Body, "", "unexpected", message));
    }
}

/// Reads a body up to the limit, or fails with 413.
///
/// Up to four times the limit is read and dropped: closing the connection while the client is still sending would often make
/// it see a broken connection instead of the response.
async fn read_limited(headers: &HeaderMap, mut body: Body, limit: usize, held: &mut Held) -> Result<Bytes, Problem> {
    let drained = limit.saturating_mul(4);
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > drained as u64) {
        return Err(too_large(limit));
    }
    let mut whole = Bytes::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| unreadable(&error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length > drained {
            break;
        }
        if length > limit {
            whole = Bytes::new();
            held.release();
            continue;
        }
        if !held.grow(data.len()) {
            return Err(Problem::too_many_bodies());
        }
        if whole.is_empty() {
            // Nearly every body arrives in one chunk.
            whole = data;
        } else {
            let mut longer = BytesMut::from(whole);
            longer.extend_from_slice(&data);
            whole = longer.freeze();
        }
    }
    if length > limit || announced.is_some_and(|announced| announced > limit as u64) {
        return Err(too_large(limit));
    }
    Ok(whole)
}

/// Returns the response to a body that cannot be read to its end.
fn unreadable(error: &(dyn Error + 'static)) -> Problem {
    let mut causes = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    let timed_out = |cause: &(dyn Error + 'static)| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut)
    };
    if causes.any(timed_out) {
        return Problem::request_timeout();
    }
    // The connection broke, or the chunks were malformed: then the client gets a 400.
    let predicate = "could not be read to its end";
    Problem::invalid([Violation::with_predicate(Location::Body, "", "encoding", predicate)])
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "PAYLOAD_TOO_LARGE",
        format!("The request body is larger than {limit} bytes."),
    )
    .detail(format!("body# maxBytes {limit}"))
}

/// Returns `true` if a media type is the accepted one, or in the accepted range: `image/*`, `*/*`.
fn is_of(accepted: &str, media_type: &str) -> bool {
    match accepted.strip_suffix("/*") {
        Some("*") => true,
        Some(kind) => media_type
            .split('/')
            .next()
            .is_some_and(|sent| sent.eq_ignore_ascii_case(kind)),
        None => media_type.eq_ignore_ascii_case(accepted),
    }
}

/// Checks the media type of a body. A body of bytes needs none.
fn check_type(headers: &HeaderMap, accepted: &'static [&'static str]) -> Result<(), Problem> {
    let refused = |message: String| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message)
            .detail(format!("header#/content-type enum {}", accepted.join("|")))
    };
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(refused("Send the request body without a content encoding.".to_owned()));
    }
    let Some(sent) = headers.get(CONTENT_TYPE) else {
        // Without a type, a recipient may assume octets (RFC 9110, section 8.3).
        return if accepted.iter().any(|media_type| is_of(media_type, OCTETS)) {
            Ok(())
        } else {
            Err(refused(format!(
                "Send the request body with `Content-Type: {}`.",
                accepted[0]
            )))
        };
    };
    let sent = sent.to_str().unwrap_or_default();
    let (essence, parameters) = sent.split_once(';').unwrap_or((sent, ""));
    let is_accepted = accepted.iter().any(|media_type| is_of(media_type, essence.trim()));
    if is_accepted && is_utf8(parameters) {
        return Ok(());
    }
    Err(refused(format!(
        "The request body must be {}{}.",
        accepted.join(" or "),
        if is_accepted { " in UTF-8" } else { "" }
    )))
}

/// Returns `true` unless a charset other than UTF-8 is named.
fn is_utf8(parameters: &str) -> bool {
    parameters.split(';').all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::runtime::operation::{InputSchema, Parameter, ParameterType};

    fn accepts(content_type: &'static str, accepted: &'static [&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        check_type(&headers, accepted).is_ok()
    }

    #[tokio::test]
    async fn chunks_are_joined_up_to_the_limit() {
        let body = |chunks: &'static [&'static str]| {
            let chunks = chunks.iter().map(|chunk| Ok::<_, std::io::Error>(Bytes::from(*chunk)));
            Body::from_stream(futures_util::stream::iter(chunks))
        };
        let read = async |body| read_limited(&HeaderMap::new(), body, 5, &mut Held::unlimited()).await;
        let chunks = async |chunks| read(body(chunks)).await;
        assert_eq!(chunks(&["ab", "", "cde"]).await.unwrap(), "abcde");
        assert_eq!(chunks(&["ab", "cdef"]).await.unwrap_err().status(), 413);
        assert_eq!(chunks(&["abcdef", "g"]).await.unwrap_err().status(), 413);
        let endless = Body::from_stream(futures_util::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Bytes::from("abc"))
        }));
        let result = read(endless).await;
        assert_eq!(result.unwrap_err().status(), 413);
        let broken = futures_util::stream::iter([Ok(Bytes::from("ab")), Err(std::io::Error::other("gone"))]);
        let result = read(Body::from_stream(broken)).await;
        assert_eq!(result.unwrap_err().status(), 400);
        let stalled = futures_util::stream::iter([
            Ok(Bytes::from("ab")),
            Err(std::io::Error::from(std::io::ErrorKind::TimedOut)),
        ]);
        let result = read(Body::from_stream(stalled)).await;
        assert_eq!(result.unwrap_err().status(), 408);
    }

    #[test]
    fn undeclared_bodies_are_refused_and_their_parameters_named() {
        static SWITCH: Operation = Operation {
            id: "switch",
            method: http::Method::POST,
            path: "/{name}/switch",
            resource: "x",
            roles: None,
            authenticated: true,
            parameters: &[
                Parameter::path("name", ParameterType::String),
                Parameter::query("id", ParameterType::String).with_aliases(&["$id"]),
            ],
            content: Content::None,
            body_required: false,
            sets_state: false,
            echo: None,
            schema: InputSchema::none(),
        };
        let refused = |body: &str| {
            let mut violations = Vec::new();
            refuse_undeclared(&SWITCH, body.as_bytes(), &mut violations);
            violations.iter().map(Violation::to_string).collect::<Vec<_>>()
        };
        for nothing in ["", " \r\n", "{}", " { } ", "null", "\u{feff}{}"] {
            assert_eq!(refused(nothing), [""; 0], "{nothing}");
        }
        for (body, expected) in [
            (r#"{"id": null}"#, &["body#/id unexpected"][..]),
            (
                r#"{"$id": "1", "name": 1, "x": 1}"#,
                &["body#/name unexpected", "body#/$id unexpected"],
            ),
            ("id=7", &["body#/id unexpected"]),
            ("a=b&%24id=7", &["body#/$id unexpected"]),
            (r#"{"x": 1}"#, &["body# unexpected"]),
            ("[]", &["body# unexpected"]),
            ("0", &["body# unexpected"]),
            ("{} {}", &["body# unexpected"]),
            ("\u{0}", &["body# unexpected"]),
        ] {
            assert_eq!(refused(body), expected, "{body}");
        }
    }

    #[test]
    fn content_types_are_compared_without_case_and_parameters() {
        for good in [JSON, "Application/JSON; charset=\"UTF-8\"", "application/json;v=1"] {
            assert!(accepts(good, &[JSON]), "{good}");
        }
        for bad in [MERGE_PATCH, "text/json", "application/json; charset=latin1", ""] {
            assert!(!accepts(bad, &[JSON]), "{bad}");
        }
        assert!(accepts(MERGE_PATCH, &[JSON, MERGE_PATCH]));
        assert!(check_type(&HeaderMap::new(), &[OCTETS]).is_ok());
        assert!(check_type(&HeaderMap::new(), &[JSON]).is_err());
    }
}
