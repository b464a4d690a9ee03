//! The bounds of sign-ins: attempts for each account, sessions, and the entries of failures in the audit log.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use pbx_domain::clock;
use pbx_domain::lockout::AccountKey;

use super::pacing::Pacing;

/// The period in which failures are audited once for each source and account.
const AUDIT_PERIOD: Duration = Duration::from_secs(3600);

/// Limits of sign-ins.
#[derive(Debug, Clone, Copy)]
pub struct SignInLimits {
    /// Failures a minute with one account from unfamiliar sources; 0 for no limit.
    pub failures_per_account: u32,
    /// Sessions of one account.
    pub sessions_per_account: u32,
    /// Failures an hour in the audit log.
    pub audited_failures: u32,
}

/// The bounds of sign-ins on this node. Clones share them.
#[derive(Clone)]
pub struct SignIns {
    /// The limit of failures with an account.
    pub pacing: Pacing,
    /// Sessions of one account. A further one ends the one that was not used for the longest time.
    pub sessions_per_account: u32,
    audited: Arc<Mutex<Audited>>,
}

/// The failures that were audited in the current period.
struct Audited {
    limit: usize,
    since: Duration,
    failures: HashSet<(IpNet, AccountKey)>,
    /// `true` if an entry was omitted, which is logged once.
    omitted: bool,
}

impl SignIns {
    /// Creates bounds with nothing counted.
    pub fn new(limits: SignInLimits) -> Self {
        Self {
            pacing: Pacing::new(limits.failures_per_account),
            sessions_per_account: limits.sessions_per_account.max(1),
            audited: Arc::new(Mutex::new(Audited {
                limit: usize::try_from(limits.audited_failures).unwrap_or(usize::MAX),
                since: Duration::ZERO,
                failures: HashSet::new(),
                omitted: false,
            })),
        }
    }

    /// Returns `true` if a failure gets an entry in the audit log: the first one of a source with an account in a period, and a
    /// limited number in all. Otherwise an attacker could fill the database.
    pub fn is_audited(&self, source: IpNet, account: AccountKey) -> bool {
        let now = clock::elapsed();
        let mut audited = self.audited.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(audited.since) >= AUDIT_PERIOD {
            audited.since = now;
            audited.failures = HashSet::new();
            audited.omitted = false;
        }
        if audited.failures.contains(&(source, account)) {
            return false;
        }
        if audited.failures.len() >= audited.limit {
            if !std::mem::replace(&mut audited.omitted, true) {
                let limit = audited.limit;
                tracing::warn!(
                    limit,
                    "too many failed sign-ins for the audit log: more of this hour are in this log only"
                );
            }
            return false;
        }
        audited.failures.insert((source, account))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_audited_once_per_source_and_account_and_bounded_in_all() {
        let sign_ins = SignIns::new(SignInLimits {
            failures_per_account: 0,
            sessions_per_account: 1,
            audited_failures: 3,
        });
        let source = |host: u8| IpNet::from(std::net::IpAddr::from([192, 0, 2, host]));
        let (admin, anna) = (AccountKey::new(None, "admin"), AccountKey::new(None, "anna"));
        assert!(sign_ins.is_audited(source(1), admin));
        assert!(!sign_ins.is_audited(source(1), admin));
        assert!(sign_ins.is_audited(source(1), anna));
        assert!(sign_ins.is_audited(source(2), admin));
        assert!(!sign_ins.is_audited(source(3), admin), "the limit");
    }
}
