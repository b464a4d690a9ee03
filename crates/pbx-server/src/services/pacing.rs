//! Pacing of sign-ins: after several failures with one account, further attempts from sources that are not familiar to it are
//! admitted at an even rate only, from all of these sources together.
//!
//! A lockout bounds the guesses of one source. An attacker with a /48 has 65,536 sources, and this bounds the guesses of all of them.
//! It never locks an account: familiar sources are not asked. Each node counts for itself, in memory. Accounts that do not exist are
//! paced like others, so that a refusal reveals nothing.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use pbx_domain::lockout::AccountKey;
use pbx_domain::{Error, clock};

/// Keys with recent failures. Each of a sign-in costs the attacker a hash, so that evicting one costs more than it gains.
const MAX_ACCOUNTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 14) - 1);

/// The period of the limit of sign-ins.
const MINUTE: Duration = Duration::from_secs(60);

/// Limits the failures with each account, or from each source ([`AccountKey::of_source`]). Clones share the counts.
#[derive(Clone)]
pub struct Pacing {
    /// Failures in a period, and at once after a period without any; 0 for no limit.
    limit: u32,
    period: Duration,
    /// The event of the log when it refuses.
    refusal: &'static str,
    accounts: Arc<Mutex<LruCache<AccountKey, Failures>>>,
}

/// The failures with an account, as a leaky bucket.
#[derive(Clone, Copy)]
struct Failures {
    /// The time of [`clock::elapsed`] at which they are forgotten.
    until: Duration,
    /// The time from which a refusal is logged again.
    log_from: Duration,
}

/// An admitted attempt. It counts as a failure while it lasts, and afterwards only after [`failed`](Self::failed).
pub struct Attempt {
    /// `None` if it is exempt, and once it was counted.
    pending: Option<(Pacing, AccountKey)>,
}

impl Pacing {
    /// Creates a limit of failures a minute; 0 is no limit.
    pub fn new(limit: u32) -> Self {
        let refusal = "sign-ins from unfamiliar sources are slowed down: too many failures";
        Self::per(limit, MINUTE, refusal)
    }

    /// Creates a limit of what is counted as failures in a period. `refusal` is logged when there are more.
    pub fn per(limit: u32, period: Duration, refusal: &'static str) -> Self {
        Self {
            limit,
            period,
            refusal,
            accounts: Arc::new(Mutex::new(LruCache::new(MAX_ACCOUNTS))),
        }
    }

    /// Admits an attempt.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyRequests`], at once, while there were too many failures. `name` is logged then, once a minute for each account.
    pub fn admit(&self, key: AccountKey, name: &str) -> Result<Attempt, Error> {
        if self.limit == 0 {
            return Ok(Attempt::exempt());
        }
        let now = clock::elapsed();
        let mut accounts = self.accounts();
        let mut failures = accounts.get(&key).copied().unwrap_or(Failures {
            until: now,
            log_from: Duration::ZERO,
        });
        let with_this = failures.until.max(now) + self.cost();
        if let Some(retry_after) = with_this.checked_sub(now + self.period).filter(|wait| !wait.is_zero()) {
            let log = failures.log_from <= now;
            if log {
                failures.log_from = now + MINUTE;
                accounts.put(key, failures);
            }
            drop(accounts);
            if log {
                tracing::warn!(name, "{}", self.refusal);
            }
            return Err(Error::TooManyRequests {
                limit: self.limit,
                retry_after,
                reset: failures.until.saturating_sub(now),
            });
        }
        failures.until = with_this;
        accounts.put(key, failures);
        Ok(Attempt {
            pending: Some((self.clone(), key)),
        })
    }

    /// Takes back an attempt that did not fail.
    fn take_back(&self, key: &AccountKey) {
        let mut accounts = self.accounts();
        let Some(failures) = accounts.peek_mut(key) else { return };
        failures.until = failures.until.saturating_sub(self.cost());
        if failures.until <= clock::elapsed() {
            accounts.pop(key);
        }
    }

    /// Returns the time after which one failure is forgotten.
    fn cost(&self) -> Duration {
        // Rounded down, so that the limit itself fits into the period.
        self.period / self.limit.max(1)
    }

    fn accounts(&self) -> MutexGuard<'_, LruCache<AccountKey, Failures>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// Returns an attempt that is not counted: of a familiar source, or one that an ACCEPT rule exempts.
    pub fn exempt() -> Self {
        Self { pending: None }
    }

    /// Counts the failure.
    pub fn failed(mut self) {
        self.pending = None;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some((pacing, key)) = self.pending.take() {
            pacing.take_back(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> AccountKey {
        AccountKey::new(None, name)
    }

    #[test]
    fn failures_beyond_the_limit_are_refused_for_that_account_only() {
        let pacing = Pacing::new(3);
        for _ in 0..3 {
            pacing.admit(key("admin"), "admin").unwrap().failed();
        }
        let Err(Error::TooManyRequests {
            limit,
            retry_after,
            reset,
        }) = pacing.admit(key("admin"), "admin")
        else {
            panic!("admitted");
        };
        assert_eq!(limit, 3);
        assert!(retry_after <= Duration::from_secs(20) && reset > Duration::from_secs(40));
        assert!(pacing.admit(key("anna"), "anna").is_ok());
    }

    #[test]
    fn successes_and_dropped_attempts_do_not_count_and_leave_nothing() {
        let pacing = Pacing::new(3);
        for _ in 0..50 {
            drop(pacing.admit(key("admin"), "admin").unwrap());
        }
        assert_eq!(pacing.accounts().len(), 0);
        // While they last, they count.
        let attempts: Vec<Attempt> = (0..3).map(|_| pacing.admit(key("admin"), "admin").unwrap()).collect();
        assert!(pacing.admit(key("admin"), "admin").is_err());
        drop(attempts);
        assert!(pacing.admit(key("admin"), "admin").is_ok());
    }

    #[test]
    fn accounts_are_bounded() {
        let pacing = Pacing::new(3);
        for number in 0..MAX_ACCOUNTS.get() + 10 {
            pacing.admit(key(&number.to_string()), "x").unwrap().failed();
        }
        assert_eq!(pacing.accounts().len(), MAX_ACCOUNTS.get());
    }

    #[test]
    fn zero_disables_the_limit() {
        let pacing = Pacing::new(0);
        for _ in 0..100 {
            pacing.admit(key("admin"), "admin").unwrap().failed();
        }
    }
}
