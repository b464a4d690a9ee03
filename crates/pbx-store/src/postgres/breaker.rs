//! The circuit breaker: while the server does not respond, requests fail at once and do not queue up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Deadlines that pass in a row, without a response to any transaction of this node, until further transactions are refused.
const MAX_STALLS: u32 = 3;

/// Counts deadlines that have passed.
#[derive(Default)]
pub(super) struct Breaker {
    stalls: AtomicU32,
    responses: AtomicU64,
    probing: AtomicBool,
}

/// The only transaction that examines whether the server responds again.
pub(super) struct Probe(Arc<Breaker>);

impl Breaker {
    /// Returns `true` while transactions are refused.
    pub(super) fn is_open(&self) -> bool {
        self.stalls.load(Ordering::Relaxed) >= MAX_STALLS
    }

    /// Records a response of the server.
    pub(super) fn record_response(&self) {
        self.responses.fetch_add(1, Ordering::Relaxed);
        // Written rarely, so that threads do not compete for it.
        if self.stalls.load(Ordering::Relaxed) > 0 && self.stalls.swap(0, Ordering::Relaxed) >= MAX_STALLS {
            tracing::info!(target: crate::LOG_TARGET, "the PostgreSQL server responds again");
        }
    }

    /// Returns the number of recorded responses.
    pub(super) fn responses(&self) -> u64 {
        self.responses.load(Ordering::Relaxed)
    }

    /// Records that a deadline passed without a response.
    pub(super) fn record_stall(&self) {
        if self.stalls.fetch_add(1, Ordering::Relaxed) + 1 == MAX_STALLS {
            tracing::error!(target: crate::LOG_TARGET, "the PostgreSQL server does not respond: transactions are refused until it does");
        }
    }

    /// Returns a probe, which ends when it is dropped; `None` while there is one.
    pub(super) fn start_probe(self: &Arc<Self>) -> Option<Probe> {
        let probing = self.probing.swap(true, Ordering::Relaxed);
        (!probing).then(|| Probe(Arc::clone(self)))
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.probing.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stalls_in_a_row_open_it_and_a_response_closes_it() {
        let breaker = Arc::new(Breaker::default());
        for _ in 0..2 {
            breaker.record_stall();
            breaker.record_stall();
            assert!(!breaker.is_open());
            breaker.record_response();
        }
        (0..4).for_each(|_| breaker.record_stall());
        assert!(breaker.is_open());
        let probe = breaker.start_probe();
        assert!(probe.is_some() && breaker.start_probe().is_none());
        drop(probe);
        assert!(breaker.is_open() && breaker.start_probe().is_some());
        breaker.record_response();
        assert!(!breaker.is_open());
    }
}
