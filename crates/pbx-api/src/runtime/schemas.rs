//! The JSON Schemas of the contract, and their compilation.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::{PatternOptions, Registry, Validator};
use pbx_types::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// The generated schemas of the inputs of all operations: one JSON document with `$defs` and `operations`, parsed on first use.
#[derive(Debug)]
pub struct Schemas {
    text: &'static str,
    parsed: OnceLock<Result<Parsed, String>>,
}

#[derive(Debug)]
struct Parsed {
    registry: Registry<'static>,
    /// Descriptions of patterns, by the name of the property or parameter and the pattern.
    meanings: BTreeMap<String, String>,
}

/// The base URI of the references in the document.
const BASE: &str = "urn:pbx-api:schemas";

impl Schemas {
    /// Creates schemas from a JSON document.
    pub const fn new(text: &'static str) -> Self {
        Self {
            text,
            parsed: OnceLock::new(),
        }
    }

    fn parsed(&self) -> &Result<Parsed, String> {
        self.parsed.get_or_init(|| read(self.text))
    }

    /// Returns the description of a pattern, which follows "must be".
    pub(crate) fn meaning(&self, name: &str, pattern: &str) -> Option<&str> {
        let parsed = self.parsed().as_ref().ok()?;
        parsed.meanings.get(&format!("{name} {pattern}")).map(String::as_str)
    }

    /// Compiles the schema of an operation's input.
    pub(crate) fn compile(&'static self, operation: &str) -> Result<Validator, String> {
        let parsed = self.parsed().as_ref().map_err(Clone::clone)?;
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_registry(&parsed.registry)
            // Formats are assertions here, not annotations.
            .should_validate_formats(true)
            .with_format("date-time", is_date_time)
            // An engine without backtracking: its time is linear in the input.
            .with_pattern_options(PatternOptions::regex())
            .build(&json!({"$ref": format!("{BASE}#/operations/{}", in_pointer(operation))}))
            .map_err(|error| format!("the schema of {operation}: {error}"))
    }
}

/// Escapes a name for a JSON Pointer in a URI.
fn in_pointer(name: &str) -> String {
    let escaped = name.replace('~', "~0").replace('/', "~1");
    utf8_percent_encode(&escaped, NON_ALPHANUMERIC).to_string()
}

fn read(text: &str) -> Result<Parsed, String> {
    let mut document: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let meanings = match document.get_mut("meanings").map(Value::take) {
        Some(meanings @ Value::Object(_)) => serde_json::from_value(meanings).map_err(|error| error.to_string())?,
        _ => BTreeMap::new(),
    };
    let registry = Registry::new()
        .add(BASE, document)
        .and_then(|builder| builder.prepare())
        .map_err(|error| error.to_string())?;
    Ok(Parsed { registry, meanings })
}

/// Accepts what [`Timestamp`] parses, so that deserializing the value cannot fail later.
fn is_date_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_resolve_references_and_invalid_ones_are_errors() {
        static GOOD: Schemas =
            Schemas::new(r##"{"$defs":{"b":{"type":"string"}},"operations":{"a/%b":{"$ref":"#/$defs/b"}}}"##);
        let schema = GOOD.compile("a/%b").unwrap();
        assert!(schema.is_valid(&json!("x")));
        assert!(!schema.is_valid(&json!(1)));
        assert!(GOOD.compile("c").is_err());

        static DESCRIBED: Schemas = Schemas::new(r#"{"operations":{},"meanings":{"port ^[0-9]+$":"a number"}}"#);
        assert_eq!(DESCRIBED.meaning("port", "^[0-9]+$"), Some("a number"));
        assert_eq!(DESCRIBED.meaning("name", "^[0-9]+$"), None);

        static LOOKAHEAD: Schemas = Schemas::new(r#"{"operations":{"a":{"pattern":"(?=x)"}}}"#);
        assert!(LOOKAHEAD.compile("a").is_err());
        static BROKEN: Schemas = Schemas::new("{");
        assert!(BROKEN.compile("a").is_err());
    }
}
