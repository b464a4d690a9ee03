//! Per-table write counters, used to invalidate in-memory caches.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Counts the transactions of this process that wrote to any of its tables.
#[derive(Debug)]
pub(super) struct WriteCounter {
    tables: &'static [&'static str],
    count: AtomicU64,
}

impl WriteCounter {
    /// Returns the count. A transaction is counted after its commit and before its caller gets the result.
    pub(super) fn writes(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }
}

/// Every write counter of a store.
#[derive(Debug, Default)]
pub(super) struct WriteCounters(RwLock<Vec<Arc<WriteCounter>>>);

impl WriteCounters {
    /// Returns a new counter of these tables. Rows deleted by `ON DELETE CASCADE` are not noticed: name the referenced tables as
    /// well.
    pub(super) fn for_tables(&self, tables: &'static [&'static str]) -> Arc<WriteCounter> {
        let counter = Arc::new(WriteCounter {
            tables,
            count: AtomicU64::new(0),
        });
        let mut counters = self.0.write().unwrap_or_else(PoisonError::into_inner);
        counters.push(Arc::clone(&counter));
        counter
    }

    /// Counts a transaction that was committed, or may have been.
    pub(super) fn count(&self, written: &WrittenTables) {
        for counter in &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            if counter.tables.iter().any(|table| written.has(table)) {
                counter.count.fetch_add(1, Ordering::Release);
            }
        }
    }
}

/// The tables that one transaction wrote to.
#[derive(Debug, Default)]
pub(super) struct WrittenTables {
    tables: Vec<String>,
    /// A statement was not recognized, so it may have written to any table.
    any: bool,
}

impl WrittenTables {
    /// Records the table of a statement, as the query builder renders it.
    pub(super) fn record(&mut self, sql: &str) {
        match written_table(sql) {
            None => self.any = true,
            Some(table) if self.tables.iter().any(|recorded| recorded == table) => {}
            Some(table) => self.tables.push(table.to_owned()),
        }
    }

    fn has(&self, table: &str) -> bool {
        self.any || self.tables.iter().any(|written| written == table)
    }
}

/// Returns the table that a statement writes to; `None` if the statement is not recognized.
fn written_table(sql: &str) -> Option<&str> {
    let verbs = ["INSERT INTO \"", "UPDATE \"", "DELETE FROM \""];
    let rest = verbs.iter().find_map(|verb| sql.strip_prefix(verb))?;
    // The store's own statements never qualify a table with a schema.
    rest.split_once('"')
        .filter(|(_, rest)| !rest.starts_with('.'))
        .map(|(table, _)| table)
}

#[cfg(test)]
mod tests {
    use sea_query::{Expr, ExprTrait, OnConflict, Query, SqliteQueryBuilder};

    use super::*;

    #[test]
    fn the_written_table_is_found_in_every_kind_of_statement() {
        let mut insert = Query::insert();
        insert
            .into_table("lamps")
            .columns(["name"])
            .values_panic(["hall".into()]);
        assert_eq!(written_table(&insert.to_string(SqliteQueryBuilder)), Some("lamps"));
        insert.on_conflict(OnConflict::column("name").do_nothing().to_owned());
        assert_eq!(written_table(&insert.to_string(SqliteQueryBuilder)), Some("lamps"));
        let mut update = Query::update();
        update.table("lamps").value("name", "cellar");
        assert_eq!(written_table(&update.to_string(SqliteQueryBuilder)), Some("lamps"));
        let mut delete = Query::delete();
        delete.from_table("lamps").and_where(Expr::col("name").eq("hall"));
        assert_eq!(written_table(&delete.to_string(SqliteQueryBuilder)), Some("lamps"));
        assert_eq!(written_table("REPLACE INTO \"lamps\""), None);
        assert_eq!(written_table("UPDATE \"elsewhere\".\"lamps\" SET x = 1"), None);
    }

    #[test]
    fn writes_to_its_tables_and_unrecognized_statements_are_counted() {
        let counters = WriteCounters::default();
        let counter = counters.for_tables(&["lamps", "rooms"]);
        let count = |statements: &[&str]| {
            let mut written = WrittenTables::default();
            statements.iter().for_each(|sql| written.record(sql));
            counters.count(&written);
            counter.writes()
        };
        assert_eq!(count(&["DELETE FROM \"audit\""]), 0);
        assert_eq!(count(&["DELETE FROM \"audit\"", "DELETE FROM \"rooms\""]), 1);
        assert_eq!(count(&["UPDATE \"lamps\" SET x = 1", "UPDATE \"rooms\" SET x = 1"]), 2);
        assert_eq!(count(&["MERGE INTO \"audit\""]), 3);
        assert_eq!(count(&[]), 3);
    }
}
