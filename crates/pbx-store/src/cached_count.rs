//! Cached lengths of lists: counting a hundred thousand rows takes longer than reading the twenty of a page.
//!
//! A [`ChangeLog`] has the rows that changed. A cached count is brought up to date from those alone, within the transaction that
//! reads the page, so it is exact on every node.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use pbx_types::record::ID;
use sea_query::{Asterisk, Expr, ExprTrait, Func, SelectStatement, SqliteQueryBuilder};

use crate::change_log::{ChangeLog, MAX_CHANGED_ROWS, Snapshot};
use crate::count_cache::{CachedRows, CountCache, CountEntry, MAX_FETCHED_IDS, lock};
use crate::error::StoreError;
use crate::tx::Tx;

/// The cached number of rows that a statement selects, as one transaction sees them.
pub(super) struct CachedCount {
    cache: Arc<CountCache>,
    sql: String,
    entry: Arc<Mutex<CountEntry>>,
    log: &'static ChangeLog,
    snapshot: Snapshot,
}

impl CachedCount {
    /// Returns `None` if the list has no log, and in a transaction that writes: its changes may be rolled back, so its counts are
    /// not cached.
    pub(super) fn new(
        tx: &mut Tx<'_>,
        log: Option<&'static ChangeLog>,
        select: &SelectStatement,
    ) -> Result<Option<Self>, StoreError> {
        let (Some(log), Some(cache)) = (log, tx.counts()) else {
            return Ok(None);
        };
        let sql = select.to_string(SqliteQueryBuilder);
        Ok(log.snapshot(tx)?.map(|snapshot| Self {
            entry: cache.entry(&sql),
            cache,
            sql,
            log,
            snapshot,
        }))
    }

    /// Returns the cached rows after bringing them up to date; `None` if they have to be counted. `rows` selects the same rows
    /// as the statement, in a form that is fast with a condition on `id`. If no index helps with the statement (`is_indexed`)
    /// and it selects few rows, reads their IDs into the cache.
    pub(super) fn refresh(
        &self,
        tx: &mut Tx<'_>,
        rows: &SelectStatement,
        is_indexed: bool,
    ) -> Result<Option<CachedRows>, StoreError> {
        // Held during the queries: concurrent callers wait for the result instead of running the same ones.
        let mut entry = lock(&self.entry);
        let since = entry.visible_before();
        // A previous caller may have seen more than this transaction does.
        if since > self.snapshot.visible_before {
            return Ok(None);
        }
        if let CountEntry::Count { count, .. } = *entry
            && !is_indexed
            && usize::try_from(count).is_ok_and(|count| count <= MAX_FETCHED_IDS)
        {
            *entry = self.read_ids(tx, rows)?;
            return Ok(entry.rows());
        }
        if self.snapshot.newest < since {
            return Ok(entry.rows());
        }
        let Some(changed) = self.log.changed_since(tx, since)? else {
            *entry = CountEntry::Empty;
            return Ok(None);
        };
        let CountEntry::Ids { visible_before, ids } = &mut *entry else {
            return Ok(None);
        };
        let is_changed = Expr::col(ID).in_subquery(self.log.select_changed_since(since));
        let selected: Vec<i64> = tx.all(select_ids(rows.clone()).and_where(is_changed), |row| row.get(0))?;
        for id in &changed {
            ids.remove(id);
        }
        ids.extend(selected);
        *visible_before = self.snapshot.visible_before;
        Ok(entry.rows())
    }

    /// Counts the rows and caches the count. For a statement that was counted before, caches the IDs, which later changes can be
    /// applied to.
    pub(super) fn recount(&self, tx: &mut Tx<'_>, rows: &SelectStatement) -> Result<i64, StoreError> {
        if matches!(*lock(&self.entry), CountEntry::Empty) {
            let count = count_rows(tx, rows)?;
            self.put_count(count);
            return Ok(count);
        }
        let entry = self.read_ids(tx, rows)?;
        let count = entry.rows().map_or(0, |rows| rows.count);
        self.put(entry);
        Ok(count)
    }

    fn read_ids(&self, tx: &mut Tx<'_>, rows: &SelectStatement) -> Result<CountEntry, StoreError> {
        let ids: HashSet<i64> = tx
            .all(&select_ids(rows.clone()), |row| row.get(0))?
            .into_iter()
            .collect();
        self.cache.record_id_count(&self.sql, ids.len());
        Ok(CountEntry::Ids {
            visible_before: self.snapshot.visible_before,
            ids,
        })
    }

    /// Caches a count.
    pub(super) fn put_count(&self, count: i64) {
        self.put(CountEntry::Count {
            visible_before: self.snapshot.visible_before,
            count,
        });
    }

    /// Returns `true` if another statement selects few rows: as `check` finds out, or found out before many rows changed. This
    /// may be outdated, so it only serves to choose a query plan.
    pub(super) fn is_selective(
        &self,
        tx: &mut Tx<'_>,
        rows: &SelectStatement,
        check: impl FnOnce(&mut Tx<'_>, &SelectStatement) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let sql = rows.to_string(SqliteQueryBuilder);
        if let Some((is_selective, newest)) = lock(&self.cache.selective).get(&sql)
            && self.snapshot.newest.abs_diff(*newest) < MAX_CHANGED_ROWS.into()
        {
            return Ok(*is_selective);
        }
        let is_selective = check(tx, rows)?;
        lock(&self.cache.selective).put(sql, (is_selective, self.snapshot.newest));
        Ok(is_selective)
    }

    fn put(&self, newer: CountEntry) {
        let mut entry = lock(&self.entry);
        if entry.visible_before() <= self.snapshot.visible_before {
            *entry = newer;
        }
    }
}

/// Counts the rows that a statement selects.
pub(super) fn count_rows(tx: &mut Tx<'_>, rows: &SelectStatement) -> Result<i64, StoreError> {
    let mut count = rows.clone();
    count.clear_selects().expr(Func::count(Expr::col(Asterisk)));
    Ok(tx.first(&count, |row| row.get(0))?.unwrap_or(0))
}

fn select_ids(mut rows: SelectStatement) -> SelectStatement {
    rows.clear_selects().column(ID).to_owned()
}

#[cfg(test)]
mod tests;
