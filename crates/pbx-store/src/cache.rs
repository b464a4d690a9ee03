//! LRU cache of query results that nearly every request needs.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use pbx_domain::clock;

use crate::write_counters::WriteCounter;

/// The longest time after which writes of other nodes are seen.
pub const MAX_STALENESS: Duration = Duration::from_secs(1);

/// LRU cache of query results. An entry is fresh until this process writes to any of the tables that it was read from, and for at
/// most [`MAX_STALENESS`].
pub(super) struct Cache<K, V> {
    writes: Arc<WriteCounter>,
    entries: Mutex<LruCache<K, Entry<V>>>,
}

struct Entry<V> {
    value: V,
    since: Since,
}

/// The start of an entry's freshness. Taken before the read, so that a concurrent write invalidates the entry.
#[derive(Clone, Copy)]
struct Since {
    /// The state of the write counter.
    writes: u64,
    at: Duration,
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    /// Creates a cache of at most `capacity` entries, which are read from the tables of `writes`.
    pub(super) fn new(writes: Arc<WriteCounter>, capacity: NonZeroUsize) -> Self {
        Self {
            writes,
            entries: Mutex::new(LruCache::new(capacity)),
        }
    }

    /// Returns the fresh entry, or reads it. Errors are not cached.
    pub(super) async fn get<E>(&self, key: K, read: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let since = self.since(clock::elapsed());
        if let Some(value) = self.fresh(&key, since) {
            return Ok(value);
        }
        let value = read.await?;
        self.put(key, value.clone(), since);
        Ok(value)
    }

    fn since(&self, at: Duration) -> Since {
        Since {
            writes: self.writes.writes(),
            at,
        }
    }

    /// Returns the entry, if it is fresh at that time.
    fn fresh(&self, key: &K, now: Since) -> Option<V> {
        let mut entries = self.entries();
        let Entry { value, since } = entries.get(key)?;
        let fresh = since.writes == now.writes && now.at.saturating_sub(since.at) < MAX_STALENESS;
        fresh.then(|| value.clone())
    }

    /// Caches a value that was read after `since`.
    fn put(&self, key: K, value: V, since: Since) {
        self.entries().put(key, Entry { value, since });
    }

    fn entries(&self) -> MutexGuard<'_, LruCache<K, Entry<V>>> {
        // Poisoning is ignored: a panic leaves no half-done update behind.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::write_counters::{WriteCounters, WrittenTables};

    struct Fixture {
        counters: WriteCounters,
        cache: Cache<&'static str, u32>,
        reads: AtomicU32,
    }

    impl Fixture {
        fn new() -> Self {
            let counters = WriteCounters::default();
            let cache = Cache::new(counters.for_tables(&["lamps"]), NonZeroUsize::new(2).unwrap());
            Self {
                counters,
                cache,
                reads: AtomicU32::new(0),
            }
        }

        /// Returns the number of reads so far when this entry was read.
        async fn get(&self, key: &'static str) -> u32 {
            let read = async { Ok::<_, ()>(self.reads.fetch_add(1, Ordering::Relaxed) + 1) };
            self.cache.get(key, read).await.unwrap()
        }

        fn write(&self, sql: &str) {
            let mut written = WrittenTables::default();
            written.record(sql);
            self.counters.count(&written);
        }
    }

    #[tokio::test]
    async fn a_write_to_its_tables_invalidates_an_entry() {
        let fixture = Fixture::new();
        assert_eq!((fixture.get("hall").await, fixture.get("hall").await), (1, 1));
        fixture.write("UPDATE \"audit\" SET x = 1");
        assert_eq!(fixture.get("hall").await, 1);
        fixture.write("UPDATE \"lamps\" SET x = 1");
        assert_eq!((fixture.get("hall").await, fixture.get("hall").await), (2, 2));
    }

    #[tokio::test]
    async fn a_write_during_the_read_invalidates_the_entry() {
        let fixture = Fixture::new();
        let read = async {
            fixture.write("UPDATE \"lamps\" SET x = 1");
            Ok::<_, ()>(0)
        };
        assert_eq!(fixture.cache.get("hall", read).await, Ok(0));
        assert_eq!(fixture.get("hall").await, 1);
    }

    #[tokio::test]
    async fn errors_are_not_cached_and_the_least_recently_used_entry_is_evicted() {
        let fixture = Fixture::new();
        assert_eq!(fixture.cache.get("hall", async { Err(()) }).await, Err(()));
        assert_eq!((fixture.get("hall").await, fixture.get("cellar").await), (1, 2));
        assert_eq!((fixture.get("hall").await, fixture.get("attic").await), (1, 3));
        assert_eq!((fixture.get("hall").await, fixture.get("cellar").await), (1, 4));
    }

    #[test]
    fn an_entry_is_stale_after_a_second() {
        let fixture = Fixture::new();
        let at = |milliseconds| Since {
            writes: 0,
            at: Duration::from_millis(milliseconds),
        };
        fixture.cache.put("hall", 1, at(5_000));
        assert_eq!(fixture.cache.fresh(&"hall", at(5_999)), Some(1));
        assert_eq!(fixture.cache.fresh(&"hall", at(6_000)), None);
    }
}
