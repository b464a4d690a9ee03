//! The table of trunks, and those of their assignments to tenants with their numbers.

use std::collections::HashSet;

use pbx_domain::Id;
use pbx_domain::kind::Tenant;
use pbx_domain::providers::{NumberRange, Provider};
use pbx_types::providers::{ProviderAssignee, ProviderAssignment, TrunkMode};
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::error::StoreError;
use crate::row::value;
use crate::table::{TENANT_ID, Table, delete, exists, get, insert, is};
use crate::tx::Tx;

/// The unique key over the host and the username of the registration.
pub const UNIQUE_AUTH_ID: &str = "providers_hostname_auth_id";

/// The foreign key that keeps an assigned trunk from being deleted.
pub const ASSIGNED: &str = "foreign_key";

/// The trunks. Credentials that another has violate [`UNIQUE_AUTH_ID`], and the deletion of an assigned one violates [`ASSIGNED`].
pub static PROVIDERS: Table<Provider> = Table::new("providers");

pub(super) const ASSIGNEES: &str = "provider_assignees";
const NUMBERS: &str = "provider_numbers";
const PROVIDER_ID: &str = "provider_id";
const FIRST: &str = "first";
const LAST: &str = "last";
const DID_NUMBERS: &str = "did_numbers";
const CONCURRENCY: &str = "concurrency";

/// Returns `true` if a trunk registers with this system for the domain, compared without case.
pub fn registers(tx: &mut Tx<'_>, domain: &str) -> Result<bool, StoreError> {
    let hostname = is("hostname", &domain.to_lowercase());
    exists(
        tx,
        PROVIDERS.name,
        hostname.and(is("auth_mode", &TrunkMode::AcceptRegister)),
    )
}

/// Returns the tenants that a trunk is assigned to, with their assignments.
pub fn assignees(tx: &mut Tx<'_>, id: Id<Provider>) -> Result<Vec<ProviderAssignee>, StoreError> {
    let select = assigned(id).order_by(TENANT_ID, Order::Asc).to_owned();
    tx.all(&select, |row| {
        Ok(ProviderAssignee {
            tenant_id: row.get::<Id<Tenant>>(0)?.api(),
            did_numbers: row.get(1)?,
            concurrency: row.get(2)?,
        })
    })
}

/// Returns the assignment of a trunk to a tenant.
pub fn assignee(
    tx: &mut Tx<'_>,
    id: Id<Provider>,
    tenant_id: Id<Tenant>,
) -> Result<Option<ProviderAssignment>, StoreError> {
    let select = assigned(id).and_where(is(TENANT_ID, &tenant_id)).to_owned();
    tx.first(&select, |row| {
        Ok(ProviderAssignment {
            did_numbers: row.get(1)?,
            concurrency: row.get(2)?,
        })
    })
}

/// Returns those of some trunks that are assigned to a tenant.
pub fn assigned_to(
    tx: &mut Tx<'_>,
    tenant_id: Id<Tenant>,
    among: &HashSet<Id<Provider>>,
) -> Result<HashSet<Id<Provider>>, StoreError> {
    let mut select = Query::select();
    select
        .column(PROVIDER_ID)
        .from(ASSIGNEES)
        .and_where(is(TENANT_ID, &tenant_id))
        .and_where(Expr::col(PROVIDER_ID).is_in(among.iter().map(value)));
    Ok(tx.all(&select, |row| row.get(0))?.into_iter().collect())
}

/// Assigns a trunk. [`insert_numbers`] adds its numbers.
pub fn assign(
    tx: &mut Tx<'_>,
    id: Id<Provider>,
    tenant_id: Id<Tenant>,
    assignment: &ProviderAssignment,
) -> Result<(), StoreError> {
    let columns = [
        (PROVIDER_ID, value(&id)),
        (TENANT_ID, value(&tenant_id)),
        (DID_NUMBERS, value(&assignment.did_numbers)),
        (CONCURRENCY, value(&assignment.concurrency)),
    ];
    insert(tx, ASSIGNEES, columns)
}

/// Deletes the assignment of a trunk to a tenant, with its numbers. Returns `false` if there was none.
pub fn unassign(tx: &mut Tx<'_>, id: Id<Provider>, tenant_id: Id<Tenant>) -> Result<bool, StoreError> {
    let condition = is(PROVIDER_ID, &id).and(is(TENANT_ID, &tenant_id));
    Ok(delete(tx, ASSIGNEES, condition)? > 0)
}

/// Assigns numbers of a trunk to a tenant that has none of it; the ranges do not overlap. If numbers of some range are another tenant's,
/// returns that range, and the transaction must not be committed.
///
/// The number of statements is that for one range.
pub fn insert_numbers(
    tx: &mut Tx<'_>,
    id: Id<Provider>,
    tenant_id: Id<Tenant>,
    ranges: &[NumberRange],
) -> Result<Option<NumberRange>, StoreError> {
    let firsts = ranges.iter().map(|range| range.first);
    let condition = is(PROVIDER_ID, &id).and(Expr::col(FIRST).is_in(firsts));
    if let Some(taken) = get::<i64>(tx, NUMBERS, FIRST, condition)? {
        return Ok(ranges.iter().find(|range| range.first == taken).copied());
    }
    let mut insert = Query::insert();
    insert
        .into_table(NUMBERS)
        .columns([PROVIDER_ID, FIRST, LAST, TENANT_ID]);
    for range in ranges {
        insert.values_panic([
            value(&id).into(),
            range.first.into(),
            range.last.into(),
            value(&tenant_id).into(),
        ]);
    }
    tx.execute(&insert)?;
    overlapping(tx, id, tenant_id)
}

/// Returns a range of the tenant that overlaps one of another tenant.
///
/// Ranges of one tenant do not overlap each other, so that of two that do, in the order of their first numbers, some neighbors do.
fn overlapping(tx: &mut Tx<'_>, id: Id<Provider>, tenant_id: Id<Tenant>) -> Result<Option<NumberRange>, StoreError> {
    const OTHER: &str = "other";
    let own = |column: &'static str| Expr::col((NUMBERS, column));
    let other = |column: &'static str| Expr::col((OTHER, column));
    let neighbor = |column, condition: Expr, order| {
        let mut select = Query::select();
        select
            .expr(other(column))
            .from_as(NUMBERS, OTHER)
            .and_where(other(PROVIDER_ID).eq(value(&id)))
            .and_where(condition)
            .order_by((OTHER, FIRST), order)
            .limit(1);
        Expr::from(select)
    };
    let before = neighbor(LAST, other(FIRST).lt(own(FIRST)), Order::Desc);
    let after = neighbor(FIRST, other(FIRST).gt(own(FIRST)), Order::Asc);
    let mut select = Query::select();
    select
        .columns([FIRST, LAST])
        .from(NUMBERS)
        .and_where(is(PROVIDER_ID, &id))
        .and_where(is(TENANT_ID, &tenant_id))
        .and_where(before.gte(own(FIRST)).or(after.lte(own(LAST))))
        .limit(1);
    tx.first(&select, |row| {
        Ok(NumberRange {
            first: row.get(0)?,
            last: row.get(1)?,
        })
    })
}

fn assigned(id: Id<Provider>) -> SelectStatement {
    Query::select()
        .columns([TENANT_ID, DID_NUMBERS, CONCURRENCY])
        .from(ASSIGNEES)
        .and_where(is(PROVIDER_ID, &id))
        .to_owned()
}
