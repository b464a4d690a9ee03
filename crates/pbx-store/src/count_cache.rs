//! The cache of list lengths. It knows nothing of transactions: `counts.rs` brings its entries up to date.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// Entries of each cache.
const CACHE_SIZE: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 10) - 1);

/// IDs that all entries together hold at most: about 32 MiB.
const IDS: usize = if cfg!(test) { 32 } else { 2 << 20 };

/// Up to this many rows are fetched by their IDs, whatever found them first.
pub(super) const FEW: usize = if cfg!(test) { 4 } else { 256 };

/// LRU cache of list lengths, keyed by SQL text.
pub(super) struct CountCache {
    kept: Mutex<LruCache<String, Kept>>,
    /// Whether a statement finds few rows, and the newest revision when that was looked at.
    pub(super) few: Mutex<LruCache<String, (bool, i64)>>,
}

#[derive(Default)]
struct Kept {
    known: Arc<Mutex<Known>>,
    /// How many ids it holds.
    ids: usize,
}

/// The cached result of a statement.
#[derive(Default)]
pub(super) enum Known {
    #[default]
    Nothing,
    /// How many they were, for a transaction that saw everything before that revision.
    Count { settled: i64, count: i64 },
    /// Which they were.
    Ids { settled: i64, ids: HashSet<i64> },
}

/// The rows that a statement finds, as far as the cache knows.
pub(super) struct Found {
    pub(super) count: i64,
    /// Which they are, if they are few and it is known.
    pub(super) ids: Option<Vec<i64>>,
}

impl Known {
    pub(super) fn settled(&self) -> i64 {
        match self {
            Self::Nothing => i64::MIN,
            Self::Count { settled, .. } | Self::Ids { settled, .. } => *settled,
        }
    }

    pub(super) fn found(&self) -> Option<Found> {
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

impl Default for CountCache {
    fn default() -> Self {
        Self {
            kept: Mutex::new(LruCache::new(CACHE_SIZE)),
            few: Mutex::new(LruCache::new(CACHE_SIZE)),
        }
    }
}

impl CountCache {
    pub(super) fn known(&self, statement: &str) -> Arc<Mutex<Known>> {
        let mut all = locked(&self.kept);
        Arc::clone(&all.get_or_insert_ref(statement, Kept::default).known)
    }

    /// Notes how many ids are held for a statement, and forgets others if they are too many together.
    pub(super) fn weigh(&self, statement: &str, ids: usize) {
        let mut all = locked(&self.kept);
        if let Some(kept) = all.get_mut(statement) {
            kept.ids = ids;
        }
        while all.iter().map(|(_, kept)| kept.ids).sum::<usize>() > IDS && all.pop_lru().is_some() {}
    }
}

/// A panic while it was held leaves nothing behind that is half done.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
