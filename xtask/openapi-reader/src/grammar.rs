//! The parts of an OpenAPI document by their kind. A walk knows by it that a property named `default` is a schema, and that the value of
//! the keyword `default` is data, which has neither schemas nor references.

use serde_json::Value;
use spanned_json::{Kind as Form, Node};

use crate::pointer::token;

/// The methods of a path item.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The kind of a part of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Document,
    Components,
    PathItem,
    Operation,
    Parameter,
    Header,
    RequestBody,
    MediaType,
    Encoding,
    Response,
    Callback,
    Example,
    Link,
    SecurityScheme,
    Schema,
}

/// The form in which a keyword holds its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The value is the part.
    One,
    /// An array of parts.
    List,
    /// An object of parts by their names.
    Map,
    /// An object of parts by their names, in which names that begin with `x-` are extensions.
    Extensible,
}

impl Kind {
    /// The section of the components that holds such parts; `None` if a part of this kind is never referred to.
    pub fn section(self) -> Option<&'static str> {
        Some(match self {
            Self::Schema => "schemas",
            Self::Response => "responses",
            Self::Parameter => "parameters",
            Self::Example => "examples",
            Self::RequestBody => "requestBodies",
            Self::Header => "headers",
            Self::SecurityScheme => "securitySchemes",
            Self::Link => "links",
            Self::Callback => "callbacks",
            Self::PathItem => "pathItems",
            Self::Document | Self::Components | Self::Operation | Self::MediaType | Self::Encoding => return None,
        })
    }

    /// The kind with an article, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Document => "an OpenAPI document",
            Self::Components => "components",
            Self::PathItem => "a path item",
            Self::Operation => "an operation",
            Self::Parameter => "a parameter",
            Self::Header => "a header",
            Self::RequestBody => "a request body",
            Self::MediaType => "a media type",
            Self::Encoding => "an encoding",
            Self::Response => "a response",
            Self::Callback => "a callback",
            Self::Example => "an example",
            Self::Link => "a link",
            Self::SecurityScheme => "a security scheme",
            Self::Schema => "a schema",
        }
    }
}

/// The parts that the keyword of a part holds; `None` if its value is data.
pub fn parts(kind: Kind, keyword: &str) -> Option<(Shape, Kind)> {
    use Kind::*;
    use Shape::*;
    Some(match (kind, keyword) {
        (Document, "paths") => (Extensible, PathItem),
        (Document, "webhooks") => (Map, PathItem),
        (Document, "components") => (One, Components),
        (Components, "schemas") => (Map, Schema),
        (Components, "responses") => (Map, Response),
        (Components, "parameters") => (Map, Parameter),
        (Components, "examples") => (Map, Example),
        (Components, "requestBodies") => (Map, RequestBody),
        (Components, "headers") => (Map, Header),
        (Components, "securitySchemes") => (Map, SecurityScheme),
        (Components, "links") => (Map, Link),
        (Components, "callbacks") => (Map, Callback),
        (Components, "pathItems") => (Map, PathItem),
        (PathItem, method) if METHODS.contains(&method) => (One, Operation),
        (PathItem | Operation, "parameters") => (List, Parameter),
        (Operation, "requestBody") => (One, RequestBody),
        (Operation, "responses") => (Extensible, Response),
        (Operation, "callbacks") => (Map, Callback),
        (Callback, expression) if expression != "$ref" && !expression.starts_with("x-") => (One, PathItem),
        (Parameter | Header | MediaType, "schema") => (One, Schema),
        (Parameter | Header | MediaType, "examples") => (Map, Example),
        (Parameter | Header | RequestBody | Response, "content") => (Map, MediaType),
        (MediaType, "encoding") => (Map, Encoding),
        (Response | Encoding, "headers") => (Map, Header),
        (Response, "links") => (Map, Link),
        (Schema, "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas") => (Map, Schema),
        (Schema, "allOf" | "oneOf" | "anyOf" | "prefixItems") => (List, Schema),
        (
            Schema,
            "items"
            | "additionalProperties"
            | "not"
            | "if"
            | "then"
            | "else"
            | "contains"
            | "propertyNames"
            | "unevaluatedItems"
            | "unevaluatedProperties"
            | "contentSchema",
        ) => (One, Schema),
        _ => return None,
    })
}

/// The kind of the part at a path of keys from the root of a document; `None` if it is data or no part.
pub fn kind_at<'a>(keys: impl IntoIterator<Item = &'a str>) -> Option<Kind> {
    let mut kind = Kind::Document;
    let mut keys = keys.into_iter();
    while let Some(key) = keys.next() {
        let (shape, inner) = parts(kind, key)?;
        if shape != Shape::One {
            keys.next()?;
        }
        kind = inner;
    }
    Some(kind)
}

/// A tree that a document is held in.
pub trait Tree: Sized {
    fn properties_mut(&mut self) -> impl Iterator<Item = (&String, &mut Self)>;
    fn items_mut(&mut self) -> impl Iterator<Item = &mut Self>;
}

impl Tree for Value {
    fn properties_mut(&mut self) -> impl Iterator<Item = (&String, &mut Self)> {
        self.as_object_mut().into_iter().flatten()
    }

    fn items_mut(&mut self) -> impl Iterator<Item = &mut Self> {
        self.as_array_mut().into_iter().flatten()
    }
}

impl Tree for Node {
    fn properties_mut(&mut self) -> impl Iterator<Item = (&String, &mut Self)> {
        Node::properties_mut(self).into_iter().flatten()
    }

    fn items_mut(&mut self) -> impl Iterator<Item = &mut Self> {
        match &mut self.kind {
            Form::Array(items) => items.iter_mut(),
            _ => [].iter_mut(),
        }
    }
}

/// Calls `f` with each direct part of a part of a document, and the keys that lead to it.
pub fn each_part<T: Tree>(tree: &mut T, kind: Kind, f: &mut dyn FnMut(&mut T, Kind, &[&str])) {
    for (keyword, value) in tree.properties_mut() {
        let Some((shape, inner)) = parts(kind, keyword) else {
            continue;
        };
        match shape {
            Shape::One => f(value, inner, &[keyword]),
            Shape::List => {
                for (index, item) in value.items_mut().enumerate() {
                    f(item, inner, &[keyword, &index.to_string()]);
                }
            }
            Shape::Map | Shape::Extensible => {
                for (name, entry) in value.properties_mut() {
                    if shape == Shape::Map || !name.starts_with("x-") {
                        f(entry, inner, &[keyword, name]);
                    }
                }
            }
        }
    }
}

/// Calls `f` with a part and all parts in it, the outer one first. What `f` removes is not walked.
pub fn walk<T: Tree>(tree: &mut T, kind: Kind, f: &mut dyn FnMut(&mut T, Kind)) {
    f(tree, kind);
    each_part(tree, kind, &mut |part, kind, _| walk(part, kind, f));
}

/// As [`walk`], with the JSON Pointer to each part, below `at`.
pub fn walk_at<T: Tree>(tree: &mut T, kind: Kind, at: &str, f: &mut dyn FnMut(&mut T, Kind, &str)) {
    f(tree, kind, at);
    each_part(tree, kind, &mut |part, kind, keys| {
        let below: String = keys.iter().map(|key| format!("/{}", token(key))).collect();
        walk_at(part, kind, &format!("{at}{below}"), f);
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn properties_named_like_keywords_are_schemas_and_values_of_keywords_are_data() {
        let mut schema = json!({
            "properties": {"default": {"a": 1}, "example": {"a": 2}, "enum": {"a": 3}, "$ref": {"a": 4}, "const": {"a": 5},
                "examples": {"a": 6}, "x-y": {"a": 7}},
            "default": {"properties": {"p": {"a": -1}}}, "example": {"properties": {"p": {"a": -1}}},
            "examples": [{"properties": {"p": {"a": -1}}}], "enum": [{"items": {"a": -1}}], "const": {"items": {"a": -1}},
            "x-y": {"items": {"a": -1}},
        });
        let mut seen = Vec::new();
        walk(&mut schema, Kind::Schema, &mut |part, _| {
            seen.extend(part.get("a").and_then(Value::as_i64))
        });
        seen.sort();
        assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn kind_of_a_part_follows_from_its_path() {
        let kind = |path: &str| kind_at(path.split(' '));
        assert_eq!(kind("paths /a get responses 200"), Some(Kind::Response));
        assert_eq!(
            kind("paths /a get responses 200 content a/b schema properties default"),
            Some(Kind::Schema)
        );
        assert_eq!(kind("components schemas A default"), None);
        assert_eq!(kind("components schemas"), None);
        assert_eq!(kind("definitions A"), None);
    }
}
