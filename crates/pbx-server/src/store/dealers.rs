//! Dealers, their branches, and which tenants are whose.

use sea_query::{Asterisk, Expr, ExprTrait, Func, Query, SelectStatement};

use super::error::StoreError;
use super::tx::Tx;
use crate::domain::Id;
use crate::domain::dealers::Quota;

/// Whether a tenant belongs to a dealer or to one below.
pub fn owns(tx: &mut Tx<'_>, dealer_id: Id, tenant_id: Id) -> Result<bool, StoreError> {
    let select = tenants_of(dealer_id)
        .and_where(Expr::col(("tenant_dealers", "tenant_id")).eq(tenant_id))
        .limit(1)
        .to_owned();
    Ok(tx.first(&select, |_| Ok(()))?.is_some())
}

/// Whether a dealer may act within the tenants of its branch.
pub fn has_full_access(tx: &mut Tx<'_>, dealer_id: Id) -> Result<bool, StoreError> {
    let select = Query::select()
        .column("tenant_full_access")
        .from("dealers")
        .and_where(Expr::col("id").eq(dealer_id))
        .to_owned();
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(false))
}

/// What a dealer and each of those above it may have, in the order of their ids.
pub fn quotas_above(tx: &mut Tx<'_>, dealer_id: Id) -> Result<Vec<Quota>, StoreError> {
    quotas(tx, Expr::col(("dealer_branches", "dealer_id")).eq(dealer_id))
}

/// What the dealers of a tenant and each of those above them may have.
pub fn quotas_of_tenant(tx: &mut Tx<'_>, tenant_id: Id) -> Result<Vec<Quota>, StoreError> {
    let owners = Query::select()
        .column("dealer_id")
        .from("tenant_dealers")
        .and_where(Expr::col("tenant_id").eq(tenant_id))
        .to_owned();
    quotas(tx, Expr::col(("dealer_branches", "dealer_id")).in_subquery(owners))
}

fn quotas(tx: &mut Tx<'_>, below: Expr) -> Result<Vec<Quota>, StoreError> {
    let select = Query::select()
        .distinct()
        .columns([
            ("dealers", "id"),
            ("dealers", "max_tenants"),
            ("dealers", "max_extensions"),
        ])
        .from("dealers")
        .inner_join(
            "dealer_branches",
            Expr::col(("dealer_branches", "ancestor_id")).equals(("dealers", "id")),
        )
        .and_where(below)
        .order_by(("dealers", "id"), sea_query::Order::Asc)
        .to_owned();
    tx.all(&select, |row| {
        Ok(Quota {
            dealer_id: row.get(0)?,
            max_tenants: row.get(1)?,
            max_extensions: row.get(2)?,
        })
    })
}

/// How many tenants a dealer and all below it have; one that several of them have counts once.
pub fn count_tenants(tx: &mut Tx<'_>, dealer_id: Id) -> Result<i64, StoreError> {
    let count = Func::count_distinct(Expr::col(("tenant_dealers", "tenant_id")));
    let select = tenants_of(dealer_id).clear_selects().expr(count).to_owned();
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}

/// How many users the tenants of a dealer and of all below it have.
pub fn count_users(tx: &mut Tx<'_>, dealer_id: Id) -> Result<i64, StoreError> {
    let select = Query::select()
        .expr(Func::count(Expr::col(Asterisk)))
        .from("accounts")
        .and_where(Expr::col("tenant_id").in_subquery(tenants_of(dealer_id)))
        .to_owned();
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}

/// The ids of the tenants of a dealer and of all below it; one that several of them have comes several times.
pub(super) fn tenants_of(dealer_id: Id) -> SelectStatement {
    Query::select()
        .column(("tenant_dealers", "tenant_id"))
        .from("tenant_dealers")
        .inner_join(
            "dealer_branches",
            Expr::col(("dealer_branches", "dealer_id")).equals(("tenant_dealers", "dealer_id")),
        )
        .and_where(Expr::col(("dealer_branches", "ancestor_id")).eq(dealer_id))
        .to_owned()
}

#[cfg(test)]
mod tests;
