//! `pbx open`: what there is to know of a tenant, on one page.

use futures_util::StreamExt as _;
use serde_json::{Map, Value, json};

use crate::connection::Server;
use crate::failure::{Exit, Failure};
use crate::generated::Operation;
use crate::operation::Request;
use crate::operation::spec::Callers;
use crate::options::{Format, Options};
use crate::output::{self, Printer, Shape, card, rows};
use crate::{accounts, tenants};

/// Shows a tenant.
pub async fn open(called: &str, options: &Options) -> Result<(), Failure> {
    let mut server = Server::of(options, &Callers::SignedIn).await?;
    let gathered = gather(&mut server, called).await;
    server.end().await;
    let (tenant, notes) = gathered?;
    let printer = Printer::of(options);
    match printer.format() {
        Format::Table => output::line(&card::tenant(&tenant, &notes, printer.style())),
        _ => printer.show(Shape::ANY, &tenant),
    }
}

/// All that the caller may know of a tenant, and why some of it is missing.
async fn gather(server: &mut Server, called: &str) -> Result<(Value, Vec<String>), Failure> {
    let mut notes = Vec::new();
    let mut all = Map::new();
    // Who acts in a tenant may see no other.
    match server.json(&Request::of(Operation::RetrieveCurrentTenant.spec())).await {
        Ok(tenant) if is_called(&tenant, called) => {
            all.insert("tenant".to_owned(), tenant);
            inside(server, &mut all).await?;
            return Ok((Value::Object(all), notes));
        }
        Err(failure) if failure.exit != Some(Exit::Forbidden) => return Err(failure),
        _ => {}
    }
    let found = tenants::find(server, called).await?;
    let show = Request::of(Operation::ShowTenant.spec()).at("id", &found.id);
    all.insert("tenant".to_owned(), server.json(&show).await?);
    let dealers = Request::of(Operation::ListTenantDealers.spec()).at("id", &found.id);
    add(&mut all, "dealers", server.json(&dealers).await)?;
    add(&mut all, "trunks", trunks(server, &found.id).await)?;
    visit(server, &found.id, &mut all, &mut notes).await?;
    Ok((Value::Object(all), notes))
}

fn is_called(tenant: &Value, called: &str) -> bool {
    let mut names = ["id", "name", "domain"].iter();
    names.any(|name| {
        tenant[*name]
            .as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case(called))
    })
}

/// What is only known within the tenant: goes there and comes back, while no other command uses the session.
async fn visit(
    server: &mut Server,
    id: &str,
    all: &mut Map<String, Value>,
    notes: &mut Vec<String>,
) -> Result<(), Failure> {
    if !server.alone()? {
        notes.push("Status and balance: `pbx switch` first, another command uses this session.".to_owned());
        return Ok(());
    }
    let before = server.tenant().map(str::to_owned);
    let outcome = match accounts::go(server, Some(id)).await {
        Ok(()) => inside(server, all).await,
        Err(failure) if failure.exit == Some(Exit::Forbidden) => Ok(()),
        Err(failure) => Err(failure),
    };
    accounts::go(server, before.as_deref()).await?;
    outcome
}

async fn inside(server: &mut Server, all: &mut Map<String, Value>) -> Result<(), Failure> {
    let status = server
        .json(&Request::of(Operation::RetrieveCurrentTenantStatus.spec()))
        .await;
    add(all, "status", status)?;
    let balance = server.json(&Request::of(Operation::GetTenantBalance.spec())).await;
    add(all, "balance", balance)
}

/// The trunks that are assigned to a tenant, with their numbers.
async fn trunks(server: &mut Server, tenant: &str) -> Result<Value, Failure> {
    let mut trunks = Vec::new();
    let mut skip = 0;
    loop {
        let request = Request::of(Operation::ListProviders.spec())
            .with("top", 100)
            .with("skip", skip);
        let page = server.json(&request).await?;
        let items = rows(&page).unwrap_or_default().to_vec();
        skip += items.len();
        let count = page["count"].as_u64().unwrap_or(0);
        let done = items.is_empty() || skip as u64 >= count;
        trunks.extend(items);
        if done {
            break;
        }
    }
    let server = &*server;
    let assigned = futures_util::stream::iter(trunks).map(|trunk| async move {
        let id = trunk["id"].as_str().unwrap_or_default().to_owned();
        let request = Request::of(Operation::CheckProviderAssignee.spec())
            .at("id", id)
            .at("tenant_id", tenant);
        match server.json_once(&request).await {
            Ok(assignment) => Ok(Some(json!({ "trunk": trunk, "assignment": assignment }))),
            Err(failure) if failure.exit == Some(Exit::NotFound) => Ok(None),
            Err(failure) => Err(failure),
        }
    });
    let found: Vec<Result<Option<Value>, Failure>> = assigned.buffered(8).collect().await;
    let found: Result<Vec<Option<Value>>, Failure> = found.into_iter().collect();
    Ok(Value::Array(found?.into_iter().flatten().collect()))
}

/// Adds what came; what the caller may not know is left out.
fn add(all: &mut Map<String, Value>, name: &str, came: Result<Value, Failure>) -> Result<(), Failure> {
    match came {
        Ok(value) => {
            all.insert(name.to_owned(), value);
            Ok(())
        }
        Err(failure) if matches!(failure.exit, Some(Exit::Forbidden | Exit::NotFound)) => Ok(()),
        Err(failure) => Err(failure),
    }
}
