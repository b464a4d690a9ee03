//! Resources of which the system, or each tenant, has exactly one, each kept as one document.

use sea_query::{Expr, ExprTrait, OnConflict, Query, Value as Column};

use crate::error::StoreError;
use crate::tx::Tx;
use pbx_domain::setting::{self, Owner, Setting};

/// The tables of the documents; those of a tenant are deleted with it.
pub(super) const TABLES: &[&str] = &["settings", "tenant_settings", "tenants"];

/// The system's document, as [`load_of`] gives it.
pub fn load<T: Setting>(tx: &mut Tx<'_>) -> Result<T, StoreError> {
    load_of(tx, Owner::System)
}

/// The stored document, or the one of a fresh install. A member that the stored text does not have yet gets its default.
pub fn load_of<T: Setting>(tx: &mut Tx<'_>, owner: Owner) -> Result<T, StoreError> {
    match text::<T>(tx, owner)? {
        None => Ok(T::default()),
        Some(text) => Ok(setting::from_json(&text)?),
    }
}

/// The document in the form in which it is stored: the text that is stored, or that of a fresh install.
pub fn text_of<T: Setting>(tx: &mut Tx<'_>, owner: Owner) -> Result<String, StoreError> {
    match text::<T>(tx, owner)? {
        None => Ok(setting::to_json(&T::default())?),
        Some(text) => Ok(text),
    }
}

/// Stores the system's document in place of the one before.
pub fn save<T: Setting>(tx: &mut Tx<'_>, setting: &T) -> Result<(), StoreError> {
    save_of(tx, Owner::System, setting)
}

/// Stores the document in place of the one before.
pub fn save_of<T: Setting>(tx: &mut Tx<'_>, owner: Owner, setting: &T) -> Result<(), StoreError> {
    save_text::<T>(tx, owner, setting::to_json(setting)?)
}

/// Stores the document, as [`setting::to_json`] writes it, in place of the one before.
pub fn save_text<T: Setting>(tx: &mut Tx<'_>, owner: Owner, text: String) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    let mut values: Vec<Column> = vec![T::NAME.into(), text.into()];
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

fn text<T: Setting>(tx: &mut Tx<'_>, owner: Owner) -> Result<Option<String>, StoreError> {
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
