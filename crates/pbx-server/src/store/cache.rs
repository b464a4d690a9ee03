//! What nearly every request asks, answered from memory.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use super::write_counters::WriteCounter;
use crate::domain::clock;

/// No copy is older than this, whatever other nodes do to the database.
pub const MAX_STALENESS: Duration = Duration::from_secs(1);

/// Cache of what the store would answer, by question. One is good until this process writes to any of the tables that it was
/// read from, and never for longer than [`MAX_STALENESS`]. Those that were not asked for longest make room for others.
pub struct Cache<K, V> {
    watch: Arc<WriteCounter>,
    copies: Mutex<LruCache<K, Copied<V>>>,
}

struct Copied<V> {
    value: V,
    since: Since,
}

/// From when on a copy is good. To be taken before anything is read: what changes meanwhile is read again.
#[derive(Clone, Copy)]
struct Since {
    /// What the watch said.
    times: u64,
    at: Duration,
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    /// So many at most, of what is read from the tables that are watched.
    pub(super) fn new(watch: Arc<WriteCounter>, most: NonZeroUsize) -> Self {
        Self {
            watch,
            copies: Mutex::new(LruCache::new(most)),
        }
    }

    /// The answer, read only if there is no good copy of it. Errors are not kept.
    pub async fn get<E>(&self, key: K, read: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let since = self.now();
        if let Some(value) = self.good(&key, since) {
            return Ok(value);
        }
        let value = read.await?;
        self.put(key, value.clone(), since);
        Ok(value)
    }

    fn now(&self) -> Since {
        Since {
            times: self.watch.writes(),
            at: clock::elapsed(),
        }
    }

    /// The copy, if it is good at that time.
    fn good(&self, key: &K, now: Since) -> Option<V> {
        let mut copies = self.copies();
        let Copied { value, since } = copies.get(key)?;
        let good = since.times == now.times && now.at.saturating_sub(since.at) < MAX_STALENESS;
        good.then(|| value.clone())
    }

    /// Keeps what was read since then.
    fn put(&self, key: K, value: V, since: Since) {
        self.copies().put(key, Copied { value, since });
    }

    fn copies(&self) -> std::sync::MutexGuard<'_, LruCache<K, Copied<V>>> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::store::write_counters::{WriteCounters, WrittenTables};

    struct Fixture {
        counters: WriteCounters,
        copies: Cache<&'static str, u32>,
        reads: AtomicU32,
    }

    impl Fixture {
        fn new() -> Self {
            let counters = WriteCounters::default();
            let copies = Cache::new(counters.watch(&["lamps"]), NonZeroUsize::new(2).unwrap());
            Self {
                counters,
                copies,
                reads: AtomicU32::new(0),
            }
        }

        /// How often the store was asked so far when this answer was read.
        async fn get(&self, key: &'static str) -> u32 {
            let read = async { Ok::<_, ()>(self.reads.fetch_add(1, Ordering::Relaxed) + 1) };
            self.copies.get(key, read).await.unwrap()
        }

        fn write(&self, sql: &str) {
            let mut written = WrittenTables::default();
            written.note(sql);
            self.counters.count(&written);
        }
    }

    #[tokio::test]
    async fn a_copy_is_good_until_its_tables_are_written_to() {
        let fixture = Fixture::new();
        assert_eq!((fixture.get("hall").await, fixture.get("hall").await), (1, 1));
        fixture.write("UPDATE \"audit\" SET x = 1");
        assert_eq!(fixture.get("hall").await, 1);
        fixture.write("UPDATE \"lamps\" SET x = 1");
        assert_eq!((fixture.get("hall").await, fixture.get("hall").await), (2, 2));
    }

    #[tokio::test]
    async fn what_changes_while_it_is_read_is_read_again() {
        let fixture = Fixture::new();
        let read = async {
            fixture.write("UPDATE \"lamps\" SET x = 1");
            Ok::<_, ()>(0)
        };
        assert_eq!(fixture.copies.get("hall", read).await, Ok(0));
        assert_eq!(fixture.get("hall").await, 1);
    }

    #[tokio::test]
    async fn errors_are_not_kept_and_the_least_asked_for_makes_room() {
        let fixture = Fixture::new();
        assert_eq!(fixture.copies.get("hall", async { Err(()) }).await, Err(()));
        assert_eq!((fixture.get("hall").await, fixture.get("cellar").await), (1, 2));
        assert_eq!((fixture.get("hall").await, fixture.get("attic").await), (1, 3));
        assert_eq!((fixture.get("hall").await, fixture.get("cellar").await), (1, 4));
    }

    #[test]
    fn a_copy_ends_with_its_second() {
        let fixture = Fixture::new();
        let at = |milliseconds| Since {
            times: 0,
            at: Duration::from_millis(milliseconds),
        };
        fixture.copies.put("hall", 1, at(5_000));
        assert_eq!(fixture.copies.good(&"hall", at(5_999)), Some(1));
        assert_eq!(fixture.copies.good(&"hall", at(6_000)), None);
    }
}
