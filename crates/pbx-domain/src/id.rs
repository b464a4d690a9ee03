//! IDs: decimal numbers that ascend with time, as in the vendor's newer releases.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rand::Rng as _;

use crate::clock;

/// 2020-01-01T00:00:00Z in milliseconds: keeps IDs at 18 digits today and within 63 bits until 2089.
const EPOCH_MILLIS: i64 = 1_577_836_800_000;

/// The number of bits below the time. They are random, so that nodes need no coordination.
const RANDOM_BITS: u32 = 22;

/// The ID of a stored object. For clients of the API it is an opaque string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(i64);

impl Id {
    /// Converts a stored ID.
    pub fn from_stored(value: i64) -> Self {
        Self(value)
    }

    /// Returns the stored form.
    pub fn stored(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The string is not an ID that this server could have issued, so no object has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ID")]
pub struct ParseIdError;

impl FromStr for Id {
    type Err = ParseIdError;

    /// Parses only what [`Display`](fmt::Display) writes: `007` and `+7` are not the ID of object 7.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if !digits {
            return Err(ParseIdError);
        }
        text.parse().map(Self).map_err(|_| ParseIdError)
    }
}

/// Generates IDs, each larger than the previous one. Nodes may generate the same one, which the primary keys of the store refuse.
#[derive(Debug, Clone, Default)]
pub struct IdGenerator {
    last: Arc<AtomicI64>,
}

impl IdGenerator {
    /// Returns a new ID.
    pub fn next(&self) -> Id {
        let millis = clock::now().as_millisecond().saturating_sub(EPOCH_MILLIS).max(1);
        let low = i64::from(rand::rng().next_u32() >> (32 - RANDOM_BITS));
        let candidate = (millis << RANDOM_BITS) | low;
        // IDs ascend even within a millisecond, and if the clock is set back.
        let previous = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
            Some(if candidate > last {
                candidate
            } else {
                last.saturating_add(1)
            })
        });
        let last = previous.unwrap_or_else(|unchanged| unchanged);
        Id(if candidate > last {
            candidate
        } else {
            last.saturating_add(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_and_have_18_or_19_digits() {
        let source = IdGenerator::default();
        let ids: Vec<Id> = (0..10_000).map(|_| source.next()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(matches!(ids[0].to_string().len(), 18 | 19));
    }

    #[test]
    fn only_the_canonical_string_is_parsed() {
        assert_eq!("700551909773148160".parse(), Ok(Id(700_551_909_773_148_160)));
        for text in [
            "",
            "0",
            "007",
            "+7",
            "-7",
            " 7",
            "7 ",
            "7.0",
            "NzAw",
            "9223372036854775808",
            "٧",
        ] {
            assert_eq!(text.parse::<Id>(), Err(ParseIdError), "{text:?}");
        }
    }
}
