//! How much there is.

use sea_query::{Asterisk, Expr, ExprTrait, Func, Query};

use super::error::StoreError;
use super::tx::Tx;
use crate::domain::admin::status::Counts;
use crate::domain::session::Role;

/// Counts what is kept; of what this version does not keep yet there is none.
pub fn counts(tx: &mut Tx<'_>) -> Result<Counts, StoreError> {
    Ok(Counts {
        dealers: count(tx, "accounts", Some(Expr::col("role").eq(Role::Dealer.as_str())))?,
        tenants: count(tx, "tenants", None)?,
        users: count(tx, "accounts", Some(Expr::col("tenant_id").is_not_null()))?,
        trunks: 0,
    })
}

fn count(tx: &mut Tx<'_>, table: &'static str, which: Option<Expr>) -> Result<i64, StoreError> {
    let mut select = Query::select();
    select.expr(Func::count(Expr::col(Asterisk))).from(table);
    if let Some(which) = which {
        select.and_where(which);
    }
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}
