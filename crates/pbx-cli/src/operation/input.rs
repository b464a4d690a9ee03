//! Reads the arguments of an operation's command into a request.

use clap::ArgMatches;
use serde_json::{Map, Value};

use super::arguments::{BODY, BODY_FILE, CLEAR, FILE, RESERVED};
use super::body_file;
use super::flags::{self, Flag, Target};
use super::request::{Request, RequestBody};
use super::spec::{ArrayStyle, BodyContent, OperationSpec, ParameterLocation, ValueType};
use crate::failure::Failure;
use crate::secret::{self, Source};

/// Reads a request from the arguments, the files and the secrets that they name.
///
/// # Errors
///
/// Fails if a file or a secret cannot be read, if a file contains something other than the body, or if an update has no changes.
pub fn read_request(spec: &'static OperationSpec, matches: &ArgMatches) -> Result<Request, Failure> {
    let mut request = Request::new(spec);
    let mut properties = Map::new();
    let mut missing_secrets = Vec::new();
    for flag in flags::flags(spec, RESERVED) {
        let Some(value) = value_of(&flag, matches)? else {
            if matches!(flag.value_type, ValueType::Secret) && flag.is_required() {
                missing_secrets.push(flag);
            }
            continue;
        };
        match &flag.target {
            Target::Parameter(location, style) => {
                let parameters = match location {
                    ParameterLocation::Path => &mut request.path,
                    ParameterLocation::Query => &mut request.query,
                    ParameterLocation::Header => &mut request.headers,
                };
                match (value, style) {
                    (Value::Array(items), ArrayStyle::Repeat) => {
                        parameters.extend(items.iter().map(|item| (flag.field.name, to_text(item))));
                    }
                    (Value::Array(items), ArrayStyle::Joined(separator)) => {
                        let items: Vec<String> = items.iter().map(to_text).collect();
                        parameters.push((flag.field.name, items.join(&separator.to_string())));
                    }
                    (single, _) => parameters.push((flag.field.name, to_text(&single))),
                }
            }
            Target::Body(path) => insert(&mut properties, path, value),
        }
    }
    for (name, path) in flags::clearable(spec) {
        let mut cleared = matches.get_many::<String>(CLEAR).into_iter().flatten();
        if cleared.any(|cleared| *cleared == name) {
            insert(&mut properties, &path, Value::Null);
        }
    }
    if let Some(body) = &spec.body {
        request.body = match &body.content {
            BodyContent::Bytes => bytes(matches),
            BodyContent::Text => text(matches),
            BodyContent::Json(value_type) if !matches!(value_type, ValueType::Object(_)) => whole_json(matches)?,
            content => {
                let Some(body) = object(spec, properties, &missing_secrets, matches)? else {
                    return Ok(request);
                };
                match content {
                    BodyContent::Form(_) => RequestBody::Form(
                        body.iter()
                            .map(|(name, value)| (name.clone(), to_text(value)))
                            .collect(),
                    ),
                    _ => RequestBody::Json(Value::Object(body)),
                }
            }
        };
    }
    Ok(request)
}

/// Returns the value of a flag, the values of an array flag as one array.
fn value_of(flag: &Flag, matches: &ArgMatches) -> Result<Option<Value>, Failure> {
    let Some(mut values) = matches.get_many::<Value>(&flag.name) else {
        return Ok(None);
    };
    if matches!(flag.value_type, ValueType::Array(_)) {
        let items = values.flat_map(|value| value.as_array().into_iter().flatten().cloned());
        return Ok(Some(Value::Array(items.collect())));
    }
    let Some(value) = values.next_back() else {
        return Ok(None);
    };
    match (flag.value_type, value) {
        (ValueType::Secret, Value::String(source)) => {
            let source = Source::parse(source).map_err(|error| Failure::usage(format!("--{}: {error}", flag.name)))?;
            Ok(Some(Value::String(source.read(&flag.name)?)))
        }
        _ => Ok(Some(value.clone())),
    }
}

fn bytes(matches: &ArgMatches) -> RequestBody {
    let file = matches.get_one::<String>(FILE);
    file.map_or(RequestBody::Empty, |file| RequestBody::File(file.clone()))
}

fn text(matches: &ArgMatches) -> RequestBody {
    let file = matches.get_one::<String>(BODY_FILE).cloned().map(RequestBody::File);
    let text = matches.get_one::<String>(BODY).cloned().map(RequestBody::Text);
    text.or(file).unwrap_or(RequestBody::Empty)
}

/// Reads a body that is not an object.
fn whole_json(matches: &ArgMatches) -> Result<RequestBody, Failure> {
    let value = match (matches.get_one::<String>(BODY), matches.get_one::<String>(BODY_FILE)) {
        (Some(text), _) => {
            serde_json::from_str(text).map_err(|error| Failure::usage(format!("--body is not valid JSON: {error}")))?
        }
        (None, Some(file)) => body_file::read(file)?,
        (None, None) => return Ok(RequestBody::Empty),
    };
    Ok(RequestBody::Json(value))
}

/// Merges the flags into the object of the file; `None` for a request without a body.
fn object(
    spec: &OperationSpec,
    mut flags: Map<String, Value>,
    missing_secrets: &[Flag],
    matches: &ArgMatches,
) -> Result<Option<Map<String, Value>>, Failure> {
    let file = matches.get_one::<String>(BODY_FILE);
    let mut body = match file {
        None => Map::new(),
        Some(file) => match body_file::read(file)? {
            Value::Object(properties) => properties,
            _ => return Err(Failure::usage(format!("{file} does not contain a JSON object"))),
        },
    };
    for flag in missing_secrets {
        if let Target::Body(path) = &flag.target
            && !path.first().is_some_and(|name| body.contains_key(*name))
        {
            insert(&mut flags, path, Value::String(secret::prompt(&flag.name)?));
        }
    }
    if flags.is_empty() && file.is_none() {
        return match &spec.body {
            Some(body) if body.merge_patch => Err(Failure::usage(
                "nothing to change: pass flags of properties, --clear or --body-file",
            )),
            Some(body) if body.required => Ok(Some(flags)),
            _ => Ok(None),
        };
    }
    merge(&mut body, flags);
    Ok(Some(body))
}

/// Inserts a value at a path, creating objects on the way.
fn insert(object: &mut Map<String, Value>, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        object.insert((*first).to_owned(), value);
        return;
    }
    let inner = object.entry(*first).or_insert_with(|| Value::Object(Map::new()));
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    if let Value::Object(inner) = inner {
        insert(inner, rest, value);
    }
}

/// Overrides the values of `base`, property by property in objects.
fn merge(base: &mut Map<String, Value>, flags: Map<String, Value>) {
    for (name, value) in flags {
        match (base.get_mut(&name), value) {
            (Some(Value::Object(inner)), Value::Object(properties)) => merge(inner, properties),
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

/// Returns a value as it is written in a path, a query string, a header or a form.
fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
