//! Identifiers: decimal numbers, as the vendor's newer releases show them, that grow with time.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rand::Rng as _;

use crate::clock;

/// 2020-01-01T00:00:00Z in milliseconds: keeps ids at 18 digits today and within 63 bits until 2089.
const EPOCH_MILLIS: i64 = 1_577_836_800_000;

/// Bits below the time; filled at random, so that several nodes need not agree on anything.
const RANDOM_BITS: u32 = 22;

/// The identity of a stored object. Callers of the API treat its text as opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(i64);

impl Id {
    /// An id as the store holds it.
    pub fn from_stored(value: i64) -> Self {
        Self(value)
    }

    /// The form in which the store holds it.
    pub fn stored(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The text is none of our ids, so nothing has that id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

impl FromStr for Id {
    type Err = NotAnId;

    /// Only the text that [`Display`](fmt::Display) writes: `007` and `+7` are not the name of object 7.
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if !digits {
            return Err(NotAnId);
        }
        text.parse().map(Self).map_err(|_| NotAnId)
    }
}

/// Gives out ids. Each is larger than the one before; a unique key of the store settles what chance does not.
#[derive(Debug, Clone, Default)]
pub struct IdSource {
    last: Arc<AtomicI64>,
}

impl IdSource {
    /// A new id.
    pub fn next(&self) -> Id {
        let millis = clock::now().as_millisecond().saturating_sub(EPOCH_MILLIS).max(1);
        let low = i64::from(rand::rng().next_u32() >> (32 - RANDOM_BITS));
        let candidate = (millis << RANDOM_BITS) | low;
        // Within one millisecond, or if the clock steps back, ids still grow.
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
    fn ids_grow_and_have_18_or_19_digits() {
        let source = IdSource::default();
        let ids: Vec<Id> = (0..10_000).map(|_| source.next()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(matches!(ids[0].to_string().len(), 18 | 19));
    }

    #[test]
    fn only_the_canonical_text_is_an_id() {
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
            assert_eq!(text.parse::<Id>(), Err(NotAnId), "{text:?}");
        }
    }
}
