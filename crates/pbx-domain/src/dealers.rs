//! Dealers, who sell tenants: three levels, and quotas for each branch.
//!
//! A dealer sees the dealers below it and no others: a request for any other gets the response for an ID that does not exist. Name and
//! level are set when a dealer is created; a dealer never moves to another parent.

pub mod level;

use pbx_types::list::{FieldKind, ListField};
use pbx_types::{dealer, dealers as api};
use serde::{Deserialize, Serialize};

use self::level::Level;
use crate::convert::{count, non_empty};
use crate::error::Error;
use crate::id::Id;
use crate::password::Password;

/// The fields that lists of dealers can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField::new("id", FieldKind::Id),
    ListField::new("enabled", FieldKind::Boolean),
    ListField::new("level", FieldKind::Text),
    ListField::new("name", FieldKind::Text),
    ListField::new("email", FieldKind::Text),
    ListField::new("display_name", FieldKind::Text),
    ListField::new("website", FieldKind::Text),
    ListField::new("phone", FieldKind::Text),
    ListField::new("address", FieldKind::Text),
    ListField::new("description", FieldKind::Text),
    ListField::new("max_tenants", FieldKind::Integer),
    ListField::new("max_extensions", FieldKind::Integer),
    ListField::new("tenant_full_access", FieldKind::Boolean),
];

/// A dealer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dealer {
    /// The dealer's ID, which is that of its account.
    pub id: Id,
    /// The name that it signs in with.
    pub name: String,
    /// Its level, which never changes.
    pub level: Level,
    /// The properties that an update can change.
    pub settings: DealerSettings,
}

/// The properties of a dealer that an update can change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct DealerSettings {
    pub enabled: bool,
    pub email: Option<String>,
    pub display_name: Option<String>,
    pub website: Option<String>,
    pub phone: Option<String>,
    pub address: Option<String>,
    pub description: Option<String>,
    pub max_tenants: i64,
    pub max_extensions: i64,
    pub tenant_full_access: bool,
}

impl Default for DealerSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            email: None,
            display_name: None,
            website: None,
            phone: None,
            address: None,
            description: None,
            max_tenants: 100,
            max_extensions: 50_000,
            tenant_full_access: true,
        }
    }
}

/// The properties of a dealer to be created.
#[derive(Debug, Clone)]
pub struct NewDealer {
    /// The name to sign in with.
    pub name: String,
    /// The password to sign in with.
    pub password: Password,
    /// The level.
    pub level: Level,
    /// All other properties.
    pub settings: DealerSettings,
}

/// Counts of the objects that a dealer and all dealers below it have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BranchCounts {
    /// Dealers below it.
    pub dealers: i64,
    /// Tenants, each counted once.
    pub tenants: i64,
    /// Users of those tenants.
    pub users: i64,
}

/// The quotas of a dealer, for itself and all dealers below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The dealer.
    pub dealer_id: Id,
    /// The limit of tenants; one that several dealers have counts once.
    pub max_tenants: i64,
    /// The limit of users of those tenants.
    pub max_extensions: i64,
}

impl Dealer {
    /// Returns the `tenant_full_access` that a dealer below gets if this dealer sets it to `requested`.
    ///
    /// Only distributors can set it, and no dealer grants what it does not have. Otherwise the value is this dealer's own.
    pub fn granted_full_access(&self, requested: bool) -> bool {
        let own = self.settings.tenant_full_access;
        if self.level == Level::Distributor {
            requested && own
        } else {
            own
        }
    }
}

/// Returns the error for an ID that no dealer has, or none that the caller may see.
pub fn not_found() -> Error {
    Error::NotFound { what: "dealer" }
}

impl From<api::CreateDealer> for NewDealer {
    fn from(new: api::CreateDealer) -> Self {
        Self {
            name: new.name,
            password: Password::new(new.password.into_inner()),
            level: new.level.into(),
            settings: DealerSettings {
                enabled: new.enabled,
                email: non_empty(new.email),
                display_name: non_empty(new.display_name),
                website: non_empty(new.website),
                phone: non_empty(new.phone),
                address: non_empty(new.address),
                description: non_empty(new.description),
                max_tenants: new.max_tenants.into(),
                max_extensions: new.max_extensions.into(),
                tenant_full_access: new.tenant_full_access,
            },
        }
    }
}

impl From<Dealer> for api::Dealer {
    fn from(dealer: Dealer) -> Self {
        let settings = dealer.settings;
        Self {
            id: dealer.id.to_string(),
            enabled: Some(settings.enabled),
            level: dealer.level.into(),
            name: dealer.name,
            email: settings.email,
            display_name: settings.display_name,
            website: settings.website,
            phone: settings.phone,
            address: settings.address,
            description: settings.description,
            max_tenants: count(settings.max_tenants),
            max_extensions: count(settings.max_extensions),
            tenant_full_access: Some(settings.tenant_full_access),
        }
    }
}

impl From<Dealer> for dealer::CurrentDealer {
    fn from(dealer: Dealer) -> Self {
        let settings = dealer.settings;
        Self {
            id: dealer.id.to_string(),
            enabled: Some(settings.enabled),
            level: dealer.level.into(),
            name: dealer.name,
            email: settings.email,
            display_name: settings.display_name,
            website: settings.website,
            phone: settings.phone,
            address: settings.address,
            description: settings.description,
            max_tenants: count(settings.max_tenants),
            max_extensions: count(settings.max_extensions),
        }
    }
}
