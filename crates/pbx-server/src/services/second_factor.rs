//! The second factor of sign-ins: a code that is mailed to the users of tenants which require it.
//!
//! Everything is in the store, so that any node can send and verify a code. Wrong codes are limited for each sign-in, for the account
//! over all of its sign-ins, and for the source by the lockout. Only those who know the password get as far, and a change of the
//! password ends the sign-ins and the counts.

use jiff::Timestamp;
use pbx_domain::admin::notification::Notification;
use pbx_domain::brand::Brand;
use pbx_domain::kind;
use pbx_domain::second_factor::{
    COUNT_PERIOD, Code, MAX_ATTEMPTS, MAX_COUNT, RESEND_INTERVAL, SIGN_IN_LIFETIME, is_valid,
};
use pbx_domain::session::Account;
use pbx_domain::setting::Owner;
use pbx_domain::tenants::tenant::TenantSettings;
use pbx_domain::token::TokenHash;
use pbx_domain::vault::Vault;
use pbx_domain::{Error, Id, clock};
use pbx_store::second_factors::{Counts, PendingSignIn};
use pbx_store::{Tx, accounts, second_factors as queries, settings, users};

use super::context::Context;
use crate::adapters::mail::Mailer;
use crate::adapters::outgoing::OutgoingSlots;

/// The outcome of checking a code.
pub enum Checked {
    /// The sign-in is unknown or has expired.
    Unknown,
    /// The code is not the one that was sent last, or has expired. The failure is counted.
    Wrong(Account),
    /// The sign-in is complete, and deleted.
    Right(Account),
}

/// Returns `true` if the account needs a second factor: a user of a tenant that requires it.
pub fn is_required(tx: &mut Tx<'_>, account: &Account) -> Result<bool, Error> {
    let Some(id) = account.tenant_id else { return Ok(false) };
    let settings: TenantSettings = settings::load_for(tx, Owner::Tenant(id))?;
    Ok(settings.enable_two_factor_authentication)
}

/// Stores a sign-in that waits for its code.
///
/// # Errors
///
/// [`Error::NotAllowed`] if no code can be sent to the account.
pub fn begin(tx: &mut Tx<'_>, account: &Account, token: &TokenHash, now: Timestamp) -> Result<(), Error> {
    address(tx, account.id)?;
    Ok(queries::insert(
        tx,
        token,
        account.id,
        clock::after(now, SIGN_IN_LIFETIME),
    )?)
}

/// Returns `true` if this is the token of a sign-in that waits for its code.
pub fn is_known(tx: &mut Tx<'_>, token: &TokenHash) -> Result<bool, Error> {
    Ok(pending(tx, token, clock::now())?.is_some())
}

/// Mails a new code to the user, which replaces the one before.
///
/// # Errors
///
/// [`Error::Refused`] if the sign-in is unknown or has expired, or the mail cannot be sent; [`Error::TooManyRequests`] if a code was
/// sent a moment ago, or too many were, or too many mails of the tenant are in progress.
pub async fn send_code(context: &Context, mailer: &Mailer, outgoing: &OutgoingSlots, token: &str) -> Result<(), Error> {
    let token = TokenHash::new(token);
    let account = {
        let token = token.clone();
        context.read(move |tx| pending(tx, &token, clock::now()))
    };
    let (_, account) = account.await?.ok_or_else(unknown)?;
    let _slot = outgoing.take(account.tenant_id.map_or(Owner::System, Owner::Tenant))?;
    let code = Code::generate()?;
    let sealed = code.seal(&context.vault, account.id)?;
    let (settings, brand, name, address) = context
        .write_unaudited(move |tx| {
            let now = clock::now();
            let (sign_in, account) = pending(tx, &token, now)?.ok_or_else(unknown)?;
            let settings: Notification = settings::load(tx)?;
            if !settings.serves_tenants() {
                return Err(no_mail());
            }
            let address = address(tx, account.id)?;
            if let Some((_, sent_at)) = sign_in.code {
                check_time(1, clock::after(sent_at, RESEND_INTERVAL), now)?;
            }
            let counts = checked_counts(tx, account.id, now)?;
            let sends = counts.sends + 1;
            queries::set_counts(tx, account.id, Counts { sends, ..counts })?;
            queries::set_code(tx, &token, &sealed, now)?;
            let brand: Brand = settings::load(tx)?;
            Ok((settings, brand, account.name, address))
        })
        .await?;
    let email = code.to_email(&brand.title, &name, address);
    let sent = match settings.mail_server(&context.vault) {
        Ok(server) => mailer.send(&server, &email).await,
        Err(error) => Err(error),
    };
    // The reply of the mail server is for administrators: the caller is not signed in.
    sent.map(drop).map_err(|error| {
        tracing::warn!(account = %account.id, ?error, "the code of a sign-in was not sent");
        Error::Refused {
            code: "MAIL_NOT_SENT",
            message: "The code could not be sent: try again later, or ask an administrator, who finds the reason in the \
                      server's log.",
        }
    })
}

/// Checks a code and counts a wrong one. The right one completes the sign-in, so that it works once.
///
/// # Errors
///
/// [`Error::TooManyRequests`] after too many wrong codes with the account.
pub fn check(tx: &mut Tx<'_>, vault: &Vault, token: &TokenHash, code: &Code, now: Timestamp) -> Result<Checked, Error> {
    let Some((sign_in, account)) = pending(tx, token, now)? else {
        return Ok(Checked::Unknown);
    };
    let counts = counts_below(tx, account.id, now, |counts| counts.failures)?;
    let right = match &sign_in.code {
        Some((stored, sent_at)) if is_valid(*sent_at, now) => code.matches(vault, account.id, stored)?,
        _ => false,
    };
    if right {
        queries::delete(tx, token)?;
        return Ok(Checked::Right(account));
    }
    let failures = counts.failures + 1;
    queries::set_counts(tx, account.id, Counts { failures, ..counts })?;
    match sign_in.failures + 1 {
        MAX_ATTEMPTS.. => queries::delete(tx, token)?,
        failures => queries::set_failures(tx, token, failures)?,
    }
    Ok(Checked::Wrong(account))
}

/// Checks that a tenant may begin to require a second factor: its users could not sign in otherwise, and neither could the user who
/// begins it.
///
/// # Errors
///
/// [`Error::Conflict`].
pub fn check_can_be_required(tx: &mut Tx<'_>, by: Option<Id<kind::Account>>) -> Result<(), Error> {
    let settings: Notification = settings::load(tx)?;
    if !settings.serves_tenants() {
        return Err(Error::Conflict {
            code: "NO_MAIL_SERVER",
            message:
                "The code of the second factor cannot be mailed: a system administrator has to save a mail server and \
                      `enable_tenant_access` with POST /admin/notification first."
                    .to_owned(),
        });
    }
    if let Some(id) = by
        && users::email(tx, id)? == Some(None)
    {
        return Err(Error::conflict(
            "You have no e-mail address to which the code of the second factor could be sent: set yours with POST \
             /users/{id} first.",
        ));
    }
    Ok(())
}

/// Checks that a user of the tenant may have no e-mail address: with a second factor, the user could not sign in.
///
/// # Errors
///
/// [`Error::Conflict`].
pub fn check_email_may_be_cleared(tx: &mut Tx<'_>, tenant_id: Id<kind::Tenant>) -> Result<(), Error> {
    let settings: TenantSettings = settings::load_for(tx, Owner::Tenant(tenant_id))?;
    if settings.enable_two_factor_authentication {
        return Err(Error::conflict(
            "The tenant requires a second factor, whose code is mailed: without an e-mail address, the user could not sign in.",
        ));
    }
    Ok(())
}

/// Checks that mail can still be sent to tenants that require a second factor, after a change of the settings.
///
/// # Errors
///
/// [`Error::Conflict`] with the number of such tenants.
pub fn check_mail_stays(tx: &mut Tx<'_>, before: &Notification, after: &Notification) -> Result<(), Error> {
    if !before.serves_tenants() || after.serves_tenants() {
        return Ok(());
    }
    match queries::count_tenants(tx)? {
        0 => Ok(()),
        count => Err(Error::Conflict {
            code: "CONFLICT",
            message: format!(
                "{count} tenant(s) require a second factor, whose code is mailed: without a mail server and \
                 `enable_tenant_access`, their users could not sign in. Switch `enable_two_factor_authentication` off there \
                 first."
            ),
        }),
    }
}

/// Returns the refusal of a sign-in by an operation that cannot ask for a second factor.
pub fn required() -> Error {
    Error::Refused {
        code: "TWO_FACTOR_REQUIRED",
        message: "This account needs a second factor: sign in with POST /auth/sign_in.",
    }
}

/// Returns the refusal of the token of a sign-in that never was, has expired or is complete.
pub fn unknown() -> Error {
    Error::Refused {
        code: "UNKNOWN_SIGN_IN",
        message: "This sign-in is unknown or has expired: sign in again with POST /auth/sign_in.",
    }
}

/// Returns the refusal of a wrong code.
pub fn wrong_code() -> Error {
    Error::Refused {
        code: "WRONG_CODE",
        message: "The code is wrong or has expired. After 5 wrong codes, you have to sign in again.",
    }
}

fn no_mail() -> Error {
    Error::Refused {
        code: "NO_MAIL_SERVER",
        message: "The code cannot be sent: a system administrator has to save a mail server and `enable_tenant_access` with \
                  POST /admin/notification.",
    }
}

/// Returns the sign-in with this token and its account, which is still enabled.
fn pending(tx: &mut Tx<'_>, token: &TokenHash, now: Timestamp) -> Result<Option<(PendingSignIn, Account)>, Error> {
    let Some(sign_in) = queries::by_token(tx, token, now)? else {
        return Ok(None);
    };
    let account = accounts::by_id(tx, sign_in.account_id)?.filter(|account| account.enabled);
    Ok(account.map(|account| (sign_in, account)))
}

/// Returns the address to which codes are sent.
fn address(tx: &mut Tx<'_>, id: Id<kind::Account>) -> Result<String, Error> {
    users::email(tx, id)?.flatten().ok_or(Error::NotAllowed {
        message: "Your account has no e-mail address to which the code of the second factor could be sent: ask an \
                  administrator of your tenant to set one.",
    })
}

/// Returns the counts of an account of which neither is at its limit: without an attempt left, a code is of no use.
fn checked_counts(tx: &mut Tx<'_>, id: Id<kind::Account>, now: Timestamp) -> Result<Counts, Error> {
    counts_below(tx, id, now, |counts| counts.sends.max(counts.failures))
}

fn counts_below(
    tx: &mut Tx<'_>,
    id: Id<kind::Account>,
    now: Timestamp,
    counted: impl Fn(&Counts) -> i64,
) -> Result<Counts, Error> {
    let counts = queries::counts(tx, id, now)?;
    if counted(&counts) >= MAX_COUNT.into() {
        check_time(MAX_COUNT, clock::after(counts.since, COUNT_PERIOD), now)?;
    }
    Ok(counts)
}

/// Refuses what is permitted from a later time only.
fn check_time(limit: u32, from: Timestamp, now: Timestamp) -> Result<(), Error> {
    match from.duration_since(now).try_into() {
        Ok(retry_after) if from > now => Err(Error::TooManyRequests {
            limit,
            retry_after,
            reset: retry_after,
        }),
        _ => Ok(()),
    }
}
