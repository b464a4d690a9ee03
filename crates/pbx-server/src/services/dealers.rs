//! The common part of updates of a dealer, by itself and by those above it.

use pbx_domain::audit::{Audited, Entry, Object};
use pbx_domain::dealers::{Dealer, StoredDealer};
use pbx_domain::kind;
use pbx_domain::session::Visibility;
use pbx_domain::{Error, Id};
use pbx_store::{Tx, accounts, dealers as queries, password_resets, sessions};

/// Returns a signed-in dealer.
///
/// # Errors
///
/// [`Error::Unauthorized`] if it was deleted in the meantime, and its sessions with it.
pub fn signed_in(tx: &mut Tx<'_>, id: Id<kind::Dealer>) -> Result<StoredDealer, Error> {
    queries::by_id(tx, Visibility::System, id)?.ok_or(Error::Unauthorized)
}

/// Stores the properties of a dealer. One that becomes disabled is signed out; its tenants stay enabled. One that loses the full access
/// to its tenants is switched out of them, so that it does not act in one again when it gets the access back.
pub fn update(tx: &mut Tx<'_>, before: &StoredDealer, after: &Dealer) -> Result<Audited<()>, Error> {
    let id = before.id;
    if before.enabled && !after.enabled {
        sessions::delete_by_account(tx, id.account())?;
    }
    if before.tenant_full_access && !after.tenant_full_access {
        sessions::leave_tenants(tx, id.account())?;
    }
    if before.email != after.email {
        // The link to set a new password is in the other mailbox.
        password_resets::delete_by_account(tx, id.account())?;
    }
    accounts::set_enabled(tx, id.account(), after.enabled)?;
    queries::update(tx, id, after)?;
    Ok(Entry::update(Object::Dealer, id).changed(&before.value, after).with(()))
}
