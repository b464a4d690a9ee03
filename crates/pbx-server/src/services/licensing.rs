//! The license in force, and the refusal of what it does not allow.

use pbx_domain::alerts::{Cause, Event};
use pbx_domain::license::{Licensed, Licensing, StoredLicense};
use pbx_domain::{Error, clock};
use pbx_store::{Store, Tx, accounts, settings};

use super::alerts;

/// Code of a refusal by [`check_users`].
const LICENSE_LIMITED: &str = "LICENSE_LIMITED";

/// Returns the license state of the installation.
pub async fn current(store: &Store, licensing: &Licensing) -> Result<Licensed, Error> {
    let licensing = licensing.clone();
    store.read(move |tx| load(tx, &licensing)).await
}

/// Refuses a transaction that has added users if there are now more in all tenants than the license allows. Its outcome must
/// pass through [`report_refusal`].
pub fn check_users(tx: &mut Tx<'_>, licensing: &Licensing) -> Result<(), Error> {
    let allowed = load(tx, licensing)?.limits.users;
    if accounts::has_more_users_than(tx, allowed)? {
        return Err(Error::Conflict {
            code: LICENSE_LIMITED,
            message: format!(
                "The license allows {allowed} users in all tenants together: remove one, or bring a larger license with \
                 POST /license."
            ),
        });
    }
    Ok(())
}

/// Returns the outcome of a transaction with [`check_users`] in it, and alerts the administrators of a refusal: the refused
/// transaction could not queue the alert, as it was rolled back.
pub async fn report_refusal<T>(store: &Store, outcome: Result<T, Error>) -> Result<T, Error> {
    if let Err(Error::Conflict {
        code: LICENSE_LIMITED,
        message,
    }) = &outcome
    {
        let event = Event {
            subject: "users".to_owned(),
            at: clock::now(),
            detail: message.clone(),
        };
        alerts::queue_separately(store, Cause::LicenseLimited, event).await;
    }
    outcome
}

/// Returns the license state of the installation, in a transaction.
pub fn load(tx: &mut Tx<'_>, licensing: &Licensing) -> Result<Licensed, Error> {
    let stored: StoredLicense = settings::load(tx)?;
    licensing.licensed(&stored, clock::now())
}

#[cfg(test)]
mod tests;
