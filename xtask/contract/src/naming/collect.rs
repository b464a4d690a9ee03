//! Finds every schema that needs a name, with its candidate names in order of preference.

use openapi_reader::grammar::Kind;
use openapi_reader::pointer::token;
use serde_json::Value;

use super::key::key;
use super::words::{is_reading_verb, pascal, singular, split_verb};
use crate::extensions::{MERGE_PATCH, RECURSIVE};
use crate::inline::REF_NAME;
use crate::recursion::reference;
use crate::schemas::{list_items, needs_name};
use crate::unions::words;

/// Extension that pins a name.
pub const NAME: &str = "x-name";

/// One occurrence of a schema that needs a name.
#[derive(Debug)]
pub struct Occurrence<'a> {
    pub schema: &'a Value,
    /// Equal for equal schemas.
    pub key: String,
    /// Candidate names; the first free one is used, of a pinned schema only the first.
    pub names: Vec<String>,
    /// `true` if `x-name` pins the name.
    pub pinned: bool,
    /// The priority when several schemas need a name: responses, request bodies, then nested schemas.
    pub rank: u8,
    /// The noun of a schema nested in a request, for `input_name`.
    pub input_noun: Option<String>,
    pub order: usize,
    pub path: &'a str,
    pub method: &'a str,
    pub pointer: String,
    /// The reference to a schema that contains itself, as this one does.
    pub reference: Option<String>,
}

/// The direction of a schema, which decides the names of nested ones.
#[derive(Clone)]
enum Direction {
    Response,
    /// With the prefix `Create` or `Update`.
    Request(&'static str),
}

/// The candidate names of a schema, and the noun for its nested schemas.
struct Naming {
    names: Vec<String>,
    noun: String,
    rank: u8,
    /// `true` for the schema of a request body or response, of which `x-name` is the whole name.
    root: bool,
}

struct Collector<'a, 'f> {
    path: &'a str,
    method: &'a str,
    /// The operationId as a type name, unique.
    operation: String,
    direction: Direction,
    found: &'f mut Vec<Occurrence<'a>>,
}

/// Adds the occurrences of one operation.
pub fn collect<'a>(path: &'a str, method: &'a str, operation: &'a Value, found: &mut Vec<Occurrence<'a>>) {
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
        direction: Direction::Response,
        found,
    };
    collector.responses(operation, &verb, &rest);
    collector.body(operation, &rest);
    collector.parameters(operation, &rest);
}

impl<'a> Collector<'a, '_> {
    fn responses(&mut self, operation: &'a Value, verb: &str, rest: &str) {
        let responses = operation.get("responses").and_then(Value::as_object);
        for (status, response) in responses.into_iter().flatten() {
            let at = format!("/responses/{status}");
            let success = status.starts_with(['2', '3']);
            self.recursive(response, Kind::Response, &at);
            for (media, schema) in schemas(response) {
                let at = format!("{at}/content/{}/schema", token(media));
                if success {
                    self.response(schema, status, verb, rest, &at);
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
                    self.visit_property(
                        schema,
                        &singular(rest),
                        name,
                        &format!("{at}/headers/{}/schema", token(name)),
                    );
                }
            }
        }
    }

    fn response(&mut self, schema: &'a Value, status: &str, verb: &str, rest: &str, at: &str) {
        let one = singular(rest);
        let result = format!("{}Result", self.operation);
        if let Some((items, items_at)) = list_items(schema) {
            let list = Naming {
                names: vec![format!("{one}List"), result],
                noun: one.clone(),
                rank: 0,
                root: true,
            };
            self.visit_except_items(schema, list, at);
            let item = Naming {
                names: vec![one.clone(), format!("{one}Summary"), format!("{}Item", self.operation)],
                noun: one,
                rank: 2,
                root: true,
            };
            self.visit(items, item, &format!("{at}{items_at}"));
            return;
        }
        let (mut names, noun) = if is_reading_verb(verb) {
            (vec![rest.to_owned(), result], rest.to_owned())
        } else if verb == "create" {
            let created = format!("Created{one}");
            (vec![created.clone(), result], created)
        } else {
            (vec![result.clone()], result)
        };
        // An operation may have several success responses.
        names.push(format!("{}{status}", self.operation));
        let naming = Naming {
            names,
            noun,
            rank: 0,
            root: true,
        };
        self.visit(schema, naming, at);
    }

    fn body(&mut self, operation: &'a Value, rest: &str) {
        let Some(body) = operation.get("requestBody") else {
            return;
        };
        let patch = body.get(MERGE_PATCH).and_then(Value::as_bool).unwrap_or(false);
        self.direction = Direction::Request(if patch { "Update" } else { "Create" });
        self.recursive(body, Kind::RequestBody, "/requestBody");
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

    /// Visits the schemas in a body that contain themselves.
    fn recursive(&mut self, holder: &'a Value, kind: Kind, at: &str) {
        let schemas = holder.get(RECURSIVE).and_then(Value::as_object);
        for (name, schema) in schemas.into_iter().flatten() {
            let at = format!("{at}/{RECURSIVE}/{}/schema", token(name));
            let schema = &schema["schema"];
            let noun = pascal(name);
            let naming = Naming {
                names: vec![format!("{noun}Input"), format!("{}{noun}", self.operation)],
                noun,
                rank: 1,
                root: true,
            };
            let first = self.found.len();
            self.visit(schema, naming, &at);
            if let Some(found) = self.found.get_mut(first).filter(|found| found.pointer == at) {
                found.reference = Some(reference(kind, name));
            }
        }
    }

    fn parameters(&mut self, operation: &'a Value, rest: &str) {
        self.direction = Direction::Request("");
        let parameters = operation.get("parameters").and_then(Value::as_array);
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            if let (Some(schema), Some(name)) = (parameter.get("schema"), parameter.get("name").and_then(Value::as_str))
            {
                self.visit_property(schema, &singular(rest), name, &format!("/parameters/{index}/schema"));
            }
        }
    }

    /// Visits the schema of a property (or parameter, or header) of something called `noun`.
    fn visit_property(&mut self, schema: &'a Value, noun: &str, property: &str, at: &str) {
        let base = format!("{noun}{}", pascal(property));
        let naming = Naming {
            names: vec![base.clone(), format!("{}{}", self.operation, pascal(property))],
            noun: base,
            rank: 3,
            root: false,
        };
        self.visit(schema, naming, at);
    }

    fn visit(&mut self, schema: &'a Value, naming: Naming, at: &str) {
        let noun = self.add(schema, naming, at);
        self.visit_subschemas(schema, &noun, at, false);
    }

    fn visit_except_items(&mut self, schema: &'a Value, naming: Naming, at: &str) {
        let noun = self.add(schema, naming, at);
        self.visit_subschemas(schema, &noun, at, true);
    }

    /// Records the schema if it needs a name; returns the noun for nested schemas.
    fn add(&mut self, schema: &'a Value, naming: Naming, at: &str) -> String {
        let pin = |name| schema.get(name).and_then(Value::as_str);
        let Naming {
            mut names,
            mut noun,
            rank,
            root,
        } = naming;
        let is_enum = schema.get("enum").is_some();
        let explicit = pin(NAME);
        let pinned_noun = explicit.or_else(|| pin(REF_NAME));
        let mut input_noun = None;
        let prefix = match self.direction {
            Direction::Request(prefix) if !root && !is_enum && !prefix.is_empty() => Some(prefix),
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
                schema,
                key: key(schema),
                names,
                pinned: explicit.is_some(),
                rank: rank + u8::from(matches!(self.direction, Direction::Request(_)) && !root),
                input_noun,
                order: self.found.len(),
                path: self.path,
                method: self.method,
                pointer: at.to_owned(),
                reference: None,
            });
        }
        // The noun of a body called `CreateDealer` is `Dealer`.
        match (&self.direction, pinned_noun) {
            (Direction::Request(_), Some(_)) if root => ["Create", "Update"]
                .iter()
                .find_map(|verb| noun.strip_prefix(verb))
                .filter(|rest| !rest.is_empty())
                .unwrap_or(&noun)
                .to_owned(),
            _ => noun,
        }
    }

    fn visit_subschemas(&mut self, schema: &'a Value, noun: &str, at: &str, except_items: bool) {
        let Some(object) = schema.as_object() else { return };
        for (name, property) in object
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if except_items
                && list_items(schema)
                    .is_some_and(|(_, items_at)| items_at == format!("/properties/{}/items", token(name)))
            {
                continue;
            }
            self.visit_property(property, noun, name, &format!("{at}/properties/{}", token(name)));
        }
        if let Some(items) = object.get("items").filter(|_| !except_items) {
            self.visit_subschema(items, &singular(noun), &format!("{at}/items"));
        }
        if let Some(values) = object.get("additionalProperties") {
            self.visit_subschema(values, &format!("{noun}Value"), &format!("{at}/additionalProperties"));
        }
        for union in ["oneOf", "anyOf"] {
            let branches = object.get(union).and_then(Value::as_array);
            let branches: Vec<&Value> = branches.into_iter().flatten().collect();
            let component = |at: usize| branches[at].get(REF_NAME).and_then(Value::as_str);
            let words = words(&branches, component, |schema| schema);
            for (index, (branch, word)) in branches.iter().zip(words).enumerate() {
                let title = branch.get("title").and_then(Value::as_str).map(pascal);
                let name = title.unwrap_or_else(|| format!("{noun}{word}"));
                self.visit_subschema(branch, &name, &format!("{at}/{union}/{index}"));
            }
        }
    }

    /// Visits an item, a map's value or a branch of a union.
    fn visit_subschema(&mut self, schema: &'a Value, noun: &str, at: &str) {
        let naming = Naming {
            names: vec![noun.to_owned(), format!("{}{noun}", self.operation)],
            noun: noun.to_owned(),
            rank: 5,
            root: false,
        };
        self.visit(schema, naming, at);
    }
}

/// The schemas of a request body or response, by media type.
fn schemas(holder: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let content = holder.get("content").and_then(Value::as_object);
    content
        .into_iter()
        .flatten()
        .filter_map(|(media, value)| Some((media.as_str(), value.get("schema")?)))
}
