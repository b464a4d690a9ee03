//! How much there is.

use sea_query::{Asterisk, Expr, ExprTrait, Func, Query};

use super::error::StoreError;
use super::tx::Tx;
use crate::domain::admin::status::Counts;
use crate::domain::session::Role;

/// Counts what is kept; of what this version does not keep yet there is none.
pub fn counts(tx: &mut Tx<'_>) -> Result<Counts, StoreError> {
    let dealers = Query::select()
        .expr(Func::count(Expr::col(Asterisk)))
        .from("accounts")
        .and_where(Expr::col("role").eq(Role::Dealer.as_str()))
        .to_owned();
    let trunks = Query::select()
        .expr(Func::count(Expr::col(Asterisk)))
        .from("providers")
        .to_owned();
    Ok(Counts {
        dealers: tx.first(&dealers, |row| row.get(0))?.unwrap_or(0),
        trunks: tx.first(&trunks, |row| row.get(0))?.unwrap_or(0),
        ..Counts::default()
    })
}
