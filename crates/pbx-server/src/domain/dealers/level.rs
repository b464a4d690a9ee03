//! The three levels of dealers.

use std::str::FromStr;

/// How far from the system administrator a dealer is, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum Level {
    Distributor,
    SubDistributor,
    Reseller,
}

impl Level {
    /// As the API and the store write it.
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
