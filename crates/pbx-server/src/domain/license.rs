//! Licences: who may use how much of this installation, and until when, signed by whoever sells them.
//!
//! A key is `CLAIMS.SIGNATURE`, both base64url: the claims as JSON, and the Ed25519 signature over [`CONTEXT`] and that JSON.
//! The program verifies keys with the public key that it is configured with. Without a licence there are small limits.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde::{Deserialize, Serialize};

use super::audit::{Entry, Object};
use super::vault::{MASK, Sealed, Vault};
use super::{Error, Violation, clock};
use crate::store::settings::{self, Setting};
use crate::store::{Changes, Store};

/// So that a signature for something else is not one for a licence.
const CONTEXT: &[u8] = b"pbx-server licence 1\n";

/// What every Ed25519 public key begins with (RFC 8410).
const PUBLIC_KEY_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Characters of a key that its mask shows.
const TAIL: usize = 4;

/// How much of the installation may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Users of all tenants.
    pub users: u32,
    /// Calls at a time.
    pub calls: u32,
}

impl Limits {
    /// Those of the vendor's release without a licence.
    pub const UNLICENSED: Self = Self { users: 10, calls: 3 };
}

/// What a key says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct License {
    /// Whose it is.
    pub holder: String,
    /// How to reach them.
    pub email: Option<String>,
    /// What was sold, in the seller's words.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What it allows.
    #[serde(flatten)]
    pub limits: Limits,
    /// From when on it allows nothing; never, without one.
    pub expires_at: Option<Timestamp>,
}

impl License {
    fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// The private half: makes keys.
pub struct Issuer(Ed25519KeyPair);

impl Issuer {
    /// From PEM (PKCS #8), of [`new_pair`] or of any other program.
    pub fn from_pem(pem: &str) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der())
            .ok()
            .map(Self)
    }

    /// The key of a licence.
    pub fn issue(&self, license: &License) -> Result<String, Error> {
        let claims = serde_json::to_vec(license).map_err(|error| Error::internal(format!("a licence: {error}")))?;
        let signature = self.0.sign(&signed(&claims));
        Ok(format!("{}.{}", BASE64.encode(claims), BASE64.encode(signature)))
    }
}

/// A new pair of keys to sign with and to verify with, both PEM.
pub fn new_pair() -> Result<(String, String), Error> {
    let fault = |_| Error::internal("no new key pair");
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(fault)?;
    let pair = Ed25519KeyPair::from_pkcs8(private.as_ref()).map_err(|_| Error::internal("no new key pair"))?;
    let public = [&PUBLIC_KEY_PREFIX, pair.public_key().as_ref()].concat();
    Ok((pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", &public)))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    // Sixty-four to the line, as RFC 7468 has it; base64 is ASCII.
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}

/// The public half: tells real keys from others.
#[derive(Debug, Clone)]
pub struct Verifier([u8; 32]);

/// Why a key is not taken: a rule in one word, and a text that goes on after the name of the field.
type Refusal = (&'static str, &'static str);

impl Verifier {
    /// From PEM (SubjectPublicKeyInfo).
    pub fn from_pem(pem: &str) -> Option<Self> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).ok()?;
        let key = der.as_ref().strip_prefix(&PUBLIC_KEY_PREFIX)?;
        key.try_into().ok().map(Self)
    }

    fn verify(&self, key: &str) -> Result<License, Refusal> {
        const FORMAT: Refusal = ("format", "is not a licence key");
        let (claims, signature) = key.split_once('.').ok_or(FORMAT)?;
        let (Ok(claims), Ok(signature)) = (BASE64.decode(claims), BASE64.decode(signature)) else {
            return Err(FORMAT);
        };
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(&signed(&claims), &signature)
            .map_err(|_| ("signature", "was not issued for this product"))?;
        serde_json::from_slice(&claims).map_err(|_| ("format", "was issued for another version of this product"))
    }
}

fn signed(claims: &[u8]) -> Vec<u8> {
    [CONTEXT, claims].concat()
}

/// What is stored: the key, and nothing that it says.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    license_key: Option<Sealed>,
}

impl Setting for Stored {
    const NAME: &'static str = "license";
}

/// Where the key is, to the vault.
const PLACE: &str = "license.license_key";

/// How the installation is licensed.
#[derive(Debug, Clone)]
pub struct Licensed {
    /// The key with all but its tail hidden.
    pub masked_key: Option<String>,
    /// What it says, also when it is over.
    pub license: Option<License>,
    /// What holds now.
    pub limits: Limits,
}

/// How the installation is licensed now. A key that does not verify (any more) is shown, and allows nothing.
pub async fn current(store: &Store, vault: &Vault, verifier: Option<&Verifier>) -> Result<Licensed, Error> {
    let key = key(store, vault).await?;
    let license = match (&key, verifier) {
        (Some(key), Some(verifier)) => verifier.verify(key).ok(),
        _ => None,
    };
    let now = clock::now();
    let valid = license.as_ref().filter(|license| !license.is_over(now));
    Ok(Licensed {
        masked_key: key.as_deref().map(mask),
        limits: valid.map_or(Limits::UNLICENSED, |license| license.limits),
        license,
    })
}

/// Takes a key into use; one that is not good leaves the one before.
pub async fn update(store: &Changes, vault: &Vault, verifier: Option<&Verifier>, new: &str) -> Result<(), Error> {
    let new = new.trim();
    // What was shown may be sent back.
    if key(store, vault).await?.is_some_and(|key| mask(&key) == new) {
        return Ok(());
    }
    let verifier = verifier.ok_or(Error::Refused {
        code: "NO_LICENSE_PUBLIC_KEY",
        message: "This server cannot verify licences: start it with --license-public-key.",
    })?;
    let refused = |(rule, message)| Error::invalid(Violation::field("license_key", rule, message));
    let license = verifier.verify(new).map_err(refused)?;
    if license.is_over(clock::now()) {
        return Err(refused(("expired", "has expired")));
    }
    let stored = Stored {
        license_key: Some(vault.seal(PLACE, new)?),
    };
    store
        .write(move |tx| {
            settings::save(tx, &stored)?;
            let entry = Entry::update(Object::System, Stored::NAME).fields(["license_key"]);
            Ok::<_, Error>(entry.with(()))
        })
        .await
}

async fn key(store: &Store, vault: &Vault) -> Result<Option<String>, Error> {
    let stored: Stored = store.read(|tx| Ok::<_, Error>(settings::load(tx)?)).await?;
    stored.license_key.map(|sealed| vault.open(PLACE, &sealed)).transpose()
}

fn mask(key: &str) -> String {
    let tail = key.len().saturating_sub(TAIL);
    format!("{MASK}{}", key.get(tail..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn license() -> License {
        License {
            holder: "Example Ltd".to_owned(),
            email: Some("pbx@example.com".to_owned()),
            kind: None,
            limits: Limits { users: 500, calls: 50 },
            expires_at: None,
        }
    }

    fn pair() -> (Issuer, Verifier) {
        let (private, public) = new_pair().unwrap();
        (
            Issuer::from_pem(&private).unwrap(),
            Verifier::from_pem(&public).unwrap(),
        )
    }

    #[test]
    fn a_key_says_what_was_signed() {
        let (issuer, verifier) = pair();
        assert_eq!(verifier.verify(&issuer.issue(&license()).unwrap()), Ok(license()));
    }

    #[test]
    fn nothing_else_verifies() {
        let ((issuer, verifier), (other, _)) = (pair(), pair());
        let key = issuer.issue(&license()).unwrap();
        let (claims, signature) = key.split_once('.').unwrap();
        let more = License {
            limits: Limits { users: 9999, calls: 99 },
            ..license()
        };
        let forged = BASE64.encode(serde_json::to_vec(&more).unwrap());
        let rule = |key: &str| verifier.verify(key).unwrap_err().0;
        assert_eq!(rule(&format!("{forged}.{signature}")), "signature");
        assert_eq!(rule(&other.issue(&license()).unwrap()), "signature");
        for bad in ["", "x", ".", &format!("{claims}."), claims, &format!("{claims}.*")] {
            assert!(matches!(rule(bad), "format" | "signature"), "{bad}");
        }
    }

    #[test]
    fn keys_are_pem_and_not_anything_else() {
        let (private, public) = new_pair().unwrap();
        assert!(private.starts_with("-----BEGIN PRIVATE KEY-----\n") && public.ends_with("-----END PUBLIC KEY-----\n"));
        assert!(Issuer::from_pem(&public).is_none());
        assert!(Verifier::from_pem(&private).is_none());
        let rsa_like = public.replace("MCow", "MCox");
        assert!(Verifier::from_pem(&rsa_like).is_none());
    }

    #[tokio::test]
    async fn a_licence_that_is_over_is_shown_and_allows_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("pbx.db").to_str().unwrap()).unwrap();
        let vault = crate::domain::vault::tests::vault();
        let (issuer, verifier) = pair();
        let over = License {
            expires_at: Some(Timestamp::UNIX_EPOCH),
            ..license()
        };
        let key = issuer.issue(&over).unwrap();
        let stored = Stored {
            license_key: Some(vault.seal(PLACE, &key).unwrap()),
        };
        let save = move |tx: &mut crate::store::Tx<'_>| Ok::<_, Error>(settings::save(tx, &stored)?);
        store.write_unaudited(save).await.unwrap();
        let licensed = current(&store, &vault, Some(&verifier)).await.unwrap();
        assert_eq!((licensed.limits, licensed.license), (Limits::UNLICENSED, Some(over)));
        assert_eq!(licensed.masked_key, Some(mask(&key)));
        // Another seller's key, or nobody's: it says nothing either.
        for verifier in [None, Some(&pair().1)] {
            let licensed = current(&store, &vault, verifier).await.unwrap();
            assert_eq!((licensed.limits, licensed.license), (Limits::UNLICENSED, None));
        }
    }

    #[test]
    fn a_mask_shows_the_tail() {
        assert_eq!(mask("abcdefgh"), "********efgh");
        assert_eq!(mask("ab"), "********ab");
    }
}
