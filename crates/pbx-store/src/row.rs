//! Rows of a result, and the types that their columns read as, the same for every engine.

use jiff::Timestamp;
use sea_query::Value;

use crate::error::StoreError;
use pbx_domain::Id;

/// The cells of a row as an engine holds them.
pub(super) trait Cells {
    /// Returns the value of the column at that position of the select list.
    fn cell(&self, index: usize) -> Result<Cell<'_>, StoreError>;
}

/// One row of a result, valid until the next is fetched.
pub struct Row<'a>(pub(super) &'a dyn Cells);

impl Row<'_> {
    /// Reads the column at that position of the select list.
    ///
    /// # Errors
    ///
    /// [`StoreError::Engine`] if the column does not hold a `T`.
    pub fn get<T: Column>(&self, index: usize) -> Result<T, StoreError> {
        T::read(self.0.cell(index)?).ok_or_else(|| {
            StoreError::Engine(format!(
                "column {index} does not read as {}",
                std::any::type_name::<T>()
            ))
        })
    }
}

/// A stored value, the same for every engine.
pub enum Cell<'a> {
    /// SQL NULL.
    Null,
    /// Integers, truth values (0, 1), ids and times.
    Integer(i64),
    /// Floating point.
    Real(f64),
    /// Text.
    Text(&'a str),
    /// Raw bytes.
    Bytes(&'a [u8]),
}

/// A type that can be read from a column.
pub trait Column: Sized {
    /// The value, or `None` if the cell holds something else.
    fn read(cell: Cell<'_>) -> Option<Self>;
}

impl<T: Column> Column for Option<T> {
    fn read(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            other => T::read(other).map(Some),
        }
    }
}

impl Column for i64 {
    fn read(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Integer(value) = cell {
            Some(value)
        } else {
            None
        }
    }
}

impl Column for bool {
    fn read(cell: Cell<'_>) -> Option<Self> {
        i64::read(cell).map(|value| value != 0)
    }
}

impl Column for String {
    fn read(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Text(value) = cell {
            Some(value.to_owned())
        } else {
            None
        }
    }
}

impl Column for Vec<u8> {
    fn read(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Bytes(value) = cell {
            Some(value.to_owned())
        } else {
            None
        }
    }
}

impl Column for Timestamp {
    fn read(cell: Cell<'_>) -> Option<Self> {
        let micros = i64::read(cell)?;
        // The last instant is stored as more microseconds than jiff reads back.
        let last = || (micros == Self::MAX.as_microsecond()).then_some(Self::MAX);
        Self::from_microsecond(micros).ok().or_else(last)
    }
}

impl Column for Id {
    fn read(cell: Cell<'_>) -> Option<Self> {
        i64::read(cell).map(Id::from_stored)
    }
}

/// A time as it is stored: microseconds since 1970, which every engine compares and indexes as a plain integer.
pub fn time(at: Timestamp) -> Value {
    Value::BigInt(Some(at.as_microsecond()))
}

/// [`time`] for a column that may be null.
pub fn optional_time(at: Option<Timestamp>) -> Value {
    Value::BigInt(at.map(Timestamp::as_microsecond))
}
