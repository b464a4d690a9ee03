//! The balances of tenants, a column of their table.

use pbx_domain::Id;
use pbx_domain::balance::Amount;
use pbx_domain::kind::Tenant;
use pbx_types::record::ID;
use sea_query::{Expr, ExprTrait, Query};

use crate::error::StoreError;
use crate::table::{TENANTS, get as get_column, is};
use crate::tx::Tx;

const BALANCE: &str = "balance";

/// Returns the balance of the tenant, if it exists.
pub fn get(tx: &mut Tx<'_>, tenant_id: Id<Tenant>) -> Result<Option<Amount>, StoreError> {
    let balance = get_column(tx, TENANTS, BALANCE, is(ID, &tenant_id))?;
    Ok(balance.map(Amount::from_stored))
}

/// Adds to the balance of a tenant. Changes nothing and returns `false` if there is no such tenant or the sum is out of range.
pub fn add(tx: &mut Tx<'_>, tenant_id: Id<Tenant>, amount: Amount) -> Result<bool, StoreError> {
    let sum = Expr::col(BALANCE).add(amount.stored());
    let max = Amount::MAX.stored();
    let mut update = Query::update();
    update
        .table(TENANTS)
        .value(BALANCE, sum.clone())
        .and_where(is(ID, &tenant_id))
        .and_where(sum.between(-max, max));
    Ok(tx.execute(&update)? > 0)
}
