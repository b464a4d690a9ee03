//! The policy that locks out a source after too many failed sign-ins.

use std::net::IpAddr;

use jiff::SignedDuration;

use crate::generated::admin::AdminSettings;

/// The client of a sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// `true` if an ACCEPT rule exempts it from the lockout.
    pub accepted: bool,
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
