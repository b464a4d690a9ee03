//! What the router knows of an operation: generated as statics, one per operation.

use std::sync::OnceLock;

use http::Method;
use jsonschema::Validator;
use pbx_types::Location;

use super::schemas::Schemas;

/// One method on one path of the contract.
#[derive(Debug)]
pub struct Operation {
    /// `operationId`.
    pub id: &'static str,
    /// The method; `HEAD` is answered wherever `GET` is.
    pub method: Method,
    /// The path template below the base path, e.g. `/dealers/{id}`.
    pub path: &'static str,
    /// The resource it belongs to: the module with its trait.
    pub resource: &'static str,
    /// The roles that may call it; `None`: any signed-in caller.
    pub roles: Option<&'static [&'static str]>,
    /// Whether it needs a bearer token.
    pub authenticated: bool,
    /// Path, query and header parameters.
    pub parameters: &'static [Parameter],
    /// The body it reads.
    pub content: Content,
    /// Whether there must be a body.
    pub body_required: bool,
    /// The rules its input must keep.
    pub schema: InputSchema,
}

impl Operation {
    /// Whether the contract lets this role call the operation.
    pub fn allows(&self, role: &str) -> bool {
        self.roles.is_none_or(|roles| roles.contains(&role))
    }
}

/// One parameter, or one field of a form body.
#[derive(Debug)]
pub struct Parameter {
    /// As in the contract.
    pub name: &'static str,
    /// Where it is sent.
    pub location: Location,
    /// How its text becomes a JSON value.
    pub kind: ParameterType,
    /// Other accepted spellings of the name.
    pub aliases: &'static [&'static str],
}

impl Parameter {
    /// A path parameter.
    pub const fn path(name: &'static str, kind: ParameterType) -> Self {
        Self::new(Location::Path, name, kind)
    }

    /// A query parameter.
    pub const fn query(name: &'static str, kind: ParameterType) -> Self {
        Self::new(Location::Query, name, kind)
    }

    /// A header parameter.
    pub const fn header(name: &'static str, kind: ParameterType) -> Self {
        Self::new(Location::Header, name, kind)
    }

    /// A field of a form.
    pub const fn field(name: &'static str, kind: ParameterType) -> Self {
        Self::new(Location::Body, name, kind)
    }

    const fn new(location: Location, name: &'static str, kind: ParameterType) -> Self {
        Self {
            name,
            location,
            kind,
            aliases: &[],
        }
    }

    /// The same, with other accepted spellings of its name.
    #[must_use]
    pub const fn with_aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// What a parameter's text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// Itself.
    String,
    /// An integer or a decimal number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list: the parameter may be repeated, each occurrence is one element.
    Array(&'static ParameterType),
}

/// The kind of body an operation reads.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// None; what is sent is ignored.
    None,
    /// `application/json`.
    Json,
    /// `application/json` or `application/merge-patch+json`: an RFC 7396 merge patch.
    MergePatch,
    /// `application/x-www-form-urlencoded`, with these fields.
    Form(&'static [Parameter]),
    /// `application/octet-stream`.
    Bytes,
}

/// The JSON Schema of an operation's input, compiled when it is first needed.
#[derive(Debug)]
pub struct InputSchema {
    schemas: Option<&'static Schemas>,
    compiled: OnceLock<Result<Validator, String>>,
}

impl InputSchema {
    /// Nothing to check: plain text parameters only.
    pub const fn none() -> Self {
        Self {
            schemas: None,
            compiled: OnceLock::new(),
        }
    }

    /// The schema that is called like the operation.
    pub const fn new(schemas: &'static Schemas) -> Self {
        Self {
            schemas: Some(schemas),
            compiled: OnceLock::new(),
        }
    }

    /// Whether the schema of an operation compiles, for tests of generated code.
    pub fn compiles(&self, operation: &str) -> Result<(), String> {
        match self.validator(operation) {
            Ok(_) => Ok(()),
            Err(reason) => Err(reason.to_owned()),
        }
    }

    /// The words for a pattern of the member that a pointer leads to.
    pub(crate) fn meaning(&self, pointer: &str, pattern: &str) -> Option<&str> {
        let is_index = |segment: &&str| segment.bytes().all(|byte| byte.is_ascii_digit());
        let name = pointer.rsplit('/').find(|segment| !is_index(segment))?;
        self.schemas?.meaning(name, pattern)
    }

    /// The compiled schema; `Err` says why it does not compile (a fault of the generator).
    pub(crate) fn validator(&self, operation: &str) -> Result<Option<&Validator>, &str> {
        let Some(schemas) = self.schemas else {
            return Ok(None);
        };
        self.compiled
            .get_or_init(|| schemas.compile(operation))
            .as_ref()
            .map(Some)
            .map_err(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_names_roles_or_lets_every_role_in() {
        let mut operation = Operation {
            id: "x",
            method: Method::GET,
            path: "/x",
            resource: "x",
            roles: Some(&["SystemAdmin", "Dealer"]),
            authenticated: true,
            parameters: &[],
            content: Content::None,
            body_required: false,
            schema: InputSchema::none(),
        };
        assert!(operation.allows("Dealer"));
        assert!(!operation.allows("Admin"));
        assert!(!operation.allows("dealer"));
        operation.roles = None;
        assert!(operation.allows("Admin"));
    }
}
