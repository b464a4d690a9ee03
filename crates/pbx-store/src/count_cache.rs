//! The cache of list lengths. It knows nothing of transactions: [`crate::cached_count`] brings its entries up to date.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// Entries of each cache.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 10) - 1);

/// Most IDs that all entries together hold: about 32 MiB.
const MAX_CACHED_IDS: usize = if cfg!(test) { 32 } else { 2 << 20 };

/// Up to this many rows are fetched by their IDs, whichever condition selects them.
pub(super) const MAX_FETCHED_IDS: usize = if cfg!(test) { 4 } else { 256 };

/// LRU cache of list lengths, keyed by SQL text.
pub(super) struct CountCache {
    slots: Mutex<LruCache<String, Slot>>,
    /// `true` for statements that select few rows, with the newest revision at the time of the check.
    pub(super) selective: Mutex<LruCache<String, (bool, i64)>>,
}

#[derive(Default)]
struct Slot {
    entry: Arc<Mutex<CountEntry>>,
    /// The number of IDs in the entry.
    id_count: usize,
}

/// The cached result of a statement. It is that of a transaction which saw every change with a revision below
/// `visible_before`.
#[derive(Default)]
pub(super) enum CountEntry {
    #[default]
    Empty,
    /// The number of rows.
    Count { visible_before: i64, count: i64 },
    /// The IDs of the rows.
    Ids { visible_before: i64, ids: HashSet<i64> },
}

/// The rows that a statement selects, as far as they are cached.
pub(super) struct CachedRows {
    pub(super) count: i64,
    /// Their IDs, if these are cached and at most [`MAX_FETCHED_IDS`].
    pub(super) ids: Option<Vec<i64>>,
}

impl CountEntry {
    pub(super) fn visible_before(&self) -> i64 {
        match self {
            Self::Empty => i64::MIN,
            Self::Count { visible_before, .. } | Self::Ids { visible_before, .. } => *visible_before,
        }
    }

    pub(super) fn rows(&self) -> Option<CachedRows> {
        match self {
            Self::Empty => None,
            Self::Count { count, .. } => Some(CachedRows {
                count: *count,
                ids: None,
            }),
            Self::Ids { ids, .. } => Some(CachedRows {
                count: i64::try_from(ids.len()).unwrap_or(i64::MAX),
                ids: (ids.len() <= MAX_FETCHED_IDS).then(|| ids.iter().copied().collect()),
            }),
        }
    }
}

impl Default for CountCache {
    fn default() -> Self {
        Self {
            slots: Mutex::new(LruCache::new(CAPACITY)),
            selective: Mutex::new(LruCache::new(CAPACITY)),
        }
    }
}

impl CountCache {
    /// Returns the entry of a statement, which may be empty.
    pub(super) fn entry(&self, sql: &str) -> Arc<Mutex<CountEntry>> {
        let mut slots = lock(&self.slots);
        Arc::clone(&slots.get_or_insert_ref(sql, Slot::default).entry)
    }

    /// Records the number of IDs in the entry of a statement. Evicts the least recently used entries while all together hold
    /// too many.
    pub(super) fn record_id_count(&self, sql: &str, id_count: usize) {
        let mut slots = lock(&self.slots);
        if let Some(slot) = slots.get_mut(sql) {
            slot.id_count = id_count;
        }
        while slots.iter().map(|(_, slot)| slot.id_count).sum::<usize>() > MAX_CACHED_IDS && slots.pop_lru().is_some() {
        }
    }
}

/// Locks a mutex. Poisoning is ignored: a panic leaves no half-done update behind.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
