//! Sending back what `GET` shows: the properties of its response that an update on the same path does not set, and entity tags.
//!
//! * An update accepts every property that `GET` on its path shows, also those that it cannot set, so that a caller may read an object,
//!   change it and send it back as a whole. They are `readOnly` in the body, with the mark [`ECHO`]: [`IGNORED`] if the server sets
//!   them, [`UNCHANGED`] if they can be set elsewhere, so that ignoring another value would hide a mistake.
//! * `GET` has an `ETag`, and the update takes `If-Match` (RFC 9110, section 13.1.1).
//!
//! An update is a JSON Merge Patch, or another JSON body that does not create an object and has a property of the response of `GET`.
//! `x-update: false` on a body states that it is none. This runs on named schemas, so that it changes no name.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::extensions::{ECHO, MERGE_PATCH, UPDATE};
use crate::operations::for_each_operation;
use crate::schemas::JSON;

/// The server sets the property: an update ignores it.
pub const IGNORED: &str = "ignored";
/// The property is set elsewhere: an update refuses another value than the present one.
pub const UNCHANGED: &str = "unchanged";
/// The request header that makes an update conditional.
pub const IF_MATCH: &str = "If-Match";
/// The response header of `GET` with the entity tag.
pub const ETAG: &str = "ETag";

const METHODS: [&str; 3] = ["post", "put", "patch"];

/// Adds what is to be sent back to the bodies of updates, and the headers to both operations.
pub fn apply(document: &mut Value) {
    let mut pairs = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let updates: Vec<_> = METHODS
            .into_iter()
            .filter(|method| is_update(document, item, method))
            .collect();
        pairs.extend(updates.into_iter().map(|method| (path.clone(), method)));
    }
    for (path, method) in &pairs {
        let item = &document["paths"][path.as_str()];
        let (shown, body) = (shown(item).cloned(), body(&item[*method]).cloned());
        if let (Some(shown), Some(body)) = (shown, body) {
            add(document, &shown, &body, &mut BTreeSet::new());
        }
        let item = &mut document["paths"][path.as_str()];
        add_etag(&mut item["get"]["responses"]["200"]);
        add_if_match(&mut item[*method]);
    }
    for_each_operation(document, |path, method, operation| {
        let is_shown = pairs.iter().any(|(of, update)| of == path && *update == method);
        if let Some(body) = operation.get_mut("requestBody") {
            describe(body, is_shown);
        }
    });
}

/// Returns the schema of the JSON response of `GET`.
fn shown(item: &Value) -> Option<&Value> {
    item.get("get")?
        .pointer("/responses/200/content/application~1json/schema")
}

/// Returns the schema of the JSON body of an operation.
fn body(operation: &Value) -> Option<&Value> {
    operation.get("requestBody")?.get("content")?.get(JSON)?.get("schema")
}

fn is_update(document: &Value, item: &Value, method: &str) -> bool {
    let Some(operation) = item.get(method) else {
        return false;
    };
    let (Some(shown), Some(sent)) = (shown(item), body(operation)) else {
        return false;
    };
    let (Some(shown), Some(sent)) = (properties(document, shown), properties(document, sent)) else {
        return false;
    };
    let flag = |key| operation["requestBody"].get(key).and_then(Value::as_bool);
    let shares = || operation.pointer("/responses/201").is_none() && sent.keys().any(|name| shown.contains_key(name));
    flag(UPDATE).unwrap_or_else(|| flag(MERGE_PATCH) == Some(true) || shares())
}

/// Returns the pointer to the object schema that a schema is, refers to, or is besides null.
fn object(document: &Value, schema: &Value) -> Option<String> {
    let branches = ["anyOf", "allOf"]
        .into_iter()
        .filter_map(|key| schema.get(key)?.as_array());
    let reference = branches
        .flatten()
        .chain([schema])
        .find_map(|one| one.get("$ref")?.as_str());
    let pointer = reference?.strip_prefix('#')?.to_owned();
    document.pointer(&pointer)?.get("properties").map(|_| pointer)
}

fn properties<'a>(document: &'a Value, schema: &Value) -> Option<&'a Map<String, Value>> {
    document
        .pointer(&object(document, schema)?)?
        .get("properties")?
        .as_object()
}

fn is_read_only(schema: &Value) -> bool {
    schema.get("readOnly") == Some(&json!(true))
}

/// Adds the properties of an object of the response to that of the body, also in nested objects. An array is replaced as a whole.
fn add(document: &mut Value, shown: &Value, body: &Value, seen: &mut BTreeSet<(String, String)>) {
    let (Some(pointer), Some(of)) = (object(document, body), object(document, shown)) else {
        return;
    };
    // An object may contain itself.
    if !seen.insert((pointer.clone(), of)) {
        return;
    }
    let Some(shown) = properties(document, shown).cloned() else {
        return;
    };
    for (name, property) in shown {
        let Some(body) = document
            .pointer_mut(&pointer)
            .and_then(|body| body["properties"].as_object_mut())
        else {
            return;
        };
        let mark = if is_read_only(&property) { IGNORED } else { UNCHANGED };
        match body.get_mut(&name) {
            None => drop(body.insert(name, echoed(&property, mark))),
            Some(own) if is_read_only(own) => own[ECHO] = json!(mark),
            Some(own) => {
                let own = own.clone();
                add(document, &property, &own, seen);
            }
        }
    }
}

/// Returns the schema of a property that is sent back. It has the type of a plain value and nothing else: the present value decides.
fn echoed(shown: &Value, mark: &str) -> Value {
    let mut schema = Map::new();
    let is_plain = |ty: &Value| {
        ty != "array"
            && ty != "object"
            && !ty
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one == "array" || one == "object"))
    };
    if let Some(ty) = shown.get("type").filter(|ty| is_plain(ty)) {
        schema.insert("type".to_owned(), ty.clone());
    }
    let own = shown
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim();
    let rule = match mark {
        IGNORED => "Set by the server, and ignored here.",
        _ => "Cannot be changed here: if it is sent, it must be the present value.",
    };
    schema.insert("description".to_owned(), json!(format!("{own}\n{rule}").trim()));
    schema.insert("readOnly".to_owned(), json!(true));
    schema.insert(ECHO.to_owned(), json!(mark));
    schema.into()
}

fn add_etag(response: &mut Value) {
    let header = json!({
        "description": "The entity tag of the object, for `If-Match` of an update. Properties that the server sets do not change it.",
        "required": true,
        "schema": {"type": "string"},
    });
    let headers = response
        .as_object_mut()
        .map(|response| response.entry("headers").or_insert_with(|| json!({})));
    if let Some(Value::Object(headers)) = headers {
        headers.retain(|name, _| name == ETAG || !name.eq_ignore_ascii_case(ETAG));
        headers.insert(ETAG.to_owned(), header);
    }
}

fn add_if_match(operation: &mut Value) {
    let parameter = json!({
        "name": IF_MATCH,
        "in": "header",
        "description": "Update the object only if its `ETag` is one of these, otherwise respond with 412. `*` is any; a weak tag (`W/`) never matches.",
        "schema": {"type": "string", "maxLength": 4096, "x-limit": "server", "pattern": r#"^(\*|[ ,]*(W/)?"[!#-~]*"( *,[ ,]*(W/)?"[!#-~]*")*[ ,]*)$"#,
            "x-pattern-means": "`*`, or one or more tags in quotes with commas between them"},
    });
    let operation = operation.as_object_mut();
    let parameters = operation.map(|operation| operation.entry("parameters").or_insert_with(|| json!([])));
    if let Some(Value::Array(parameters)) = parameters {
        let is_other = |one: &Value| {
            one["in"] != "header"
                || !one["name"]
                    .as_str()
                    .is_some_and(|name| name.eq_ignore_ascii_case(IF_MATCH))
        };
        parameters.retain(is_other);
        parameters.push(parameter);
    }
}

/// Documents the rules of the body of an update; `is_shown` if there is a `GET`.
fn describe(body: &mut Value, is_shown: bool) {
    let mut text = Vec::new();
    if body.get(MERGE_PATCH) == Some(&json!(true)) {
        text.push(
            "A JSON Merge Patch (RFC 7396): a property that is not sent stays as it is, and null resets one to its initial value \
             (`x-initial`), which may enable what was disabled.",
        );
    }
    if is_shown {
        text.push("The response of `GET` can be sent back as a whole.");
    }
    let own = body
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim();
    let described = format!("{own}\n{}", text.join(" "));
    if !text.is_empty() {
        body["description"] = json!(described.trim());
    }
}

/// Returns the contract without the properties that are only sent back, for clients: they need not send them.
pub fn without(contract: &Value) -> Value {
    match contract {
        Value::Object(object) => {
            let kept = object.iter().filter(|(_, value)| value.get(ECHO).is_none());
            Value::Object(kept.map(|(key, value)| (key.clone(), without(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without).collect()),
        other => other.clone(),
    }
}

/// The properties that `GET` on the path of an update shows, and the update does not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Echo {
    /// The properties of the response that no request sets here, which do not change the entity tag. Names, of the outer object only.
    pub volatile: Vec<String>,
    /// The properties of the body that are ignored.
    pub ignored: Vec<String>,
    /// The properties of the body that must have their present value.
    pub unchanged: Vec<String>,
}

/// Returns what `GET` on a path shows, if the path has an update; `method` is that of the update, or `get`.
pub fn read(document: &Value, path: &str, method: &str) -> Option<Echo> {
    let item = document.get("paths")?.get(path)?;
    let has_if_match = |operation: &Value| {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        parameters
            .into_iter()
            .flatten()
            .any(|one| one["name"] == IF_MATCH && one["in"] == "header")
    };
    item.get("get")?.pointer(&format!("/responses/200/headers/{ETAG}"))?;
    let methods = METHODS.into_iter().filter(|one| method == "get" || *one == method);
    let operation = methods
        .filter_map(|method| item.get(method))
        .find(|operation| has_if_match(operation))?;
    let sent = properties(document, body(operation)?)?;
    let mut echo = Echo::default();
    for (name, property) in properties(document, shown(item)?)? {
        let is_set = sent.get(name).is_some_and(|sent| !is_read_only(sent));
        if is_read_only(property) && !is_set {
            echo.volatile.push(name.clone());
        }
    }
    let mut stack = object(document, body(operation)?).into_iter().collect();
    collect(document, sent, "", &mut stack, &mut echo);
    Some(echo)
}

/// Objects that are nested deeper are not sent back.
const MAX_DEPTH: usize = 8;

/// Collects the marks below an object; `stack` has the components that contain it.
fn collect(document: &Value, sent: &Map<String, Value>, at: &str, stack: &mut Vec<String>, echo: &mut Echo) {
    for (name, property) in sent {
        let pointer = format!("{at}/{}", openapi_reader::pointer::token(name));
        match property.get(ECHO).and_then(Value::as_str) {
            Some(IGNORED) => echo.ignored.push(pointer),
            Some(_) => echo.unchanged.push(pointer),
            None => {
                let component = object(document, property);
                if let Some(component) = component.filter(|one| stack.len() < MAX_DEPTH && !stack.contains(one))
                    && let Some(inner) = properties(document, property)
                {
                    stack.push(component);
                    collect(document, inner, &pointer, stack, echo);
                    stack.pop();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        let content = |name: &str| json!({"content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}});
        let mut update = content("UpdateLamp");
        update[MERGE_PATCH] = json!(true);
        let mut create = content("UpdateLamp");
        create["required"] = json!(true);
        let mut recharge = content("Lamp");
        recharge[UPDATE] = json!(false);
        json!({
            "paths": {
                "/lamp": {
                    "get": {"responses": {"200": content("Lamp")}},
                    "post": {"requestBody": update, "responses": {"200": {}}},
                    "put": {"requestBody": create, "responses": {"201": {}}},
                },
                "/charge": {
                    "get": {"responses": {"200": content("Lamp")}},
                    "post": {"requestBody": recharge, "responses": {"200": {}}},
                },
            },
            "components": {"schemas": {
                "Lamp": {"type": "object", "properties": {
                    "id": {"type": "string", "readOnly": true},
                    "owner": {"type": ["string", "null"], "description": "The owner.\n", "maxLength": 3},
                    "on": {"type": "boolean"},
                    "bulb": {"anyOf": [{"$ref": "#/components/schemas/Bulb"}, {"type": "null"}]},
                    "shades": {"type": "array", "items": {"$ref": "#/components/schemas/Bulb"}},
                }},
                "Bulb": {"type": "object", "properties": {"watts": {"type": "integer"}, "used": {"type": "integer", "readOnly": true}}},
                "UpdateLamp": {"type": "object", "properties": {
                    "on": {"type": "boolean"},
                    "bulb": {"$ref": "#/components/schemas/UpdateBulb"},
                }},
                "UpdateBulb": {"type": "object", "properties": {"watts": {"type": "integer"}}},
            }},
        })
    }

    #[test]
    fn update_accepts_what_get_shows() {
        let mut document = document();
        let before = document.clone();
        apply(&mut document);
        let update = &document["components"]["schemas"]["UpdateLamp"]["properties"];
        assert_eq!(update["id"][ECHO], IGNORED);
        assert_eq!(
            update["owner"],
            json!({
                "type": ["string", "null"],
                "description": "The owner.\nCannot be changed here: if it is sent, it must be the present value.",
                "readOnly": true,
                "x-echo": "unchanged",
            })
        );
        assert_eq!(
            (update["shades"].get("type"), &update["shades"][ECHO]),
            (None, &json!(UNCHANGED))
        );
        assert_eq!(update["on"], json!({"type": "boolean"}));
        let bulb = &document["components"]["schemas"]["UpdateBulb"]["properties"];
        assert_eq!(bulb["used"][ECHO], IGNORED);
        let echo = read(&document, "/lamp", "post").unwrap();
        let text = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(echo.volatile, text(&["id"]));
        assert_eq!(echo.ignored, text(&["/bulb/used", "/id"]));
        assert_eq!(echo.unchanged, text(&["/owner", "/shades"]));
        assert_eq!(read(&document, "/lamp", "get").as_ref(), Some(&echo));
        // Creations, and what is stated to be no update, stay as they are.
        assert_eq!(
            (read(&document, "/lamp", "put"), read(&document, "/charge", "get")),
            (None, None)
        );
        assert_eq!(document["paths"]["/charge"], before["paths"]["/charge"]);
        assert_eq!(document["paths"]["/lamp"]["put"], before["paths"]["/lamp"]["put"]);
        assert_eq!(without(&document)["components"], before["components"]);
    }

    #[test]
    fn get_has_an_etag_and_the_update_if_match_and_a_warning_of_null() {
        let mut document = document();
        apply(&mut document);
        let lamp = &document["paths"]["/lamp"];
        assert_eq!(lamp["get"]["responses"]["200"]["headers"][ETAG]["required"], true);
        assert_eq!(lamp["post"]["parameters"][0]["name"], IF_MATCH);
        let text = lamp["post"]["requestBody"]["description"].as_str().unwrap();
        assert!(
            text.contains("may enable what was disabled") && text.ends_with("can be sent back as a whole."),
            "{text}"
        );
    }
}
