//! The input of the generators: the operations and types of one document, typed.
//!
//! Built from the contract (OpenAPI 3.1) for the server and from the lowered document (3.0) for the client; by then every
//! object, enum and union has a name, so a [`Schema`] nests only through arrays, maps and references.

mod boxes;
mod initial;
mod names;
mod paging;
mod read;
mod unions;
mod uses;

pub use crate::echo::Echo;
pub use paging::Paging;
pub use read::read;

use indexmap::IndexMap;

/// The resource of a path (its first segment) as a Rust module name.
pub fn resource_of(path: &str) -> String {
    let segment = path.split('/').find(|s| !s.is_empty()).unwrap_or("root");
    let name = crate::identifier::snake(segment.trim_matches(['{', '}']));
    // A module cannot be called `mod` or `type`; `shared` holds the types of several resources.
    match name == "shared" || crate::identifier::is_keyword(&name) {
        true => format!("{name}_"),
        false => name,
    }
}

/// The name of the server's trait of a resource.
pub fn trait_of(resource: &str) -> String {
    format!("{}Api", crate::identifier::pascal(resource))
}

/// A whole document.
#[derive(Debug, Clone)]
pub struct Api {
    pub title: String,
    pub version: String,
    /// In the order of the document.
    pub operations: Vec<Operation>,
    /// Every named type, by its component name (a Rust type name), in the order of the document.
    pub types: IndexMap<String, TypeDef>,
}

impl Api {
    /// The resources (see [`Operation::resource`]) in order of first appearance.
    pub fn resources(&self) -> Vec<&str> {
        let mut seen = Vec::new();
        for operation in &self.operations {
            if !seen.contains(&operation.resource.as_str()) {
                seen.push(operation.resource.as_str());
            }
        }
        seen
    }
}

impl Operation {
    /// Returns the schemas of its parameters, body and successes: all but that of errors.
    pub fn schemas(&self) -> Vec<&Schema> {
        let mut schemas: Vec<&Schema> = self.parameters.iter().map(|parameter| &parameter.schema).collect();
        if let Some(BodyKind::Json(schema) | BodyKind::Form(schema)) = self.body.as_ref().map(|body| &body.kind) {
            schemas.push(schema);
        }
        for success in &self.successes {
            schemas.extend(success.headers.iter().map(|header| &header.schema));
            if let SuccessBody::Json(schema) = &success.body {
                schemas.push(schema);
            }
        }
        schemas
    }

    /// Returns `true` if a router that matches whole segments can have the path: no segment mixes text and parameters.
    pub fn is_routable(&self) -> bool {
        self.path.split('/').all(|segment| {
            let name = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
            match name {
                Some(name) => !name.contains(['{', '}']) && !name.starts_with('*'),
                None => !segment.contains(['{', '}']),
            }
        })
    }
}

/// One method on one path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `operationId`, as written in the document.
    pub id: String,
    /// Its name in Rust, in snake case; may be a keyword. Different for all operations, also as a type name.
    pub name: String,
    /// Lower case, as in OpenAPI: `get`, `post`, ...
    pub method: String,
    /// As in OpenAPI, e.g. `/dealers/{id}`.
    pub path: String,
    /// The first path segment as a Rust module name, e.g. `ip_filters`.
    pub resource: String,
    pub summary: Option<String>,
    pub description: Option<String>,
    /// Roles that may call it (`x-access`). `None`: any signed-in caller.
    pub access: Option<Vec<String>>,
    /// `true` if a bearer token is required; `security: []` on the operation lifts it.
    pub signed_in: bool,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// The documented success responses (2xx and 3xx), ascending by status; never empty.
    pub successes: Vec<Success>,
    /// The properties that only `GET` shows, of a `GET` whose path has an update, and of the update.
    pub echo: Option<Echo>,
    /// The content schema of error responses, if all of them have the same.
    pub error: Option<Schema>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ParameterLocation {
    Path,
    Query,
    Header,
}

/// The form of an array in a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ArrayStyle {
    /// One parameter for each item: `a=1&a=2`.
    #[default]
    Repeat,
    /// Items separated by commas: `a=1,2`.
    Comma,
    /// Items separated by spaces: `a=1%202`.
    Space,
    /// Items separated by `|`: `a=1|2`.
    Pipe,
}

#[derive(Debug, Clone)]
pub struct Parameter {
    /// As in the document.
    pub name: String,
    pub location: ParameterLocation,
    pub required: bool,
    pub description: Option<String>,
    pub schema: Schema,
    /// The form of an array; [`ArrayStyle::Repeat`] only in the query.
    pub style: ArrayStyle,
    /// Other accepted names (`x-aliases`), e.g. `$filter`.
    pub aliases: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Body {
    pub required: bool,
    pub kind: BodyKind,
    /// The media type in the document, e.g. `application/json` or `image/png`, which clients send. May be a range of [`BodyKind::Bytes`].
    pub media_type: String,
    /// `true` if the body is a JSON Merge Patch (RFC 7396) of an existing object (`x-merge-patch`).
    pub merge_patch: bool,
    pub description: Option<String>,
}

#[derive(Debug, Clone)]
pub enum BodyKind {
    /// `application/json`, or another type of JSON such as `application/merge-patch+json`.
    Json(Schema),
    /// `application/x-www-form-urlencoded`; the schema is a [`Type::Named`] object of scalars.
    Form(Schema),
    /// `text/plain` or another text: a string.
    Text,
    /// `application/octet-stream`, or anything else.
    Bytes,
}

/// One documented success response.
#[derive(Debug, Clone)]
pub struct Success {
    pub status: u16,
    pub description: Option<String>,
    pub headers: Vec<Header>,
    pub body: SuccessBody,
}

#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are a few hundred; boxing would complicate every match"
)]
pub enum SuccessBody {
    Empty,
    Json(Schema),
    /// `text/plain` or another text: a string.
    Text {
        media_type: String,
    },
    /// Any other media type, passed through as bytes.
    Bytes {
        media_type: String,
    },
}

#[derive(Debug, Clone)]
pub struct Header {
    pub name: String,
    pub required: bool,
    pub description: Option<String>,
    pub schema: Schema,
}

/// The use of a type somewhere: a property, an item, a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    pub ty: Type,
    /// `true` if the type contains this use of itself other than through arrays and maps: without a box, it would have no size.
    pub boxed: bool,
    pub nullable: bool,
    /// `true` if the empty string is a value, and does not mean null in requests.
    pub empty_is_value: bool,
    pub description: Option<String>,
    /// The documented default, as JSON.
    pub default: Option<serde_json::Value>,
    /// The value before anyone sets it, as JSON (`x-initial`); see [`Api::initial`].
    pub initial: Option<serde_json::Value>,
    pub read_only: bool,
    pub write_only: bool,
    pub deprecated: bool,
    pub constraints: Constraints,
}

/// Constraints of JSON Schema, for documentation and the choice of an integer type; JSON Schema validates them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constraints {
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub pattern: Option<String>,
    /// The description of the pattern (`x-pattern-means`).
    pub pattern_means: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Any JSON value.
    Any,
    Boolean,
    Integer(Integer),
    Number,
    String(StringFormat),
    /// An opaque ID, with the kind of object that it names (`x-id`), for example `Tenant`.
    Id(String),
    Array(Box<Schema>),
    /// An object with arbitrary keys: `additionalProperties` without `properties`.
    Map(Box<Schema>),
    /// A component: object, enum or union.
    Named(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integer {
    /// 0 to 65,535 by its bounds: a port.
    U16,
    I32,
    I64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringFormat {
    Plain,
    /// RFC 3339.
    DateTime,
    /// `format: password`, which is never printed.
    Secret,
}

#[derive(Debug, Clone)]
pub struct TypeDef {
    pub name: String,
    pub description: Option<String>,
    pub kind: TypeKind,
    /// The stored state that the object shows, if several show the same one (`x-state`).
    pub state: Option<String>,
    /// `true` if a request body or parameter refers to it, directly or not.
    pub in_request: bool,
    /// `true` if a response refers to it, directly or not.
    pub in_response: bool,
    /// `true` if a merge-patch body refers to it other than through an array, since arrays are replaced as a whole.
    pub in_patch: bool,
    /// The resource whose operations refer to it; `None` if several do.
    pub resource: Option<String>,
}

#[derive(Debug, Clone)]
pub enum TypeKind {
    Object {
        properties: Vec<Property>,
        /// `additionalProperties` beside `properties`, when it is a schema or `true`.
        additional: Option<Box<Schema>>,
    },
    /// A closed list of strings in the contract; a client keeps unknown values.
    Enum { values: Vec<String> },
    /// `oneOf` or `anyOf`: the first variant that matches, in order.
    Union { variants: Vec<Variant> },
}

impl TypeKind {
    /// Returns the schemas of the properties, of additional properties, or of the branches.
    pub fn schemas(&self) -> Vec<&Schema> {
        match self {
            Self::Object { properties, additional } => {
                let properties = properties.iter().map(|property| &property.schema);
                properties.chain(additional.as_deref()).collect()
            }
            Self::Union { variants } => variants.iter().map(|variant| &variant.schema).collect(),
            Self::Enum { .. } => Vec::new(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Property {
    /// As on the wire.
    pub name: String,
    pub required: bool,
    pub schema: Schema,
}

#[derive(Debug, Clone)]
pub struct Variant {
    /// A Rust variant name.
    pub name: String,
    pub schema: Schema,
}
