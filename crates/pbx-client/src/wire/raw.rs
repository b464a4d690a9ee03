//! JSON that matches no documented schema.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// JSON as the server sent it. It may hold tokens, so `Debug` shows only its JSON type.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Raw(Value);

impl Raw {
    /// Returns the JSON.
    pub fn get(&self) -> &Value {
        &self.0
    }

    /// Returns the JSON.
    pub fn into_inner(self) -> Value {
        self.0
    }
}

impl From<Value> for Raw {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        write!(f, "Raw({kind})")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn debug_shows_only_the_json_type() {
        let raw = Raw::from(json!({"token": "abc"}));
        assert_eq!(format!("{raw:?}"), "Raw(object)");
        assert_eq!(raw.get()["token"], "abc");
    }
}
