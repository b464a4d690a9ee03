//! Resources of which there is exactly one, each kept as one document.

use sea_query::{Expr, ExprTrait, OnConflict, Query};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::StoreError;
use super::tx::Tx;

/// A document of this table.
pub trait Setting: Serialize + DeserializeOwned + Default {
    /// Its key; never changes once released.
    const NAME: &'static str;
}

/// The stored document, or the one of a fresh install. A member that the stored text does not have yet gets its default.
pub fn load<T: Setting>(tx: &mut Tx<'_>) -> Result<T, StoreError> {
    match text::<T>(tx)? {
        None => Ok(T::default()),
        Some(text) => serde_json::from_str(&text).map_err(|error| unreadable::<T>(&error)),
    }
}

/// The members of [`load`]'s document: to merge with others and give to [`read`].
pub fn members<T: Setting>(tx: &mut Tx<'_>) -> Result<Map<String, Value>, StoreError> {
    match text::<T>(tx)? {
        None => members_of(&T::default()),
        Some(text) => serde_json::from_str(&text).map_err(|error| unreadable::<T>(&error)),
    }
}

/// The members of a document.
pub fn members_of<T: Setting>(setting: &T) -> Result<Map<String, Value>, StoreError> {
    match serde_json::to_value(setting) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(StoreError::Engine(format!("the setting {} is no object", T::NAME))),
        Err(error) => Err(StoreError::Engine(format!(
            "the setting {} cannot be written: {error}",
            T::NAME
        ))),
    }
}

/// The document of these members.
pub fn read<T: Setting>(members: Map<String, Value>) -> Result<T, StoreError> {
    serde_json::from_value(Value::Object(members)).map_err(|error| unreadable::<T>(&error))
}

/// Stores the document in place of the one before.
pub fn save<T: Setting>(tx: &mut Tx<'_>, setting: &T) -> Result<(), StoreError> {
    let text = serde_json::to_string(setting)
        .map_err(|error| StoreError::Engine(format!("the setting {} cannot be written: {error}", T::NAME)))?;
    let mut insert = Query::insert();
    insert
        .into_table("settings")
        .columns(["name", "value"])
        .values_panic([T::NAME.into(), text.into()]);
    insert.on_conflict(OnConflict::column("name").update_column("value").to_owned());
    tx.execute(&insert).map(drop)
}

fn text<T: Setting>(tx: &mut Tx<'_>) -> Result<Option<String>, StoreError> {
    let select = Query::select()
        .column("value")
        .from("settings")
        .and_where(Expr::col("name").eq(T::NAME))
        .to_owned();
    tx.first(&select, |row| row.get::<String>(0))
}

fn unreadable<T: Setting>(error: &serde_json::Error) -> StoreError {
    StoreError::Engine(format!("the stored setting {} does not read: {error}", T::NAME))
}
