//! Numbers that a tenant shows to others: they belong to trunks that are the tenant's.

use super::Tenant;
use crate::domain::document::Check;
use crate::domain::{Error, Id};
use crate::store::Tx;

/// Tells `check` which of the trunks are not the tenant's. What was there before stays, whatever became of the trunk.
pub(super) fn check(tx: &mut Tx<'_>, check: &mut Check<'_>, before: &Tenant, after: &Tenant) -> Result<(), Error> {
    let (before, caller_ids) = (
        &before.settings.outbound_caller_ids,
        &after.settings.outbound_caller_ids,
    );
    if before == caller_ids {
        return Ok(());
    }
    for (index, caller_id) in caller_ids.iter().enumerate() {
        let known = match caller_id.provider_id.parse() {
            Ok(provider_id) => is_assigned(tx, after.id, provider_id)?,
            Err(_) => false,
        };
        if !known {
            let name = format!("outbound_caller_ids/{index}/provider_id");
            check.refuse(
                &name,
                "unknown",
                "must be the id of a trunk that is assigned to the tenant",
            );
        }
    }
    Ok(())
}

/// Whether a trunk is assigned to a tenant.
fn is_assigned(_tx: &mut Tx<'_>, _tenant_id: Id, _provider_id: Id) -> Result<bool, Error> {
    // There is no operation that makes a trunk, so that no id is one.
    Ok(false)
}
