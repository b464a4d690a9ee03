//! The quotas of dealers. The tenants and users of a dealer count against each dealer above it as well; otherwise dealers below
//! would defeat the limit. A quota that is lowered below the present count only stops growth.
//!
//! All checks run in the transaction that adds, so that they hold with any number of concurrent additions.

use pbx_domain::kind::{Dealer, Tenant};
use pbx_domain::{Error, Id};
use pbx_store::{Tx, dealers, users};

/// Checks that a dealer may have one more tenant, a new one without users.
pub fn check_new_tenant(tx: &mut Tx<'_>, dealer_id: Id<Dealer>) -> Result<(), Error> {
    for quota in dealers::quotas_above(tx, dealer_id)? {
        if dealers::count_tenants(tx, quota.dealer_id)? >= quota.max_tenants {
            return Err(exceeded_by_dealer(
                "tenants (`max_tenants`)",
                quota.dealer_id == dealer_id,
            ));
        }
    }
    Ok(())
}

/// Checks that a dealer may have the tenant too, with its users. Some of the dealers above may have it already.
pub fn check_designation(tx: &mut Tx<'_>, dealer_id: Id<Dealer>, tenant_id: Id<Tenant>) -> Result<(), Error> {
    let added_users = users::count_in_tenant(tx, tenant_id)?;
    for quota in dealers::quotas_above(tx, dealer_id)? {
        if dealers::has_tenant_in_branch(tx, quota.dealer_id, tenant_id)? {
            continue;
        }
        let own = quota.dealer_id == dealer_id;
        if dealers::count_tenants(tx, quota.dealer_id)? >= quota.max_tenants {
            return Err(exceeded_by_dealer("tenants (`max_tenants`)", own));
        }
        if added_users > 0 && dealers::count_users(tx, quota.dealer_id)? + added_users > quota.max_extensions {
            return Err(exceeded_by_dealer("users (`max_extensions`)", own));
        }
    }
    Ok(())
}

/// Checks that the dealers of a tenant, and those above them, may have one more user. The tenant's own quota is not checked.
pub fn check_new_user(tx: &mut Tx<'_>, tenant_id: Id<Tenant>) -> Result<(), Error> {
    for quota in dealers::quotas_of_tenant(tx, tenant_id)? {
        if dealers::count_users(tx, quota.dealer_id)? >= quota.max_extensions {
            return Err(exceeded(
                "A dealer of this tenant, or one above it, may not have more users (`max_extensions`).",
            ));
        }
    }
    Ok(())
}

/// Names the quota. Of a dealer above, it reports only that there is one: the caller may not see which.
fn exceeded_by_dealer(what: &str, own: bool) -> Error {
    let dealer = if own { "This dealer" } else { "A dealer above this one" };
    exceeded(format!(
        "{dealer} may not have more {what}, those of the dealers below it included."
    ))
}

fn exceeded(message: impl Into<String>) -> Error {
    Error::Conflict {
        code: "DEALER_QUOTA_EXCEEDED",
        message: message.into(),
    }
}

#[cfg(test)]
mod tests;
