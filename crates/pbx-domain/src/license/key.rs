//! License keys: `CLAIMS.SIGNATURE`, both base64url: the claims as JSON, and the Ed25519 signature over [`CONTEXT`] and that JSON.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};

use super::License;
use crate::error::Error;

/// Prefix of the signed message (domain separation): a signature for another purpose does not verify as a license.
const CONTEXT: &[u8] = b"pbx-server licence 1\n";

/// DER prefix of every Ed25519 public key (RFC 8410).
const PUBLIC_KEY_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The private key of a seller, which signs licenses.
pub struct Issuer(Ed25519KeyPair);

impl Issuer {
    /// Reads PEM (PKCS #8), of [`generate_pair`] or of any other program.
    pub fn from_pem(pem: &str) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der())
            .ok()
            .map(Self)
    }

    /// Signs a license and returns its key.
    pub fn issue(&self, license: &License) -> Result<String, Error> {
        let claims = serde_json::to_vec(license)
            .map_err(|error| Error::internal(format!("a license cannot be serialized: {error}")))?;
        let signature = self.0.sign(&signed(&claims));
        Ok(format!("{}.{}", BASE64.encode(claims), BASE64.encode(signature)))
    }
}

/// Generates a private key to sign with and its public key to verify with, both PEM.
pub fn generate_pair() -> Result<(String, String), Error> {
    let error = |_| Error::internal("no key pair was generated");
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(error)?;
    let pair =
        Ed25519KeyPair::from_pkcs8(private.as_ref()).map_err(|_| Error::internal("no key pair was generated"))?;
    let public = [&PUBLIC_KEY_PREFIX, pair.public_key().as_ref()].concat();
    Ok((pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", &public)))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    // 64 characters a line (RFC 7468); base64 is ASCII.
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}

/// The public key of a seller, which verifies license keys.
#[derive(Debug, Clone)]
pub struct Verifier([u8; 32]);

/// The reason for refusing a key: a rule in one word, and a message that continues after the name of the field.
pub type Refusal = (&'static str, &'static str);

impl Verifier {
    /// Reads PEM (SubjectPublicKeyInfo).
    pub fn from_pem(pem: &str) -> Option<Self> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).ok()?;
        let key = der.as_ref().strip_prefix(&PUBLIC_KEY_PREFIX)?;
        key.try_into().ok().map(Self)
    }

    /// Verifies a key and returns its license.
    ///
    /// # Errors
    ///
    /// The reason if the key is malformed or not signed by this seller.
    pub fn verify(&self, key: &str) -> Result<License, Refusal> {
        const FORMAT: Refusal = ("format", "is not a license key");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::license::Limits;

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
        let (private, public) = generate_pair().unwrap();
        (
            Issuer::from_pem(&private).unwrap(),
            Verifier::from_pem(&public).unwrap(),
        )
    }

    #[test]
    fn a_signed_key_verifies_as_its_license() {
        let (issuer, verifier) = pair();
        assert_eq!(verifier.verify(&issuer.issue(&license()).unwrap()), Ok(license()));
    }

    #[test]
    fn forged_and_malformed_keys_do_not_verify() {
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
    fn keys_are_read_from_pem_only() {
        let (private, public) = generate_pair().unwrap();
        assert!(private.starts_with("-----BEGIN PRIVATE KEY-----\n") && public.ends_with("-----END PUBLIC KEY-----\n"));
        assert!(Issuer::from_pem(&public).is_none());
        assert!(Verifier::from_pem(&private).is_none());
        let rsa_like = public.replace("MCow", "MCox");
        assert!(Verifier::from_pem(&rsa_like).is_none());
    }
}
