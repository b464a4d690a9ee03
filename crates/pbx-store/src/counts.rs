//! How long lists are, answered from memory: to count a hundred thousand rows takes longer than to show twenty of them.
//!
//! The database keeps a log of the rows that changed. What is remembered is brought up to date by looking at those alone, within
//! the transaction that shows the rows, so that a count is as exact as one made anew, on every node.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use sea_query::{Asterisk, Cond, Expr, ExprTrait, Func, Order, Query, SelectStatement, SqliteQueryBuilder};

use crate::count_cache::{CountCache, FEW, Found, Known, locked};
use crate::error::StoreError;
use crate::tx::Tx;

/// More changed rows than these are not looked at one by one.
const MANY: u32 = if cfg!(test) { 8 } else { 1_000 };

/// So many entries of a log are kept at least.
const KEPT: u64 = if cfg!(test) { 16 } else { 10_000 };

/// Where the changes to the rows of a list are written down, whoever makes them.
pub struct Log {
    /// A table with a `revision` and the id of a row for every change.
    pub entries: &'static str,
    /// Its column with the id.
    pub id: &'static str,
    /// A view of one row, which says what of the log a transaction sees: everything before `settled` and nothing from `next`
    /// on. `newest` is the last revision that it sees.
    pub revision: &'static str,
}

impl Log {
    /// The rows that changed from that revision on.
    fn since(&self, revision: i64) -> SelectStatement {
        Query::select()
            .distinct()
            .column((self.entries, self.id))
            .from(self.entries)
            .and_where(Expr::col((self.entries, "revision")).gte(revision))
            .to_owned()
    }

    /// The same ids, unless they are many or were forgotten.
    fn changed(&self, tx: &mut Tx<'_>, since: i64) -> Result<Option<Vec<i64>>, StoreError> {
        // The oldest entries are forgotten first.
        let mut older = Query::select();
        older
            .column("revision")
            .from(self.entries)
            .and_where(Expr::col("revision").lt(since))
            .limit(1);
        if tx.first(&older, |_| Ok(()))?.is_none() {
            return Ok(None);
        }
        let ids = tx.all(self.since(since).limit(u64::from(MANY) + 1), |row| row.get(0))?;
        Ok((ids.len() <= MANY as usize).then_some(ids))
    }

    /// Removes the oldest entries.
    pub fn shorten(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let oldest = Query::select()
            .column("revision")
            .from(self.entries)
            .order_by("revision", Order::Desc)
            .limit(1)
            .offset(KEPT)
            .to_owned();
        // A database that was copied row by row to another server has entries from a future that this one does not know.
        let next = Query::select().column("next").from(self.revision).to_owned();
        let mut delete = Query::delete();
        delete.from_table(self.entries).cond_where(
            Cond::any()
                .add(Expr::col("revision").lt(oldest))
                .add(Expr::col("revision").gte(next)),
        );
        tx.execute(&delete).map(drop)
    }
}

/// The count of what a statement finds, as one transaction sees it.
pub(super) struct Count {
    counts: Arc<CountCache>,
    statement: String,
    known: Arc<Mutex<Known>>,
    log: &'static Log,
    settled: i64,
    newest: i64,
}

impl Count {
    /// Nothing if the list has no log, or in a transaction that writes: what it sees may never come to be.
    pub(super) fn new(
        tx: &mut Tx<'_>,
        log: Option<&'static Log>,
        select: &SelectStatement,
    ) -> Result<Option<Self>, StoreError> {
        let (Some(log), Some(counts)) = (log, tx.counts()) else {
            return Ok(None);
        };
        let revision = Query::select()
            .columns(["settled", "newest"])
            .from(log.revision)
            .to_owned();
        let revision = tx.first(&revision, |row| Ok((row.get(0)?, row.get::<Option<i64>>(1)?)))?;
        let statement = select.to_string(SqliteQueryBuilder);
        Ok(revision.map(|(settled, newest)| Self {
            known: counts.known(&statement),
            counts,
            statement,
            log,
            settled,
            newest: newest.unwrap_or(i64::MIN),
        }))
    }

    /// What is remembered, if few rows of the list changed since then. `rows` are those that count, found by their `id` best;
    /// few of them that an index does not find either are learnt.
    pub(super) fn known(
        &self,
        tx: &mut Tx<'_>,
        rows: &SelectStatement,
        indexed: bool,
    ) -> Result<Option<Found>, StoreError> {
        // Others who ask the same wait, instead of looking as well.
        let mut known = locked(&self.known);
        let since = known.settled();
        // Whoever asked before may have seen more than this transaction does.
        if since > self.settled {
            return Ok(None);
        }
        if let Known::Count { count, .. } = *known
            && !indexed
            && usize::try_from(count).is_ok_and(|count| count <= FEW)
        {
            *known = self.learnt(tx, rows)?;
            return Ok(known.found());
        }
        if self.newest < since {
            return Ok(known.found());
        }
        let Some(changed) = self.log.changed(tx, since)? else {
            *known = Known::Nothing;
            return Ok(None);
        };
        let Known::Ids { settled, ids } = &mut *known else {
            return Ok(None);
        };
        let among = Expr::col("id").in_subquery(self.log.since(since));
        let found: Vec<i64> = tx.all(only_ids(rows.clone()).and_where(among), |row| row.get(0))?;
        for id in &changed {
            ids.remove(id);
        }
        ids.extend(found);
        *settled = self.settled;
        Ok(known.found())
    }

    /// Counts, for those who ask next as well. What is asked for again after a change is remembered row by row.
    pub(super) fn recount(&self, tx: &mut Tx<'_>, rows: &SelectStatement) -> Result<i64, StoreError> {
        if matches!(*locked(&self.known), Known::Nothing) {
            let count = counted(tx, rows)?;
            self.remember(count);
            return Ok(count);
        }
        let learnt = self.learnt(tx, rows)?;
        let count = learnt.found().map_or(0, |found| found.count);
        self.put(learnt);
        Ok(count)
    }

    fn learnt(&self, tx: &mut Tx<'_>, rows: &SelectStatement) -> Result<Known, StoreError> {
        let ids: HashSet<i64> = tx.all(&only_ids(rows.clone()), |row| row.get(0))?.into_iter().collect();
        self.counts.weigh(&self.statement, ids.len());
        Ok(Known::Ids {
            settled: self.settled,
            ids,
        })
    }

    /// For those who ask next.
    pub(super) fn remember(&self, count: i64) {
        self.put(Known::Count {
            settled: self.settled,
            count,
        });
    }

    /// Whether another statement finds few rows of the list: as `look` says, or said before many were changed. Good to choose a
    /// way by, and for nothing else.
    pub(super) fn are_few(
        &self,
        tx: &mut Tx<'_>,
        rows: &SelectStatement,
        look: impl FnOnce(&mut Tx<'_>, &SelectStatement) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let statement = rows.to_string(SqliteQueryBuilder);
        if let Some((few, newest)) = locked(&self.counts.few).get(&statement)
            && self.newest.abs_diff(*newest) < MANY.into()
        {
            return Ok(*few);
        }
        let few = look(tx, rows)?;
        locked(&self.counts.few).put(statement, (few, self.newest));
        Ok(few)
    }

    fn put(&self, newer: Known) {
        let mut known = locked(&self.known);
        if known.settled() <= self.settled {
            *known = newer;
        }
    }
}

/// How many rows a statement finds.
pub(super) fn counted(tx: &mut Tx<'_>, rows: &SelectStatement) -> Result<i64, StoreError> {
    let mut count = rows.clone();
    count.clear_selects().expr(Func::count(Expr::col(Asterisk)));
    Ok(tx.first(&count, |row| row.get(0))?.unwrap_or(0))
}

fn only_ids(mut rows: SelectStatement) -> SelectStatement {
    rows.clear_selects().column("id").to_owned()
}

#[cfg(test)]
mod tests;
