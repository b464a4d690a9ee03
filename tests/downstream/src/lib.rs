//! Disables every tenant whose balance is below a floor.

use pbx_client::{Client, Error, types};

/// The number of tenants per page.
const PAGE_SIZE: usize = 50;

/// Disables every enabled tenant whose balance is below `floor`. Returns their names.
///
/// The balance is visible only within the tenant, so the session is switched into each tenant and back.
pub async fn disable_debtors(client: &Client, floor: f64) -> Result<Vec<String>, Error> {
    let mut disabled = Vec::new();
    for tenant in enabled_tenants(client).await? {
        let id = types::TenantId::try_from(tenant.id)?;
        match balance(client, &id).await {
            // A tenant without a balance has no billing.
            Ok(balance) if balance.is_none_or(|balance| balance >= floor) => continue,
            Ok(_) => {}
            // The tenant was deleted meanwhile.
            Err(Error::NotFound(_)) => continue,
            Err(error) => return Err(error),
        }
        let change = types::UpdateTenant::default().enabled(false);
        client.update_tenant().id(id).body(change).send().await?;
        disabled.push(tenant.name.unwrap_or_default());
    }
    Ok(disabled)
}

/// Returns the prepaid balance of a tenant.
async fn balance(client: &Client, tenant: &types::TenantId) -> Result<Option<f64>, Error> {
    client.session().switch_tenant(tenant).await?;
    let balance = client.get_tenant_balance().send().await;
    client.session().leave_tenant().await?;
    Ok(balance?.into_inner().balance)
}

async fn enabled_tenants(client: &Client) -> Result<Vec<types::TenantSummary>, Error> {
    let mut tenants = Vec::new();
    loop {
        let page = client
            .list_tenants()
            .skip(tenants.len() as i64)
            .top(PAGE_SIZE as i64)
            .send()
            .await?
            .into_inner();
        let is_last = page.items.len() < PAGE_SIZE;
        tenants.extend(page.items);
        if is_last {
            tenants.retain(|tenant| tenant.enabled == Some(true));
            return Ok(tenants);
        }
    }
}
