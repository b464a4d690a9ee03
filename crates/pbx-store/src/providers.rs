//! Queries of trunks, and of their assignments to tenants with their numbers.

use pbx_domain::Id;
use pbx_domain::providers::{Assignment, AuthMode, FIELDS, NumberRange, Provider};
use pbx_domain::vault::Sealed;
use pbx_types::list::{ListQuery, Page};
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, Value};

use crate::error::StoreError;
use crate::list;
use crate::list::List;
use crate::row::Row;
use crate::tx::Tx;

const COLUMNS: [&str; 10] = [
    "id",
    "name",
    "enabled",
    "auth_mode",
    "auth_id",
    "password",
    "transport",
    "hostname",
    "port",
    "concurrency",
];

/// The unique key over the host and the username of the registration.
pub const UNIQUE_AUTH_ID: &str = "providers_hostname_auth_id";

/// The foreign key that keeps an assigned trunk from being deleted.
pub const ASSIGNED: &str = "foreign_key";

const LIST: List = List::short(FIELDS);

/// Returns one page of the trunks.
pub fn page(tx: &mut Tx<'_>, query: &ListQuery) -> Result<Page<Provider>, StoreError> {
    list::page(tx, select(), &LIST, query, read)
}

/// Returns the trunk with this ID.
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Provider>, StoreError> {
    tx.first(select().and_where(Expr::col("id").eq(id.stored())), read)
}

/// Returns `true` if a trunk registers with this system for the domain, compared without case.
pub fn registers(tx: &mut Tx<'_>, domain: &str) -> Result<bool, StoreError> {
    let mut select = select();
    select
        .and_where(Expr::col("hostname").eq(domain.to_lowercase()))
        .and_where(Expr::col("auth_mode").eq(AuthMode::AcceptRegister.as_str()));
    Ok(tx.first(&select, |_| Ok(()))?.is_some())
}

/// Inserts a trunk. Violates [`UNIQUE_AUTH_ID`] if another has its credentials.
pub fn insert(tx: &mut Tx<'_>, provider: &Provider) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("providers")
        .columns(COLUMNS)
        .values_panic(values(provider).map(|(_, value)| value.into()));
    tx.execute(&insert).map(drop)
}

/// Replaces the trunk with the same ID. Violates [`UNIQUE_AUTH_ID`] if another has its credentials.
pub fn update(tx: &mut Tx<'_>, provider: &Provider) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("providers")
        .values(values(provider).map(|(column, value)| (column, value.into())))
        .and_where(Expr::col("id").eq(provider.id.stored()));
    tx.execute(&update).map(drop)
}

/// Deletes a trunk. Returns `false` if there was none. Violates [`ASSIGNED`] while it is assigned.
pub fn delete(tx: &mut Tx<'_>, id: Id) -> Result<bool, StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("providers")
        .and_where(Expr::col("id").eq(id.stored()));
    Ok(tx.execute(&delete)? > 0)
}

/// Returns the tenants that a trunk is assigned to, with their assignments.
pub fn assignees(tx: &mut Tx<'_>, id: Id) -> Result<Vec<(Id, Assignment)>, StoreError> {
    let select = assigned(id).order_by("tenant_id", Order::Asc).to_owned();
    tx.all(&select, |row| Ok((row.get(0)?, assignment(row)?)))
}

/// Returns the assignment of a trunk to a tenant.
pub fn assignee(tx: &mut Tx<'_>, id: Id, tenant_id: Id) -> Result<Option<Assignment>, StoreError> {
    let select = assigned(id)
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .to_owned();
    tx.first(&select, assignment)
}

/// Assigns a trunk. [`insert_number`] adds its numbers.
pub fn assign(tx: &mut Tx<'_>, id: Id, tenant_id: Id, assignment: &Assignment) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("provider_assignees")
        .columns(["provider_id", "tenant_id", "did_numbers", "concurrency"])
        .values_panic([
            id.stored().into(),
            tenant_id.stored().into(),
            assignment.did_numbers.clone().into(),
            assignment.concurrency.into(),
        ]);
    tx.execute(&insert).map(drop)
}

/// Deletes the assignment of a trunk to a tenant, with its numbers. Returns `false` if there was none.
pub fn unassign(tx: &mut Tx<'_>, id: Id, tenant_id: Id) -> Result<bool, StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("provider_assignees")
        .and_where(Expr::col("provider_id").eq(id.stored()))
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()));
    Ok(tx.execute(&delete)? > 0)
}

/// Returns `true` if a number of the range is already assigned. Assigned ranges do not overlap, so only the last one that begins
/// before the end of this range can overlap it.
pub fn is_taken(tx: &mut Tx<'_>, id: Id, range: NumberRange) -> Result<bool, StoreError> {
    let select = Query::select()
        .column("last")
        .from("provider_numbers")
        .and_where(Expr::col("provider_id").eq(id.stored()))
        .and_where(Expr::col("first").lte(range.last))
        .order_by("first", Order::Desc)
        .limit(1)
        .to_owned();
    let last: Option<i64> = tx.first(&select, |row| row.get(0))?;
    Ok(last.is_some_and(|last| last >= range.first))
}

/// Assigns numbers of a trunk to a tenant.
pub fn insert_number(tx: &mut Tx<'_>, id: Id, tenant_id: Id, range: NumberRange) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("provider_numbers")
        .columns(["provider_id", "first", "last", "tenant_id"])
        .values_panic([
            id.stored().into(),
            range.first.into(),
            range.last.into(),
            tenant_id.stored().into(),
        ]);
    tx.execute(&insert).map(drop)
}

fn select() -> SelectStatement {
    Query::select().columns(COLUMNS).from("providers").to_owned()
}

fn assigned(id: Id) -> SelectStatement {
    Query::select()
        .columns(["tenant_id", "did_numbers", "concurrency"])
        .from("provider_assignees")
        .and_where(Expr::col("provider_id").eq(id.stored()))
        .to_owned()
}

fn values(provider: &Provider) -> [(&'static str, Value); 10] {
    let values = [
        provider.id.stored().into(),
        provider.name.clone().into(),
        provider.enabled.into(),
        provider.auth_mode.as_str().into(),
        provider.auth_id.clone().into(),
        provider.password.clone().map(Sealed::into_stored).into(),
        provider.transport.as_str().into(),
        provider.hostname.clone().into(),
        i64::from(provider.port).into(),
        provider.concurrency.into(),
    ];
    let mut columns = COLUMNS.into_iter();
    values.map(|value| (columns.next().unwrap_or_default(), value))
}

fn read(row: &Row<'_>) -> Result<Provider, StoreError> {
    let unreadable = |column: &str| StoreError::Engine(format!("a stored trunk has an unreadable {column}"));
    Ok(Provider {
        id: row.get(0)?,
        name: row.get(1)?,
        enabled: row.get(2)?,
        auth_mode: row.get::<String>(3)?.parse().map_err(|()| unreadable("auth_mode"))?,
        auth_id: row.get(4)?,
        password: row.get::<Option<String>>(5)?.map(Sealed::from_stored),
        transport: row.get::<String>(6)?.parse().map_err(|()| unreadable("transport"))?,
        hostname: row.get(7)?,
        port: row.get::<i64>(8)?.try_into().map_err(|_| unreadable("port"))?,
        concurrency: row.get(9)?,
    })
}

fn assignment(row: &Row<'_>) -> Result<Assignment, StoreError> {
    Ok(Assignment {
        did_numbers: row.get(1)?,
        concurrency: row.get(2)?,
    })
}
