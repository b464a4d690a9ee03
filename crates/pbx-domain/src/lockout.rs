//! The policy that locks out a source after too many failed sign-ins, and the data of a failed sign-in.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::generated::admin::AdminSettings;
use crate::id::Id;
use crate::kind::Account;
use crate::source::source;

/// Time for which a source stays familiar to an account after a successful sign-in.
pub const FAMILIAR_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Age at which a stored success is replaced by a newer one, so that not every sign-in writes it.
const FAMILIAR_REFRESH: SignedDuration = SignedDuration::from_hours(24);

/// Familiar sources that an account may have. A further one replaces the one with the oldest success.
pub const MAX_FAMILIAR_SOURCES: u64 = 64;

/// Characters of a name that the log shows.
const MAX_LOGGED_NAME: usize = 64;

/// The client of a sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// `true` if an ACCEPT rule exempts it from the lockout.
    pub accepted: bool,
}

impl Client {
    /// Returns the source that its requests are counted for.
    pub fn source(&self) -> IpNet {
        source(self.address)
    }
}

/// The last successful sign-in to an account from a source.
#[derive(Debug, Clone, Copy)]
pub struct Familiarity(pub Option<Timestamp>);

impl Familiarity {
    /// Returns `true` if the source is familiar to the account.
    pub fn is_familiar(self, now: Timestamp) -> bool {
        self.is_younger(now, FAMILIAR_FOR)
    }

    /// Returns `true` if a success now is to be stored.
    pub fn is_outdated(self, now: Timestamp) -> bool {
        !self.is_younger(now, FAMILIAR_REFRESH)
    }

    fn is_younger(self, now: Timestamp, age: SignedDuration) -> bool {
        self.0.is_some_and(|at| now.duration_since(at) < age)
    }
}

/// An account as a sign-in names it, whether it exists or not: the hash of domain and name, so that keys have one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountKey([u8; 32]);

impl AccountKey {
    /// Returns the key of the account that a sign-in names. Names and domains are compared without case.
    pub fn new(domain: Option<&str>, name: &str) -> Self {
        let domain = domain.unwrap_or_default().to_lowercase();
        Self::from_text(&format!("name\n{domain}\n{}", name.to_lowercase()))
    }

    /// Returns the key for the password checks of a signed-in account.
    pub fn of_signed_in(account: Id<Account>) -> Self {
        Self::from_text(&format!("id\n{account}"))
    }

    /// Returns the key for what one source does, whatever the account.
    pub fn of_source(source: IpNet) -> Self {
        Self::from_text(&format!("source\n{source}"))
    }

    fn from_text(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

/// A failed sign-in, or another wrong password.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The account as it was named.
    pub key: AccountKey,
    /// The name for the log, shortened.
    pub name: String,
    /// The account, if it exists.
    pub account: Option<Id<Account>>,
    /// The reason, for the log.
    pub reason: FailureReason,
}

/// The reason why a sign-in failed. The response does not reveal it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    /// No tenant has the domain.
    UnknownDomain,
    /// No account has the name.
    UnknownName,
    /// The password is not the account's.
    WrongPassword,
    /// The account is disabled.
    Disabled,
    /// The old password of a change of the password is not the account's.
    WrongOldPassword,
    /// The code of a second factor is wrong or has expired.
    WrongCode,
}

impl FailureReason {
    /// Returns the words of the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownDomain => "unknown domain",
            Self::UnknownName => "unknown name",
            Self::WrongPassword => "wrong password",
            Self::Disabled => "disabled account",
            Self::WrongOldPassword => "wrong old password",
            Self::WrongCode => "wrong code",
        }
    }
}

/// Returns a name that a client sent, for the log: shortened. The log quotes it and escapes control characters.
pub fn loggable_name(domain: Option<&str>, name: &str) -> String {
    let full = match domain {
        None => name.to_owned(),
        Some(domain) => format!("{name}@{domain}"),
    };
    match full.char_indices().nth(MAX_LOGGED_NAME) {
        None => full,
        Some((end, _)) => format!("{}...", &full[..end]),
    }
}

/// The lockout policy.
impl AdminSettings {
    /// Returns the number of failures that are tolerated; one more locks out.
    pub fn max_failures(&self) -> i64 {
        self.web_failed_auth_amount.into()
    }

    /// Returns the duration of a lockout, which is also the period in which failures are counted. Zero disables the lockout.
    pub fn lockout_interval(&self) -> SignedDuration {
        SignedDuration::from_secs(self.web_blacklist_time_interval.max(0).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_keys_ignore_case_and_separate_domain_from_name() {
        let key = AccountKey::new(Some("A.example.com"), "Anna");
        assert_eq!(key, AccountKey::new(Some("a.example.com"), "anna"));
        assert_ne!(key, AccountKey::new(None, "anna"));
        assert_eq!(AccountKey::new(None, "anna"), AccountKey::new(Some(""), "anna"));
    }

    #[test]
    fn logged_names_are_short() {
        assert_eq!(loggable_name(None, "anna"), "anna");
        assert_eq!(loggable_name(Some("x.org"), "o'neil"), "o'neil@x.org");
        let long = loggable_name(None, &"ü".repeat(100_000));
        assert_eq!(long, format!("{}...", "ü".repeat(64)));
    }

    #[test]
    fn sources_are_familiar_for_thirty_days() {
        let now = Timestamp::UNIX_EPOCH;
        let before = |hours| Familiarity(Some(now - SignedDuration::from_hours(hours)));
        assert!(before(0).is_familiar(now) && before(30 * 24 - 1).is_familiar(now));
        assert!(!before(30 * 24).is_familiar(now) && !Familiarity(None).is_familiar(now));
        assert!(!before(23).is_outdated(now));
        assert!(before(24).is_outdated(now) && Familiarity(None).is_outdated(now));
    }
}
