//! How an update changes the members of an object.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Error;

/// The object with what was sent in place of its own members (RFC 7396). `T` has a default for each of them, and what is cleared
/// falls back to that. Empty text clears as null does, because that is how the vendor's server shows what is unset, and a client
/// may send back what it was shown.
pub fn merged<T: Serialize + DeserializeOwned>(before: &T, sent: &Map<String, Value>) -> Result<T, Error> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(before) else {
        return Err(Error::internal("what is merged into is no object"));
    };
    for (name, value) in sent {
        match value {
            Value::Null => drop(members.remove(name)),
            Value::String(text) if text.is_empty() => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    serde_json::from_value(Value::Object(members))
        .map_err(|error| Error::internal(format!("a merged object does not read: {error}")))
}
