//! Times as the server wrote them.

use std::{convert::Infallible, fmt, str::FromStr};

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::wire::lenient::{FORMAT_MATCH, NO_MATCH, ReadLenient};

/// A time that keeps the string it was read from.
///
/// The server documents RFC 3339. Another string is not lost: [`Timestamp::time`] returns `None` for it and
/// [`Timestamp::as_str`] the string. Serializing writes the string unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Timestamp {
    text: String,
    time: Option<jiff::Timestamp>,
}

impl Timestamp {
    /// Returns the time, if the string is one.
    pub fn time(&self) -> Option<jiff::Timestamp> {
        self.time
    }

    /// Returns the string as it is on the wire.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(time: jiff::Timestamp) -> Self {
        Self {
            text: time.to_string(),
            time: Some(time),
        }
    }
}

impl From<String> for Timestamp {
    fn from(text: String) -> Self {
        let time = text.parse().ok();
        Self { text, time }
    }
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl FromStr for Timestamp {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl ReadLenient for Timestamp {
    fn read(value: Value) -> Option<Self> {
        // The vendor writes an unset time as "".
        String::read(value).filter(|text| !text.is_empty()).map(Self::from)
    }

    fn score(value: &Value) -> u32 {
        match value {
            Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => FORMAT_MATCH,
            _ => NO_MATCH,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn time_is_written_as_it_was_read() {
        for text in [
            "2024-05-01T08:30:00Z",
            "2024-05-01T08:30:00.120Z",
            "2024-05-01T10:30:00+02:00",
        ] {
            let time = Timestamp::read(json!(text)).unwrap();
            assert!(time.time().is_some(), "{text}");
            assert_eq!(serde_json::to_value(&time).unwrap(), json!(text));
        }
    }

    #[test]
    fn string_that_is_no_time_is_kept() {
        let time = Timestamp::read(json!("yesterday")).unwrap();
        assert_eq!(time.time(), None);
        assert_eq!(time.to_string(), "yesterday");
        assert_eq!(Timestamp::read(json!("")), None);
    }
}
