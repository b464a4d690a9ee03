//! How an update changes the members of an object.

use pbx_types::Violation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Error, document};

/// The object with what was sent in place of its own members, as [`document::merge`] does it. `T` has a default for each of them,
/// and what is cleared falls back to that.
pub fn merged<T: DeserializeOwned>(before: &impl Serialize, sent: &Map<String, Value>) -> Result<T, Error> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(before) else {
        return Err(Error::internal("what is merged into is no object"));
    };
    document::merge(&mut members, sent, &Map::new(), &[]);
    serde_json::from_value(Value::Object(members))
        .map_err(|error| Error::internal(format!("a merged object does not read: {error}")))
}

/// The same value; that it is missing is a fault.
pub fn needed<T>(faults: &mut Vec<Violation>, name: &str, value: Option<T>) -> Option<T> {
    if value.is_none() {
        faults.push(Violation::field(name, "required", "is needed"));
    }
    value
}
