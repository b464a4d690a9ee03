//! The requests in flight of each client behind a trusted proxy.
//!
//! A client that connects itself is limited by its connections. A proxy has no such limit, so its clients have one for requests.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use pbx_domain::Error;
use pbx_domain::source::source;

/// The delay after which a refused client may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Counts the requests in flight of each source.
pub(super) struct InFlight {
    limit: usize,
    counts: Mutex<HashMap<IpNet, usize>>,
}

/// A request in flight, until it is dropped.
pub(super) struct Request {
    counts: Arc<InFlight>,
    source: IpNet,
}

impl InFlight {
    /// Creates a limit of that many requests for each source.
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            counts: Mutex::default(),
        })
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyRequests`] if its source has reached the limit.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Request, Error> {
        let source = source(address);
        let mut counts = self.counts();
        let count = counts.entry(source).or_default();
        if *count >= self.limit {
            return Err(Error::TooManyRequests {
                limit: u32::try_from(self.limit).unwrap_or(u32::MAX),
                retry_after: RETRY_AFTER,
                reset: RETRY_AFTER,
            });
        }
        *count += 1;
        drop(counts);
        Ok(Request {
            counts: Arc::clone(self),
            source,
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpNet, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut counts = self.counts.counts();
        if let Entry::Occupied(mut count) = counts.entry(self.source) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_its_limit_and_ended_requests_do_not_count() {
        let in_flight = InFlight::new(2);
        let enter = |address: &str| in_flight.enter(address.parse().unwrap());
        let (first, _second) = (enter("192.0.2.1").unwrap(), enter("192.0.2.1").unwrap());
        assert!(enter("192.0.2.1").is_err());
        let other = enter("192.0.2.2").unwrap();
        drop(first);
        let _third = enter("192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_err());
        drop(other);
        assert_eq!(in_flight.counts().len(), 1);
        // One network of IPv6 is one source.
        let _six = (enter("2001:db8::1").unwrap(), enter("2001:db8::2").unwrap());
        assert!(enter("2001:db8::3").is_err());
    }
}
