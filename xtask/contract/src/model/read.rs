//! Reads a document with named schemas, the contract (3.1) or the lowered one (3.0), into the model.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::*;
use crate::extensions::{ECHO, EMPTY, ID, INITIAL, MEDIA_TYPE, MERGE_PATCH, STATE};
use crate::lower::{BINARY, EXTENSIBLE_ENUM, collect_references};
use crate::media;
use crate::operations::{Locations, operations};
use crate::texts::empty_branch;
use openapi_reader::diagnostic::Diagnostics;
use spanned_json::Location;

/// Reads a document.
///
/// # Errors
///
/// Constructs that the generators do not support, with file and line.
pub fn read(document: &Value, locations: &Locations) -> Result<Api, Diagnostics> {
    let mut errors = Diagnostics::default();
    let mut types = IndexMap::new();
    let components = document.pointer("/components/schemas").and_then(Value::as_object);
    let none = Map::new();
    let components = components.unwrap_or(&none);
    for (name, schema) in components {
        match type_def(name, schema, components) {
            Ok(def) => {
                types.insert(name.clone(), def);
            }
            Err(message) => errors.push(
                user_of(document, name, locations),
                format!("the schema `{name}`: {message}"),
            ),
        }
    }
    let secured = document.get("security").is_some_and(requires_token);
    let mut read: Vec<Operation> = Vec::new();
    for (path, method, value) in operations(document) {
        let location = locations.get(&(path.to_owned(), method.to_owned()));
        let label = format!("`{} {path}`", method.to_uppercase());
        match operation(path, method, value, secured) {
            Ok(mut operation) => {
                operation.echo = crate::echo::read(document, path, method);
                read.push(operation);
            }
            Err(message) => errors.push(location, format!("{label}: {message}")),
        }
    }
    errors.into_result()?;
    let names = names::operations(read.iter().map(|operation| operation.id.as_str()));
    for (operation, name) in read.iter_mut().zip(names) {
        operation.name = name;
    }
    uses::mark(&read, &mut types);
    boxes::mark(&mut types);
    let text = |pointer| {
        document
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let api = Api {
        title: text("/info/title"),
        version: text("/info/version"),
        operations: read,
        types,
    };
    initial::check_states(document, &api, locations)?;
    Ok(api)
}

/// The location of the first operation that refers to a schema.
pub(super) fn user_of<'a>(document: &Value, schema: &str, locations: &'a Locations) -> Option<&'a Location> {
    let (path, method, _) = operations(document).find(|(_, _, operation)| {
        let mut reached = BTreeSet::new();
        collect_references(document, operation, &mut reached);
        reached.contains(schema)
    })?;
    locations.get(&(path.to_owned(), method.to_owned()))
}

fn requires_token(security: &Value) -> bool {
    security
        .as_array()
        .is_some_and(|all| !all.is_empty() && all.iter().all(|one| one.as_object().is_some_and(|o| !o.is_empty())))
}

fn text(value: &Value, key: &str) -> Option<String> {
    let text = value.get(key).and_then(Value::as_str).map(str::trim)?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn operation(path: &str, method: &str, value: &Value, secured: bool) -> Result<Operation, String> {
    let id = text(value, "operationId").ok_or("it has no operationId; add one in an overlay")?;
    let parameters = value
        .get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(parameter)
        .collect::<Result<Vec<_>, _>>()?;
    check_path(path, &parameters)?;
    let responses = value
        .get("responses")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    Ok(Operation {
        method: method.to_owned(),
        path: path.to_owned(),
        resource: resource_of(path),
        summary: text(value, "summary"),
        description: text(value, "description"),
        access: value.get("x-access").and_then(Value::as_array).map(|roles| {
            roles
                .iter()
                .filter_map(|role| role.as_str().map(str::to_owned))
                .collect()
        }),
        signed_in: value.get("security").map_or(secured, requires_token),
        parameters,
        body: value.get("requestBody").map(|body| self::body(&id, body)).transpose()?,
        successes: successes(&responses)?,
        echo: None,
        name: String::new(),
        error: error_schema(&responses)?,
        id,
    })
}

fn check_path(path: &str, parameters: &[Parameter]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for part in path.split('{').skip(1) {
        let (name, _) = part
            .split_once('}')
            .ok_or_else(|| "the path has a brace that is not closed".to_owned())?;
        if !names.insert(name) {
            return Err(format!("the path parameter `{name}` appears twice"));
        }
    }
    let declared: BTreeSet<_> = parameters
        .iter()
        .filter(|p| p.location == ParameterLocation::Path)
        .map(|p| p.name.as_str())
        .collect();
    if let Some(name) = names.symmetric_difference(&declared).next() {
        return Err(format!(
            "the path parameter `{name}` is in the template or declared, but not both"
        ));
    }
    let mut all = BTreeSet::new();
    match parameters.iter().find(|p| !all.insert((p.location, &p.name))) {
        Some(twice) => Err(format!("two parameters in one place are called `{}`", twice.name)),
        None => Ok(()),
    }
}

fn parameter(value: &Value) -> Result<Parameter, String> {
    let name = text(value, "name").ok_or("a parameter has no name")?;
    let fail = |what: &str| format!("the parameter `{name}`: {what}");
    let location = match value.get("in").and_then(Value::as_str) {
        Some("path") => ParameterLocation::Path,
        Some("query") => ParameterLocation::Query,
        Some("header") => ParameterLocation::Header,
        other => {
            return Err(fail(&format!(
                "parameters in `{}` are not supported",
                other.unwrap_or("-")
            )));
        }
    };
    if value.get("content").is_some() {
        return Err(fail("`content` is not supported"));
    }
    let schema = schema(value.get("schema").ok_or_else(|| fail("it has no schema"))?).map_err(|e| fail(&e))?;
    match &schema.ty {
        Type::Map(_) | Type::Any => return Err(fail("objects and untyped values are not supported here")),
        Type::Array(items) if matches!(items.ty, Type::Array(_) | Type::Map(_) | Type::Any) => {
            return Err(fail("only an array of plain values is supported here"));
        }
        _ => {}
    }
    let aliases = value.get("x-aliases").and_then(Value::as_array);
    Ok(Parameter {
        required: location == ParameterLocation::Path || flag(value, "required"),
        description: text(value, "description"),
        aliases: aliases
            .into_iter()
            .flatten()
            .filter_map(|a| a.as_str().map(str::to_owned))
            .collect(),
        style: array_style(value, location),
        name,
        location,
        schema,
    })
}

/// The form of an array. In paths and headers, only commas separate items.
fn array_style(value: &Value, location: ParameterLocation) -> ArrayStyle {
    match value.get("style").and_then(Value::as_str) {
        _ if location != ParameterLocation::Query => ArrayStyle::Comma,
        Some("spaceDelimited") => ArrayStyle::Space,
        Some("pipeDelimited") => ArrayStyle::Pipe,
        _ if value.get("explode") == Some(&Value::Bool(false)) => ArrayStyle::Comma,
        _ => ArrayStyle::Repeat,
    }
}

/// The only media type of a request body or response.
fn only_content(value: &Value) -> Result<Option<(&str, &Value)>, String> {
    let Some(content) = value.get("content").and_then(Value::as_object) else {
        return Ok(None);
    };
    let mut entries = content.iter();
    match (entries.next(), entries.next()) {
        (None, _) => Ok(None),
        (Some((media, entry)), None) => Ok(Some((media, entry))),
        (Some(_), Some(_)) => {
            let all: Vec<_> = content.keys().map(String::as_str).collect();
            Err(format!(
                "several media types ({}); keep one in an overlay",
                all.join(", ")
            ))
        }
    }
}

fn content_schema(entry: &Value) -> Result<Schema, String> {
    entry.get("schema").map_or_else(|| Ok(Schema::any()), schema)
}

fn body(id: &str, value: &Value) -> Result<Body, String> {
    let fail = |e: String| format!("the request body of `{id}`: {e}");
    let (media_type, entry) = only_content(value)
        .map_err(fail)?
        .ok_or_else(|| fail("it has no content".to_owned()))?;
    let kind = match media::kind(media_type) {
        media::Kind::Json => BodyKind::Json(content_schema(entry).map_err(fail)?),
        media::Kind::Form => {
            let schema = content_schema(entry).map_err(fail)?;
            if !matches!(schema.ty, Type::Named(_)) {
                return Err(fail("a form needs an object with properties".to_owned()));
            }
            BodyKind::Form(schema)
        }
        media::Kind::Text => BodyKind::Text,
        media::Kind::Bytes => BodyKind::Bytes,
    };
    Ok(Body {
        required: flag(value, "required"),
        merge_patch: flag(value, MERGE_PATCH),
        description: text(value, "description"),
        media_type: text(entry, MEDIA_TYPE).unwrap_or_else(|| media_type.to_owned()),
        kind,
    })
}

fn successes(responses: &Map<String, Value>) -> Result<Vec<Success>, String> {
    let mut successes = Vec::new();
    for (status, response) in responses {
        if !status.starts_with(['2', '3']) {
            continue;
        }
        let number = status
            .parse()
            .map_err(|_| format!("the success status `{status}` is a range; set a single status in an overlay"))?;
        let fail = |e: String| format!("the response {status}: {e}");
        let body = match only_content(response).map_err(fail)? {
            None => SuccessBody::Empty,
            Some((media_type, entry)) => {
                let name = media_type.to_owned();
                match media::kind(media_type) {
                    // The lowered contract has this range where the documented bodies differ.
                    _ if media_type == BINARY => SuccessBody::Bytes { media_type: name },
                    media::Kind::Json => SuccessBody::Json(content_schema(entry).map_err(fail)?),
                    media::Kind::Text => SuccessBody::Text { media_type: name },
                    media::Kind::Form | media::Kind::Bytes => SuccessBody::Bytes { media_type: name },
                }
            }
        };
        let headers = response.get("headers").and_then(Value::as_object);
        let headers = headers
            .into_iter()
            .flatten()
            .map(|(name, header)| {
                Ok(Header {
                    name: name.clone(),
                    required: flag(header, "required"),
                    description: text(header, "description"),
                    schema: content_schema(header)?,
                })
            })
            .collect::<Result<_, String>>()
            .map_err(fail)?;
        successes.push(Success {
            status: number,
            description: text(response, "description"),
            headers,
            body,
        });
    }
    successes.sort_by_key(|s| s.status);
    if successes.is_empty() {
        return Err("it has no success response; add one in an overlay".to_owned());
    }
    Ok(successes)
}

/// The schema of error responses, if all of them have the same.
fn error_schema(responses: &Map<String, Value>) -> Result<Option<Schema>, String> {
    let mut found: Option<Schema> = None;
    for (status, response) in responses.iter().filter(|(s, _)| !s.starts_with(['2', '3'])) {
        match only_content(response).map_err(|e| format!("the response {status}: {e}"))? {
            Some((media_type, entry)) if media_type != BINARY && media::kind(media_type) == media::Kind::Json => {
                let schema = content_schema(entry)?;
                if found.as_ref().is_some_and(|f| f.ty != schema.ty) {
                    return Ok(None);
                }
                found = Some(schema);
            }
            _ => return Ok(None),
        }
    }
    Ok(found)
}

impl Schema {
    /// Any JSON value.
    pub fn any() -> Self {
        Self {
            ty: Type::Any,
            boxed: false,
            nullable: false,
            empty_is_value: false,
            description: None,
            default: None,
            initial: None,
            read_only: false,
            write_only: false,
            deprecated: false,
            constraints: Constraints::default(),
        }
    }
}

/// Reads a schema.
pub(super) fn schema(value: &Value) -> Result<Schema, String> {
    let mut nullable = flag(value, "nullable");
    let mut ty = None;
    let mut constraints = constraints(value);
    let types: Vec<&str> = match value.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    nullable |= types.contains(&"null");
    let reference = |v: &Value| {
        let target = v.get("$ref").and_then(Value::as_str)?;
        target.strip_prefix("#/components/schemas/").map(str::to_owned)
    };
    if let Some(name) = reference(value) {
        ty = Some(Type::Named(name));
    }
    for key in ["anyOf", "allOf"] {
        let branches = value.get(key).and_then(Value::as_array);
        for branch in branches.into_iter().flatten() {
            if let Some(name) = reference(branch) {
                ty = Some(Type::Named(name));
            } else if branch.get("type").is_some_and(|t| t == "null") {
                nullable = true;
            } else if *branch == empty_branch() {
                // The empty string means null.
            } else if branch.get("type").is_some_and(|t| t == "string") {
                let values = schema(branch)?;
                (ty, constraints) = (Some(values.ty), values.constraints);
            } else {
                return Err(format!("`{key}` is not supported here"));
            }
        }
    }
    let ty = match (ty, types.iter().find(|t| **t != "null").copied()) {
        (Some(ty), _) => ty,
        (None, None) => Type::Any,
        (None, Some("boolean")) => Type::Boolean,
        (None, Some("integer")) => Type::Integer(integer(value, &constraints)),
        (None, Some("number")) => Type::Number,
        (None, Some("string")) if value.get(ID).is_some() => Type::Id(text(value, ID).unwrap_or_default()),
        (None, Some("string")) => Type::String(match value.get("format").and_then(Value::as_str) {
            Some("date-time") => StringFormat::DateTime,
            Some("password") => StringFormat::Secret,
            _ => StringFormat::Plain,
        }),
        (None, Some("array")) => {
            let items = value
                .get("items")
                .filter(|i| i.is_object())
                .map_or_else(|| Ok(Schema::any()), schema)?;
            Type::Array(Box::new(items))
        }
        (None, Some("object")) => match value.get("additionalProperties") {
            Some(values @ Value::Object(_)) => Type::Map(Box::new(schema(values)?)),
            _ => Type::Map(Box::new(Schema::any())),
        },
        (None, Some(other)) => return Err(format!("the type `{other}` is unknown")),
    };
    Ok(Schema {
        ty,
        boxed: false,
        nullable,
        empty_is_value: value.get(EMPTY).is_some(),
        description: text(value, "description"),
        default: value.get("default").cloned(),
        initial: value.get(INITIAL).cloned(),
        read_only: flag(value, "readOnly"),
        write_only: flag(value, "writeOnly"),
        deprecated: flag(value, "deprecated"),
        constraints,
    })
}

fn constraints(value: &Value) -> Constraints {
    let number = |key| value.get(key).and_then(Value::as_f64);
    let count = |key| value.get(key).and_then(Value::as_u64);
    Constraints {
        minimum: number("minimum"),
        maximum: number("maximum"),
        min_length: count("minLength"),
        max_length: count("maxLength"),
        pattern: text(value, "pattern"),
        pattern_means: text(value, "x-pattern-means"),
    }
}

fn integer(value: &Value, constraints: &Constraints) -> Integer {
    let port = constraints.minimum.is_some_and(|m| m >= 0.0)
        && constraints.maximum.is_some_and(|m| (256.0..=65535.0).contains(&m));
    match value.get("format").and_then(Value::as_str) {
        // A port by its bounds; smaller ranges stay plain integers.
        _ if port && constraints.maximum == Some(65535.0) => Integer::U16,
        Some("int32") => Integer::I32,
        _ => Integer::I64,
    }
}

fn type_def(name: &str, value: &Value, components: &Map<String, Value>) -> Result<TypeDef, String> {
    let branches = ["oneOf", "anyOf"].iter().find_map(|key| value.get(*key)?.as_array());
    let strings = |key: &str| {
        let values = value.get(key)?.as_array()?;
        values
            .iter()
            .map(|v| v.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
    };
    let kind = if let Some(branches) = branches {
        TypeKind::Union {
            variants: unions::variants(name, branches, components)?,
        }
    } else if let Some(mut values) = strings("enum").or_else(|| strings(EXTENSIBLE_ENUM)) {
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(value.clone()));
        TypeKind::Enum { values }
    } else if let Some(properties) = value.get("properties").and_then(Value::as_object) {
        object(value, properties)?
    } else {
        return Err("it is neither an object, an enum nor a union".to_owned());
    };
    Ok(TypeDef {
        name: name.to_owned(),
        description: text(value, "description"),
        kind,
        state: text(value, STATE),
        in_request: false,
        in_response: false,
        in_patch: false,
        resource: None,
    })
}

fn object(value: &Value, properties: &Map<String, Value>) -> Result<TypeKind, String> {
    let required: BTreeSet<&str> = value
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = properties
        .iter()
        // What is only sent back is no part of the types.
        .filter(|(_, property)| property.get(ECHO).is_none())
        .map(|(name, property)| {
            Ok(Property {
                required: required.contains(name.as_str()),
                schema: schema(property).map_err(|e| format!("property `{name}`: {e}"))?,
                name: name.clone(),
            })
        })
        .collect::<Result<_, String>>()?;
    let additional = match value.get("additionalProperties") {
        Some(Value::Bool(true)) => Some(Box::new(Schema::any())),
        Some(values @ Value::Object(_)) => Some(Box::new(schema(values)?)),
        _ => None,
    };
    Ok(TypeKind::Object { properties, additional })
}
