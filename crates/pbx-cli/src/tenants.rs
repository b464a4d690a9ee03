//! Finds tenants by ID, SIP domain or name, and switches sessions into them.

use serde_json::Value;

use crate::api::session::ApiSession;
use crate::failure::{Exit, Failure};
use crate::generated::tenants;
use crate::operation::request::Request;
use crate::page;

/// The ID and names of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSummary {
    /// ID.
    pub id: String,
    /// Name.
    pub name: String,
    /// SIP domain.
    pub domain: String,
}

/// Finds a tenant by its ID, SIP domain or name.
///
/// # Errors
///
/// Fails if there is no such tenant, or if several have the name.
pub async fn find(session: &mut ApiSession, reference: &str) -> Result<TenantSummary, Failure> {
    let show = Request::new(&tenants::SHOW_TENANT).with_path("id", reference);
    let is_id = !reference.is_empty()
        && reference
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '=' | '-' | '_'));
    if is_id {
        match session.send_json(&show).await {
            Ok(tenant) => return summary(&tenant).ok_or_else(|| not_found(reference)),
            Err(failure) if matches!(failure.exit, Some(Exit::NotFound | Exit::Invalid)) => {}
            Err(failure) => return Err(failure),
        }
    }
    let quoted = reference.replace('\'', "''");
    let filter = format!("domain eq '{quoted}' or name eq '{quoted}'");
    let tenants = list(session, "filter", &filter).await?;
    // A domain belongs to one tenant, and is compared without case.
    if let Some(tenant) = tenants
        .iter()
        .find(|tenant| tenant.domain.eq_ignore_ascii_case(reference))
    {
        return Ok(tenant.clone());
    }
    match tenants.as_slice() {
        [] => find_domain(session, reference).await,
        [tenant] => Ok(tenant.clone()),
        several => {
            let lines: Vec<String> = several
                .iter()
                .map(|tenant| format!("\n  {}  {}", tenant.id, tenant.domain))
                .collect();
            Err(Failure::new(
                Exit::Conflict,
                format!("several tenants are named {reference}:{}", lines.concat()),
            )
            .with_hint("use the ID or the SIP domain"))
        }
    }
}

/// Switches the session into a tenant, or back to the account.
///
/// # Errors
///
/// Fails if the session may not act in the tenant.
pub async fn switch(session: &mut ApiSession, tenant: Option<&str>) -> Result<(), Failure> {
    let request = Request::new(&tenants::SWITCH_TENANTS);
    match tenant {
        // Saved first, so that an interrupted command does not leave the tenant unknown.
        Some(tenant) => {
            session.save_tenant(Some(tenant))?;
            let outcome = session.send(&request.with_query("id", tenant)).await;
            if outcome.is_err() {
                session.save_tenant(None)?;
            }
            outcome?;
        }
        None => {
            session.send(&request).await?;
            session.save_tenant(None)?;
        }
    }
    Ok(())
}

/// Finds a tenant by its SIP domain in any case; filters are case-sensitive.
async fn find_domain(session: &mut ApiSession, domain: &str) -> Result<TenantSummary, Failure> {
    let phrase = format!("\"{}\"", domain.replace('"', " "));
    let tenants = list(session, "search", &phrase).await?;
    tenants
        .into_iter()
        .find(|tenant| tenant.domain.eq_ignore_ascii_case(domain))
        .ok_or_else(|| not_found(domain))
}

async fn list(session: &mut ApiSession, parameter: &'static str, value: &str) -> Result<Vec<TenantSummary>, Failure> {
    let request = Request::new(&tenants::LIST_TENANTS).with_query(parameter, value);
    let page = session.send_json(&request).await?;
    Ok(page::items(&page)
        .unwrap_or_default()
        .iter()
        .filter_map(summary)
        .collect())
}

fn summary(tenant: &Value) -> Option<TenantSummary> {
    let text = |name: &str| tenant.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(TenantSummary {
        id: text("id")?,
        name: text("name").unwrap_or_default(),
        domain: text("domain").unwrap_or_default(),
    })
}

fn not_found(reference: &str) -> Failure {
    Failure::new(
        Exit::NotFound,
        format!("no tenant with the ID, SIP domain or name {reference}"),
    )
    .with_hint("search with `pbx tenants list --search WORDS`")
}
