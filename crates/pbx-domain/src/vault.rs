//! Secrets at rest: AES-256-GCM with a key that is not in the database. The keys of tokens are derived from the same ones.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use pbx_types::list::FieldKind;
use pbx_types::record::{Cell, Column, Storage};
use rand::TryRng as _;
use rand::rngs::SysRng;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::token::SuccessorKey;

/// Length of a key in bytes.
pub const KEY_LENGTH: usize = 32;

/// Placeholder of a secret in responses. An update that sends it leaves the secret unchanged.
pub const MASK: &str = "********";

/// Separates the ID of a key from the secret that it sealed. Neither an ID nor base64 contains it.
const ID_END: char = ':';

/// The largest number of characters of a key's ID.
const MAX_ID_LENGTH: usize = 32;

/// An encrypted secret as it is stored: the ID of its key and a colon, if the key has an ID, then base64 of a random nonce, the
/// ciphertext and its tag.
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

/// A key, as the key file has it. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// Its ID, which secrets that it sealed carry. The only key of an older key file has none.
    pub id: Option<String>,
    /// The key itself.
    pub bytes: [u8; KEY_LENGTH],
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({:?})", self.id)
    }
}

impl Key {
    /// Generates a random key with that ID.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the system returns no random bytes.
    pub fn generate(id: Option<&str>) -> Result<Self, Error> {
        Ok(Self {
            id: id.map(str::to_owned),
            bytes: random()?,
        })
    }

    /// Returns `true` if a key can have this ID: 1 to 32 letters, digits, dashes and underscores.
    pub fn is_id(text: &str) -> bool {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=MAX_ID_LENGTH).contains(&text.len()) && text.bytes().all(is_allowed)
    }
}

/// Encrypts (seals) and decrypts (opens) secrets, and derives tokens. Clones share the keys.
#[derive(Clone)]
pub struct Vault {
    /// At least one. The first seals.
    keys: Arc<[VaultKey]>,
}

struct VaultKey {
    id: Option<String>,
    sealing: LessSafeKey,
    successors: SuccessorKey,
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Vault(..)")
    }
}

impl Vault {
    /// Creates a vault with these keys. The first one seals; all of them open.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if there is none.
    pub fn new(keys: &[Key]) -> Result<Self, Error> {
        if keys.is_empty() {
            return Err(Error::internal("a vault needs a key"));
        }
        let keys: Result<Vec<VaultKey>, Error> = keys.iter().map(VaultKey::new).collect();
        Ok(Self { keys: keys?.into() })
    }

    /// Encrypts a secret. A secret that is sealed in one context (say, `network.password`) opens in no other, so that an
    /// attacker with write access to the database cannot move it to a property that is shown.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the system returns no random bytes.
    pub fn seal(&self, seal_context: &str, clear: &str) -> Result<Sealed, Error> {
        let key = self
            .keys
            .first()
            .ok_or_else(|| Error::internal("a vault needs a key"))?;
        // Random nonces of 96 bits are safe for billions of secrets; there are a handful.
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut sealed = clear.as_bytes().to_vec();
        key.sealing
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(seal_context.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| Error::internal(format!("sealing {seal_context} failed")))?;
        sealed.splice(0..0, nonce);
        let text = BASE64.encode(sealed);
        Ok(Sealed(match &key.id {
            None => text,
            Some(id) => format!("{id}{ID_END}{text}"),
        }))
    }

    /// Decrypts a secret that was sealed in this context with one of the keys.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if it was sealed in another context or with another key.
    pub fn open(&self, seal_context: &str, sealed: &Sealed) -> Result<String, Error> {
        let (id, text) = match sealed.0.split_once(ID_END) {
            None => (None, sealed.0.as_str()),
            Some((id, text)) => (Some(id), text),
        };
        let unreadable = || match id {
            None => Error::internal(format!(
                "the secret {seal_context} was not sealed with a key of the key file"
            )),
            Some(id) => Error::internal(format!(
                "the secret {seal_context} was sealed with the key {id:?}, which the key file does not have"
            )),
        };
        let bytes = BASE64.decode(text).map_err(|_| unreadable())?;
        // All of them, because a key may have been given another ID since. A wrong key opens nothing.
        let mut opened = self.keys.iter().filter_map(|key| key.open(seal_context, bytes.clone()));
        opened.next().ok_or_else(unreadable)
    }

    /// Returns the keys that successors of refresh tokens are derived with. The first one derives new ones.
    pub fn successor_keys(&self) -> impl Iterator<Item = &SuccessorKey> {
        self.keys.iter().map(|key| &key.successors)
    }
}

impl VaultKey {
    fn new(key: &Key) -> Result<Self, Error> {
        let unusable = |_| Error::internal("a key of the vault is unusable");
        let sealing = UnboundKey::new(&AES_256_GCM, &key.bytes).map_err(unusable)?;
        // A separate key: what is derived with it says nothing about the one that seals.
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"pbx-server").extract(&key.bytes);
        let successors = extracted
            .expand(&[b"successors of refresh tokens"], hmac::HMAC_SHA256)
            .map_err(unusable)?;
        Ok(Self {
            id: key.id.clone(),
            sealing: LessSafeKey::new(sealing),
            successors: SuccessorKey::new(successors.into()),
        })
    }

    fn open(&self, seal_context: &str, mut sealed: Vec<u8>) -> Option<String> {
        let (nonce, ciphertext) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let aad = Aad::from(seal_context.as_bytes());
        let clear = self.sealing.open_in_place(nonce, aad, ciphertext).ok()?;
        String::from_utf8(clear.to_vec()).ok()
    }
}

/// Returns random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| Error::internal(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::token::TokenKind;

    pub(crate) fn vault() -> Vault {
        Vault::new(&[Key::generate(None).unwrap()]).unwrap()
    }

    fn key(id: impl Into<Option<&'static str>>, byte: u8) -> Key {
        Key {
            id: id.into().map(str::to_owned),
            bytes: [byte; KEY_LENGTH],
        }
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

    #[test]
    fn the_first_key_seals_and_every_key_opens() {
        let seal = |keys: &[Key]| Vault::new(keys).unwrap().seal("a.b", "secret").unwrap();
        let opens = |keys: &[Key], sealed: &Sealed| Vault::new(keys).unwrap().open("a.b", sealed).is_ok();
        let (old, new) = (key(None, 1), key("2", 2));
        let by_old = seal(std::slice::from_ref(&old));
        assert!(!by_old.0.contains(ID_END), "as earlier releases sealed: {}", by_old.0);
        let rotated = [new.clone(), old.clone()];
        let by_new = seal(&rotated);
        assert!(by_new.0.starts_with("2:"), "{}", by_new.0);
        assert!(opens(&rotated, &by_old) && opens(&rotated, &by_new));
        assert!(
            opens(&[old.clone(), new.clone()], &by_new),
            "the order is of no importance"
        );
        assert!(!opens(&[new], &by_old) && !opens(&[old], &by_new));
        // A key may be given another ID later.
        assert!(opens(&[key("1", 1)], &by_old) && opens(&[key("3", 2)], &by_new));
        assert!(!opens(&[key("2", 1)], &by_new));
        let error = Vault::new(&[key("2", 1)]).unwrap().open("a.b", &by_new).unwrap_err();
        assert!(format!("{error:?}").contains(r#"the key \"2\""#), "{error:?}");
        assert!(Vault::new(&[]).is_err());
    }

    #[test]
    fn ids_of_keys_are_short_words() {
        for id in ["1", "2026-12_a", &"x".repeat(32)] {
            assert!(Key::is_id(id), "{id}");
        }
        for text in ["", "a:b", "ü", "a b", &"x".repeat(33)] {
            assert!(!Key::is_id(text), "{text}");
        }
        assert!(!format!("{:?}", key("1", 65)).contains("65"));
    }

    /// All nodes of an installation derive the same successors, also while they run two releases.
    #[test]
    fn successors_are_the_same_in_every_release() {
        let vault = Vault::new(&[key("1", 7), key(None, 8)]).unwrap();
        let derived = vault
            .successor_keys()
            .map(|key| key.derive("REFRESH", TokenKind::Access).into_string());
        assert_eq!(
            derived.collect::<Vec<_>>(),
            [
                "7FQNQNI64JBVFTCTRYW2HSC8VVU57HHXWA7ZQQGCUX9XICT5",
                "5BRQASITLPCPSMQEU4QY4D8C6R4WRGDQATTVN67PVVY4FQ96",
            ]
        );
    }
}
