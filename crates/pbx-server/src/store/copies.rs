//! What nearly every request asks, answered from memory.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use super::watch::Watch;
use crate::domain::clock;

/// No copy is older than this, whatever other nodes do to the database.
pub const OLDEST: Duration = Duration::from_secs(1);

/// Copies of what the store would answer, by question. One is good until this process writes to any of the tables that it was
/// read from, and never for longer than [`OLDEST`]. Those that were not asked for longest make room for others.
pub struct Copies<K, V> {
    watch: Arc<Watch>,
    copies: Mutex<LruCache<K, Copied<V>>>,
}

struct Copied<V> {
    value: V,
    /// What the watch said before it was read.
    times: u64,
    /// When that was.
    at: Duration,
}

impl<K: Hash + Eq, V: Clone> Copies<K, V> {
    /// So many at most, of what is read from the tables that are watched.
    pub(super) fn new(watch: Arc<Watch>, most: NonZeroUsize) -> Self {
        Self {
            watch,
            copies: Mutex::new(LruCache::new(most)),
        }
    }

    /// The answer, read only if there is no good copy of it. Errors are not kept.
    pub async fn get<E>(&self, key: K, read: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        // Both before reading: what changes meanwhile is read again.
        let (times, at) = (self.watch.times(), clock::elapsed());
        if let Some(value) = self.good(&key, times, at) {
            return Ok(value);
        }
        let value = read.await?;
        let copied = Copied {
            value: value.clone(),
            times,
            at,
        };
        self.copies().put(key, copied);
        Ok(value)
    }

    fn good(&self, key: &K, times: u64, at: Duration) -> Option<V> {
        let mut copies = self.copies();
        let copied = copies.get(key)?;
        let good = copied.times == times && at.saturating_sub(copied.at) < OLDEST;
        good.then(|| copied.value.clone())
    }

    fn copies(&self) -> std::sync::MutexGuard<'_, LruCache<K, Copied<V>>> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::store::watch::{Touched, Watches};

    struct Fixture {
        watches: Watches,
        copies: Copies<&'static str, u32>,
        reads: AtomicU32,
    }

    impl Fixture {
        fn new() -> Self {
            let watches = Watches::default();
            let copies = Copies::new(watches.watch(&["lamps"]), NonZeroUsize::new(2).unwrap());
            Self {
                watches,
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
            let mut touched = Touched::default();
            touched.note(sql);
            self.watches.count(&touched);
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
        let copied = Copied {
            value: 1,
            times: 0,
            at: Duration::from_secs(5),
        };
        fixture.copies.copies().put("hall", copied);
        assert_eq!(fixture.copies.good(&"hall", 0, Duration::from_millis(5_999)), Some(1));
        assert_eq!(fixture.copies.good(&"hall", 0, Duration::from_secs(6)), None);
    }
}
