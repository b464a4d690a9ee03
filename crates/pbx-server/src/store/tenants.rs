//! Tenants.

use sea_query::{Expr, ExprTrait, Query};

use super::error::StoreError;
use super::tx::Tx;
use crate::domain::Id;

/// The unique key over the SIP domain in lower case.
pub const UNIQUE_DOMAIN: &str = "tenants_domain_key";

/// The tenant of that SIP domain, compared without case.
pub fn id_of(tx: &mut Tx<'_>, domain: &str) -> Result<Option<Id>, StoreError> {
    let select = Query::select()
        .column("id")
        .from("tenants")
        .and_where(Expr::col("domain_key").eq(domain.to_lowercase()))
        .to_owned();
    tx.first(&select, |row| row.get(0))
}

/// Whether there is a tenant of that id.
pub fn is_there(tx: &mut Tx<'_>, id: Id) -> Result<bool, StoreError> {
    Ok(enabled(tx, id)?.is_some())
}

/// Whether there is a tenant of that id and it is enabled.
pub fn is_enabled(tx: &mut Tx<'_>, id: Id) -> Result<bool, StoreError> {
    Ok(enabled(tx, id)?.unwrap_or(false))
}

fn enabled(tx: &mut Tx<'_>, id: Id) -> Result<Option<bool>, StoreError> {
    let select = Query::select()
        .column("enabled")
        .from("tenants")
        .and_where(Expr::col("id").eq(id))
        .to_owned();
    tx.first(&select, |row| row.get(0))
}
