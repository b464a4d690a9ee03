//! The dealers that a tenant belongs to.
//!
//! System administrators designate tenants to dealers, and so do the dealers above both: a dealer passes its tenants on to the
//! dealers below it.

use pbx_types::tenants::DealerSummary;

use crate::dealers::level::Level;
use crate::id::Id;

/// A dealer that a tenant belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantDealer {
    /// The dealer's ID.
    pub id: Id,
    /// `true` if it may sign in.
    pub enabled: bool,
    /// Its level.
    pub level: Level,
    /// The name of its account.
    pub name: String,
    /// The name that people see.
    pub display_name: Option<String>,
}

impl From<TenantDealer> for DealerSummary {
    fn from(dealer: TenantDealer) -> Self {
        Self {
            id: dealer.id.to_string(),
            enabled: Some(dealer.enabled),
            level: dealer.level.into(),
            name: dealer.name,
            display_name: dealer.display_name,
        }
    }
}
