//! Queries of the balances of tenants.

use pbx_domain::Id;
use pbx_domain::balance::Amount;
use sea_query::{Expr, ExprTrait, Query};

use crate::error::StoreError;
use crate::tx::Tx;

/// Returns the balance of the tenant, if it exists.
pub fn get(tx: &mut Tx<'_>, tenant_id: Id) -> Result<Option<Amount>, StoreError> {
    let select = Query::select()
        .column("balance")
        .from("tenants")
        .and_where(Expr::col("id").eq(tenant_id.stored()))
        .to_owned();
    tx.first(&select, |row| row.get(0).map(Amount::from_stored))
}

/// Adds to the balance of a tenant. Changes nothing and returns `false` if there is no such tenant or the sum is out of range.
pub fn add(tx: &mut Tx<'_>, tenant_id: Id, amount: Amount) -> Result<bool, StoreError> {
    let sum = Expr::col("balance").add(amount.stored());
    let max = Amount::MAX.stored();
    let mut update = Query::update();
    update
        .table("tenants")
        .value("balance", sum.clone())
        .and_where(Expr::col("id").eq(tenant_id.stored()))
        .and_where(sum.between(-max, max));
    Ok(tx.execute(&update)? > 0)
}
