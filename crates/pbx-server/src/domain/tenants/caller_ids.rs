//! Numbers that a tenant shows to others: they belong to trunks that are the tenant's.

use super::Tenant;
use crate::domain::document::Check;
use crate::domain::{Error, Id};
use crate::store::{Tx, providers, tenants};

/// Tells `check` which of the trunks are not the tenant's. Those of an unchanged list are: a trunk that is taken away takes its
/// numbers along ([`forget`]).
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
            Ok(provider_id) => providers::assignee(tx, provider_id, after.id)?.is_some(),
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

/// A tenant shows no numbers of a trunk that it has no more. Whether it did.
pub fn forget(tx: &mut Tx<'_>, tenant_id: Id, provider_id: Id) -> Result<bool, Error> {
    let mut tenant = super::existing(tx, tenant_id)?;
    let caller_ids = &mut tenant.settings.outbound_caller_ids;
    let (before, provider_id) = (caller_ids.len(), provider_id.to_string());
    caller_ids.retain(|caller_id| caller_id.provider_id != provider_id);
    if tenant.settings.outbound_caller_ids.len() == before {
        return Ok(false);
    }
    tenants::update(tx, &tenant)?;
    Ok(true)
}
