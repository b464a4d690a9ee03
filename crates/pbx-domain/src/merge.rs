//! JSON Merge Patch (RFC 7396) for typed objects.

use pbx_types::Violation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::document;
use crate::error::Error;

/// Returns the object with the sent properties merged into its own, as [`document::merge`] does it. `T` has a default for each
/// property, which a cleared one falls back to.
pub fn merged<T: DeserializeOwned>(before: &impl Serialize, sent: &Map<String, Value>) -> Result<T, Error> {
    let Ok(Value::Object(mut properties)) = serde_json::to_value(before) else {
        return Err(Error::internal("the object of an update does not serialize as one"));
    };
    document::merge(&mut properties, sent, &Map::new(), &[]);
    serde_json::from_value(Value::Object(properties))
        .map_err(|error| Error::internal(format!("a merged object cannot be read: {error}")))
}

/// Returns the value, and records a violation if it is missing.
pub fn required<T>(violations: &mut Vec<Violation>, name: &str, value: Option<T>) -> Option<T> {
    if value.is_none() {
        violations.push(Violation::field(name, "required", "is needed"));
    }
    value
}
