//! Finds every schema that needs a name, with the names it may have in order of preference.

use serde_json::{Map, Value};

use super::key::key;
use super::words::{is_reading, pascal, singular, split_verb};
use crate::conventions::MERGE_PATCH;
use crate::inline::REF_NAME;
use crate::pointer::token;

/// Pins a name.
pub const NAME: &str = "x-name";

/// One place where a schema that needs a name stands.
#[derive(Debug)]
pub struct Occurrence {
    pub schema: Value,
    /// Equal for equal schemas.
    pub key: String,
    /// Names it may have; the first that is free is taken, a pinned one only takes the first.
    pub names: Vec<String>,
    /// Whether `x-name` says so.
    pub pinned: bool,
    /// Who goes first when several want a name: answers, bodies, then what is inside.
    pub rank: u8,
    /// The noun when this is inside a request, see [`super::input_name`].
    pub input_noun: Option<String>,
    pub order: usize,
    pub path: String,
    pub method: String,
    pub pointer: String,
}

/// Objects with known properties, enums of strings and unions.
pub fn needs_name(schema: &Value) -> bool {
    schema.as_object().is_some_and(needs_name_object)
}

pub fn needs_name_object(schema: &Map<String, Value>) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.is_some_and(|p| !p.is_empty())
        || schema.contains_key("oneOf")
        || schema.contains_key("anyOf")
        || schema
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_string))
}

/// How nested names are built.
#[derive(Clone)]
enum View {
    Answer,
    /// With `Create` or `Update`.
    Request(&'static str),
}

/// What a schema and what is inside it may be called.
struct Naming {
    names: Vec<String>,
    noun: String,
    rank: u8,
    /// A body or an answer: `x-name` is the whole name there.
    root: bool,
}

struct Collector<'a> {
    path: &'a str,
    method: &'a str,
    /// The operationId as a type name, unique.
    operation: String,
    view: View,
    found: &'a mut Vec<Occurrence>,
}

/// Adds the occurrences of one operation.
pub fn collect(path: &str, method: &str, operation: &Value, found: &mut Vec<Occurrence>) {
    let id = operation
        .get("operationId")
        .and_then(Value::as_str)
        .map_or_else(|| format!("{method} {path}"), str::to_owned);
    let (verb, mut rest) = split_verb(&id);
    if rest.is_empty() {
        rest = pascal(&id);
    }
    let mut collector = Collector {
        path,
        method,
        operation: pascal(&id),
        view: View::Answer,
        found,
    };
    collector.responses(operation, &verb, &rest);
    collector.body(operation, &rest);
    collector.parameters(operation, &rest);
}

impl Collector<'_> {
    fn responses(&mut self, operation: &Value, verb: &str, rest: &str) {
        let responses = operation.get("responses").and_then(Value::as_object);
        for (status, response) in responses.into_iter().flatten() {
            let at = format!("/responses/{status}");
            let success = status.starts_with(['2', '3']);
            for (media, schema) in schemas(response) {
                let at = format!("{at}/content/{}/schema", token(media));
                if success {
                    self.answer(schema, status, verb, rest, &at);
                } else {
                    let naming = Naming {
                        names: vec![
                            format!("{}Error", self.operation),
                            format!("{}Error{status}", self.operation),
                        ],
                        noun: format!("{}Error", self.operation),
                        rank: 1,
                        root: true,
                    };
                    self.visit(schema, naming, &at);
                }
            }
            let headers = response.get("headers").and_then(Value::as_object);
            for (name, header) in headers.into_iter().flatten() {
                if let Some(schema) = header.get("schema") {
                    self.inside(
                        schema,
                        &singular(rest),
                        name,
                        &format!("{at}/headers/{}/schema", token(name)),
                    );
                }
            }
        }
    }

    fn answer(&mut self, schema: &Value, status: &str, verb: &str, rest: &str, at: &str) {
        let one = singular(rest);
        let result = format!("{}Result", self.operation);
        if let Some((items, items_at)) = listed(schema) {
            let list = Naming {
                names: vec![format!("{one}List"), result],
                noun: one.clone(),
                rank: 0,
                root: true,
            };
            self.visit_but_items(schema, list, at);
            let item = Naming {
                names: vec![one.clone(), format!("{one}Summary"), format!("{}Item", self.operation)],
                noun: one,
                rank: 2,
                root: true,
            };
            self.visit(items, item, &format!("{at}{items_at}"));
            return;
        }
        let (mut names, noun) = if is_reading(verb) {
            (vec![rest.to_owned(), result], rest.to_owned())
        } else {
            (vec![result.clone()], result)
        };
        // Several successes of one operation.
        names.push(format!("{}{status}", self.operation));
        let naming = Naming {
            names,
            noun,
            rank: 0,
            root: true,
        };
        self.visit(schema, naming, at);
    }

    fn body(&mut self, operation: &Value, rest: &str) {
        let Some(body) = operation.get("requestBody") else {
            return;
        };
        let patch = body.get(MERGE_PATCH).and_then(Value::as_bool).unwrap_or(false);
        self.view = View::Request(if patch { "Update" } else { "Create" });
        for (media, schema) in schemas(body) {
            let naming = Naming {
                names: vec![self.operation.clone(), format!("{}Body", self.operation)],
                noun: rest.to_owned(),
                rank: 1,
                root: true,
            };
            self.visit(schema, naming, &format!("/requestBody/content/{}/schema", token(media)));
        }
    }

    fn parameters(&mut self, operation: &Value, rest: &str) {
        self.view = View::Request("");
        let parameters = operation.get("parameters").and_then(Value::as_array);
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            if let (Some(schema), Some(name)) = (parameter.get("schema"), parameter.get("name").and_then(Value::as_str))
            {
                self.inside(schema, &singular(rest), name, &format!("/parameters/{index}/schema"));
            }
        }
    }

    /// A schema that belongs to a property (or parameter, or header) of something called `noun`.
    fn inside(&mut self, schema: &Value, noun: &str, property: &str, at: &str) {
        let base = format!("{noun}{}", pascal(property));
        let naming = Naming {
            names: vec![base.clone(), format!("{}{}", self.operation, pascal(property))],
            noun: base,
            rank: 3,
            root: false,
        };
        self.visit(schema, naming, at);
    }

    fn visit(&mut self, schema: &Value, naming: Naming, at: &str) {
        let noun = self.add(schema, naming, at);
        self.visit_inside(schema, &noun, at, false);
    }

    fn visit_but_items(&mut self, schema: &Value, naming: Naming, at: &str) {
        let noun = self.add(schema, naming, at);
        self.visit_inside(schema, &noun, at, true);
    }

    /// Records the schema if it needs a name; returns the noun for what is inside it.
    fn add(&mut self, schema: &Value, naming: Naming, at: &str) -> String {
        let pin = |name| schema.get(name).and_then(Value::as_str);
        let Naming {
            mut names,
            mut noun,
            rank,
            root,
        } = naming;
        let is_enum = schema.get("enum").is_some();
        let strong = pin(NAME);
        let pinned_noun = strong.or_else(|| pin(REF_NAME));
        let mut input_noun = None;
        let prefix = match self.view {
            View::Request(prefix) if !root && !is_enum && !prefix.is_empty() => Some(prefix),
            _ => None,
        };
        if let Some(pinned) = pinned_noun {
            noun = pascal(pinned);
            names.insert(0, noun.clone());
        }
        if let Some(prefix) = prefix {
            input_noun = Some(noun.clone());
            if let Some(first) = names.first_mut() {
                *first = format!("{prefix}{noun}");
            }
        }
        if needs_name(schema) {
            self.found.push(Occurrence {
                schema: schema.clone(),
                key: key(schema),
                names,
                pinned: strong.is_some(),
                rank: rank + u8::from(matches!(self.view, View::Request(_)) && !root),
                input_noun,
                order: self.found.len(),
                path: self.path.to_owned(),
                method: self.method.to_owned(),
                pointer: at.to_owned(),
            });
        }
        // The noun of a body called `CreateDealer` is `Dealer`.
        match (&self.view, pinned_noun) {
            (View::Request(_), Some(_)) if root => ["Create", "Update"]
                .iter()
                .find_map(|verb| noun.strip_prefix(verb))
                .filter(|rest| !rest.is_empty())
                .unwrap_or(&noun)
                .to_owned(),
            _ => noun,
        }
    }

    fn visit_inside(&mut self, schema: &Value, noun: &str, at: &str, but_items: bool) {
        let Some(object) = schema.as_object() else { return };
        for (name, property) in object
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if but_items
                && listed(schema).is_some_and(|(_, items_at)| items_at == format!("/properties/{}/items", token(name)))
            {
                continue;
            }
            self.inside(property, noun, name, &format!("{at}/properties/{}", token(name)));
        }
        if let Some(items) = object.get("items").filter(|_| !but_items) {
            self.part(items, &singular(noun), &format!("{at}/items"));
        }
        if let Some(values) = object.get("additionalProperties") {
            self.part(values, &format!("{noun}Value"), &format!("{at}/additionalProperties"));
        }
        for union in ["oneOf", "anyOf"] {
            let branches = object.get(union).and_then(Value::as_array);
            for (index, branch) in branches.into_iter().flatten().enumerate() {
                let title = branch.get("title").and_then(Value::as_str).map(pascal);
                let name = title.unwrap_or_else(|| format!("{noun}Variant{}", index + 1));
                self.part(branch, &name, &format!("{at}/{union}/{index}"));
            }
        }
    }

    /// An item, a map's value or a branch.
    fn part(&mut self, schema: &Value, noun: &str, at: &str) {
        let naming = Naming {
            names: vec![noun.to_owned(), format!("{}{noun}", self.operation)],
            noun: noun.to_owned(),
            rank: 5,
            root: false,
        };
        self.visit(schema, naming, at);
    }
}

/// The schemas of a body or an answer, by media type.
fn schemas(holder: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let content = holder.get("content").and_then(Value::as_object);
    content
        .into_iter()
        .flatten()
        .filter_map(|(media, value)| Some((media.as_str(), value.get("schema")?)))
}

/// The item schema of a list and where it stands: an array of objects, or an object that holds one as `items`.
fn listed(schema: &Value) -> Option<(&Value, &'static str)> {
    let object = |items: &Value| items.get("properties").is_some();
    if let Some(items) = schema.get("items").filter(|i| object(i)) {
        return Some((items, "/items"));
    }
    let items = schema.pointer("/properties/items/items").filter(|i| object(i))?;
    Some((items, "/properties/items/items"))
}
