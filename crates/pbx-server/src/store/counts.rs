//! How long lists are, answered from memory: to count a hundred thousand rows takes longer than to show twenty of them.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use super::copies::{Copies, Since};
use super::watch::Watches;

/// Counts that are remembered for the lists over the same tables.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 10) - 1);

/// The counts by the statement that counts.
type Statements = Copies<String, i64>;

/// Every count, by the tables that the rows are from.
pub(super) struct Counts {
    watches: Arc<Watches>,
    lists: Mutex<HashMap<&'static [&'static str], Arc<Statements>>>,
}

impl Counts {
    pub(super) fn new(watches: Arc<Watches>) -> Self {
        Self {
            watches,
            lists: Mutex::default(),
        }
    }

    /// What that statement counts in these tables.
    pub(super) fn of(&self, tables: &'static [&'static str], statement: String) -> Count {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let list = lists
            .entry(tables)
            .or_insert_with(|| Arc::new(Copies::new(self.watches.watch(tables), REMEMBERED)));
        Count {
            since: list.now(),
            list: Arc::clone(list),
            statement,
        }
    }
}

/// A count as a transaction sees it that has read nothing yet.
pub(super) struct Count {
    list: Arc<Statements>,
    statement: String,
    since: Since,
}

impl Count {
    /// As it was counted a moment ago, if nothing was changed since.
    pub(super) fn known(&self) -> Option<i64> {
        self.list.good(&self.statement, self.since)
    }

    /// For those who ask next.
    pub(super) fn remember(self, count: i64) {
        self.list.put(self.statement, count, self.since);
    }
}
