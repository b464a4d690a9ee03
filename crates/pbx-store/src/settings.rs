//! The tables of settings documents: resources of which the system, or each tenant, has exactly one, stored as JSON.

use pbx_domain::Id;
use pbx_domain::document;
use pbx_domain::kind::Tenant;
use pbx_domain::setting::{self, Owner, Setting};
use pbx_types::record::ID;
use sea_query::{Expr, ExprTrait, OnConflict, Order, Query, Value as Column};

use crate::error::StoreError;
use crate::row::value;
use crate::table::{TENANT_ID, TENANTS, is};
use crate::tx::Tx;

/// The tables that [`load_for`] reads, and `tenants`, with which the documents of a tenant are deleted. A write to any of them
/// invalidates the cached documents.
pub(super) const TABLES: &[&str] = &[SETTINGS, TENANT_SETTINGS, TENANTS];

const SETTINGS: &str = "settings";
const TENANT_SETTINGS: &str = "tenant_settings";
const NAME: &str = "name";
const VALUE: &str = "value";

/// Returns the system's document; see [`load_for`].
pub fn load<T: Setting>(tx: &mut Tx<'_>) -> Result<T, StoreError> {
    load_for(tx, Owner::System)
}

/// Returns the stored document, or the initial one. A property that the stored JSON does not have has its initial value.
pub fn load_for<T: Setting>(tx: &mut Tx<'_>, owner: Owner) -> Result<T, StoreError> {
    match stored_json::<T>(tx, owner)? {
        None => Ok(T::default()),
        Some(json) => Ok(setting::from_json(&json)?),
    }
}

/// Returns the stored JSON of a document, or that of the initial one.
pub fn load_json<T: Setting>(tx: &mut Tx<'_>, owner: Owner) -> Result<String, StoreError> {
    match stored_json::<T>(tx, owner)? {
        None => Ok(setting::to_json(&T::default())?),
        Some(json) => Ok(json),
    }
}

/// The outcome of completing some documents.
#[derive(Debug, Clone, Copy)]
pub struct Completed {
    /// The last tenant, if there are more.
    pub last: Option<Id<Tenant>>,
    /// `true` if all of them could be read. The others are logged and stay as they are.
    pub readable: bool,
}

/// Completes the system's document with the initial values of properties that it does not have; see [`document::completed`].
pub fn complete<T: Setting>(tx: &mut Tx<'_>) -> Result<Completed, StoreError> {
    let stored = stored_json::<T>(tx, Owner::System)?;
    Ok(Completed {
        last: None,
        readable: complete_stored::<T>(tx, Owner::System, stored)?,
    })
}

/// The number of tenants whose documents are completed in one transaction.
const COMPLETED_AT_ONCE: usize = 500;

/// [`complete`] for the documents of some tenants, those with the lowest IDs above `last`.
pub fn complete_for_tenants<T: Setting>(tx: &mut Tx<'_>, last: Option<Id<Tenant>>) -> Result<Completed, StoreError> {
    let is_document = Expr::col((TENANT_SETTINGS, TENANT_ID))
        .equals((TENANTS, ID))
        .and(Expr::col((TENANT_SETTINGS, NAME)).eq(T::NAME));
    let select = Query::select()
        .columns([(TENANTS, ID), (TENANT_SETTINGS, VALUE)])
        .from(TENANTS)
        .left_join(TENANT_SETTINGS, is_document)
        .and_where(Expr::col((TENANTS, ID)).gt(last.map_or(0, Id::stored)))
        .order_by((TENANTS, ID), Order::Asc)
        .limit(COMPLETED_AT_ONCE as u64)
        .to_owned();
    let stored: Vec<(Id<Tenant>, Option<String>)> = tx.all(&select, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let last = stored.get(COMPLETED_AT_ONCE - 1).map(|(id, _)| *id);
    let mut readable = true;
    for (id, json) in stored {
        readable &= complete_stored::<T>(tx, Owner::Tenant(id), json)?;
    }
    Ok(Completed { last, readable })
}

/// Returns `false` if the stored document cannot be read.
fn complete_stored<T: Setting>(tx: &mut Tx<'_>, owner: Owner, stored: Option<String>) -> Result<bool, StoreError> {
    let completed = match document::completed::<T>(stored.as_deref()) {
        Ok(completed) => completed,
        Err(error) => {
            tracing::error!(target: crate::LOG_TARGET, ?owner, %error, "a stored document was not completed");
            return Ok(false);
        }
    };
    if stored.as_ref() != Some(&completed) {
        save_json::<T>(tx, owner, completed)?;
    }
    Ok(true)
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
            insert.into_table(SETTINGS).columns([NAME, VALUE]);
            insert.on_conflict(OnConflict::column(NAME).update_column(VALUE).to_owned());
        }
        Owner::Tenant(id) => {
            insert.into_table(TENANT_SETTINGS).columns([NAME, VALUE, TENANT_ID]);
            let mut key = OnConflict::columns([TENANT_ID, NAME]);
            insert.on_conflict(key.update_column(VALUE).to_owned());
            values.push(value(&id));
        }
    }
    insert.values_panic(values.into_iter().map(Expr::from));
    tx.execute(&insert).map(drop)
}

fn stored_json<T: Setting>(tx: &mut Tx<'_>, owner: Owner) -> Result<Option<String>, StoreError> {
    let mut select = Query::select();
    select.column(VALUE).and_where(Expr::col(NAME).eq(T::NAME));
    match owner {
        Owner::System => select.from(SETTINGS),
        Owner::Tenant(id) => select.from(TENANT_SETTINGS).and_where(is(TENANT_ID, &id)),
    };
    tx.first(&select, |row| row.get::<String>(0))
}
