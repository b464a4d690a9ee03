//! Timestamps of the API.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

/// An instant, read from RFC 3339 with any offset and written in UTC.
///
/// [`jiff::Timestamp`] ends a little more than a day before the year 9999 does. Later times are read as that end, because
/// `9999-12-31T23:59:59Z` means "never".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

/// The error of parsing a string that is not a timestamp in the form of RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseTimestampError;

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not a time such as 2026-01-31T08:00:00Z (RFC 3339)")
    }
}

impl std::error::Error for ParseTimestampError {}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        if !is_rfc_3339(text) {
            return Err(ParseTimestampError);
        }
        match text.parse() {
            Ok(instant) => Ok(Self(instant)),
            // There is no other reason why RFC 3339 should not parse.
            Err(_) if text.starts_with("9999-12-3") => Ok(Self(jiff::Timestamp::MAX)),
            Err(_) => Err(ParseTimestampError),
        }
    }
}

/// Returns `true` for RFC 3339; jiff accepts more than that.
fn is_rfc_3339(text: &str) -> bool {
    static RFC_3339: OnceLock<Option<Validator>> = OnceLock::new();
    let rfc_3339 = RFC_3339.get_or_init(|| {
        jsonschema::options()
            .should_validate_formats(true)
            .build(&json!({"format": "date-time"}))
            .ok()
    });
    let text = Value::String(text.to_owned());
    rfc_3339.as_ref().is_some_and(|schema| schema.is_valid(&text))
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(instant: jiff::Timestamp) -> Self {
        Self(instant)
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> Self {
        time.0
    }
}

impl Deref for Timestamp {
    type Target = jiff::Timestamp;

    fn deref(&self) -> &jiff::Timestamp {
        &self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rfc_3339_is_accepted() {
        for good in [
            "2026-01-31T08:00:00Z",
            "2026-01-31T08:00:00.123456789+02:00",
            "2026-01-31t08:00:00z",
            "0000-01-01T00:00:00+23:59",
            "2016-12-31T23:59:60Z",
        ] {
            assert!(good.parse::<Timestamp>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "2026-01-31",
            "2026-01-31T08:00:00",
            "2026-01-31 08:00:00+02",
            "2026-02-30T08:00:00Z",
            "2026-01-31T08:00:00+02:00[Europe/Berlin]",
            "20260131T080000Z",
            "9999-12-32T00:00:00Z",
            "10000-01-01T00:00:00Z",
        ] {
            assert_eq!(bad.parse::<Timestamp>(), Err(ParseTimestampError), "{bad}");
        }
    }

    #[test]
    fn times_beyond_the_last_instant_are_read_as_it() {
        let read = |text: &str| text.parse::<Timestamp>().unwrap();
        let end = Timestamp(jiff::Timestamp::MAX);
        for text in [
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59.999999999Z",
            "9999-12-31T23:59:59-23:59",
            "9999-12-30T22:00:01Z",
        ] {
            assert_eq!(read(text), end, "{text}");
        }
        assert!(read("9999-12-30T21:59:59Z") < end);
        assert!(read("9999-12-31T12:00:00+23:00") < end);
        let time: Timestamp = serde_json::from_str("\"9999-12-31T23:59:59Z\"").unwrap();
        assert_eq!(time, end);
    }
}
