//! Dealers, who sell tenants: three levels, and quotas for each branch.
//!
//! A dealer sees the dealers below it and no others: a request for any other gets the response for an ID that does not exist. Name and
//! level are set when a dealer is created; a dealer never moves to another parent.

use pbx_types::dealers::DealerLevel;

use crate::id::Id;
use crate::kind;
use crate::state::Rules;
use crate::stored::Stored;

pub use crate::generated::dealers::Dealer;

/// A dealer with its ID, which is that of its account.
pub type StoredDealer = Stored<Dealer, kind::Dealer>;

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
    pub dealer_id: Id<kind::Dealer>,
    /// The limit of tenants; one that several dealers have counts once.
    pub max_tenants: i64,
    /// The limit of users of those tenants.
    pub max_extensions: i64,
}

impl Rules for Dealer {}

impl Dealer {
    /// Returns the `tenant_full_access` that a dealer below gets if this dealer sets it to `requested`.
    ///
    /// Only distributors can set it, and no dealer grants what it does not have. Otherwise the value is this dealer's own.
    pub fn granted_full_access(&self, requested: bool) -> bool {
        match self.level {
            DealerLevel::Distributor => requested && self.tenant_full_access,
            DealerLevel::SubDistributor | DealerLevel::Reseller => self.tenant_full_access,
        }
    }

    /// Returns `true` if the level is below this dealer's, so that it may create dealers of that level.
    pub fn is_above(&self, level: DealerLevel) -> bool {
        depth(self.level) < depth(level)
    }
}

/// Returns the distance of a level from the system administrators.
fn depth(level: DealerLevel) -> u8 {
    match level {
        DealerLevel::Distributor => 1,
        DealerLevel::SubDistributor => 2,
        DealerLevel::Reseller => 3,
    }
}
