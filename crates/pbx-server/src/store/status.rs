//! How much there is.

use sea_query::{Asterisk, Expr, ExprTrait, Func, Query};

use super::error::StoreError;
use super::tx::Tx;
use crate::domain::Id;
use crate::domain::admin::status::Counts;
use crate::domain::session::Role;
use crate::domain::tenants::status as tenants;

/// Counts what is kept.
pub fn counts(tx: &mut Tx<'_>) -> Result<Counts, StoreError> {
    Ok(Counts {
        dealers: count(tx, "accounts", Some(Expr::col("role").eq(Role::Dealer.as_str())))?,
        tenants: count(tx, "tenants", None)?,
        users: count(tx, "accounts", Some(Expr::col("tenant_id").is_not_null()))?,
        trunks: count(tx, "providers", None)?,
    })
}

/// The same for one tenant, if it is there.
pub fn counts_of(tx: &mut Tx<'_>, tenant_id: Id) -> Result<Option<tenants::Counts>, StoreError> {
    let allowed = Query::select()
        .column("max_extensions")
        .from("tenants")
        .and_where(Expr::col("id").eq(tenant_id))
        .to_owned();
    let Some(licensed_users) = tx.first(&allowed, |row| row.get(0))? else {
        return Ok(None);
    };
    Ok(Some(tenants::Counts {
        licensed_users,
        users: count(tx, "accounts", Some(Expr::col("tenant_id").eq(tenant_id)))?,
        trunks: count(tx, "provider_assignees", Some(Expr::col("tenant_id").eq(tenant_id)))?,
    }))
}

fn count(tx: &mut Tx<'_>, table: &'static str, which: Option<Expr>) -> Result<i64, StoreError> {
    let mut select = Query::select();
    select.expr(Func::count(Expr::col(Asterisk))).from(table);
    if let Some(which) = which {
        select.and_where(which);
    }
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}
