//! Settings: objects of which the system, or each tenant, has exactly one, each stored as one JSON document.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::id::Id;
use crate::kind::Tenant;

/// A document that cannot be serialized, or stored JSON that is not such a document. The message is for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(String);

impl From<SettingError> for Error {
    fn from(error: SettingError) -> Self {
        Self::internal(error.0)
    }
}

/// A document of the settings table.
pub trait Setting: Serialize + DeserializeOwned + Default {
    /// The key of the document; never changes once released.
    const NAME: &'static str;
}

/// The owner of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The whole installation.
    System,
    /// The tenant with this ID.
    Tenant(Id<Tenant>),
}

/// Returns the properties of a document.
///
/// # Errors
///
/// If it does not serialize as an object.
pub fn properties<T: Setting>(setting: &T) -> Result<Map<String, Value>, SettingError> {
    match serde_json::to_value(setting) {
        Ok(Value::Object(properties)) => Ok(properties),
        Ok(_) => Err(SettingError(format!("the setting {} is not an object", T::NAME))),
        Err(error) => Err(unwritable::<T>(&error)),
    }
}

/// Returns the JSON that a document is stored as.
///
/// # Errors
///
/// If it does not serialize.
pub fn to_json<T: Setting>(setting: &T) -> Result<String, SettingError> {
    serde_json::to_string(setting).map_err(|error| unwritable::<T>(&error))
}

/// Parses a stored document. A property that the stored JSON does not have gets its initial value.
///
/// # Errors
///
/// If the JSON is not such a document.
pub fn from_json<T: Setting>(json: &str) -> Result<T, SettingError> {
    serde_json::from_str(json).map_err(|error| unreadable::<T>(&error))
}

fn unwritable<T: Setting>(error: &serde_json::Error) -> SettingError {
    SettingError(format!("the setting {} cannot be serialized: {error}", T::NAME))
}

/// Returns the error for a stored document that cannot be parsed.
pub fn unreadable<T: Setting>(error: &serde_json::Error) -> SettingError {
    SettingError(format!("the stored setting {} cannot be read: {error}", T::NAME))
}
