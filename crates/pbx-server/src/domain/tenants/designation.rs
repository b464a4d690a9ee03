//! Which dealers a tenant belongs to.
//!
//! System administrators decide that, and the dealers that are above both: a dealer hands its tenants to those below it.

use super::within;
use crate::domain::audit::{Entry, Object};
use crate::domain::dealers::{self, Level};
use crate::domain::session::Visibility;
use crate::domain::{Error, Id};
use crate::store::{Changes, Store, Tx, dealers as branches, tenants as queries};

/// A dealer that a tenant belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantDealer {
    /// Its id.
    pub id: Id,
    /// Whether it may sign in.
    pub enabled: bool,
    /// Its level.
    pub level: Level,
    /// Its account's name.
    pub name: String,
    /// As people call it.
    pub display_name: Option<String>,
}

/// The dealers of a tenant, the oldest first: a dealer is told of itself and those below it.
pub async fn list(store: &Store, visibility: Visibility, id: Id) -> Result<Vec<TenantDealer>, Error> {
    store
        .read(move |tx| {
            within(tx, visibility, id)?;
            Ok(queries::dealers_of(tx, visibility, id)?)
        })
        .await
}

/// Gives a tenant to a dealer as well. One that has it already keeps it.
pub async fn designate(store: &Changes, visibility: Visibility, id: Id, dealer_id: Id) -> Result<(), Error> {
    store
        .write(move |tx| {
            decides(tx, visibility, id, dealer_id)?;
            if queries::belongs_to(tx, id, dealer_id)? {
                return Ok(Entry::update(Object::Tenant, id).with(()));
            }
            dealers::room_to_designate(tx, dealer_id, id)?;
            queries::designate(tx, id, dealer_id)?;
            Ok(Entry::update(Object::Tenant, id).fields(["dealers"]).with(()))
        })
        .await
}

/// Takes a tenant from a dealer. What dealers do must leave it within their branch, or it would be nobody's and count for
/// nobody; system administrators may.
pub async fn remove(store: &Changes, visibility: Visibility, id: Id, dealer_id: Id) -> Result<(), Error> {
    store
        .write(move |tx| {
            decides(tx, visibility, id, dealer_id)?;
            if !queries::belongs_to(tx, id, dealer_id)? {
                return Err(Error::NotFound {
                    what: "dealer of this tenant",
                });
            }
            queries::remove(tx, id, dealer_id)?;
            if !queries::is_within(tx, visibility, id)? {
                return Err(Error::Conflict {
                    code: "CONFLICT",
                    message: "You would lose the tenant: designate it to another of your dealers first.".to_owned(),
                });
            }
            Ok(Entry::update(Object::Tenant, id).fields(["dealers"]).with(()))
        })
        .await
}

/// That whoever has that reach is above the tenant and above the dealer.
fn decides(tx: &mut Tx<'_>, visibility: Visibility, id: Id, dealer_id: Id) -> Result<(), Error> {
    within(tx, visibility, id)?;
    let known = match visibility {
        Visibility::System => branches::is_there(tx, dealer_id)?,
        Visibility::Branch(above) => above != dealer_id && branches::is_below(tx, above, dealer_id)?,
    };
    if known { Ok(()) } else { Err(dealers::not_found()) }
}
