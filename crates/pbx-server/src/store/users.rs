//! Users of tenants: accounts, and what else is kept of them.

use sea_query::{Asterisk, Expr, ExprTrait, Func, Query};

use super::error::StoreError;
use super::tx::Tx;
use crate::domain::Id;

/// How many users a tenant has.
pub fn count_of(tx: &mut Tx<'_>, tenant_id: Id) -> Result<i64, StoreError> {
    let select = Query::select()
        .expr(Func::count(Expr::col(Asterisk)))
        .from("accounts")
        .and_where(Expr::col("tenant_id").eq(tenant_id))
        .to_owned();
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}
