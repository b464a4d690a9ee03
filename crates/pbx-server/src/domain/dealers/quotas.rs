//! How many tenants and users a dealer may have. What a dealer has counts against each of those above it as well, or dealers
//! below would defeat the limit. What is counted is there already: a limit that is lowered below it only stops growth.
//!
//! All of this is asked within the transaction that adds, so that it holds however many add at a time.

use crate::domain::{Error, Id};
use crate::store::{Tx, dealers, users};

/// What a dealer may have, together with all below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Whose it is.
    pub dealer_id: Id,
    /// Tenants; one that several dealers have counts once.
    pub max_tenants: i64,
    /// Users of those tenants.
    pub max_extensions: i64,
}

/// Whether a dealer may have one tenant more, one that is new and has no users.
pub fn room_for_tenant(tx: &mut Tx<'_>, dealer_id: Id) -> Result<(), Error> {
    for quota in dealers::quotas_above(tx, dealer_id)? {
        if dealers::count_tenants(tx, quota.dealer_id)? >= quota.max_tenants {
            return Err(too_many("tenants (`max_tenants`)", quota.dealer_id == dealer_id));
        }
    }
    Ok(())
}

/// Whether a dealer may have that tenant too, with the users that it has. It may count for some of those above it already.
pub fn room_to_designate(tx: &mut Tx<'_>, dealer_id: Id, tenant_id: Id) -> Result<(), Error> {
    let brought = users::count_of(tx, tenant_id)?;
    for quota in dealers::quotas_above(tx, dealer_id)? {
        if dealers::owns(tx, quota.dealer_id, tenant_id)? {
            continue;
        }
        let own = quota.dealer_id == dealer_id;
        if dealers::count_tenants(tx, quota.dealer_id)? >= quota.max_tenants {
            return Err(too_many("tenants (`max_tenants`)", own));
        }
        if brought > 0 && dealers::count_users(tx, quota.dealer_id)? + brought > quota.max_extensions {
            return Err(too_many("users (`max_extensions`)", own));
        }
    }
    Ok(())
}

/// Whether the dealers of a tenant, and those above them, may have one user more. The tenant's own limit is not asked here.
pub fn room_for_user(tx: &mut Tx<'_>, tenant_id: Id) -> Result<(), Error> {
    for quota in dealers::quotas_of_tenant(tx, tenant_id)? {
        if dealers::count_users(tx, quota.dealer_id)? >= quota.max_extensions {
            return Err(exceeded(
                "A dealer of this tenant, or one above it, may not have more users (`max_extensions`).",
            ));
        }
    }
    Ok(())
}

/// Says which limit it is, and of those above only that there is one: the caller may not know them.
fn too_many(what: &str, own: bool) -> Error {
    let whose = if own { "This dealer" } else { "A dealer above this one" };
    exceeded(format!(
        "{whose} may not have more {what}, those of the dealers below it included."
    ))
}

fn exceeded(message: impl Into<String>) -> Error {
    Error::Conflict {
        code: "DEALER_QUOTA_EXCEEDED",
        message: message.into(),
    }
}
