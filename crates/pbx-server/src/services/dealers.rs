//! The common part of updates of a dealer, by itself and by those above it.

use pbx_domain::audit::{Audited, Entry, Object};
use pbx_domain::dealers::{Dealer, DealerSettings};
use pbx_domain::session::Visibility;
use pbx_domain::{Error, Id};
use pbx_store::{Tx, accounts, dealers as queries, sessions};

/// Returns a signed-in dealer.
///
/// # Errors
///
/// [`Error::Unauthorized`] if it was deleted in the meantime, and its sessions with it.
pub fn signed_in(tx: &mut Tx<'_>, id: Id) -> Result<Dealer, Error> {
    queries::by_id(tx, Visibility::System, id)?.ok_or(Error::Unauthorized)
}

/// Stores the settings of a dealer. One that becomes disabled is signed out; its tenants stay enabled.
pub fn update(tx: &mut Tx<'_>, before: Dealer, settings: DealerSettings) -> Result<Audited<()>, Error> {
    let id = before.id;
    let entry = Entry::update(Object::Dealer, id).between(&before.settings, &settings);
    if before.settings.enabled && !settings.enabled {
        sessions::delete_by_account(tx, id)?;
    }
    accounts::set_enabled(tx, id, settings.enabled)?;
    queries::update(tx, &Dealer { settings, ..before })?;
    Ok(entry.with(()))
}
