//! Logs of changed rows. Triggers of the schema write them, so that the changes of every node are in them.

use sea_query::{Cond, Expr, ExprTrait, Order, Query, SelectStatement};

use crate::error::StoreError;
use crate::tx::Tx;

/// Beyond this many changed rows, counting all rows is cheaper than checking the changed ones.
pub(super) const MAX_CHANGED_ROWS: u32 = if cfg!(test) { 8 } else { 1_000 };

/// The number of entries that trimming leaves.
const TRIMMED_LENGTH: u64 = if cfg!(test) { 16 } else { 10_000 };

/// The column with the revision of a change.
const REVISION: &str = "revision";

/// The log of the changes to the rows of a list.
pub(super) struct ChangeLog {
    /// A table with a `revision` and the ID of a row for every change.
    pub(super) table: &'static str,
    /// Its column with the ID.
    pub(super) id_column: &'static str,
    /// A view of one row with the part of the log that a transaction sees: everything before `settled` and nothing from `next`
    /// on. `newest` is the last revision that it sees.
    pub(super) view: &'static str,
}

/// The part of a [`ChangeLog`] that a transaction sees.
pub(super) struct Snapshot {
    /// Every change with a lower revision is visible.
    pub(super) visible_before: i64,
    /// The last visible revision; `i64::MIN` if the log is empty.
    pub(super) newest: i64,
}

impl ChangeLog {
    /// Returns what the transaction sees of the log.
    pub(super) fn snapshot(&self, tx: &mut Tx<'_>) -> Result<Option<Snapshot>, StoreError> {
        let select = Query::select()
            .columns(["settled", "newest"])
            .from(self.view)
            .to_owned();
        tx.first(&select, |row| {
            Ok(Snapshot {
                visible_before: row.get(0)?,
                newest: row.get::<Option<i64>>(1)?.unwrap_or(i64::MIN),
            })
        })
    }

    /// Selects the IDs of the rows that changed in this revision or a later one.
    pub(super) fn select_changed_since(&self, revision: i64) -> SelectStatement {
        Query::select()
            .distinct()
            .column((self.table, self.id_column))
            .from(self.table)
            .and_where(Expr::col((self.table, REVISION)).gte(revision))
            .to_owned()
    }

    /// Returns the IDs of the rows that changed in this revision or a later one; `None` if these are more than
    /// [`MAX_CHANGED_ROWS`], or if some of the entries may have been deleted.
    pub(super) fn changed_since(&self, tx: &mut Tx<'_>, revision: i64) -> Result<Option<Vec<i64>>, StoreError> {
        // The oldest entries are deleted first: while there is an older one, all newer ones are there.
        let mut older = Query::select();
        older
            .column(REVISION)
            .from(self.table)
            .and_where(Expr::col(REVISION).lt(revision))
            .limit(1);
        if tx.first(&older, |_| Ok(()))?.is_none() {
            return Ok(None);
        }
        let mut changed = self.select_changed_since(revision);
        let ids = tx.all(changed.limit(u64::from(MAX_CHANGED_ROWS) + 1), |row| row.get(0))?;
        Ok((ids.len() <= MAX_CHANGED_ROWS as usize).then_some(ids))
    }

    /// Deletes the oldest entries.
    pub(super) fn trim(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let oldest = Query::select()
            .column(REVISION)
            .from(self.table)
            .order_by(REVISION, Order::Desc)
            .limit(1)
            .offset(TRIMMED_LENGTH)
            .to_owned();
        // A database that was copied row by row from another server has that server's revisions, which may be higher than any
        // that this one has issued.
        let next = Query::select().column("next").from(self.view).to_owned();
        let mut delete = Query::delete();
        delete.from_table(self.table).cond_where(
            Cond::any()
                .add(Expr::col(REVISION).lt(oldest))
                .add(Expr::col(REVISION).gte(next)),
        );
        tx.execute(&delete).map(drop)
    }
}
