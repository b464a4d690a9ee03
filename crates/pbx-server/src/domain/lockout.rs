//! Locking out a source after too many sign-ins that failed.
//!
//! They are counted in the store, for all nodes together. What locks it out is an ordinary rule that everybody with the right
//! can see and remove; then it has all its tries again. A sign-in that succeeds takes none of the failures back: whoever has one
//! account could otherwise try another's password for ever.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::alerts::{self, Cause, Event};
use super::audit::{Audited, Entry, Object};
use super::ip_filters::{IpRule, Target};
use super::setting::Setting;
use super::source::source;
use super::{Error, Id, IdSource, clock};
use crate::store::settings;
use crate::store::{Changes, OnConstraint, Tx, ip_filters, sign_in_failures};

/// Who tries to sign in.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// From where.
    pub address: IpAddr,
    /// Whether an ACCEPT rule takes it past this guard.
    pub accepted: bool,
}

/// What of `/admin/settings` this needs.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Policy {
    web_failed_auth_amount: Option<i64>,
    web_blacklist_time_interval: Option<i64>,
}

impl Setting for Policy {
    const NAME: &'static str = "admin_settings";
}

impl Policy {
    /// More failures than this lock out.
    fn amount(&self) -> i64 {
        self.web_failed_auth_amount.unwrap_or(5)
    }

    /// For how long, and for how long failures count together. Zero locks nobody out.
    fn interval(&self) -> SignedDuration {
        SignedDuration::from_secs(self.web_blacklist_time_interval.unwrap_or(3600).max(0))
    }
}

/// Counts a sign-in that failed; one too many makes the rule. Refuses what was under way when the rule was made.
pub async fn failed(store: &Changes, ids: &IdSource, client: Client) -> Result<(), Error> {
    if client.accepted {
        return Ok(());
    }
    let id = ids.next();
    let source = source(client.address);
    let locked_out = store
        .write(move |tx| {
            let now = clock::now();
            check(tx, client, now)?;
            let policy: Policy = settings::load(tx)?;
            let interval = policy.interval();
            if interval.is_zero() {
                return Ok(Audited::nothing(false));
            }
            sign_in_failures::forget_before(tx, now.saturating_sub(interval).unwrap_or(Timestamp::MIN))?;
            let failures = sign_in_failures::add(tx, &source, now)?;
            if failures <= policy.amount() {
                return Ok(Audited::nothing(false));
            }
            sign_in_failures::forget(tx, &source)?;
            lock_out(tx, id, source, failures, now, interval)
        })
        .await?;
    if locked_out {
        tracing::warn!(%source, "locked out: too many sign-ins failed");
    }
    Ok(())
}

/// Refuses a client that was locked out since its request was let in: of the guesses that it made all at once, none counts that
/// comes after the rule.
pub fn check(tx: &mut Tx<'_>, client: Client, now: Timestamp) -> Result<(), Error> {
    if client.accepted {
        return Ok(());
    }
    let Some(rule) = ip_filters::by_range(tx, &source(client.address), now)? else {
        return Ok(());
    };
    let lives = rule.expire_at.is_none_or(|end| end > now);
    if rule.target == Target::Deny && lives {
        return Err(Error::Denied {
            address: client.address,
            until: rule.expire_at,
        });
    }
    Ok(())
}

fn lock_out(
    tx: &mut Tx<'_>,
    id: Id,
    source: IpNet,
    failures: i64,
    now: Timestamp,
    interval: SignedDuration,
) -> Result<Audited<bool>, Error> {
    let rule = IpRule {
        id,
        cidr: source,
        target: Target::Deny,
        expire_at: Some(now.saturating_add(interval).unwrap_or(Timestamp::MAX)),
        description: Some(format!(
            "Locked out: {failures} sign-ins failed within {} s. Remove this rule to unblock.",
            interval.as_secs()
        )),
    };
    // An expired rule that is still shown would be in the way.
    ip_filters::delete_range(tx, &source)?;
    ip_filters::insert(tx, &rule, now).on_constraint(ip_filters::UNIQUE_CIDR, || Error::Denied {
        address: source.addr(),
        until: rule.expire_at,
    })?;
    let until = rule.expire_at.map_or_else(String::new, |end| {
        end.strftime(" until %Y-%m-%d %H:%M:%S UTC").to_string()
    });
    let event = Event {
        subject: source.to_string(),
        at: now,
        detail: format!("{failures} sign-ins failed, blocked{until}"),
    };
    alerts::note(tx, Cause::IpBlocked, &event)?;
    Ok(Entry::create(Object::IpBlacklist, id)
        .fields(["cidr", "target", "expire_at", "description"])
        .with(true))
}
