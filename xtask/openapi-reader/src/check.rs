//! Checks the structure that all stages rely on: each part is an object, each list an array, each name a string. What is wrong in a
//! single keyword of a schema is ignored with a notice, because no overlay could correct it.

use serde_json::Value;
use spanned_json::{Kind as Form, Node};

use crate::diagnostic::Diagnostics;
use crate::grammar::{Kind, Shape, parts};
use crate::notices::Notices;

/// The form that the value of a keyword must have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// A string; numbers and booleans are read as strings, because YAML does not quote them.
    Text,
    Flag,
    Number,
    Array,
    /// An array of strings, of which numbers and booleans are read as strings.
    Texts,
    Object,
    /// A string, or an array of strings.
    Types,
}

impl Expected {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Flag => "`true` or `false`",
            Self::Number => "a number",
            Self::Array => "an array",
            Self::Texts => "an array of strings",
            Self::Object => "an object",
            Self::Types => "a string or an array of strings",
        }
    }

    fn accepts(self, node: &Node) -> bool {
        let texts =
            |node: &Node| matches!(node.kind, Form::Array(_)) && node.items().iter().all(|i| i.as_str().is_some());
        match self {
            Self::Text => node.as_str().is_some(),
            Self::Flag => matches!(node.kind, Form::Scalar(Value::Bool(_))),
            Self::Number => matches!(node.kind, Form::Scalar(Value::Number(_))),
            Self::Array => matches!(node.kind, Form::Array(_)),
            Self::Texts => texts(node),
            Self::Object => node.properties().is_some(),
            Self::Types => node.as_str().is_some() || texts(node),
        }
    }
}

/// The form of a keyword that holds no parts.
fn expected(kind: Kind, keyword: &str) -> Option<Expected> {
    use Expected::*;
    Some(match (kind, keyword) {
        (Kind::Document, "info") => Object,
        (Kind::Document, "servers" | "tags" | "security") | (Kind::Operation, "security" | "servers") => Array,
        (Kind::Operation, "tags") => Texts,
        (Kind::Operation, "operationId" | "summary") => Text,
        (Kind::Operation | Kind::Parameter | Kind::Header, "deprecated") => Flag,
        (Kind::Parameter, "name" | "in" | "style") | (Kind::Header, "style") => Text,
        (Kind::Parameter | Kind::Header, "required" | "explode" | "allowReserved" | "allowEmptyValue") => Flag,
        (Kind::RequestBody, "required") => Flag,
        (Kind::SecurityScheme, "type" | "scheme" | "in" | "name" | "bearerFormat" | "openIdConnectUrl") => Text,
        (Kind::Schema, "type") => Types,
        (Kind::Schema, "required") => Texts,
        (Kind::Schema, "enum") => Array,
        (Kind::Schema, "format" | "pattern" | "title" | "contentEncoding" | "contentMediaType") => Text,
        (Kind::Schema, "$anchor" | "$dynamicAnchor" | "$id" | "$dynamicRef" | "$recursiveRef" | "$comment") => Text,
        (Kind::Schema, "readOnly" | "writeOnly" | "deprecated" | "uniqueItems" | "nullable") => Flag,
        (
            Kind::Schema,
            "minimum" | "maximum" | "multipleOf" | "minLength" | "maxLength" | "minItems" | "maxItems"
            | "minProperties" | "maxProperties" | "minContains" | "maxContains",
        ) => Number,
        (Kind::Schema, "discriminator" | "dependentRequired") => Object,
        (Kind::Example | Kind::Link, "description") => Text,
        (_, "description") if kind != Kind::Callback => Text,
        _ => return None,
    })
}

/// Checks a part and all parts in it. What has the wrong form and cannot be ignored is an error.
pub fn check(node: &mut Node, kind: Kind, errors: &mut Diagnostics, notices: &mut Notices) {
    check_part(node, kind, kind.name(), errors, notices);
}

fn check_part(node: &mut Node, kind: Kind, name: &str, errors: &mut Diagnostics, notices: &mut Notices) {
    let location = node.location.clone();
    let is_boolean = kind == Kind::Schema && matches!(node.kind, Form::Scalar(Value::Bool(_)));
    let form = form(node);
    let Some(properties) = node.properties_mut() else {
        if !is_boolean {
            let expected = kind.name();
            let expected = if expected == name {
                String::new()
            } else {
                format!(", {expected}")
            };
            errors.push(
                Some(&location),
                format!("`{name}` must be an object{expected}, not {form}"),
            );
        }
        return;
    };
    properties.retain(|keyword, value| {
        let held = parts(kind, keyword);
        // An empty value in YAML; `default`, `example` and `const` may be null.
        if is_null(value) && (held.is_some() || expected(kind, keyword).is_some()) {
            notices.push(&value.location, format!("`{keyword}` has no value and is ignored"));
            return false;
        }
        let Some((shape, _)) = held else {
            return check_keyword(kind, keyword, value, errors, notices);
        };
        let (fits, wanted) = match shape {
            Shape::One => (true, ""),
            Shape::List => (matches!(value.kind, Form::Array(_)), "an array"),
            Shape::Map | Shape::Extensible => (value.properties().is_some(), "an object"),
        };
        if !fits {
            // An object of parameters or an array of paths would lose operations.
            errors.push(
                Some(&value.location),
                format!("`{keyword}` must be {wanted}, not {}", self::form(value)),
            );
        }
        fits
    });
    if let Some(reference) = properties.get("$ref")
        && kind.section().is_some()
    {
        if reference.as_str().is_none() {
            errors.push(Some(&reference.location), "`$ref` must be a string");
        }
    } else if kind == Kind::Parameter {
        for key in ["name", "in"] {
            if properties.get(key).is_none() {
                errors.push(Some(&location), format!("a parameter needs `{key}`"));
            }
        }
    }
    check_parts(node, kind, errors, notices);
}

/// Checks the parts of a part, which have the names of their keywords in messages.
fn check_parts(node: &mut Node, kind: Kind, errors: &mut Diagnostics, notices: &mut Notices) {
    for (keyword, value) in node.properties_mut().into_iter().flatten() {
        let Some((shape, inner)) = parts(kind, keyword) else {
            continue;
        };
        match shape {
            Shape::One => check_part(value, inner, keyword, errors, notices),
            Shape::List => {
                for (index, item) in value.items_mut().iter_mut().enumerate() {
                    check_part(item, inner, &format!("{keyword}[{index}]"), errors, notices);
                }
            }
            Shape::Map | Shape::Extensible => {
                let entries = value.properties_mut().into_iter().flatten();
                for (name, entry) in entries.filter(|(name, _)| shape == Shape::Map || !name.starts_with("x-")) {
                    check_part(entry, inner, name, errors, notices);
                }
            }
        }
    }
}

/// Checks a keyword that holds no parts; returns `false` if it is ignored.
fn check_keyword(kind: Kind, keyword: &str, value: &mut Node, errors: &mut Diagnostics, notices: &mut Notices) -> bool {
    let Some(wanted) = expected(kind, keyword) else {
        return true;
    };
    match wanted {
        Expected::Text => to_text(value),
        Expected::Texts => value.items_mut().iter_mut().for_each(to_text),
        _ => {}
    }
    if wanted.accepts(value) {
        return true;
    }
    let message = format!("`{keyword}` of {} must be {}", kind.name(), wanted.name());
    let is_essential = matches!(kind, Kind::Document | Kind::SecurityScheme)
        || matches!(keyword, "operationId" | "tags" | "security" | "name" | "in");
    if is_essential {
        errors.push(Some(&value.location), format!("{message}, not {}", form(value)));
    } else {
        notices.push(
            &value.location,
            format!("{message}, not {}; it is ignored", form(value)),
        );
    }
    is_essential
}

/// Reads an unquoted number or boolean as a string.
fn to_text(node: &mut Node) {
    if let Form::Scalar(scalar @ (Value::Number(_) | Value::Bool(_))) = &mut node.kind {
        *scalar = Value::String(scalar.to_string());
    }
}

fn is_null(node: &Node) -> bool {
    matches!(node.kind, Form::Scalar(Value::Null))
}

/// The form of a value, for messages.
fn form(node: &Node) -> &'static str {
    match &node.kind {
        Form::Array(_) => "an array",
        Form::Object(_) => "an object",
        Form::Scalar(Value::String(_)) => "a string",
        Form::Scalar(Value::Number(_)) => "a number",
        Form::Scalar(Value::Bool(_)) => "a boolean",
        Form::Scalar(_) => "null",
    }
}
