//! Per-table write counters, used to invalidate in-memory caches.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Counts the transactions of this process that wrote to any of some tables.
#[derive(Debug)]
pub struct WriteCounter {
    tables: &'static [&'static str],
    count: AtomicU64,
}

impl WriteCounter {
    /// Returns the count. A transaction is counted after its commit and before its response.
    pub fn writes(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }
}

/// Every write counter of a store.
#[derive(Debug, Default)]
pub(super) struct WriteCounters(RwLock<Vec<Arc<WriteCounter>>>);

impl WriteCounters {
    /// WriteCounters those tables from now on. Rows that go with others (`ON DELETE CASCADE`) are not seen to go: name the others as
    /// well.
    pub(super) fn of_tables(&self, tables: &'static [&'static str]) -> Arc<WriteCounter> {
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
    /// A statement was not understood: it may be any of them.
    any: bool,
}

impl WrittenTables {
    /// Notes a statement as the query builder renders it.
    pub(super) fn note(&mut self, sql: &str) {
        match written(sql) {
            None => self.any = true,
            Some(table) if self.tables.iter().any(|known| known == table) => {}
            Some(table) => self.tables.push(table.to_owned()),
        }
    }

    fn has(&self, table: &str) -> bool {
        self.any || self.tables.iter().any(|written| written == table)
    }
}

/// The table that a statement writes to.
fn written(sql: &str) -> Option<&str> {
    let verbs = ["INSERT INTO \"", "UPDATE \"", "DELETE FROM \""];
    let rest = verbs.iter().find_map(|verb| sql.strip_prefix(verb))?;
    // A name with a schema before it is none of ours.
    rest.split_once('"')
        .filter(|(_, rest)| !rest.starts_with('.'))
        .map(|(table, _)| table)
}

#[cfg(test)]
mod tests {
    use sea_query::{Expr, ExprTrait, OnConflict, Query, SqliteQueryBuilder};

    use super::*;

    #[test]
    fn every_kind_of_statement_says_what_it_writes_to() {
        let mut insert = Query::insert();
        insert
            .into_table("lamps")
            .columns(["name"])
            .values_panic(["hall".into()]);
        assert_eq!(written(&insert.to_string(SqliteQueryBuilder)), Some("lamps"));
        insert.on_conflict(OnConflict::column("name").do_nothing().to_owned());
        assert_eq!(written(&insert.to_string(SqliteQueryBuilder)), Some("lamps"));
        let mut update = Query::update();
        update.table("lamps").value("name", "cellar");
        assert_eq!(written(&update.to_string(SqliteQueryBuilder)), Some("lamps"));
        let mut delete = Query::delete();
        delete.from_table("lamps").and_where(Expr::col("name").eq("hall"));
        assert_eq!(written(&delete.to_string(SqliteQueryBuilder)), Some("lamps"));
        assert_eq!(written("REPLACE INTO \"lamps\""), None);
        assert_eq!(written("UPDATE \"elsewhere\".\"lamps\" SET x = 1"), None);
    }

    #[test]
    fn writes_to_its_tables_and_unknown_statements_are_counted() {
        let counters = WriteCounters::default();
        let counter = counters.of_tables(&["lamps", "rooms"]);
        let count = |statements: &[&str]| {
            let mut written = WrittenTables::default();
            statements.iter().for_each(|sql| written.note(sql));
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
