//! Queries of settings documents: resources of which the system, or each tenant, has exactly one, stored as JSON.

use pbx_domain::setting::{self, Owner, Setting};
use sea_query::{Expr, ExprTrait, OnConflict, Query, Value as Column};

use crate::error::StoreError;
use crate::tx::Tx;

/// The tables that [`load_for`] reads, and `tenants`, with which the documents of a tenant are deleted. A write to any of them
/// invalidates the cached documents.
pub(super) const TABLES: &[&str] = &["settings", "tenant_settings", "tenants"];

/// Returns the system's document; see [`load_for`].
pub fn load<T: Setting>(tx: &mut Tx<'_>) -> Result<T, StoreError> {
    load_for(tx, Owner::System)
}

/// Returns the stored document, or the default one. A property that the stored JSON does not have gets its default.
pub fn load_for<T: Setting>(tx: &mut Tx<'_>, owner: Owner) -> Result<T, StoreError> {
    match stored_json::<T>(tx, owner)? {
        None => Ok(T::default()),
        Some(json) => Ok(setting::from_json(&json)?),
    }
}

/// Returns the stored JSON of a document, or that of the default one.
pub fn load_json<T: Setting>(tx: &mut Tx<'_>, owner: Owner) -> Result<String, StoreError> {
    match stored_json::<T>(tx, owner)? {
        None => Ok(setting::to_json(&T::default())?),
        Some(json) => Ok(json),
    }
}

/// Stores the system's document, replacing the stored one.
pub fn save<T: Setting>(tx: &mut Tx<'_>, setting: &T) -> Result<(), StoreError> {
    save_for(tx, Owner::System, setting)
}

/// Stores a document, replacing the stored one.
pub fn save_for<T: Setting>(tx: &mut Tx<'_>, owner: Owner, setting: &T) -> Result<(), StoreError> {
    save_json::<T>(tx, owner, setting::to_json(setting)?)
}

/// Stores the JSON of a document, as [`setting::to_json`] returns it, replacing the stored one.
pub fn save_json<T: Setting>(tx: &mut Tx<'_>, owner: Owner, json: String) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    let mut values: Vec<Column> = vec![T::NAME.into(), json.into()];
    match owner {
        Owner::System => {
            insert.into_table("settings").columns(["name", "value"]);
            insert.on_conflict(OnConflict::column("name").update_column("value").to_owned());
        }
        Owner::Tenant(id) => {
            insert
                .into_table("tenant_settings")
                .columns(["name", "value", "tenant_id"]);
            let mut key = OnConflict::columns(["tenant_id", "name"]);
            insert.on_conflict(key.update_column("value").to_owned());
            values.push(id.stored().into());
        }
    }
    insert.values_panic(values.into_iter().map(Expr::from));
    tx.execute(&insert).map(drop)
}

fn stored_json<T: Setting>(tx: &mut Tx<'_>, owner: Owner) -> Result<Option<String>, StoreError> {
    let mut select = Query::select();
    select.column("value").and_where(Expr::col("name").eq(T::NAME));
    match owner {
        Owner::System => select.from("settings"),
        Owner::Tenant(id) => select
            .from("tenant_settings")
            .and_where(Expr::col("tenant_id").eq(id.stored())),
    };
    tx.first(&select, |row| row.get::<String>(0))
}
