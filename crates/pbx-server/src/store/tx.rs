//! A transaction as the queries see it: statements of the query builder in, rows out, whichever engine runs them.

use std::sync::Arc;

use jiff::Timestamp;
use sea_query::{QueryStatementBuilder, SelectStatement, Value};

use super::counts::Counts;
use super::error::StoreError;
use super::write_counters::WrittenTables;
use super::{postgres, sqlite};
use crate::domain::Id;

/// An open transaction. Exists only inside the closures given to [`Store`](super::Store).
pub struct Tx<'a> {
    engine: Engine<'a>,
    written: WrittenTables,
    /// What is remembered of the length of lists; nothing in a transaction that writes.
    counts: Option<Arc<Counts>>,
}

/// One variant per engine; nothing outside this file knows them.
enum Engine<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut postgres::statement::Connection),
}

impl<'a> Tx<'a> {
    pub(super) fn sqlite(connection: &'a rusqlite::Connection) -> Self {
        Self {
            engine: Engine::Sqlite(connection),
            written: WrittenTables::default(),
            counts: None,
        }
    }

    pub(super) fn postgres(connection: &'a mut postgres::statement::Connection) -> Self {
        Self {
            engine: Engine::Postgres(connection),
            written: WrittenTables::default(),
            counts: None,
        }
    }

    /// The same, for a transaction that only reads.
    pub(super) fn remembering(self, counts: &Arc<Counts>) -> Self {
        Self {
            counts: Some(Arc::clone(counts)),
            ..self
        }
    }

    /// What is remembered of the length of lists.
    pub(super) fn counts(&self) -> Option<Arc<Counts>> {
        self.counts.clone()
    }

    /// Every row of a query, each read by `map`.
    pub fn all<T>(
        &mut self,
        select: &SelectStatement,
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        match &mut self.engine {
            Engine::Sqlite(connection) => sqlite::statement::all(connection, select, map),
            Engine::Postgres(connection) => postgres::statement::all(connection, select, map),
        }
    }

    /// The first row of a query, if it has one.
    pub fn first<T>(
        &mut self,
        select: &SelectStatement,
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match &mut self.engine {
            Engine::Sqlite(connection) => sqlite::statement::first(connection, select, map),
            Engine::Postgres(connection) => postgres::statement::first(connection, select, map),
        }
    }

    /// Inserts, updates or deletes; the number of rows that it written.
    pub fn execute(&mut self, statement: &impl QueryStatementBuilder) -> Result<usize, StoreError> {
        match &mut self.engine {
            Engine::Sqlite(connection) => sqlite::statement::execute(connection, statement, &mut self.written),
            Engine::Postgres(connection) => postgres::statement::execute(connection, statement, &mut self.written),
        }
    }

    /// The tables that were written to.
    pub(super) fn into_written(self) -> WrittenTables {
        self.written
    }
}

/// One row of an answer, valid until the next is fetched.
pub struct Row<'a> {
    cells: RowCells<'a>,
}

enum RowCells<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a ::postgres::Row),
}

impl<'a> Row<'a> {
    pub(super) fn sqlite(row: &'a rusqlite::Row<'a>) -> Self {
        Self {
            cells: RowCells::Sqlite(row),
        }
    }

    pub(super) fn postgres(row: &'a ::postgres::Row) -> Self {
        Self {
            cells: RowCells::Postgres(row),
        }
    }

    /// The value of the column at that place of the select list.
    pub fn get<T: Column>(&self, index: usize) -> Result<T, StoreError> {
        let cell = match &self.cells {
            RowCells::Sqlite(row) => sqlite::statement::cell(row, index)?,
            RowCells::Postgres(row) => postgres::statement::cell(row, index)?,
        };
        T::read(cell).ok_or_else(|| {
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

impl From<Id> for Value {
    fn from(id: Id) -> Self {
        Value::BigInt(Some(id.stored()))
    }
}

impl sea_query::Nullable for Id {
    fn null() -> Value {
        Value::BigInt(None)
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

/// The values of a statement, if every engine can keep them: PostgreSQL has no U+0000 in texts, so no other has it either.
pub(super) fn storable(values: sea_query::Values) -> Result<Vec<Value>, StoreError> {
    let nul = |value: &Value| matches!(value, Value::String(Some(text)) if text.contains('\0'));
    if values.0.iter().any(nul) {
        return Err(StoreError::NulInText);
    }
    Ok(values.0)
}
