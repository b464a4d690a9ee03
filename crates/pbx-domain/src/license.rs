//! Licenses: the limits of this installation, the holder and the expiry, signed by the seller.
//!
//! The program verifies license keys with the public key that it is configured with. Small limits apply without a license, and
//! after it has expired.

pub mod key;

use jiff::Timestamp;
use pbx_types::Violation;
use serde::{Deserialize, Serialize};

use self::key::Verifier;
use crate::error::Error;
use crate::setting::Setting;
use crate::vault::{MASK, Sealed, Vault};

/// Length of the end of a key that its mask shows.
const VISIBLE_TAIL: usize = 4;

/// The limits of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Users of all tenants.
    pub users: u32,
    /// Concurrent calls.
    pub calls: u32,
}

impl Limits {
    /// The limits of the vendor's release without a license.
    pub const UNLICENSED: Self = Self { users: 10, calls: 3 };
}

/// The content of a license key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct License {
    /// The holder.
    pub holder: String,
    /// The holder's contact address.
    pub email: Option<String>,
    /// The product, in the seller's words.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The limits.
    #[serde(flatten)]
    pub limits: Limits,
    /// The expiry; `None` for a license that does not expire.
    pub expires_at: Option<Timestamp>,
}

impl License {
    fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// The stored license: the key only, not its content.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredLicense {
    /// The sealed key.
    pub license_key: Option<Sealed>,
}

impl Setting for StoredLicense {
    const NAME: &'static str = "license";
}

/// The context in which the key is sealed.
const SEAL_CONTEXT: &str = "license.license_key";

/// The license state of the installation.
#[derive(Debug, Clone)]
pub struct Licensed {
    /// The key, of which the mask shows only the end.
    pub masked_key: Option<String>,
    /// The license, even after it has expired.
    pub license: Option<License>,
    /// The limits in force.
    pub limits: Limits,
}

/// Opens and verifies license keys.
#[derive(Debug, Clone)]
pub struct Licensing {
    vault: Vault,
    /// Verifies the seller's signature; `None` if no public key is configured.
    verifier: Option<Verifier>,
}

impl Licensing {
    /// Creates it for keys that are sealed with this vault and signed for this verifier.
    pub fn new(vault: Vault, verifier: Option<Verifier>) -> Self {
        Self { vault, verifier }
    }

    /// Returns the license state at that time. A key that does not verify (any more) is shown, and the unlicensed limits apply.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the stored key cannot be opened.
    pub fn licensed(&self, stored: &StoredLicense, now: Timestamp) -> Result<Licensed, Error> {
        let key = self.open(stored)?;
        let license = match (&key, &self.verifier) {
            (Some(key), Some(verifier)) => verifier.verify(key).ok(),
            _ => None,
        };
        let valid = license.as_ref().filter(|license| !license.is_expired(now));
        Ok(Licensed {
            masked_key: key.as_deref().map(mask),
            limits: valid.map_or(Limits::UNLICENSED, |license| license.limits),
            license,
        })
    }

    /// Verifies and seals a new key; `None` if it is the mask of the stored one, which a client may send back.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the key does not verify or has expired; [`Error::Refused`] if no public key is configured.
    pub fn replace(&self, stored: &StoredLicense, new: &str, now: Timestamp) -> Result<Option<StoredLicense>, Error> {
        if self.open(stored)?.is_some_and(|key| mask(&key) == new) {
            return Ok(None);
        }
        let verifier = self.verifier.as_ref().ok_or(Error::Refused {
            code: "NO_LICENSE_PUBLIC_KEY",
            message: "This server cannot verify licenses: start it with --license-public-key.",
        })?;
        let refused = |(rule, message)| Error::invalid(Violation::field("license_key", rule, message));
        let license = verifier.verify(new).map_err(refused)?;
        if license.is_expired(now) {
            return Err(refused(("expired", "has expired")));
        }
        Ok(Some(StoredLicense {
            license_key: Some(self.vault.seal(SEAL_CONTEXT, new)?),
        }))
    }

    fn open(&self, stored: &StoredLicense) -> Result<Option<String>, Error> {
        let key = stored.license_key.as_ref();
        key.map(|sealed| self.vault.open(SEAL_CONTEXT, sealed)).transpose()
    }
}

fn mask(key: &str) -> String {
    let tail = key.len().saturating_sub(VISIBLE_TAIL);
    format!("{MASK}{}", key.get(tail..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_shows_the_end_of_the_key() {
        assert_eq!(mask("abcdefgh"), "********efgh");
        assert_eq!(mask("ab"), "********ab");
    }
}
