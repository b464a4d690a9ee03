//! The interface of an engine to run the statements of a transaction.

use std::ops::ControlFlow;

use sea_query::{PostgresQueryBuilder, QueryStatementBuilder, SqliteQueryBuilder, Value, Values};

use crate::error::StoreError;
use crate::row::Row;

/// A connection with an open transaction.
pub(super) trait Connection {
    /// Renders a statement in the dialect of the engine.
    fn render(&self, statement: &dyn Statement) -> Rendered;

    /// Runs a query and passes the rows to `each` as they arrive, until it breaks.
    fn query(&mut self, select: Rendered, each: &mut RowVisitor<'_>) -> Result<(), StoreError>;

    /// Runs a statement that writes. Returns the number of affected rows.
    fn execute(&mut self, statement: Rendered) -> Result<usize, StoreError>;
}

/// SQL with placeholders, and the values to bind.
pub(super) type Rendered = (String, Values);

/// Receives the rows of a query.
pub(super) type RowVisitor<'a> = dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError> + 'a;

/// A statement of the query builder, which a connection renders in its own dialect.
pub(super) trait Statement {
    /// Renders it for SQLite.
    fn sqlite(&self) -> Rendered;

    /// Renders it for PostgreSQL.
    fn postgres(&self) -> Rendered;
}

impl<S: QueryStatementBuilder> Statement for S {
    fn sqlite(&self) -> Rendered {
        self.build_any(&SqliteQueryBuilder)
    }

    fn postgres(&self) -> Rendered {
        self.build_any(&PostgresQueryBuilder)
    }
}

/// Returns the values of a statement. Strings with U+0000 are refused on every engine, because PostgreSQL cannot store them.
pub(super) fn storable(values: Values) -> Result<Vec<Value>, StoreError> {
    let nul = |value: &Value| matches!(value, Value::String(Some(string)) if string.contains('\0'));
    if values.0.iter().any(nul) {
        return Err(StoreError::NulInString);
    }
    Ok(values.0)
}
