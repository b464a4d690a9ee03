//! Tenants by whatever they are called.

use serde_json::Value;

use crate::connection::Server;
use crate::failure::{Exit, Failure};
use crate::generated::Operation;
use crate::operation::Request;
use crate::output::rows;

/// A tenant, as far as it must be known to name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its SIP domain.
    pub domain: String,
}

/// Finds a tenant by its id, its SIP domain or its name.
pub async fn find(server: &mut Server, called: &str) -> Result<Found, Failure> {
    let by_id = Request::of(Operation::ShowTenant.spec()).at("id", called);
    let is_id = !called.is_empty()
        && called
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '=' | '-' | '_'));
    if is_id {
        match server.json(&by_id).await {
            Ok(tenant) => return found(&tenant).ok_or_else(|| missing(called)),
            Err(failure) if matches!(failure.exit, Some(Exit::NotFound | Exit::Invalid)) => {}
            Err(failure) => return Err(failure),
        }
    }
    let quoted = called.replace('\'', "''");
    let by_name = Request::of(Operation::ListTenants.spec())
        .with("filter", format!("domain eq '{quoted}' or name eq '{quoted}'"));
    let list = server.json(&by_name).await?;
    let all: Vec<Found> = rows(&list).unwrap_or_default().iter().filter_map(found).collect();
    // A domain is of one tenant; case does not matter in it.
    if let Some(tenant) = all.iter().find(|tenant| tenant.domain.eq_ignore_ascii_case(called)) {
        return Ok(tenant.clone());
    }
    match all.as_slice() {
        [] => by_any_case(server, called).await,
        [one] => Ok(one.clone()),
        several => {
            let lines: Vec<String> = several
                .iter()
                .map(|tenant| format!("\n  {}  {}", tenant.id, tenant.domain))
                .collect();
            Err(Failure::new(
                Exit::Conflict,
                format!("several tenants are called {called}:{}", lines.concat()),
            )
            .hint("name one by its id or its domain"))
        }
    }
}

/// Filters compare letter by letter, and in a domain case does not matter.
async fn by_any_case(server: &mut Server, called: &str) -> Result<Found, Failure> {
    let phrase = format!("\"{}\"", called.replace('"', " "));
    let list = server
        .json(&Request::of(Operation::ListTenants.spec()).with("search", phrase))
        .await?;
    let mut all = rows(&list).unwrap_or_default().iter().filter_map(found);
    all.find(|tenant| tenant.domain.eq_ignore_ascii_case(called))
        .ok_or_else(|| missing(called))
}

fn found(tenant: &Value) -> Option<Found> {
    let text = |name: &str| tenant.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Found {
        id: text("id")?,
        name: text("name").unwrap_or_default(),
        domain: text("domain").unwrap_or_default(),
    })
}

fn missing(called: &str) -> Failure {
    Failure::new(
        Exit::NotFound,
        format!("there is no tenant of the id, SIP domain or name {called}"),
    )
    .hint("`pbx tenants list --search TEXT` finds tenants")
}
