//! Dealers, their branches, and which tenants are whose.

use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::error::StoreError;
use super::tx::Tx;
use crate::domain::Id;

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
