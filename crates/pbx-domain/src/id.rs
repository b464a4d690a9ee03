//! IDs: decimal numbers that ascend with time, as in the vendor's newer releases.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicI64};

use pbx_types::list::FieldKind;
use pbx_types::record::{Cell, Column, Storage};
use rand::Rng as _;

use crate::clock;
use crate::error::Error;
use crate::kind::{Account, Dealer, Kind, User};

/// 2020-01-01T00:00:00Z in milliseconds: keeps IDs at 18 digits today and within 63 bits until 2089.
const EPOCH_MILLIS: i64 = 1_577_836_800_000;

/// The number of bits below the time. They are random, so that nodes need no coordination.
const RANDOM_BITS: u32 = 22;

/// The ID of a stored object of the kind `T`. For clients of the API it is an opaque string.
pub struct Id<T> {
    value: i64,
    kind: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// Converts a stored ID.
    pub const fn from_stored(value: i64) -> Self {
        Self {
            value,
            kind: PhantomData,
        }
    }

    /// Returns the stored form.
    pub const fn stored(self) -> i64 {
        self.value
    }

    /// Returns the ID of an object of another kind that has the same ID.
    pub(crate) const fn of_kind<U>(self) -> Id<U> {
        Id::from_stored(self.value)
    }
}

impl<T: Kind> Id<T> {
    /// Parses an ID that a caller sent. IDs are opaque to callers: one that does not parse was never issued.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], as for any other ID that no object has.
    pub fn parse(id: &T::ApiId) -> Result<Self, Error> {
        id.as_ref().parse().map_err(|ParseIdError| Self::not_found())
    }

    /// Returns the form of the API.
    pub fn api(self) -> T::ApiId {
        self.to_string().into()
    }

    /// Returns an error unless an object with this ID was found.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub fn require(self, found: bool) -> Result<(), Error> {
        if found { Ok(()) } else { Err(Self::not_found()) }
    }

    /// Returns the error for an ID that no object of the kind has, or none that the caller may see.
    pub fn not_found() -> Error {
        Error::NotFound { what: T::NAME }
    }
}

impl Id<Dealer> {
    /// Returns the ID of the dealer's account.
    pub fn account(self) -> Id<Account> {
        self.of_kind()
    }
}

impl Id<User> {
    /// Returns the ID of the user's account.
    pub fn account(self) -> Id<Account> {
        self.of_kind()
    }
}

// Derived implementations would require the same of `T`.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Id({})", self.value)
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(formatter)
    }
}

impl<T> Column for Id<T> {
    const STORAGE: Storage = Storage::Integer;
    const KIND: Option<FieldKind> = Some(FieldKind::Id);

    fn to_cell(&self) -> Cell<'_> {
        Cell::Integer(self.value)
    }

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        i64::from_cell(cell).map(Self::from_stored)
    }
}

/// The string is not an ID that this server could have issued, so no object has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ID")]
pub struct ParseIdError;

impl<T> FromStr for Id<T> {
    type Err = ParseIdError;

    /// Parses only what [`Display`](fmt::Display) writes: `007` and `+7` are not the ID of object 7.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if !digits {
            return Err(ParseIdError);
        }
        text.parse().map(Self::from_stored).map_err(|_| ParseIdError)
    }
}

/// Generates IDs, each larger than the previous one. Nodes may generate the same one, which the primary keys of the store refuse.
#[derive(Debug, Clone, Default)]
pub struct IdGenerator {
    last: Arc<AtomicI64>,
}

impl IdGenerator {
    /// Returns a new ID.
    pub fn next<T>(&self) -> Id<T> {
        let millis = clock::now().as_millisecond().saturating_sub(EPOCH_MILLIS).max(1);
        let low = i64::from(rand::rng().next_u32() >> (32 - RANDOM_BITS));
        let candidate = (millis << RANDOM_BITS) | low;
        let after = |last: i64| candidate.max(last.saturating_add(1));
        // IDs ascend even within a millisecond, and if the clock is set back.
        let relaxed = atomic::Ordering::Relaxed;
        let previous = self.last.fetch_update(relaxed, relaxed, |last| Some(after(last)));
        Id::from_stored(after(previous.unwrap_or_else(|unchanged| unchanged)))
    }
}

#[cfg(test)]
mod tests {
    use pbx_types::ids::TenantId;

    use super::*;
    use crate::kind::Tenant;

    fn id(value: i64) -> Id<Tenant> {
        Id::from_stored(value)
    }

    #[test]
    fn ids_ascend_and_have_18_or_19_digits() {
        let source = IdGenerator::default();
        let ids: Vec<Id<Tenant>> = (0..10_000).map(|_| source.next()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(matches!(ids[0].to_string().len(), 18 | 19));
    }

    #[test]
    fn only_the_canonical_string_is_parsed() {
        assert_eq!("700551909773148160".parse(), Ok(id(700_551_909_773_148_160)));
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
            assert_eq!(text.parse::<Id<Tenant>>(), Err(ParseIdError), "{text:?}");
        }
    }

    #[test]
    fn sent_string_that_is_not_an_id_is_not_found() {
        assert_eq!(Id::parse(&TenantId::from("7")).unwrap(), id(7));
        match Id::<Tenant>::parse(&TenantId::from("x")) {
            Err(Error::NotFound { what }) => assert_eq!(what, "tenant"),
            other => panic!("{other:?}"),
        }
    }
}
