//! Texts that callers send: which characters they may have, and when the empty string means null.
//!
//! * In a JSON body, the empty string means the same as null where null is allowed, unless its pattern or enum lists it as a value
//!   (`x-empty: value`).
//! * `x-text` of the document is the kind of the texts that state none. A string of a query parameter or request body without a pattern, an
//!   enum, a format or the kind of an ID gets the pattern of its kind: `line` has no control characters, `lines` has line breaks and tabs,
//!   and `any` has no pattern, for what is compared and not stored. A pattern of the documents that admits control characters is a notice.
//!   A required string has a character at least. A document without `x-text` is left as it is.
//!
//! What is set here has the mark `x-text: [pattern, minLength]`, with the keywords that are this server's and not the vendor's, so the
//! client's contract does not have them ([`without`]).

use regex_syntax::hir::{Class, Hir, HirKind, Look};
use serde_json::{Map, Value, json};

use openapi_reader::diagnostic::Diagnostics;

use crate::extensions::{EMPTY, ID, TEXT};
use crate::normalize::NULLABLE;
use crate::operations::{Locations, for_each_operation, location_of};
use crate::schemas::{for_each_schema, walk};

/// The pattern of a text in one line, and its meaning. C0, DEL and C1 are the control characters.
const LINE: (&str, &str) = (
    r"^[^\x00-\x1F\x7F-\x9F]*$",
    "text without line breaks and other control characters",
);

/// The pattern of a text in several lines, which LF or CR LF separates, and its meaning.
const LINES: (&str, &str) = (
    r"^([^\x00-\x08\x0B-\x1F\x7F-\x9F]|\r\n)*$",
    "text without control characters other than tabs and line breaks",
);

/// The empty string of a union, beside the branch of the values.
pub fn empty_branch() -> Value {
    json!({"const": ""})
}

/// Sets the patterns, on normalized schemas. Returns the notices.
pub fn apply(document: &mut Value, locations: &Locations) -> Result<Vec<String>, Diagnostics> {
    let mut errors = Diagnostics::default();
    let mut notices = Vec::new();
    let default = document.as_object_mut().and_then(|root| root.shift_remove(TEXT));
    for_each_operation(document, |path, method, operation| {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let in_query: Vec<bool> = parameters
            .into_iter()
            .flatten()
            .map(|parameter| parameter.get("in").is_some_and(|location| location == "query"))
            .collect();
        for_each_schema(operation, "", &mut |at, schema| {
            let parameter = at.strip_prefix("/parameters/").and_then(|rest| rest.split('/').next());
            let parameter = parameter.and_then(|index| index.parse::<usize>().ok());
            let is_sent = at.starts_with("/requestBody/") || parameter.is_some_and(|index| in_query[index]);
            walk(schema, at, &mut |at, schema| {
                let place = || format!("`{} {path}` at `{at}`", method.to_uppercase());
                let Some(schema) = schema.as_object_mut() else { return };
                let kind = schema.shift_remove(TEXT);
                let is_refused = schema.get(EMPTY).is_some_and(|empty| empty == "refused");
                if is_refused {
                    schema.shift_remove(EMPTY);
                }
                let Some(default) = &default else { return };
                if !is_sent || schema.get("type") != Some(&json!("string")) {
                    return;
                }
                match set_pattern(schema, kind.as_ref(), default, is_refused) {
                    Ok(None) => {}
                    Ok(Some(notice)) => notices.push(format!("{}: {notice}", place())),
                    Err(message) => {
                        errors.push(location_of(locations, path, method), format!("{}: {message}", place()))
                    }
                }
            });
        });
    });
    errors.into_result().map(|()| notices)
}

/// Sets the pattern of a string, and the marks. Returns a notice if its own pattern admits control characters.
fn set_pattern(
    schema: &mut Map<String, Value>,
    kind: Option<&Value>,
    default: &Value,
    is_refused: bool,
) -> Result<Option<String>, String> {
    let is_text = schema.get("format").is_none_or(|format| format == "password")
        && !["enum", "pattern", ID].iter().any(|key| schema.contains_key(*key));
    let mut marks = Vec::new();
    if kind.is_some() && !is_text {
        return Err(format!(
            "`{TEXT}` on a string that has a pattern, an enum, a format or an ID"
        ));
    }
    let pattern = match kind.unwrap_or(default).as_str() {
        _ if !is_text => None,
        Some("any") => None,
        Some("line") => Some(LINE),
        Some("lines") => Some(LINES),
        _ => return Err(format!("`{TEXT}` is neither `line` nor `lines` nor `any`")),
    };
    if let Some((pattern, means)) = pattern {
        schema.insert("pattern".to_owned(), json!(pattern));
        schema.insert("x-pattern-means".to_owned(), json!(means));
        marks.push("pattern");
    }
    if is_refused {
        schema.insert("minLength".to_owned(), json!(1));
        marks.push("minLength");
    }
    if marks.is_empty() {
        let own = schema.get("pattern").and_then(Value::as_str);
        return Ok(own.filter(|own| admits_control_characters(own)).map(|own| {
            format!(
                "the pattern `{own}` admits control characters: exclude them, or callers can send NUL and line breaks"
            )
        }));
    }
    schema.insert(TEXT.to_owned(), json!(marks));
    Ok(None)
}

/// Returns `true` if a string with control characters may match the pattern.
fn admits_control_characters(pattern: &str) -> bool {
    let Some(hir) = crate::pattern::parse(pattern) else {
        return true;
    };
    let looks = hir.properties();
    !looks.look_set_prefix().contains(Look::Start) || !looks.look_set_suffix().contains(Look::End) || has_control(&hir)
}

fn has_control(hir: &Hir) -> bool {
    let is_control = |character: u32| character < 0x20 || (0x7F..0xA0).contains(&character);
    let overlaps = |start: u32, end: u32| is_control(start) || is_control(end) || (start < 0x7F && end > 0x7F);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0)
            .chars()
            .any(|character| is_control(character.into())),
        HirKind::Class(Class::Unicode(class)) => class
            .iter()
            .any(|range| overlaps(range.start().into(), range.end().into())),
        HirKind::Class(Class::Bytes(class)) => class
            .iter()
            .any(|range| overlaps(range.start().into(), range.end().into())),
        HirKind::Repetition(repetition) => has_control(&repetition.sub),
        HirKind::Capture(capture) => has_control(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(has_control),
    }
}

/// Marks a string of a JSON body: what the empty string means for it. Its nullability is set.
pub fn mark_empty(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    if schema.get("type") != Some(&json!("string")) {
        return;
    }
    let is_nullable = schema.get(NULLABLE) == Some(&json!(true));
    let admits = admits_empty(schema);
    let mark = match (is_nullable, admits) {
        (_, Some(true)) => "value",
        (true, _) => "null",
        (false, None) => "refused",
        (false, Some(false)) => return,
    };
    schema.insert(EMPTY.to_owned(), json!(mark));
}

/// Returns `true` if the enum or pattern of a string lists the empty string, `false` if a keyword excludes it, `None` if nothing is said.
fn admits_empty(schema: &Map<String, Value>) -> Option<bool> {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    if let Some(Value::Array(values)) = schema.get("enum") {
        return Some(values.contains(&json!("")));
    }
    if let Some(pattern) = text("pattern") {
        return Some(crate::pattern::parse(pattern).is_some_and(|hir| hir.properties().minimum_len() == Some(0)));
    }
    let is_excluded = text("format").is_some_and(|format| format != "password")
        || schema
            .get("minLength")
            .and_then(Value::as_u64)
            .is_some_and(|length| length > 0);
    is_excluded.then_some(false)
}

/// Lets a string that the empty string clears be empty. Where its keywords cannot say so, they are those of one branch of a union, and
/// `true` is returned.
pub fn widen(schema: &mut Map<String, Value>) -> bool {
    if schema.get("format").is_some_and(|format| format != "password")
        || schema.get("minLength").and_then(Value::as_u64) > Some(1)
    {
        return true;
    }
    schema.shift_remove("minLength");
    if let Some(Value::String(pattern)) = schema.get_mut("pattern")
        && pattern != LINE.0
        && pattern != LINES.0
    {
        *pattern = format!("^$|{pattern}");
    }
    false
}

/// Returns the contract without the patterns and lengths that are not the vendor's, for clients, and without the empty strings of unions,
/// which a client does not need.
pub fn without(contract: &Value) -> Value {
    match contract {
        Value::Object(object) => {
            let marks = object.get(TEXT).and_then(Value::as_array).cloned().unwrap_or_default();
            let is_marked = |key: &str| {
                key == TEXT
                    || marks.contains(&json!(key))
                    || (key == "x-pattern-means" && marks.contains(&json!("pattern")))
            };
            let kept = object.iter().filter(|(key, _)| !is_marked(key));
            let mut kept: Map<String, Value> = kept.map(|(key, value)| (key.clone(), without(value))).collect();
            join_empty_branch(&mut kept);
            kept.into()
        }
        Value::Array(items) => Value::Array(items.iter().map(without).collect()),
        other => other.clone(),
    }
}

/// Replaces a union with the empty string by the other branches.
fn join_empty_branch(schema: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = schema.get_mut("anyOf") else {
        return;
    };
    let before = branches.len();
    branches.retain(|branch| *branch != empty_branch());
    if branches.len() == before {
        return;
    }
    if let [Value::Object(values), null] = branches.as_slice()
        && *null == json!({"type": "null"})
        && let Some(ty) = values.get("type")
    {
        let ty = json!([ty, "null"]);
        let values = values.clone();
        schema.shift_remove("anyOf");
        schema.insert("type".to_owned(), ty);
        for (key, value) in values {
            schema.entry(key).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conventions;
    use crate::naming::assign_names;

    /// The contract of one merge patch, with its creation and its `GET`.
    fn contract(properties: &Value) -> (Value, Vec<String>) {
        let content = |schema: Value| json!({"content": {"application/json": {"schema": schema}}});
        let object = json!({"type": "object", "properties": properties});
        let create = json!({"type": "object", "required": ["name"], "properties": properties});
        let mut document = json!({"x-text": "line", "paths": {
            "/a/{id}": {
                "get": {"operationId": "showA", "responses": {"200": content(object.clone())}},
                "post": {"operationId": "updateA", "requestBody": content(object), "responses": {"200": {}}},
            },
            "/a": {"post": {
                "operationId": "createA", "requestBody": content(create), "responses": {"201": {}},
                "parameters": [
                    {"name": "q", "in": "query", "schema": {"type": "string"}},
                    {"name": "h", "in": "header", "schema": {"type": "string"}},
                ],
            }},
        }});
        let locations = Locations::new();
        conventions::apply(&mut document, &locations).unwrap();
        let notices = apply(&mut document, &locations).unwrap();
        assign_names(&mut document, &locations).unwrap();
        (document, notices)
    }

    fn property<'a>(contract: &'a Value, schema: &str, name: &str) -> &'a Value {
        &contract["components"]["schemas"][schema]["properties"][name]
    }

    #[test]
    fn texts_of_requests_get_the_pattern_of_their_kind() {
        let (contract, notices) = contract(&json!({
            "name": {"type": "string"},
            "prose": {"type": "string", "x-text": "lines"},
            "secret": {"type": "string", "x-text": "any", "format": "password"},
            "code": {"type": "string", "pattern": "^[A-Z]{3}$"},
            "loose": {"type": "string", "pattern": "^https?://"},
        }));
        assert_eq!(
            *property(&contract, "CreateA", "name"),
            json!({
                "type": "string", "pattern": LINE.0, "x-pattern-means": LINE.1, "minLength": 1, "x-text": ["pattern", "minLength"],
            })
        );
        assert_eq!(
            *property(&contract, "UpdateA", "prose"),
            json!({"type": ["string", "null"], "pattern": LINES.0, "x-pattern-means": LINES.1, "x-text": ["pattern"]})
        );
        assert_eq!(
            *property(&contract, "UpdateA", "secret"),
            json!({"type": ["string", "null"], "format": "password"})
        );
        assert_eq!(property(&contract, "UpdateA", "code")["pattern"], "^$|^[A-Z]{3}$");
        assert_eq!(
            *property(&contract, "A", "name"),
            json!({"type": ["string", "null"]}),
            "responses"
        );
        let parameters = &contract["paths"]["/a"]["post"]["parameters"];
        assert_eq!(parameters[0]["schema"]["pattern"], LINE.0);
        assert_eq!(parameters[1]["schema"], json!({"type": "string"}));
        assert_eq!(notices.len(), 2, "{notices:?}");
        assert!(
            notices[0].contains("`^https?://` admits control characters"),
            "{notices:?}"
        );

        let client = without(&contract);
        assert_eq!(*property(&client, "CreateA", "name"), json!({"type": "string"}));
    }

    #[test]
    fn empty_string_is_allowed_wherever_null_is() {
        let (contract, _) = contract(&json!({
            "name": {"type": "string", "minLength": 1},
            "quota": {"type": "string", "pattern": "^([1-9]GB)?$"},
            "user": {"type": "string", "minLength": 6},
            "mail": {"type": "string", "format": "email", "description": "Mail."},
            "kind": {"type": "string", "enum": ["A", "B"]},
        }));
        let updated = |name: &str| property(&contract, "UpdateA", name);
        assert_eq!(updated("name").get("minLength"), None);
        assert_eq!(property(&contract, "CreateA", "name")["minLength"], 1);
        assert_eq!(
            *updated("quota"),
            json!({"type": ["string", "null"], "pattern": "^([1-9]GB)?$", "x-empty": "value"})
        );
        assert_eq!(updated("user")["anyOf"][0]["minLength"], 6);
        assert_eq!(
            *updated("mail"),
            json!({"description": "Mail.", "anyOf": [{"type": "string", "format": "email"}, {"const": ""}, {"type": "null"}]})
        );
        assert_eq!(updated("kind")["anyOf"][1], json!({"const": ""}));

        let client = without(&contract);
        assert_eq!(
            *property(&client, "UpdateA", "mail"),
            json!({"description": "Mail.", "type": ["string", "null"], "format": "email"})
        );
        assert_eq!(
            property(&client, "UpdateA", "kind")["anyOf"].as_array().unwrap().len(),
            2
        );
    }

    #[test]
    fn unknown_kind_of_text_is_an_error() {
        for text in [
            json!({"type": "string", "x-text": "word"}),
            json!({"type": "string", "x-text": "line", "pattern": "^a$"}),
        ] {
            let body =
                json!({"content": {"application/json": {"schema": {"type": "object", "properties": {"a": text}}}}});
            let mut document =
                json!({"x-text": "line", "paths": {"/a": {"post": {"requestBody": body, "responses": {"200": {}}}}}});
            let errors = apply(&mut document, &Locations::new()).unwrap_err();
            assert!(errors.to_string().contains("`x-text`"), "{errors}");
        }
    }

    #[test]
    fn patterns_that_admit_control_characters_are_found() {
        for pattern in ["^[^@]+$", "^a\\s$", "abc", "^.*$", "^a\\n$", LINES.0] {
            assert!(admits_control_characters(pattern), "{pattern}");
        }
        for pattern in ["^[a-z]*$", "^$|^[A-Z]{3}$", LINE.0, "^[0-9]+(;[0-9]+)*$"] {
            assert!(!admits_control_characters(pattern), "{pattern}");
        }
    }
}
