//! The stored certificate of HTTPS and the TLS transports, with its sealed private key.

use serde::{Deserialize, Serialize};

use crate::certificate::{CertificatePair, PrivateKey};
use crate::error::Error;
use crate::setting::Setting;
use crate::vault::{Sealed, Vault};

/// The pair as it is stored.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredPair {
    /// The certificate chain as PEM; `None` before the first start has created one.
    pub certificate: Option<String>,
    private_key: Option<Sealed>,
}

impl Setting for StoredPair {
    const NAME: &'static str = "key";
}

/// The context in which the private key is sealed.
const SEAL_CONTEXT: &str = "key.private_key";

impl StoredPair {
    /// Seals the private key for the store.
    pub fn seal(vault: &Vault, pair: &CertificatePair) -> Result<Self, Error> {
        Ok(Self {
            certificate: Some(pair.certificate.clone()),
            private_key: Some(vault.seal(SEAL_CONTEXT, pair.private_key.reveal())?),
        })
    }

    /// Opens the private key; `None` if no pair is stored.
    pub fn open(self, vault: &Vault) -> Result<Option<CertificatePair>, Error> {
        let (Some(certificate), Some(private_key)) = (self.certificate, self.private_key) else {
            return Ok(None);
        };
        Ok(Some(CertificatePair {
            certificate,
            private_key: PrivateKey::new(vault.open(SEAL_CONTEXT, &private_key)?),
        }))
    }
}
