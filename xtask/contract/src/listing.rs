//! Lists the contract for reviewers: a line per parameter, request body, response, property and value. Its snapshot is where a change
//! in a page, an overlay or a generator shows first.
//!
//! Keywords that the generators read are described; every other keyword is printed as it is, so that nothing can change without a
//! line changing (`xtask/tests/snapshots.rs` tries each keyword).

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::extensions::{ECHO, INITIAL};
use crate::model::{
    Api, Body, BodyKind, Integer, ParameterLocation, Schema, StringFormat, Success, SuccessBody, Type, TypeDef,
    TypeKind,
};
use crate::texts::empty_branch;

/// Lists the document's own properties.
pub fn document(document: &Value) -> String {
    let mut out = String::new();
    for (key, value) in document.as_object().into_iter().flatten() {
        match key.as_str() {
            "paths" => {}
            "tags" | "servers" | "security" => {
                for item in value.as_array().into_iter().flatten() {
                    line(&mut out, format!("{key}: {}", bare(item)));
                }
            }
            "components" => {
                let sections = value.as_object().into_iter().flatten();
                for (section, entries) in sections.filter(|(section, _)| *section != "schemas") {
                    line(&mut out, format!("{section}: {}", bare(entries)));
                }
            }
            _ => line(&mut out, format!("{key}: {}", bare(value))),
        }
    }
    out
}

/// Lists all operations with their parameters, request bodies and responses.
pub fn operations(api: &Api, document: &Value) -> String {
    let mut out = String::new();
    for operation in &api.operations {
        let raw = &document["paths"][&operation.path][&operation.method];
        let access = match (&operation.access, operation.signed_in) {
            (_, false) => "anyone".to_owned(),
            (None, true) => "signed in".to_owned(),
            (Some(roles), true) => roles.join(", "),
        };
        line(
            &mut out,
            format!(
                "{} {}  {}  [{access}]{}",
                operation.method.to_uppercase(),
                operation.path,
                operation.id,
                rest(
                    raw,
                    &[
                        "operationId",
                        "parameters",
                        "requestBody",
                        "responses",
                        "x-access",
                        "security"
                    ]
                )
            ),
        );
        for parameter in &operation.parameters {
            let location = match parameter.location {
                ParameterLocation::Path => "path",
                ParameterLocation::Query => "query",
                ParameterLocation::Header => "header",
            };
            let required = if parameter.required { "*" } else { "" };
            let parameters = raw["parameters"].as_array().into_iter().flatten();
            let mut raw = parameters.filter(|p| p["name"] == parameter.name.as_str() && p["in"] == location);
            let raw = raw.next().unwrap_or(&Value::Null);
            // Path parameters are always required.
            let is_described = raw["required"].as_bool().unwrap_or(false) == parameter.required;
            line(
                &mut out,
                format!(
                    "    {location} {}{required}: {}{}",
                    parameter.name,
                    describe(&parameter.schema, &raw["schema"]),
                    rest(
                        raw,
                        if is_described {
                            &["name", "in", "required", "schema"]
                        } else {
                            &["name", "in", "schema"]
                        }
                    )
                ),
            );
        }
        if let Some(body) = &operation.body {
            let raw = &raw["requestBody"];
            let content = content(raw);
            let rest = rest(raw, &["required", "content", "x-merge-patch"]);
            line(&mut out, format!("    body {}{rest}", describe_body(body, content)));
        }
        for success in &operation.successes {
            let raw = &raw["responses"][success.status.to_string()];
            let rest = rest(raw, &["content", "headers"]);
            line(
                &mut out,
                format!(
                    "    {} {}{rest}",
                    success.status,
                    describe_success(success, content(raw))
                ),
            );
            for header in &success.headers {
                let required = if header.required { "*" } else { "" };
                let schema = &raw["headers"][&header.name]["schema"];
                line(
                    &mut out,
                    format!(
                        "        {}{required}: {}",
                        header.name,
                        describe(&header.schema, schema)
                    ),
                );
            }
        }
        let statuses = raw["responses"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(status, _)| status.as_str());
        let errors: Vec<_> = statuses.filter(|status| !status.starts_with(['2', '3'])).collect();
        let error = operation
            .error
            .as_ref()
            .map_or_else(|| "?".to_owned(), |error| describe(error, &Value::Null));
        line(&mut out, format!("    {} {error}", errors.join(", ")));
        for status in errors {
            let headers = raw["responses"][status].get("headers").and_then(Value::as_object);
            for (name, header) in headers.into_iter().flatten() {
                let required = if header["required"] == true { "*" } else { "" };
                let schema = rest(&header["schema"], &[]);
                let rest = rest(header, &["required", "schema"]);
                line(&mut out, format!("        {status} {name}{required}:{schema}{rest}"));
            }
        }
    }
    out
}

/// Lists all types with their properties.
pub fn types(api: &Api, document: &Value) -> String {
    let mut out = String::new();
    for def in api.types.values() {
        let uses = [
            (def.in_patch, "patch"),
            (def.in_request, "request"),
            (def.in_response, "response"),
        ];
        let uses: Vec<_> = uses.iter().filter(|(yes, _)| *yes).map(|(_, name)| *name).collect();
        line(
            &mut out,
            format!(
                "{}  [{}]  {}{}",
                def.name,
                uses.join(", "),
                def.resource.as_deref().unwrap_or("shared"),
                rest(&document["components"]["schemas"][&def.name], &DESCRIBED)
            ),
        );
        let schema = &document["components"]["schemas"][&def.name];
        properties(&mut out, def, schema);
        // They are no part of the type.
        let echoed = schema["properties"].as_object().into_iter().flatten();
        for (name, property) in echoed.filter(|(_, property)| property.get(ECHO).is_some()) {
            line(&mut out, format!("    {name} is sent back: {}", bare(property)));
        }
    }
    out
}

/// Lists every type name with its kind and its users.
pub fn names(api: &Api) -> String {
    let mut out = String::new();
    for def in api.types.values() {
        let kind = match &def.kind {
            TypeKind::Object { properties, .. } => format!("object of {}", properties.len()),
            TypeKind::Enum { values } => format!("enum of {}", values.len()),
            TypeKind::Union { variants } => format!("one of {}", variants.len()),
        };
        let users = users(api, &def.name);
        line(&mut out, format!("{}  {kind}  <- {}", def.name, users.join(", ")));
    }
    out
}

fn users(api: &Api, name: &str) -> Vec<String> {
    let mut users = Vec::new();
    for def in api.types.values() {
        if def.kind.schemas().iter().any(|schema| mentions(schema, name)) {
            users.push(def.name.clone());
        }
    }
    let direct = api
        .operations
        .iter()
        .filter(|operation| operation.schemas().iter().any(|schema| mentions(schema, name)));
    users.extend(direct.map(|operation| operation.id.clone()));
    if api
        .operations
        .iter()
        .any(|o| o.error.as_ref().is_some_and(|e| mentions(e, name)))
    {
        users.push("(errors)".to_owned());
    }
    users
}

fn mentions(schema: &Schema, name: &str) -> bool {
    match &schema.ty {
        Type::Named(target) => target == name,
        Type::Array(inner) | Type::Map(inner) => mentions(inner, name),
        _ => false,
    }
}

fn properties(out: &mut String, def: &TypeDef, raw: &Value) {
    match &def.kind {
        TypeKind::Object { properties, additional } => {
            for property in properties {
                let required = if property.required { "*" } else { "" };
                line(
                    out,
                    format!(
                        "    {}{required}: {}",
                        property.name,
                        describe(&property.schema, &raw["properties"][&property.name])
                    ),
                );
            }
            if let Some(additional) = additional {
                line(
                    out,
                    format!("    ...: {}", describe(additional, &raw["additionalProperties"])),
                );
            }
        }
        TypeKind::Enum { values } => line(out, format!("    {}", values.join(" | "))),
        TypeKind::Union { variants } => {
            let branches = raw["oneOf"]
                .as_array()
                .or_else(|| raw["anyOf"].as_array())
                .into_iter()
                .flatten();
            let mut branches = branches.filter(|branch| branch["type"] != "null");
            for variant in variants {
                let raw = branches.next().unwrap_or(&Value::Null);
                line(
                    out,
                    format!("    {} = {}", variant.name, describe(&variant.schema, raw)),
                );
            }
        }
    }
}

/// The only schema of a request body or response.
fn content(holder: &Value) -> &Value {
    let content = holder["content"].as_object();
    content
        .and_then(|content| content.values().next())
        .map_or(&Value::Null, |entry| &entry["schema"])
}

fn describe_body(body: &Body, raw: &Value) -> String {
    let kind = match &body.kind {
        BodyKind::Json(schema) => describe(schema, raw),
        BodyKind::Form(schema) => format!("{} as form", describe(schema, raw)),
        BodyKind::Text => "text".to_owned(),
        BodyKind::Bytes => "bytes".to_owned(),
    };
    let patch = if body.merge_patch { " as merge patch" } else { "" };
    let optional = if body.required { "" } else { ", optional" };
    format!("{kind}{patch}{optional}")
}

fn describe_success(success: &Success, raw: &Value) -> String {
    match &success.body {
        SuccessBody::Empty => "-".to_owned(),
        SuccessBody::Json(schema) => describe(schema, raw),
        SuccessBody::Text { media_type } => format!("text, {media_type}"),
        SuccessBody::Bytes { media_type } => format!("bytes, {media_type}"),
    }
}

/// Keywords of a schema that `describe` prints.
const DESCRIBED: [&str; 20] = [
    "$ref",
    "type",
    "anyOf",
    "oneOf",
    "enum",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "default",
    "readOnly",
    "writeOnly",
    "deprecated",
    "x-id",
    INITIAL,
];

/// Keywords other than `described` and than the texts, which [`texts`] lists.
fn rest(raw: &Value, described: &[&str]) -> String {
    let mut text = String::new();
    for (key, value) in raw.as_object().into_iter().flatten() {
        if !described.contains(&key.as_str()) && !TEXTS.contains(&key.as_str()) {
            let _ = write!(text, " {key}={}", bare(value));
        }
    }
    text
}

/// The value without its texts; a string without quotes.
fn bare(value: &Value) -> String {
    fn strip(value: &Value) -> Value {
        match value {
            Value::Object(object) => {
                let kept = object.iter().filter(|(key, _)| !TEXTS.contains(&key.as_str()));
                Value::Object(
                    kept.map(|(key, value)| (key.clone(), strip(value)))
                        .collect::<Map<_, _>>(),
                )
            }
            Value::Array(items) => Value::Array(items.iter().map(strip).collect()),
            other => other.clone(),
        }
    }
    value.as_str().map_or_else(|| strip(value).to_string(), str::to_owned)
}

/// A type with its constraints.
fn describe(schema: &Schema, raw: &Value) -> String {
    let mut text = match &schema.ty {
        Type::Any => "any".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Integer(Integer::U16) => "port".to_owned(),
        Type::Integer(Integer::I32) => "int32".to_owned(),
        Type::Integer(Integer::I64) => "int64".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String(StringFormat::Plain) => "string".to_owned(),
        Type::String(StringFormat::DateTime) => "date-time".to_owned(),
        Type::String(StringFormat::Secret) => "secret".to_owned(),
        Type::Id(kind) => format!("ID of {kind}"),
        Type::Array(items) => format!("[{}]", describe(items, &raw["items"])),
        Type::Map(values) => format!("{{{}}}", describe(values, &raw["additionalProperties"])),
        Type::Named(name) => name.clone(),
    };
    let branches = raw["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
    if branches.contains(&empty_branch()) {
        text.push_str(" | \"\"");
    }
    if schema.nullable {
        text.push_str(" | null");
    }
    let constraints = &schema.constraints;
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(text, " {name}={value}");
        }
    };
    add("min", constraints.minimum.map(|v| v.to_string()));
    add("max", constraints.maximum.map(|v| v.to_string()));
    add("minLength", constraints.min_length.map(|v| v.to_string()));
    add("maxLength", constraints.max_length.map(|v| v.to_string()));
    add("pattern", constraints.pattern.clone());
    add("default", schema.default.as_ref().map(ToString::to_string));
    add("initially", schema.initial.as_ref().map(ToString::to_string));
    for (yes, word) in [
        (schema.read_only, "readOnly"),
        (schema.write_only, "writeOnly"),
        (schema.deprecated, "deprecated"),
    ] {
        if yes {
            text.push(' ');
            text.push_str(word);
        }
    }
    // The type states these formats.
    let is_stated = matches!(raw["format"].as_str(), Some(format) if text.starts_with(format));
    let secret = schema.ty == Type::String(StringFormat::Secret);
    let format: &[&str] = if is_stated || secret { &["format"] } else { &[] };
    text.push_str(&rest(raw, &[&DESCRIBED, format].concat()));
    for branch in branches.iter().filter(|branch| branch["type"] == "string") {
        text.push_str(&rest(branch, &DESCRIBED));
    }
    text
}

/// Keys of texts for people.
const TEXTS: [&str; 5] = ["description", "summary", "title", "example", "examples"];

fn line(out: &mut String, text: String) {
    out.push_str(&text);
    out.push('\n');
}

/// Lists every text for people, one per line: its path and its words.
pub fn texts(document: &Value) -> String {
    let mut out = String::new();
    collect_texts(document, &mut Vec::new(), &mut out);
    out
}

fn collect_texts(value: &Value, path: &mut Vec<String>, out: &mut String) {
    match value {
        Value::Object(object) => {
            // The name of a property is no text, even if it is `description`.
            let holds_names = path
                .last()
                .is_some_and(|key| matches!(key.as_str(), "properties" | "schemas" | "paths" | "headers"));
            for (key, value) in object {
                if !holds_names && TEXTS.contains(&key.as_str()) {
                    let words = bare(value).split_whitespace().collect::<Vec<_>>().join(" ");
                    let kind = if key == "description" {
                        String::new()
                    } else {
                        format!(" {key}")
                    };
                    line(out, format!("{}{kind}: {words}", display_path(path)));
                } else {
                    path.push(key.clone());
                    collect_texts(value, path, out);
                    path.pop();
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name = item.get("name").and_then(Value::as_str);
                path.push(name.map_or_else(|| index.to_string(), str::to_owned));
                collect_texts(item, path, out);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The path to a text, without structural keys.
fn display_path(path: &[String]) -> String {
    let keys = path
        .iter()
        .filter(|key| !matches!(key.as_str(), "paths" | "components" | "schemas" | "properties"));
    keys.map(String::as_str).collect::<Vec<_>>().join(" ")
}
