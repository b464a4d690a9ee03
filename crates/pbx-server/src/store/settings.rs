//! Resources of which the system, or each tenant, has exactly one, each kept as one document.

use std::any::{Any, TypeId};
use std::num::NonZeroUsize;
use std::sync::Arc;

use sea_query::{Expr, ExprTrait, OnConflict, Query, Value as Column};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Store;
use super::copies::Copies;
use super::error::StoreError;
use super::tx::Tx;
use super::watch::Watches;
use crate::domain::Id;

/// A document of this table.
pub trait Setting: Serialize + DeserializeOwned + Default {
    /// Its key; never changes once released.
    const NAME: &'static str;
}

/// Whose document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The whole installation's.
    System,
    /// That tenant's.
    Tenant(Id),
}

/// The system's document, as [`load_of`] gives it.
pub fn load<T: Setting>(tx: &mut Tx<'_>) -> Result<T, StoreError> {
    load_of(tx, Owner::System)
}

/// The stored document, or the one of a fresh install. A member that the stored text does not have yet gets its default.
pub fn load_of<T: Setting>(tx: &mut Tx<'_>, owner: Owner) -> Result<T, StoreError> {
    match text::<T>(tx, owner)? {
        None => Ok(T::default()),
        Some(text) => serde_json::from_str(&text).map_err(|error| unreadable::<T>(&error)),
    }
}

/// The document as it was read a moment ago; see [`Copies`].
pub async fn shown<T>(store: &Store, owner: Owner) -> Result<T, StoreError>
where
    T: Setting + Clone + Send + Sync + 'static,
{
    let read = store.read(move |tx| load_of::<T>(tx, owner).map(|document| -> Shown { Arc::new(document) }));
    let shown = store.memory.documents.get((TypeId::of::<T>(), owner), read).await?;
    shown
        .downcast_ref::<T>()
        .cloned()
        .ok_or_else(|| StoreError::Engine(format!("the setting {} is remembered as another", T::NAME)))
}

/// Documents, each of its own type.
pub(super) type Documents = Copies<(TypeId, Owner), Shown>;

type Shown = Arc<dyn Any + Send + Sync>;

/// Documents that are remembered; the store is asked for others.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 10) - 1);

pub(super) fn copies(watches: &Watches) -> Documents {
    // Those of a tenant go with it.
    Copies::new(watches.watch(&["settings", "tenant_settings", "tenants"]), REMEMBERED)
}

/// The document in the form in which it is stored: the text that is stored, or that of a fresh install.
pub fn text_of<T: Setting>(tx: &mut Tx<'_>, owner: Owner) -> Result<String, StoreError> {
    match text::<T>(tx, owner)? {
        None => as_text(&T::default()),
        Some(text) => Ok(text),
    }
}

/// The members of a document.
pub fn members_of<T: Setting>(setting: &T) -> Result<Map<String, Value>, StoreError> {
    match serde_json::to_value(setting) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(StoreError::Engine(format!("the setting {} is no object", T::NAME))),
        Err(error) => Err(unwritable::<T>(&error)),
    }
}

/// A document in the form in which it is stored.
pub fn as_text<T: Setting>(setting: &T) -> Result<String, StoreError> {
    serde_json::to_string(setting).map_err(|error| unwritable::<T>(&error))
}

/// Stores the system's document in place of the one before.
pub fn save<T: Setting>(tx: &mut Tx<'_>, setting: &T) -> Result<(), StoreError> {
    save_of(tx, Owner::System, setting)
}

/// Stores the document in place of the one before.
pub fn save_of<T: Setting>(tx: &mut Tx<'_>, owner: Owner, setting: &T) -> Result<(), StoreError> {
    save_text::<T>(tx, owner, as_text(setting)?)
}

/// Stores the document, as [`as_text`] writes it, in place of the one before.
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
            values.push(id.into());
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
        Owner::Tenant(id) => select.from("tenant_settings").and_where(Expr::col("tenant_id").eq(id)),
    };
    tx.first(&select, |row| row.get::<String>(0))
}

fn unwritable<T: Setting>(error: &serde_json::Error) -> StoreError {
    StoreError::Engine(format!("the setting {} cannot be written: {error}", T::NAME))
}

/// Why a stored document cannot be used.
pub fn unreadable<T: Setting>(error: &serde_json::Error) -> StoreError {
    StoreError::Engine(format!("the stored setting {} does not read: {error}", T::NAME))
}
