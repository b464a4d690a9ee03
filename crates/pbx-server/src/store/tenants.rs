//! Tenants.

use sea_query::{Expr, ExprTrait, Query};
use serde::Deserialize;

use super::error::StoreError;
use super::tx::Tx;
use crate::domain::Id;
use crate::domain::users::Demands;

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

/// What a tenant demands of its users.
pub fn demands(tx: &mut Tx<'_>, id: Id) -> Result<Option<Demands>, StoreError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Members {
        password_force_reset: bool,
    }
    let select = Query::select()
        .columns(["max_extensions", "document"])
        .from("tenants")
        .and_where(Expr::col("id").eq(id))
        .to_owned();
    let Some((max_extensions, document)) = tx.first(&select, |row| Ok((row.get(0)?, row.get::<String>(1)?)))? else {
        return Ok(None);
    };
    let members: Members = serde_json::from_str(&document)
        .map_err(|error| StoreError::Engine(format!("the document of a tenant does not read: {error}")))?;
    Ok(Some(Demands {
        max_extensions,
        password_force_reset: members.password_force_reset,
    }))
}
