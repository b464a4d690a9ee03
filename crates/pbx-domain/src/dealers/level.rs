//! The three levels of dealers.

use std::str::FromStr;

use pbx_types::dealers::DealerLevel;

/// The distance of a dealer from the system administrator, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum Level {
    Distributor,
    SubDistributor,
    Reseller,
}

impl Level {
    /// Returns the form of the API and of the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Distributor => "DISTRIBUTOR",
            Self::SubDistributor => "SUB_DISTRIBUTOR",
            Self::Reseller => "RESELLER",
        }
    }
}

impl FromStr for Level {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Distributor, Self::SubDistributor, Self::Reseller]
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or(())
    }
}

impl From<DealerLevel> for Level {
    fn from(level: DealerLevel) -> Self {
        match level {
            DealerLevel::Distributor => Self::Distributor,
            DealerLevel::SubDistributor => Self::SubDistributor,
            DealerLevel::Reseller => Self::Reseller,
        }
    }
}

impl From<Level> for DealerLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Distributor => Self::Distributor,
            Level::SubDistributor => Self::SubDistributor,
            Level::Reseller => Self::Reseller,
        }
    }
}
