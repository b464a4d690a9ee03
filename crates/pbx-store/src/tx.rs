//! A transaction as the queries see it: it runs statements of the query builder and returns rows, on either engine.

use std::ops::ControlFlow;
use std::sync::Arc;

use sea_query::{QueryStatementBuilder, SelectStatement};

use crate::connection::{Connection, Rendered};
use crate::count_cache::CountCache;
use crate::error::StoreError;
use crate::row::Row;
use crate::write_counters::WrittenTables;

/// An open transaction. Exists only inside the closures that [`Store`](crate::store::Store) runs.
pub struct Tx<'a> {
    connection: &'a mut dyn Connection,
    written: WrittenTables,
    /// The cached lengths of lists; `None` in a transaction that writes.
    counts: Option<Arc<CountCache>>,
    work: Work,
}

/// The work of a transaction. It is logged at its end, so that tests can bound it for every operation, and an operator can see it.
#[derive(Default)]
struct Work {
    /// The number of statements.
    statements: u32,
    /// The number of bound values of all statements.
    values: usize,
    /// The number of rows that queries returned.
    rows: usize,
    /// `true` if a statement writes.
    writes: bool,
}

impl Work {
    fn count(&mut self, statement: &Rendered) {
        self.statements += 1;
        self.values += statement.1.0.len();
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let Self {
            statements,
            values,
            rows,
            writes,
        } = self;
        tracing::debug!(target: crate::LOG_TARGET, statements, values, rows, writes, "transaction");
    }
}

impl<'a> Tx<'a> {
    /// Creates a transaction on this connection, without caches.
    pub(super) fn new(connection: &'a mut dyn Connection) -> Self {
        Self {
            connection,
            written: WrittenTables::default(),
            counts: None,
            work: Work::default(),
        }
    }

    /// Attaches the cached lengths of lists, to a transaction that only reads.
    pub(super) fn with_counts(self, counts: &Arc<CountCache>) -> Self {
        Self {
            counts: Some(Arc::clone(counts)),
            ..self
        }
    }

    /// Returns the cached lengths of lists; `None` in a transaction that writes.
    pub(super) fn counts(&self) -> Option<Arc<CountCache>> {
        self.counts.clone()
    }

    /// Returns every row of a query, converted by `map`.
    pub fn all<T>(
        &mut self,
        select: &SelectStatement,
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        let select = self.connection.render(select);
        self.work.count(&select);
        self.connection.query(select, &mut |row| {
            rows.push(map(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        self.work.rows += rows.len();
        Ok(rows)
    }

    /// Returns the first row of a query, converted by `map`, if there is one.
    pub fn first<T>(
        &mut self,
        select: &SelectStatement,
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut first = None;
        let select = self.connection.render(select);
        self.work.count(&select);
        self.connection.query(select, &mut |row| {
            first = Some(map(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        self.work.rows += usize::from(first.is_some());
        Ok(first)
    }

    /// Runs a statement that writes. Returns the number of affected rows.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReadOnly`] in a transaction that only reads; those of the engine.
    pub fn execute(&mut self, statement: &impl QueryStatementBuilder) -> Result<usize, StoreError> {
        if self.counts.is_some() {
            return Err(StoreError::ReadOnly);
        }
        let statement = self.connection.render(statement);
        // Here and not in the engines, so that none can omit it.
        self.written.record(&statement.0);
        self.work.count(&statement);
        self.work.writes = true;
        self.connection.execute(statement)
    }

    /// Returns the tables that were written to.
    pub(super) fn into_written(self) -> WrittenTables {
        self.written
    }
}
