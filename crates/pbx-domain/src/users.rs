//! Users of tenants: their accounts, roles within the tenant, and extensions.
//!
//! All administrators of a tenant may be disabled or deleted: system administrators and dealers can still switch into it.

use jiff::Timestamp;
use pbx_types::list::{FieldKind, ListField, with_field};
use pbx_types::record::Record as _;
use pbx_types::users as api;

use crate::generated::users::UserRest;
use crate::id::Id;
use crate::kind;
use crate::session::Role;
use crate::state::Rules;

pub use crate::generated::users::User;

/// The fields that lists can be filtered and ordered by: those of the record, and the time of creation.
pub const FIELDS: &[ListField] =
    &with_field::<{ User::FIELDS.len() + 1 }>(User::FIELDS, ListField::new("created_at", FieldKind::Time));

/// A stored user.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredUser {
    /// The user's ID, which is that of its account.
    pub id: Id<kind::User>,
    /// The time of its creation.
    pub created_at: Timestamp,
    /// Its properties.
    pub user: User,
}

impl Rules for User {}

/// Returns the context for which the password of a user's extension is sealed.
pub fn extension_password_seal_context(id: Id<kind::User>) -> String {
    format!("users.{id}.extension_password")
}

impl From<StoredUser> for api::User {
    fn from(stored: StoredUser) -> Self {
        let rest = UserRest {
            id: stored.id.api(),
            created_at: stored.created_at.into(),
        };
        rest.with(stored.user)
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
