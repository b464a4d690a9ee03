//! Requests everything about a tenant that the session may see.

use futures_util::StreamExt as _;
use serde_json::{Map, Value, json};

use crate::api::session::ApiSession;
use crate::failure::{Exit, Failure};
use crate::generated::{providers, tenant, tenants as tenant_operations};
use crate::operation::request::Request;
use crate::pagination::Pages;
use crate::{page, tenants};

/// Maximum number of requests at a time.
const CONCURRENCY: usize = 8;

/// A tenant and what belongs to it; `None` for what the session may not see.
#[derive(Debug, Default)]
pub(super) struct TenantOverview {
    pub(super) tenant: Value,
    /// Page of dealers.
    pub(super) dealers: Option<Value>,
    /// Objects with `trunk` and `assignment`.
    pub(super) trunks: Option<Value>,
    pub(super) status: Option<Value>,
    pub(super) balance: Option<Value>,
    /// Reasons why something is missing.
    pub(super) notes: Vec<String>,
}

impl TenantOverview {
    /// Returns the overview as an object.
    pub(super) fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("tenant".to_owned(), self.tenant.clone());
        for (name, value) in [
            ("dealers", &self.dealers),
            ("trunks", &self.trunks),
            ("status", &self.status),
            ("balance", &self.balance),
        ] {
            if let Some(value) = value {
                object.insert(name.to_owned(), value.clone());
            }
        }
        Value::Object(object)
    }
}

/// Requests the overview of a tenant.
///
/// # Errors
///
/// Fails if there is no such tenant, or if a request fails for a reason other than missing permission.
pub(super) async fn request(session: &mut ApiSession, reference: &str) -> Result<TenantOverview, Failure> {
    // A session that acts in a tenant sees no other tenant.
    let current = Request::new(&tenant::RETRIEVE_CURRENT_TENANT);
    match session.send_json(&current).await {
        Ok(tenant) if is_named(&tenant, reference) => {
            let mut overview = TenantOverview {
                tenant,
                ..TenantOverview::default()
            };
            request_inside(session, &mut overview).await?;
            return Ok(overview);
        }
        Err(failure) if failure.exit != Some(Exit::Forbidden) => return Err(failure),
        _ => {}
    }
    let id = tenants::find(session, reference).await?.id;
    let show = Request::new(&tenant_operations::SHOW_TENANT).with_path("id", &id);
    let tenant = session.send_json(&show).await?;
    let dealers = Request::new(&tenant_operations::LIST_TENANT_DEALERS).with_path("id", &id);
    let mut overview = TenantOverview {
        tenant,
        dealers: if_permitted(session.send_json(&dealers).await)?,
        trunks: if_permitted(request_trunks(session, &id).await)?,
        ..TenantOverview::default()
    };
    switch_and_request(session, &id, &mut overview).await?;
    Ok(overview)
}

fn is_named(tenant: &Value, reference: &str) -> bool {
    ["id", "name", "domain"].iter().any(|property| {
        tenant[*property]
            .as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case(reference))
    })
}

/// Switches into the tenant for what is only visible there, and back, while no other command uses the session.
async fn switch_and_request(session: &mut ApiSession, id: &str, overview: &mut TenantOverview) -> Result<(), Failure> {
    if !session.try_exclusive()? {
        overview.notes.push(
            "Status and balance are missing: another command uses this session. Run `pbx switch` first.".to_owned(),
        );
        return Ok(());
    }
    let before = session.tenant().map(str::to_owned);
    let outcome = match tenants::switch(session, Some(id)).await {
        Ok(()) => request_inside(session, overview).await,
        Err(failure) if failure.exit == Some(Exit::Forbidden) => Ok(()),
        Err(failure) => Err(failure),
    };
    tenants::switch(session, before.as_deref()).await?;
    outcome
}

/// Requests what is only visible to sessions that act in the tenant.
async fn request_inside(session: &mut ApiSession, overview: &mut TenantOverview) -> Result<(), Failure> {
    let status = Request::new(&tenant::RETRIEVE_CURRENT_TENANT_STATUS);
    overview.status = if_permitted(session.send_json(&status).await)?;
    let balance = Request::new(&tenant::GET_TENANT_BALANCE);
    overview.balance = if_permitted(session.send_json(&balance).await)?;
    Ok(())
}

/// Requests the trunks that are assigned to a tenant, with their assignments.
async fn request_trunks(session: &mut ApiSession, tenant: &str) -> Result<Value, Failure> {
    let mut trunks = Vec::new();
    let mut pages = Pages::new(Request::new(&providers::LIST_PROVIDERS));
    while let Some(page) = pages.next(session).await? {
        trunks.extend(page::split(page).1);
    }
    let session = &*session;
    let assigned = futures_util::stream::iter(trunks).map(|trunk| async move {
        let id = trunk["id"].as_str().unwrap_or_default().to_owned();
        let request = Request::new(&providers::CHECK_PROVIDER_ASSIGNEE)
            .with_path("id", id)
            .with_path("tenant_id", tenant);
        match session.send_json_once(&request).await {
            Ok(assignment) => Ok(Some(json!({ "trunk": trunk, "assignment": assignment }))),
            Err(failure) if failure.exit == Some(Exit::NotFound) => Ok(None),
            Err(failure) => Err(failure),
        }
    });
    let assigned: Vec<Result<Option<Value>, Failure>> = assigned.buffered(CONCURRENCY).collect().await;
    let assigned: Result<Vec<Option<Value>>, Failure> = assigned.into_iter().collect();
    Ok(Value::Array(assigned?.into_iter().flatten().collect()))
}

/// Returns `None` for a response that the session may not see.
fn if_permitted(response: Result<Value, Failure>) -> Result<Option<Value>, Failure> {
    match response {
        Ok(value) => Ok(Some(value)),
        Err(failure) if matches!(failure.exit, Some(Exit::Forbidden | Exit::NotFound)) => Ok(None),
        Err(failure) => Err(failure),
    }
}
