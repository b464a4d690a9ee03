//! The contract as a listing that a person can read: a line per parameter, body, answer, field and value. Its snapshot is
//! where a change in a page, a correction or the generator shows first.

use std::fmt::Write;

use crate::model::{
    Api, Body, BodyKind, Integer, ParameterPlace, Schema, Success, SuccessBody, Text, Type, TypeDef, TypeKind,
};

/// All operations with what goes in and comes out.
pub fn operations(api: &Api) -> String {
    let mut out = String::new();
    for operation in &api.operations {
        let access = match (&operation.access, operation.signed_in) {
            (_, false) => "anybody".to_owned(),
            (None, true) => "signed in".to_owned(),
            (Some(roles), true) => roles.join(", "),
        };
        line(
            &mut out,
            format!(
                "{} {}  {}  [{access}]",
                operation.method.to_uppercase(),
                operation.path,
                operation.id
            ),
        );
        for parameter in &operation.parameters {
            let place = match parameter.place {
                ParameterPlace::Path => "path",
                ParameterPlace::Query => "query",
                ParameterPlace::Header => "header",
            };
            let required = if parameter.required { "*" } else { "" };
            line(
                &mut out,
                format!(
                    "    {place} {}{required}: {}",
                    parameter.name,
                    describe(&parameter.schema)
                ),
            );
        }
        if let Some(body) = &operation.body {
            line(&mut out, format!("    body {}", describe_body(body)));
        }
        for success in &operation.successes {
            line(
                &mut out,
                format!("    {} {}", success.status, describe_success(success)),
            );
            for header in &success.headers {
                line(
                    &mut out,
                    format!("        {}: {}", header.name, describe(&header.schema)),
                );
            }
        }
        let error = operation.error.as_ref().map_or_else(|| "?".to_owned(), describe);
        line(&mut out, format!("    error {error}"));
    }
    out
}

/// All types with their fields.
pub fn types(api: &Api) -> String {
    let mut out = String::new();
    for def in api.types.values() {
        let uses = [
            (def.in_patch, "patch"),
            (def.in_request, "request"),
            (def.in_response, "answer"),
        ];
        let uses: Vec<_> = uses.iter().filter(|(yes, _)| *yes).map(|(_, name)| *name).collect();
        line(
            &mut out,
            format!(
                "{}  [{}]  {}",
                def.name,
                uses.join(", "),
                def.resource.as_deref().unwrap_or("shared")
            ),
        );
        fields(&mut out, def);
    }
    out
}

/// Every name with its kind and what refers to it.
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
        let inside = match &def.kind {
            TypeKind::Object { properties, additional } => {
                properties.iter().any(|p| mentions(&p.schema, name))
                    || additional.as_ref().is_some_and(|a| mentions(a, name))
            }
            TypeKind::Union { variants } => variants.iter().any(|v| mentions(&v.schema, name)),
            TypeKind::Enum { .. } => false,
        };
        if inside {
            users.push(def.name.clone());
        }
    }
    let direct = api.operations.iter().filter(|operation| {
        let body = operation.body.as_ref().is_some_and(|b| match &b.kind {
            BodyKind::Json(schema) | BodyKind::Form(schema) => mentions(schema, name),
            BodyKind::Bytes => false,
        });
        let answer = operation
            .successes
            .iter()
            .any(|s| matches!(&s.body, SuccessBody::Json(schema) if mentions(schema, name)));
        body || answer || operation.parameters.iter().any(|p| mentions(&p.schema, name))
    });
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

fn fields(out: &mut String, def: &TypeDef) {
    match &def.kind {
        TypeKind::Object { properties, additional } => {
            for property in properties {
                let required = if property.required { "*" } else { "" };
                line(
                    out,
                    format!("    {}{required}: {}", property.name, describe(&property.schema)),
                );
            }
            if let Some(additional) = additional {
                line(out, format!("    ...: {}", describe(additional)));
            }
        }
        TypeKind::Enum { values } => line(out, format!("    {}", values.join(" | "))),
        TypeKind::Union { variants } => {
            for variant in variants {
                line(out, format!("    {} = {}", variant.name, describe(&variant.schema)));
            }
        }
    }
}

fn describe_body(body: &Body) -> String {
    let kind = match &body.kind {
        BodyKind::Json(schema) => describe(schema),
        BodyKind::Form(schema) => format!("{} as form", describe(schema)),
        BodyKind::Bytes => "bytes".to_owned(),
    };
    let patch = if body.merge_patch { " as merge patch" } else { "" };
    let optional = if body.required { "" } else { ", optional" };
    format!("{kind}{patch}{optional}")
}

fn describe_success(success: &Success) -> String {
    match &success.body {
        SuccessBody::Empty => "-".to_owned(),
        SuccessBody::Json(schema) => describe(schema),
        SuccessBody::Bytes { media_type } => format!("bytes, {media_type}"),
    }
}

/// A type with everything that limits it.
fn describe(schema: &Schema) -> String {
    let mut text = match &schema.ty {
        Type::Any => "any".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Integer(Integer::U16) => "port".to_owned(),
        Type::Integer(Integer::I32) => "int32".to_owned(),
        Type::Integer(Integer::I64) => "int64".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String(Text::Plain) => "string".to_owned(),
        Type::String(Text::DateTime) => "date-time".to_owned(),
        Type::String(Text::Secret) => "secret".to_owned(),
        Type::Array(items) => format!("[{}]", describe(items)),
        Type::Map(values) => format!("{{{}}}", describe(values)),
        Type::Named(name) => name.clone(),
    };
    if schema.nullable {
        text.push_str(" | null");
    }
    let limits = &schema.limits;
    let mut say = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(text, " {name}={value}");
        }
    };
    say("min", limits.minimum.map(|v| v.to_string()));
    say("max", limits.maximum.map(|v| v.to_string()));
    say("minLength", limits.min_length.map(|v| v.to_string()));
    say("maxLength", limits.max_length.map(|v| v.to_string()));
    say("pattern", limits.pattern.clone());
    say("default", schema.default.as_ref().map(ToString::to_string));
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
    text
}

fn line(out: &mut String, text: String) {
    out.push_str(&text);
    out.push('\n');
}

/// Tokens as people write them.
pub fn tokens(code: &impl quote::ToTokens) -> String {
    let mut text = code.to_token_stream().to_string();
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" > ", ">"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" :", ":"),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" ;", ";"),
        ("' _", "'_"),
        (",)", ")"),
        (" ! ", "!"),
        (", >", ">"),
    ] {
        text = text.replace(from, to);
    }
    text
}
