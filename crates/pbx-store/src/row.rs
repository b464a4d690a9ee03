//! Rows of a result, and the conversion of their columns to Rust types, the same for every engine.

use jiff::Timestamp;
use pbx_domain::Id;
use sea_query::Value;

use crate::error::StoreError;

/// The cells of a row as an engine holds them.
pub(super) trait Cells {
    /// Returns the value of the column at this position of the select list.
    fn cell(&self, index: usize) -> Result<Cell<'_>, StoreError>;
}

/// One row of a result, valid until the next is fetched.
pub struct Row<'a>(pub(super) &'a dyn Cells);

impl Row<'_> {
    /// Reads the column at this position of the select list.
    ///
    /// # Errors
    ///
    /// [`StoreError::Engine`] if the column does not hold a `T`.
    pub fn get<T: Column>(&self, index: usize) -> Result<T, StoreError> {
        T::read(self.0.cell(index)?).ok_or_else(|| {
            StoreError::Engine(format!(
                "column {index} cannot be read as {}",
                std::any::type_name::<T>()
            ))
        })
    }
}

/// A stored value, the same for every engine.
pub enum Cell<'a> {
    /// SQL NULL.
    Null,
    /// Integers, booleans (0, 1), IDs and times.
    Integer(i64),
    /// Floating point.
    Real(f64),
    /// A string.
    Text(&'a str),
    /// Raw bytes.
    Bytes(&'a [u8]),
}

/// A type that can be read from a column.
pub trait Column: Sized {
    /// Converts a cell; `None` if it holds another type.
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
        // jiff converts its last instant to more microseconds than it accepts back.
        let last = || (micros == Self::MAX.as_microsecond()).then_some(Self::MAX);
        Self::from_microsecond(micros).ok().or_else(last)
    }
}

impl Column for Id {
    fn read(cell: Cell<'_>) -> Option<Self> {
        i64::read(cell).map(Id::from_stored)
    }
}

/// Converts a time to its stored form: microseconds since 1970, which every engine compares and indexes as an integer.
pub(super) fn time(at: Timestamp) -> Value {
    Value::BigInt(Some(at.as_microsecond()))
}

/// [`time`] for a nullable column.
pub(super) fn optional_time(at: Option<Timestamp>) -> Value {
    Value::BigInt(at.map(Timestamp::as_microsecond))
}
