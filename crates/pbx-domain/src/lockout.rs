//! The policy that locks out a source after too many failed sign-ins.

use std::net::IpAddr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::generated::admin::AdminSettings;
use crate::setting::Setting;

/// The client of a sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// `true` if an ACCEPT rule exempts it from the lockout.
    pub accepted: bool,
}

/// The lockout properties of `/admin/settings`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default)]
pub struct LockoutPolicy {
    web_failed_auth_amount: i32,
    web_blacklist_time_interval: i32,
}

impl Default for LockoutPolicy {
    fn default() -> Self {
        let settings = AdminSettings::default();
        Self {
            web_failed_auth_amount: settings.web_failed_auth_amount,
            web_blacklist_time_interval: settings.web_blacklist_time_interval,
        }
    }
}

impl Setting for LockoutPolicy {
    const NAME: &'static str = "admin_settings";
}

impl LockoutPolicy {
    /// Returns the number of failures that are tolerated; one more locks out.
    pub fn max_failures(&self) -> i64 {
        self.web_failed_auth_amount.into()
    }

    /// Returns the duration of a lockout, which is also the period in which failures are counted. Zero disables the lockout.
    pub fn interval(&self) -> SignedDuration {
        SignedDuration::from_secs(self.web_blacklist_time_interval.max(0).into())
    }
}
