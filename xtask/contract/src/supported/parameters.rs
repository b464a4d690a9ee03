//! Parameters: scalars, and arrays of them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Note;

/// Reduces the parameters of an operation.
pub(super) fn reduce(operation: &mut Value, path: &str, note: &mut Note<'_>) {
    let Some(operation) = operation.as_object_mut() else {
        return;
    };
    let parameters = match operation.get_mut("parameters").map(Value::take) {
        Some(Value::Array(parameters)) => parameters,
        _ => Vec::new(),
    };
    let in_template: BTreeSet<&str> = placeholders(path).collect();
    let mut declared = BTreeSet::new();
    let mut kept: Vec<Value> = Vec::new();
    for (index, parameter) in parameters.into_iter().enumerate() {
        let at = format!("/parameters/{index}");
        for parameter in one(parameter, &in_template, &at, note) {
            let mut key = (text(&parameter, "in").to_owned(), text(&parameter, "name").to_owned());
            if key.0 == "header" {
                key.1.make_ascii_lowercase();
            }
            if declared.insert(key) {
                kept.push(parameter);
            } else {
                note(
                    &at,
                    format!("another parameter `{}` is ignored", text(&parameter, "name")),
                );
            }
        }
    }
    for name in placeholders(path) {
        if declared.insert(("path".to_owned(), name.to_owned())) {
            note(
                "",
                format!("the path parameter `{name}` is not described: it is a string"),
            );
            kept.push(json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
        }
    }
    if kept.is_empty() {
        operation.shift_remove("parameters");
    } else {
        operation.insert("parameters".to_owned(), Value::Array(kept));
    }
}

/// The names in the braces of a path.
fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The form of a parameter, which its schema and style decide.
enum Form {
    Scalar,
    Array,
    Object,
    Other,
}

fn form(schema: &Value) -> Form {
    if is_array_of_scalars(schema) {
        Form::Array
    } else if is_scalar(schema) {
        Form::Scalar
    } else if schema
        .get("properties")
        .and_then(Value::as_object)
        .is_some_and(|p| !p.is_empty())
        && !["oneOf", "anyOf"].iter().any(|union| schema.get(union).is_some())
    {
        Form::Object
    } else {
        Form::Other
    }
}

/// Returns the parameters that a parameter becomes: none, itself, or its properties.
fn one(mut parameter: Value, in_template: &BTreeSet<&str>, at: &str, note: &mut Note<'_>) -> Vec<Value> {
    let (name, location) = (text(&parameter, "name").to_owned(), text(&parameter, "in").to_owned());
    let message = |what: &str| format!("the parameter `{name}` {what}");
    match location.as_str() {
        _ if name.is_empty() => {
            note(at, "a parameter without a name is ignored".to_owned());
            return Vec::new();
        }
        "cookie" => {
            note(
                at,
                message("is a cookie, which neither client nor server have; it is ignored"),
            );
            return Vec::new();
        }
        "path" if !in_template.contains(name.as_str()) => {
            note(at, message("is not in the path; it is ignored"));
            return Vec::new();
        }
        "header" if !is_token(&name) => {
            note(at, message("cannot be the name of a header; it is ignored"));
            return Vec::new();
        }
        "path" | "query" | "header" => {}
        other => {
            note(at, message(&format!("is in `{other}`; it is ignored")));
            return Vec::new();
        }
    }
    let Some(object) = parameter.as_object_mut() else {
        return Vec::new();
    };
    if location == "path" {
        object.insert("required".to_owned(), json!(true));
    }
    let style = object
        .shift_remove("style")
        .and_then(|style| style.as_str().map(str::to_owned));
    let is_query = location == "query";
    let style = style.unwrap_or_else(|| if is_query { "form" } else { "simple" }.to_owned());
    let explode = object.shift_remove("explode").and_then(|explode| explode.as_bool());
    let explode = explode.unwrap_or(style == "form" || style == "deepObject");
    if object.shift_remove("content").is_some() {
        note(at, message("is a string here: callers encode it as its `content` says"));
        object.insert("schema".to_owned(), json!({"type": "string"}));
        return vec![parameter];
    }
    let schema = object.get("schema").filter(|schema| schema.is_object()).cloned();
    let schema = schema.unwrap_or_else(|| json!({"type": "string"}));
    match (form(&schema), style.as_str()) {
        (Form::Scalar, "label" | "matrix") | (Form::Array | Form::Object, "label" | "matrix") => {
            note(
                at,
                message(&format!("is a string here: callers write it in the style `{style}`")),
            );
            object.insert("schema".to_owned(), json!({"type": "string"}));
        }
        (Form::Scalar, _) => drop(object.insert("schema".to_owned(), schema)),
        (Form::Array, _) if !is_query => drop(object.insert("schema".to_owned(), schema)),
        (Form::Array, _) => {
            match style.as_str() {
                _ if explode => {}
                "spaceDelimited" | "pipeDelimited" => drop(object.insert("style".to_owned(), json!(style))),
                _ => drop(object.insert("explode".to_owned(), json!(false))),
            }
            object.insert("schema".to_owned(), schema);
        }
        (Form::Object, "form" | "deepObject") if is_query && explode => {
            return expand(object, &schema, &name, style == "deepObject", at, note);
        }
        (Form::Object, _) => {
            note(
                at,
                message("is an object, and a string here: callers write it in its style"),
            );
            object.insert("schema".to_owned(), json!({"type": "string"}));
        }
        (Form::Other, "form" | "deepObject") if is_query && explode && is_open_object(&schema) => {
            note(
                at,
                message("is an object of any properties, which cannot be sent; it is ignored"),
            );
            return Vec::new();
        }
        (Form::Other, _) => {
            let is_array = schema.get("type").is_some_and(|ty| ty == "array");
            note(
                at,
                message(if is_array {
                    "is an array of strings here"
                } else {
                    "is a string here"
                }),
            );
            let string = json!({"type": "string"});
            let schema = if is_array {
                json!({"type": "array", "items": string})
            } else {
                string
            };
            if is_array && is_query && !explode {
                object.insert("explode".to_owned(), json!(false));
            }
            object.insert("schema".to_owned(), schema);
        }
    }
    vec![parameter]
}

fn is_open_object(schema: &Value) -> bool {
    schema.get("type").is_some_and(|ty| ty == "object")
}

/// Returns a parameter for each property of an object, as both styles send it: `a=1` or `name[a]=1`.
fn expand(
    parameter: &Map<String, Value>,
    schema: &Value,
    name: &str,
    is_deep: bool,
    at: &str,
    note: &mut Note<'_>,
) -> Vec<Value> {
    let is_required = parameter.get("required") == Some(&json!(true));
    let required = schema.get("required").and_then(Value::as_array);
    let mut all = Vec::new();
    for (property, schema) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let sent = if is_deep {
            format!("{name}[{property}]")
        } else {
            property.clone()
        };
        let mut schema = schema.clone();
        if !is_scalar(&schema) && !is_array_of_scalars(&schema) {
            note(at, format!("the parameter `{sent}` is a string here"));
            schema = json!({"type": "string"});
        }
        let mut one = json!({"name": sent, "in": "query"});
        if is_required && required.is_some_and(|names| names.iter().any(|name| name == property)) {
            one["required"] = json!(true);
        }
        if let Some(text) = schema.get("description").or_else(|| parameter.get("description")) {
            one["description"] = text.clone();
        }
        one["schema"] = schema;
        all.push(one);
    }
    let names: Vec<_> = all.iter().map(|one| format!("`{}`", text(one, "name"))).collect();
    note(
        at,
        format!(
            "the parameter `{name}` is an object, which is sent as {}",
            names.join(", ")
        ),
    );
    all
}

/// Returns `true` if a value of the schema is one string: a string, number, boolean, or enum of strings.
pub(super) fn is_scalar(schema: &Value) -> bool {
    let ty = schema.get("type").and_then(Value::as_str);
    let is_plain = matches!(ty, Some("string" | "integer" | "number" | "boolean"));
    is_plain && !["oneOf", "anyOf", "$ref"].iter().any(|key| schema.get(*key).is_some())
}

pub(super) fn is_array_of_scalars(schema: &Value) -> bool {
    let is_array = schema.get("type").is_some_and(|ty| ty == "array");
    is_array && schema.get("items").is_some_and(is_scalar)
}

/// Returns `true` for the name of a header (RFC 9110, section 5.6.2).
fn is_token(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
