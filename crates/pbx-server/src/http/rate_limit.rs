//! Rate limiting per source: a token bucket each, full at first, refilled evenly (GCRA).
//!
//! Each node limits its own requests only.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use ipnet::IpNet;
use lru::LruCache;
use pbx_domain::source::source;
use pbx_domain::{Error, clock};

/// The maximum number of buckets. The least recently used source is evicted, and starts with a full bucket again.
const MAX_SOURCES: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 16) - 1);

/// Limits the requests of each source.
pub struct RateLimit {
    /// `None` for no limit.
    limiter: Option<RateLimiter<IpNet, Buckets, Monotonic, NoOpMiddleware<Nanos>>>,
}

impl RateLimit {
    /// Creates a limit of that many requests a minute for each source; 0 is no limit.
    pub fn per_minute(requests: u32) -> Self {
        Self::with_capacity(requests, MAX_SOURCES)
    }

    fn with_capacity(requests: u32, sources: NonZeroUsize) -> Self {
        let limiter = NonZeroU32::new(requests).map(|requests| {
            let buckets = Buckets(Mutex::new(LruCache::new(sources)));
            RateLimiter::new(Quota::per_minute(requests), buckets, Monotonic)
        });
        Self { limiter }
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyRequests`] with the time until the source may send the next one.
    pub fn admit(&self, address: IpAddr) -> Result<(), Error> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        limiter.check_key(&source(address)).map_err(|full| {
            let (quota, retry_after) = (full.quota(), full.wait_time_from(Monotonic.now()));
            let limit = quota.burst_size().get();
            Error::TooManyRequests {
                limit,
                retry_after,
                // The bucket is full after it was refilled with one request and then with all others.
                reset: retry_after + quota.replenish_interval() * (limit - 1),
            }
        })
    }
}

/// A clock for governor that goes on when the time of day is set back.
#[derive(Debug, Clone, Copy)]
struct Monotonic;

impl Clock for Monotonic {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        // Not from zero: times before the first request must be representable, too.
        Nanos::from(Duration::from_secs(3600) + clock::elapsed())
    }
}

/// A bounded LRU cache of buckets.
struct Buckets(Mutex<LruCache<IpNet, Nanos>>);

impl StateStore for Buckets {
    type Key = IpNet;

    fn measure_and_replace<T, F, E>(&self, key: &IpNet, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (outcome, state) = measure(buckets.get(key).copied())?;
        buckets.put(*key, state);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(limit: &RateLimit, address: &str) -> bool {
        limit.admit(address.parse().unwrap()).is_ok()
    }

    #[test]
    fn each_source_has_its_own_limit() {
        let limit = RateLimit::per_minute(3);
        for _ in 0..3 {
            assert!(admitted(&limit, "192.0.2.1"));
        }
        let refused = limit.admit("192.0.2.1".parse().unwrap());
        let Err(Error::TooManyRequests {
            limit: requests,
            retry_after,
            reset,
        }) = refused
        else {
            panic!("admitted");
        };
        assert_eq!((requests, reset), (3, retry_after + Duration::from_secs(40)));
        assert!(retry_after > Duration::from_secs(15) && retry_after <= Duration::from_secs(20));
        assert!(admitted(&limit, "192.0.2.2"));
        // One network of IPv6 is one source.
        assert!((0..3).all(|host| admitted(&limit, &format!("2001:db8::{host}"))));
        assert!(!admitted(&limit, "2001:db8::4"));
        assert!(admitted(&limit, "2001:db8:0:1::4"));
    }

    #[test]
    fn zero_disables_the_limit() {
        let limit = RateLimit::per_minute(0);
        assert!((0..1000).all(|_| admitted(&limit, "192.0.2.1")));
    }

    #[test]
    fn the_least_recently_used_source_is_evicted() {
        let limit = RateLimit::with_capacity(1, NonZeroUsize::new(2).unwrap());
        assert!(admitted(&limit, "192.0.2.1"));
        assert!(admitted(&limit, "192.0.2.2"));
        assert!(!admitted(&limit, "192.0.2.1"));
        // Evicts the least recently used one.
        assert!(admitted(&limit, "192.0.2.3"));
        assert!(!admitted(&limit, "192.0.2.1"));
        assert!(admitted(&limit, "192.0.2.2"));
        assert_eq!(limit.limiter.unwrap().into_state_store().0.lock().unwrap().len(), 2);
    }
}
