//! Compares the encodings of form properties.

use serde_json::Value;

use super::bodies::{NULL, entries};
use super::document::Document;
use super::keywords::OCTETS;
use super::locate::Step;
use super::operation_diff::{OperationDiff, Part, PartChange, text};
use super::positions::Positions;
use super::rules::requests::ENCODING_CHANGED;
use super::schema::{AllOf, Types};

impl<'a> OperationDiff<'a, '_> {
    /// Compares `encoding` for each property that both sides have; that of another one is part of the property.
    pub(super) fn compare_encodings(&mut self, part: &Part<'a>, positions: Positions) {
        let (old, new) = part.child("encoding");
        let (a, b) = part.child("schema");
        let added = entries(new).filter(|(name, _)| old.and_then(|old| old.get(name.as_str())).is_none());
        let names: Vec<_> = entries(old).chain(added).map(|(name, _)| name.clone()).collect();
        for name in names {
            let (document, other) = (&self.schemas.old, &self.schemas.new);
            let (Some(a), Some(b)) = (property(document, a, &name), property(other, b, &name)) else {
                continue;
            };
            let encoding = |all: Option<&'a Value>| all.and_then(|all| all.get(&name)).unwrap_or(&NULL);
            let before = Encoding::new(document, encoding(old), &a);
            if before != Encoding::new(other, encoding(new), &b) {
                let part = Part {
                    name: Some(match &part.name {
                        Some(part) => format!("property `{name}` of {part}"),
                        None => format!("property `{name}`"),
                    }),
                    old_pointer: part.old_pointer.clone(),
                    new_pointer: part.new_pointer.clone(),
                    ..*part
                };
                let steps = [Step::key("encoding"), Step::key(name.as_str())];
                self.report(&part, &steps, PartChange::new(&ENCODING_CHANGED).positions(positions));
            }
        }
    }
}

fn property<'a>(document: &Document<'a>, schema: Option<&'a Value>, name: &str) -> Option<AllOf<'a>> {
    let schema = document.schema_of(schema?);
    Some(schema.properties.get(name)?.schemas.clone())
}

/// An encoding with the defaults of the standard.
#[derive(PartialEq)]
struct Encoding<'a> {
    content_type: String,
    style: &'a str,
    explode: bool,
    allow_reserved: bool,
    headers: &'a Value,
}

impl<'a> Encoding<'a> {
    fn new(document: &Document<'a>, value: &'a Value, property: &AllOf<'a>) -> Self {
        let flag = |key: &str| value.get(key).and_then(Value::as_bool);
        let style = text(value, "style").unwrap_or("form");
        Self {
            content_type: text(value, "contentType").map_or_else(
                || default_type(document, property, 0).to_owned(),
                str::to_ascii_lowercase,
            ),
            style,
            explode: flag("explode").unwrap_or(style == "form"),
            allow_reserved: flag("allowReserved") == Some(true),
            headers: value.get("headers").unwrap_or(&NULL),
        }
    }
}

/// The content type of a property without an encoding: by its type, or that of its items.
fn default_type<'a>(document: &Document<'a>, property: &AllOf<'a>, depth: usize) -> &'static str {
    let schema = document.schema(property);
    let is_binary = schema.format == Some("binary") || schema.content_encoding.is_some();
    match &schema.items {
        // Arrays may contain themselves.
        Some(items) if schema.types == Types::ARRAY && depth < 8 => default_type(document, items, depth + 1),
        _ if schema.types == Types::OBJECT || schema.types == Types::ARRAY => "application/json",
        _ if is_binary || schema.types == Types::ANY => OCTETS,
        _ => "text/plain",
    }
}
