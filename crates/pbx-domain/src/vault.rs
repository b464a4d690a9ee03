//! Secrets at rest: AES-256-GCM with a key that is not in the database.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use pbx_types::list::FieldKind;
use pbx_types::record::{Cell, Column, Storage};
use rand::TryRng as _;
use rand::rngs::SysRng;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Length of a key in bytes.
pub const KEY_LENGTH: usize = 32;

/// Placeholder of a secret in responses. An update that sends it leaves the secret unchanged.
pub const MASK: &str = "********";

/// An encrypted secret as it is stored: base64 of a random nonce, the ciphertext and its tag.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sealed(..)")
    }
}

impl Sealed {
    /// Wraps the stored string.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Returns the string to store.
    pub fn into_stored(self) -> String {
        self.0
    }
}

/// Lists cannot be filtered by a secret.
impl Column for Sealed {
    const STORAGE: Storage = Storage::Text;
    const KIND: Option<FieldKind> = None;

    fn to_cell(&self) -> Cell<'_> {
        self.0.to_cell()
    }

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        String::from_cell(cell).map(Self)
    }
}

/// Encrypts (seals) and decrypts (opens) secrets. Clones share the key.
#[derive(Clone)]
pub struct Vault {
    key: Arc<LessSafeKey>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Vault(..)")
    }
}

impl Vault {
    /// Creates a vault with that key.
    pub fn new(key: &[u8; KEY_LENGTH]) -> Result<Self, Error> {
        let key =
            UnboundKey::new(&AES_256_GCM, key).map_err(|_| Error::internal("the key of the vault is unusable"))?;
        Ok(Self {
            key: Arc::new(LessSafeKey::new(key)),
        })
    }

    /// Generates a random key.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the system returns no random bytes.
    pub fn generate_key() -> Result<[u8; KEY_LENGTH], Error> {
        random()
    }

    /// Encrypts a secret. A secret that is sealed in one context (say, `network.password`) opens in no other, so that an
    /// attacker with write access to the database cannot move it to a property that is shown.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the system returns no random bytes.
    pub fn seal(&self, seal_context: &str, clear: &str) -> Result<Sealed, Error> {
        // Random nonces of 96 bits are safe for billions of secrets; there are a handful.
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut sealed = clear.as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(seal_context.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| Error::internal(format!("sealing {seal_context} failed")))?;
        sealed.splice(0..0, nonce);
        Ok(Sealed(BASE64.encode(sealed)))
    }

    /// Decrypts a secret that was sealed in this context with this key.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if it was sealed in another context or with another key.
    pub fn open(&self, seal_context: &str, sealed: &Sealed) -> Result<String, Error> {
        let unreadable = || Error::internal(format!("the secret {seal_context} was not sealed with this key"));
        let mut bytes = BASE64.decode(&sealed.0).map_err(|_| unreadable())?;
        let (nonce, ciphertext) = bytes.split_at_mut_checked(NONCE_LEN).ok_or_else(unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unreadable())?;
        let clear = self
            .key
            .open_in_place(nonce, Aad::from(seal_context.as_bytes()), ciphertext);
        String::from_utf8(clear.map_err(|_| unreadable())?.to_vec()).map_err(|_| unreadable())
    }
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| Error::internal(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn vault() -> Vault {
        Vault::new(&Vault::generate_key().unwrap()).unwrap()
    }

    #[test]
    fn a_sealed_secret_opens_and_reveals_nothing() {
        let vault = vault();
        let sealed = vault.seal("mail.password", "hunter2").unwrap();
        assert_eq!(vault.open("mail.password", &sealed).unwrap(), "hunter2");
        assert_ne!(
            sealed,
            vault.seal("mail.password", "hunter2").unwrap(),
            "the nonce is new"
        );
        assert!(!format!("{sealed:?} {vault:?}").contains(&sealed.0));
    }

    #[test]
    fn a_secret_does_not_open_with_another_key_in_another_context_or_modified() {
        let vault = vault();
        let sealed = vault.seal("mail.password", "hunter2").unwrap();
        assert!(tests::vault().open("mail.password", &sealed).is_err());
        assert!(vault.open("sbc.token", &sealed).is_err());
        let mut bytes = BASE64.decode(&sealed.0).unwrap();
        bytes[NONCE_LEN] ^= 1;
        assert!(vault.open("mail.password", &Sealed(BASE64.encode(&bytes))).is_err());
        for text in ["", "AAAA", "%"] {
            assert!(vault.open("mail.password", &Sealed(text.to_owned())).is_err());
        }
    }
}
