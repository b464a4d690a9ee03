//! Descriptions of operations for the router, generated as one static per operation.

use std::sync::OnceLock;

use http::Method;
use jsonschema::Validator;
use pbx_types::Location;

use super::schemas::Schemas;

/// One method on one path of the contract.
#[derive(Debug)]
pub struct Operation {
    /// The `operationId`.
    pub id: &'static str,
    /// The method. An operation for `GET` also handles `HEAD`.
    pub method: Method,
    /// The path template below the base path, for example `/dealers/{id}`.
    pub path: &'static str,
    /// The resource: the name of the module with its trait.
    pub resource: &'static str,
    /// The roles that may call it; `None` if every authenticated caller may.
    pub roles: Option<&'static [&'static str]>,
    /// `true` if it needs a bearer token.
    pub authenticated: bool,
    /// The path, query and header parameters.
    pub parameters: &'static [Parameter],
    /// The type of the request body.
    pub content: Content,
    /// `true` if the body is required.
    pub body_required: bool,
    /// `true` if the body sets the stored state of an object. If it violates its schema, the violations of the rules of that state
    /// are looked for as well: see [`Call::is_rehearsal`](super::api::Call::is_rehearsal).
    pub sets_state: bool,
    /// The properties that `GET` on the path shows besides, if this is an update of them.
    pub echo: Option<Echo>,
    /// The JSON Schema of the input.
    pub schema: InputSchema,
}

/// The properties that `GET` on the path of an update shows, and the update does not set. Callers may send them back.
#[derive(Debug)]
pub struct Echo {
    /// The properties of the response that do not change its entity tag, because no request sets them.
    pub volatile: &'static [&'static str],
    /// JSON Pointers to the properties of the body that are ignored.
    pub ignored: &'static [&'static str],
    /// JSON Pointers to the properties of the body that must have their present value.
    pub unchanged: &'static [&'static str],
}

impl Operation {
    /// Returns `true` if the contract allows the operation to this role.
    pub fn allows(&self, role: &str) -> bool {
        self.roles.is_none_or(|roles| roles.contains(&role))
    }
}

/// One parameter, or one property of a form.
#[derive(Debug)]
pub struct Parameter {
    /// The name in the contract.
    pub name: &'static str,
    /// The part of the request that has it.
    pub location: Location,
    /// The JSON type that its string is converted to.
    pub kind: ParameterType,
    /// Other accepted names.
    pub aliases: &'static [&'static str],
}

impl Parameter {
    /// Describes a path parameter.
    pub const fn path(name: &'static str, kind: ParameterType) -> Self {
        Self::new(Location::Path, name, kind)
    }

    /// Describes a query parameter.
    pub const fn query(name: &'static str, kind: ParameterType) -> Self {
        Self::new(Location::Query, name, kind)
    }

    /// Describes a header parameter.
    pub const fn header(name: &'static str, kind: ParameterType) -> Self {
        Self::new(Location::Header, name, kind)
    }

    /// Describes a property of a form.
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

    /// Sets other accepted names.
    #[must_use]
    pub const fn with_aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// The JSON type of a parameter, which is sent as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// A string.
    String,
    /// An integer or decimal number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An array: the parameter may be repeated, and each occurrence is an item.
    Array(&'static ParameterType),
    /// An array in one string, whose items this character separates.
    List(&'static ParameterType, char),
}

/// The type of body that an operation reads.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// No body; one that is sent is rejected, unless it is empty, `{}` or `null`.
    None,
    /// `application/json`.
    Json,
    /// `application/json` or `application/merge-patch+json`: a JSON Merge Patch (RFC 7396).
    MergePatch,
    /// `application/x-www-form-urlencoded`, with these properties.
    Form(&'static [Parameter]),
    /// Any of these types of JSON, such as `application/vnd.example+json`.
    JsonAs(&'static [&'static str]),
    /// A text of any of these types, in UTF-8.
    Text(&'static [&'static str]),
    /// `application/octet-stream`.
    Bytes,
    /// Bytes of any of these types, which may be ranges such as `image/*`.
    BytesAs(&'static [&'static str]),
}

/// The JSON Schema of an operation's input, compiled on first use.
#[derive(Debug)]
pub struct InputSchema {
    schemas: Option<&'static Schemas>,
    compiled: OnceLock<Result<Validator, String>>,
}

impl InputSchema {
    /// No schema: the input is strings without rules.
    pub const fn none() -> Self {
        Self {
            schemas: None,
            compiled: OnceLock::new(),
        }
    }

    /// The schema with the name of the operation.
    pub const fn new(schemas: &'static Schemas) -> Self {
        Self {
            schemas: Some(schemas),
            compiled: OnceLock::new(),
        }
    }

    /// Checks that the schema of an operation compiles, for tests of generated code.
    pub fn compiles(&self, operation: &str) -> Result<(), String> {
        match self.validator(operation) {
            Ok(_) => Ok(()),
            Err(reason) => Err(reason.to_owned()),
        }
    }

    /// Returns the description of a pattern of the property that a pointer leads to.
    pub(crate) fn meaning(&self, pointer: &str, pattern: &str) -> Option<&str> {
        let is_index = |segment: &&str| segment.bytes().all(|byte| byte.is_ascii_digit());
        let name = pointer.rsplit('/').find(|segment| !is_index(segment))?;
        self.schemas?.meaning(name, pattern)
    }

    /// Returns the compiled schema, or the reason why it does not compile (a defect of the generator).
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
    fn allowed_roles_are_those_named_or_all() {
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
            sets_state: false,
            echo: None,
            schema: InputSchema::none(),
        };
        assert!(operation.allows("Dealer"));
        assert!(!operation.allows("Admin"));
        assert!(!operation.allows("dealer"));
        operation.roles = None;
        assert!(operation.allows("Admin"));
    }
}
