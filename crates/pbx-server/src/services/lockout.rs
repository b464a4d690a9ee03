//! Failed sign-ins: an event in the log, an entry in the audit log, and the lockout of the source after too many.
//!
//! Failures are counted in the store, for all nodes together. The lockout is an ordinary IP rule that every caller with the permission
//! can see and remove; then the source has all its attempts again. A successful sign-in does not reset the count: the owner of one
//! account could otherwise guess the password of another without limit.

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use pbx_domain::admin::settings::AdminSettings;
use pbx_domain::alerts::{Cause, Event};
use pbx_domain::audit::{Action, Audited, Entry, Object};
use pbx_domain::ip_filters::IpRule;
use pbx_domain::ip_rules::Verdict;
use pbx_domain::lockout::{Client, Failure};
use pbx_domain::{Error, Id, clock};
use pbx_store::{OnConstraint, Tx, ip_filters, settings, sign_in_failures};
use pbx_types::ip_filters::IpRuleTarget;

use super::alerts;
use super::context::Context;

/// The object of an audit entry for an account that does not exist. Its name is not stored: it may be a mistyped password.
const UNKNOWN_ACCOUNT: &str = "unknown";

/// Logs, audits and counts a failed sign-in; one too many creates the rule.
///
/// # Errors
///
/// [`Error::AddressDenied`] for a sign-in that was in progress when the rule was created.
pub async fn record_failure(context: &Context, client: Client, failure: Failure) -> Result<(), Error> {
    let source = client.source();
    let request_id = context.actor().request_id.as_deref();
    let (name, reason) = (failure.name, failure.reason.as_str());
    tracing::warn!(address = %client.address, name, reason, request_id, "sign-in failed");
    let entry = context.sign_ins.is_audited(source, failure.key).then(|| {
        let account = failure.account.map_or(UNKNOWN_ACCOUNT.to_owned(), |id| id.to_string());
        Entry::new(Action::LoginFailed, Object::User, account)
    });
    if client.accepted && entry.is_none() {
        return Ok(());
    }
    let id = context.ids.next();
    let locked_out = context
        .write(move |tx| {
            let counted = if client.accepted {
                Audited::nothing(false)
            } else {
                count_failure(tx, client, id)?
            };
            Ok::<_, Error>(entry.iter().cloned().fold(counted, Audited::and))
        })
        .await?;
    if locked_out {
        tracing::warn!(%source, "locked out: too many failed sign-ins");
    }
    Ok(())
}

/// Counts a failure. Returns `true` if it was one too many.
fn count_failure(tx: &mut Tx<'_>, client: Client, id: Id<IpRule>) -> Result<Audited<bool>, Error> {
    let (now, source) = (clock::now(), client.source());
    check_not_locked_out(tx, client, now)?;
    let policy: AdminSettings = settings::load(tx)?;
    let interval = policy.lockout_interval();
    if interval.is_zero() {
        return Ok(Audited::nothing(false));
    }
    sign_in_failures::delete_before(tx, now.saturating_sub(interval).unwrap_or(Timestamp::MIN))?;
    let failures = sign_in_failures::increment(tx, &source, now)?;
    if failures <= policy.max_failures() {
        return Ok(Audited::nothing(false));
    }
    sign_in_failures::delete(tx, &source)?;
    lock_out(tx, id, source, failures, now, interval)
}

/// Refuses a client that the cached IP rules deny. Cheap enough to be asked again before each hash: a client that was locked out while
/// it waited for its turn costs none.
pub fn check_not_denied(context: &Context, client: Client) -> Result<(), Error> {
    let address = client.address;
    match context
        .cached_ip_rules()
        .map(|rules| rules.verdict(address, clock::now()))
    {
        Some(Verdict::Deny { until }) => Err(Error::AddressDenied { address, until }),
        Some(Verdict::Accept | Verdict::Unknown) | None => Ok(()),
    }
}

/// Refuses a client that was locked out since its request was admitted: of concurrent guesses, none succeeds after the rule was
/// created.
pub fn check_not_locked_out(tx: &mut Tx<'_>, client: Client, now: Timestamp) -> Result<(), Error> {
    if client.accepted {
        return Ok(());
    }
    let Some(rule) = ip_filters::by_range(tx, &client.source(), now)? else {
        return Ok(());
    };
    let until = rule.expire_at.map(Timestamp::from);
    if rule.target == IpRuleTarget::Deny && until.is_none_or(|end| end > now) {
        return Err(Error::AddressDenied {
            address: client.address,
            until,
        });
    }
    Ok(())
}

fn lock_out(
    tx: &mut Tx<'_>,
    id: Id<IpRule>,
    source: IpNet,
    failures: i64,
    now: Timestamp,
    interval: SignedDuration,
) -> Result<Audited<bool>, Error> {
    let until = clock::after(now, interval);
    let rule = IpRule {
        cidr: source.to_string(),
        target: IpRuleTarget::Deny,
        expire_at: Some(until.into()),
        description: Some(format!(
            "Locked out: {failures} sign-ins failed within {} s. Remove this rule to unblock.",
            interval.as_secs()
        )),
    };
    // An expired rule that is still stored would violate the unique constraint.
    ip_filters::delete_range(tx, &source)?;
    ip_filters::insert(tx, id, &rule, now).on_constraint(ip_filters::UNIQUE_CIDR, || Error::AddressDenied {
        address: source.addr(),
        until: Some(until),
    })?;
    let event = Event {
        subject: source.to_string(),
        at: now,
        detail: format!(
            "{failures} sign-ins failed, blocked until {}",
            until.strftime("%Y-%m-%d %H:%M:%S UTC")
        ),
    };
    alerts::queue(tx, Cause::IpBlocked, &event)?;
    Ok(Entry::create(Object::IpBlacklist, id).present(&rule).with(true))
}
