//! Disables every tenant whose balance is below a floor.

use pbx_client::{Client, types};

/// What went wrong, for a person.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// How many tenants are asked for at a time.
const PAGE: i64 = 50;

/// Disables every enabled tenant whose balance is below `floor`; their names.
///
/// The balance is the tenant's own affair: the session is put into each tenant to see it, and returns at the end.
pub async fn disable_debtors(client: &Client, floor: f64) -> Result<Vec<String>, Error> {
    let mut disabled = Vec::new();
    let tenants = enabled_tenants(client).await?;
    for tenant in &tenants {
        let id = tenant.id.clone().unwrap_or_default();
        client.switch_tenants().id(id.clone()).send().await?;
        let balance = client.get_tenant_balance().send().await?.into_inner().balance;
        // No balance is no debt: the tenant has no billing.
        if balance.is_some_and(|balance| balance < floor) {
            let change = types::UpdateTenant::default().enabled(false);
            client.update_tenant().id(id).body(change).send().await?;
            disabled.push(tenant.name.clone().unwrap_or_default());
        }
    }
    if !tenants.is_empty() {
        client.switch_tenants().send().await?;
    }
    Ok(disabled)
}

async fn enabled_tenants(client: &Client) -> Result<Vec<types::TenantSummary>, Error> {
    let mut tenants = Vec::new();
    loop {
        let skip = i64::try_from(tenants.len())?;
        let page = client.list_tenants().skip(skip).top(PAGE).send().await?.into_inner();
        let last = page.items.is_empty() || page.count.is_some_and(|count| skip + page.items.len() as i64 >= count);
        tenants.extend(page.items);
        if last {
            tenants.retain(|tenant| tenant.enabled == Some(true));
            return Ok(tenants);
        }
    }
}
