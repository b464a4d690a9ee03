//! What tenants have in their accounts.

use sea_query::{Expr, ExprTrait, Query};

use super::error::StoreError;
use super::tx::Tx;
use crate::domain::Id;
use crate::domain::balance::Amount;

/// What the tenant of that id has, if there is one.
pub fn of(tx: &mut Tx<'_>, tenant_id: Id) -> Result<Option<Amount>, StoreError> {
    let select = Query::select()
        .column("balance")
        .from("tenants")
        .and_where(Expr::col("id").eq(tenant_id))
        .to_owned();
    tx.first(&select, |row| row.get(0).map(Amount::from_stored))
}

/// Adds to what a tenant has. Not done, and false, if there is none or the sum is no amount.
pub fn add(tx: &mut Tx<'_>, tenant_id: Id, amount: Amount) -> Result<bool, StoreError> {
    let sum = Expr::col("balance").add(amount.stored());
    let most = Amount::MAX.stored();
    let mut update = Query::update();
    update
        .table("tenants")
        .value("balance", sum.clone())
        .and_where(Expr::col("id").eq(tenant_id))
        .and_where(sum.between(-most, most));
    Ok(tx.execute(&update)? > 0)
}
