//! How long lists are, answered from memory: to count a hundred thousand rows takes longer than to show twenty of them.
//!
//! The database keeps a log of the rows that changed. What is remembered is brought up to date by looking at those alone, within
//! the transaction that shows the rows, so that a count is as exact as one made anew, on every node.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use sea_query::{Asterisk, Cond, Expr, ExprTrait, Func, Order, Query, SelectStatement, SqliteQueryBuilder};

use super::error::StoreError;
use super::tx::Tx;

/// Counts that are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 10) - 1);

/// Ids that are remembered for all counts together: about 32 MiB.
const IDS: usize = if cfg!(test) { 32 } else { 2 << 20 };

/// So few rows are found by their ids, whatever they were found by first.
const FEW: usize = if cfg!(test) { 4 } else { 256 };

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

/// The counts of a store, by the statements that find the rows. Those that were not asked for longest make room for others.
pub(super) struct Counts {
    kept: Mutex<LruCache<String, Kept>>,
    /// Whether a statement finds few rows, and the newest revision when that was looked at.
    few: Mutex<LruCache<String, (bool, i64)>>,
}

#[derive(Default)]
struct Kept {
    known: Arc<Mutex<Known>>,
    /// How many ids it holds.
    ids: usize,
}

/// What is remembered of the rows that a statement finds.
#[derive(Default)]
enum Known {
    #[default]
    Nothing,
    /// How many they were, for a transaction that saw everything before that revision.
    Count { settled: i64, count: i64 },
    /// Which they were.
    Ids { settled: i64, ids: HashSet<i64> },
}

/// What is known of the rows that a statement finds.
pub(super) struct Found {
    pub(super) count: i64,
    /// Which they are, if they are few and it is known.
    pub(super) ids: Option<Vec<i64>>,
}

impl Known {
    fn settled(&self) -> i64 {
        match self {
            Self::Nothing => i64::MIN,
            Self::Count { settled, .. } | Self::Ids { settled, .. } => *settled,
        }
    }

    fn found(&self) -> Option<Found> {
        match self {
            Self::Nothing => None,
            Self::Count { count, .. } => Some(Found {
                count: *count,
                ids: None,
            }),
            Self::Ids { ids, .. } => Some(Found {
                count: i64::try_from(ids.len()).unwrap_or(i64::MAX),
                ids: (ids.len() <= FEW).then(|| ids.iter().copied().collect()),
            }),
        }
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            kept: Mutex::new(LruCache::new(REMEMBERED)),
            few: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }
}

impl Counts {
    fn known(&self, statement: &str) -> Arc<Mutex<Known>> {
        let mut all = locked(&self.kept);
        Arc::clone(&all.get_or_insert_ref(statement, Kept::default).known)
    }

    /// Notes how many ids are held for a statement, and forgets others if they are too many together.
    fn weigh(&self, statement: &str, ids: usize) {
        let mut all = locked(&self.kept);
        if let Some(kept) = all.get_mut(statement) {
            kept.ids = ids;
        }
        while all.iter().map(|(_, kept)| kept.ids).sum::<usize>() > IDS && all.pop_lru().is_some() {}
    }
}

/// The count of what a statement finds, as one transaction sees it.
pub(super) struct Count {
    counts: Arc<Counts>,
    statement: String,
    known: Arc<Mutex<Known>>,
    log: &'static Log,
    settled: i64,
    newest: i64,
}

impl Count {
    /// Nothing if the list has no log, or in a transaction that writes: what it sees may never come to be.
    pub(super) fn of(
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
    pub(super) fn anew(&self, tx: &mut Tx<'_>, rows: &SelectStatement) -> Result<i64, StoreError> {
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

/// A panic while it was held leaves nothing behind that is half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
