//! Rows of a result, and the conversion of values from and to the cells of the engines.

use pbx_types::record::{Cell, Column, ReadCells, Record, Storage};
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
        T::from_cell(self.0.cell(index)?).ok_or_else(|| {
            StoreError::Engine(format!(
                "column {index} cannot be read as {}",
                std::any::type_name::<T>()
            ))
        })
    }

    /// Reads a record of this table, whose columns begin at this position of the select list.
    ///
    /// # Errors
    ///
    /// [`StoreError::Engine`], which names the table and the first column that cannot be read.
    pub(super) fn record<T: Record>(&self, table: &'static str, first: usize) -> Result<T, StoreError> {
        T::from_cells(&mut RecordReader {
            row: self,
            table,
            next: first,
        })
    }
}

struct RecordReader<'r, 'a> {
    row: &'r Row<'a>,
    table: &'static str,
    next: usize,
}

impl ReadCells for RecordReader<'_, '_> {
    type Error = StoreError;

    fn read<T: Column>(&mut self, name: &'static str) -> Result<T, StoreError> {
        let cell = self.row.0.cell(self.next)?;
        self.next += 1;
        T::from_cell(cell)
            .ok_or_else(|| StoreError::Engine(format!("the column {name} of {} cannot be read", self.table)))
    }
}

/// Returns a value of one column, to be bound to a statement.
pub(super) fn value<T: Column>(column: &T) -> Value {
    bind(T::STORAGE, column.to_cell())
}

/// Returns a cell of a column of this type, to be bound to a statement.
pub(super) fn bind(storage: Storage, cell: Cell<'_>) -> Value {
    match cell {
        Cell::Boolean(value) => Value::Bool(Some(value)),
        Cell::Integer(value) => Value::BigInt(Some(value)),
        Cell::Real(value) => Value::Double(Some(value)),
        Cell::Text(value) => Value::String(Some(value.into_owned())),
        Cell::Bytes(value) => Value::Bytes(Some(value.into_owned())),
        // PostgreSQL requires that a null has the type of its column.
        Cell::Null => match storage {
            Storage::Boolean => Value::Bool(None),
            Storage::Integer => Value::BigInt(None),
            Storage::Real => Value::Double(None),
            Storage::Text => Value::String(None),
            Storage::Bytes => Value::Bytes(None),
        },
    }
}
