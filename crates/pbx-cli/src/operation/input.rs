//! From the arguments of a command to a request.

use clap::ArgMatches;
use serde_json::{Map, Value};

use super::arguments::{BODY, BODY_FILE, CLEAR, FILE, RESERVED};
use super::flags::{self, Flag, Target};
use super::spec::{Form, Kind, Place, Spec};
use super::value;
use crate::failure::Failure;
use crate::secret::{self, Source};

/// What to send.
#[derive(Debug, Clone)]
pub struct Request {
    /// The operation.
    pub spec: &'static Spec,
    /// Values of the path's parameters, in the order of the template.
    pub path: Vec<(&'static str, String)>,
    /// After the `?`.
    pub query: Vec<(&'static str, String)>,
    /// Besides those that every request has.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub payload: Payload,
}

/// The body of a request.
#[derive(Debug, Clone)]
pub enum Payload {
    /// None.
    Empty,
    /// JSON.
    Json(Value),
    /// Fields of a form.
    Fields(Vec<(String, String)>),
    /// The content of this file; `-` is standard input.
    File(String),
}

impl Request {
    /// A request without a body or parameters.
    pub fn of(spec: &'static Spec) -> Self {
        Self {
            spec,
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            payload: Payload::Empty,
        }
    }

    /// With a parameter of the path.
    #[must_use]
    pub fn at(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.path.push((name, value.into()));
        self
    }

    /// With this in the query, in place of what is there under that name.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.retain(|(present, _)| *present != name);
        self.query.push((name, value.to_string()));
        self
    }

    /// What stands in the query under that name.
    pub fn asks(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(present, _)| *present == name)
            .map(|(_, value)| value.as_str())
    }

    /// With this body.
    #[must_use]
    pub fn sending(mut self, body: Value) -> Self {
        self.payload = Payload::Json(body);
        self
    }
}

/// Reads the arguments of an operation's command.
pub fn read(spec: &'static Spec, matches: &ArgMatches) -> Result<Request, Failure> {
    let mut request = Request::of(spec);
    let mut members = Map::new();
    let mut asked = Vec::new();
    for flag in flags::flags(spec, RESERVED) {
        let Some(value) = given(&flag, matches)? else {
            if matches!(flag.kind, Kind::Secret) && flag.required() {
                asked.push(flag);
            }
            continue;
        };
        match &flag.target {
            Target::Parameter(place) => {
                let list = match place {
                    Place::Path => &mut request.path,
                    Place::Query => &mut request.query,
                    Place::Header => &mut request.headers,
                };
                match value {
                    Value::Array(items) => list.extend(items.iter().map(|item| (flag.member.name, plain(item)))),
                    one => list.push((flag.member.name, plain(&one))),
                }
            }
            Target::Body(path) => put(&mut members, path, value),
        }
    }
    for (name, path) in flags::clearable(spec) {
        if matches
            .get_many::<String>(CLEAR)
            .into_iter()
            .flatten()
            .any(|cleared| *cleared == name)
        {
            put(&mut members, &path, Value::Null);
        }
    }
    if let Some(body) = &spec.body {
        request.payload = payload(spec, &body.form, members, &asked, matches)?;
    }
    Ok(request)
}

/// What a flag was given, several values as an array.
fn given(flag: &Flag, matches: &ArgMatches) -> Result<Option<Value>, Failure> {
    let Some(mut values) = matches.get_many::<Value>(&flag.name) else {
        return Ok(None);
    };
    if matches!(flag.kind, Kind::List(_)) {
        let all = values.flat_map(|value| value.as_array().into_iter().flatten().cloned());
        return Ok(Some(Value::Array(all.collect())));
    }
    let Some(value) = values.next_back() else {
        return Ok(None);
    };
    match (flag.kind, value) {
        (Kind::Secret, Value::String(text)) => {
            let source = Source::parse(text).map_err(|error| Failure::usage(format!("--{}: {error}", flag.name)))?;
            Ok(Some(Value::String(source.read(&flag.name)?)))
        }
        _ => Ok(Some(value.clone())),
    }
}

fn payload(
    spec: &Spec,
    form: &Form,
    mut flags: Map<String, Value>,
    asked: &[Flag],
    matches: &ArgMatches,
) -> Result<Payload, Failure> {
    if let Form::Bytes = form {
        let file = matches.get_one::<String>(FILE);
        return Ok(file.map_or(Payload::Empty, |file| Payload::File(file.clone())));
    }
    let file = matches.get_one::<String>(BODY_FILE);
    let base = match file {
        Some(file) => Some(document(file)?),
        None => None,
    };
    if let Form::Json(kind) = form
        && !matches!(kind, Kind::Object(_))
    {
        let value = match matches.try_get_one::<String>(BODY).ok().flatten() {
            Some(text) => Some(
                serde_json::from_str(text).map_err(|error| Failure::usage(format!("--body is no JSON: {error}")))?,
            ),
            None => base,
        };
        return Ok(value.map_or(Payload::Empty, Payload::Json));
    }
    let has_file = base.is_some();
    let mut body = match base {
        None => Map::new(),
        Some(Value::Object(members)) => members,
        Some(_) => {
            return Err(Failure::usage(format!(
                "{} holds no JSON object",
                file.map_or("it", |file| file)
            )));
        }
    };
    for flag in asked {
        if let Target::Body(path) = &flag.target
            && !path.first().is_some_and(|name| body.contains_key(*name))
        {
            put(&mut flags, path, Value::String(secret::ask_for(&flag.name)?));
        }
    }
    if flags.is_empty() && !has_file {
        return match &spec.body {
            Some(body) if body.merge_patch => Err(Failure::usage(
                "there is nothing to change: give the flags of what is to change, --clear or --body-file".to_owned(),
            )),
            Some(body) if body.required => Ok(Payload::Json(Value::Object(flags))),
            _ => Ok(Payload::Empty),
        };
    }
    merge(&mut body, flags);
    Ok(match form {
        Form::Fields(_) => Payload::Fields(body.iter().map(|(name, value)| (name.clone(), plain(value))).collect()),
        _ => Payload::Json(Value::Object(body)),
    })
}

/// Reads a document from a file or from standard input.
fn document(file: &str) -> Result<Value, Failure> {
    let text = secret::text_of(file)?;
    value::from_document(file, &text).map_err(Failure::usage)
}

/// Puts a value into an object, and makes the objects on the way.
fn put(object: &mut Map<String, Value>, path: &[&str], value: Value) {
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
        put(inner, rest, value);
    }
}

/// Puts what flags say over what a file says.
fn merge(base: &mut Map<String, Value>, flags: Map<String, Value>) {
    for (name, value) in flags {
        match (base.get_mut(&name), value) {
            (Some(Value::Object(inner)), Value::Object(members)) => merge(inner, members),
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

/// A value in a path, a query, a header or a form.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
