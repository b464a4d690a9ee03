//! Users of tenants: their accounts, roles within the tenant, and extensions.
//!
//! All administrators of a tenant may be disabled or deleted: system administrators and dealers can still switch into it.

use jiff::Timestamp;
use pbx_types::list::{FieldKind, ListField};
use pbx_types::users as api;
use serde::{Deserialize, Serialize};

use crate::convert::non_empty;
use crate::error::Error;
use crate::id::Id;
use crate::password::Password;
use crate::session::Role;

/// The fields that lists of users can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField::new("id", FieldKind::Id),
    ListField::new("name", FieldKind::Text),
    ListField::new("enabled", FieldKind::Boolean),
    ListField::new("email", FieldKind::Text),
    ListField::new("display_name", FieldKind::Text),
    ListField::new("role", FieldKind::Text),
    ListField::new("extension_number", FieldKind::Text),
    ListField::new("created_at", FieldKind::Time),
];

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's ID, which is that of its account.
    pub id: Id,
    /// The name that it signs in with.
    pub name: String,
    /// Its role within the tenant.
    pub role: Role,
    /// The number of its extension.
    pub extension_number: String,
    /// The time of its creation.
    pub created_at: Timestamp,
    /// The properties that an update can change.
    pub settings: UserSettings,
}

/// The properties of a user that an update can change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct UserSettings {
    pub enabled: bool,
    pub email: Option<String>,
    pub display_name: Option<String>,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            email: None,
            display_name: None,
        }
    }
}

/// The properties of a user to be created.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name to sign in with.
    pub name: String,
    /// The password to sign in with.
    pub password: Password,
    /// The role within the tenant.
    pub role: Role,
    /// The number of the extension.
    pub extension_number: String,
    /// The password with which phones register.
    pub extension_password: Password,
    /// All other properties.
    pub settings: UserSettings,
}

/// Returns the context for which the password of a user's extension is sealed.
pub fn extension_password_seal_context(id: Id) -> String {
    format!("users.{id}.extension_password")
}

/// Returns the error for an ID that no user of the tenant has.
pub fn not_found() -> Error {
    Error::NotFound { what: "user" }
}

impl From<api::CreateUser> for NewUser {
    fn from(new: api::CreateUser) -> Self {
        Self {
            name: new.name,
            password: Password::new(new.password.into_inner()),
            role: new.role.into(),
            extension_number: new.extension_number,
            extension_password: Password::new(new.extension_password.into_inner()),
            settings: UserSettings {
                enabled: new.enabled,
                email: non_empty(Some(new.email)),
                display_name: non_empty(Some(new.display_name)),
            },
        }
    }
}

impl TryFrom<User> for api::User {
    type Error = Error;

    fn try_from(user: User) -> Result<Self, Error> {
        Ok(Self {
            id: user.id.to_string(),
            name: user.name,
            enabled: user.settings.enabled,
            email: user.settings.email,
            display_name: user.settings.display_name,
            role: user.role.try_into()?,
            extension_number: user.extension_number,
            created_at: user.created_at.into(),
        })
    }
}

impl From<api::UserRole> for Role {
    fn from(role: api::UserRole) -> Self {
        match role {
            api::UserRole::Admin => Self::Admin,
            api::UserRole::QueueManager => Self::QueueManager,
            api::UserRole::StandardUser => Self::StandardUser,
            api::UserRole::StandardInternationalUser => Self::StandardInternationalUser,
        }
    }
}

impl TryFrom<Role> for api::UserRole {
    type Error = Error;

    fn try_from(role: Role) -> Result<Self, Error> {
        match role {
            Role::Admin => Ok(Self::Admin),
            Role::QueueManager => Ok(Self::QueueManager),
            Role::StandardUser => Ok(Self::StandardUser),
            Role::StandardInternationalUser => Ok(Self::StandardInternationalUser),
            Role::SystemAdmin | Role::Dealer => Err(Error::internal("an account of the system is in a tenant")),
        }
    }
}
