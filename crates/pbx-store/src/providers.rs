//! The table of trunks, and those of their assignments to tenants with their numbers.

use pbx_domain::Id;
use pbx_domain::kind::Tenant;
use pbx_domain::providers::{NumberRange, Provider};
use pbx_types::providers::{ProviderAssignee, ProviderAssignment, TrunkMode};
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::error::StoreError;
use crate::row::value;
use crate::table::{TENANT_ID, Table, delete, exists, insert, is};
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

/// Assigns a trunk. [`insert_number`] adds its numbers.
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

/// Returns `true` if a number of the range is already assigned. Assigned ranges do not overlap, so only the last one that begins
/// before the end of this range can overlap it.
pub fn is_taken(tx: &mut Tx<'_>, id: Id<Provider>, range: NumberRange) -> Result<bool, StoreError> {
    let select = Query::select()
        .column(LAST)
        .from(NUMBERS)
        .and_where(is(PROVIDER_ID, &id))
        .and_where(Expr::col(FIRST).lte(range.last))
        .order_by(FIRST, Order::Desc)
        .limit(1)
        .to_owned();
    let last: Option<i64> = tx.first(&select, |row| row.get(0))?;
    Ok(last.is_some_and(|last| last >= range.first))
}

/// Assigns numbers of a trunk to a tenant.
pub fn insert_number(
    tx: &mut Tx<'_>,
    id: Id<Provider>,
    tenant_id: Id<Tenant>,
    range: NumberRange,
) -> Result<(), StoreError> {
    let columns = [
        (PROVIDER_ID, value(&id)),
        (FIRST, range.first.into()),
        (LAST, range.last.into()),
        (TENANT_ID, value(&tenant_id)),
    ];
    insert(tx, NUMBERS, columns)
}

fn assigned(id: Id<Provider>) -> SelectStatement {
    Query::select()
        .columns([TENANT_ID, DID_NUMBERS, CONCURRENCY])
        .from(ASSIGNEES)
        .and_where(is(PROVIDER_ID, &id))
        .to_owned()
}
