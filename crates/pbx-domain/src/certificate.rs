//! Certificate chains with their private keys: validation before use, and the self-signed pair of a fresh install.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use pbx_types::Violation;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType};
use rustls::InconsistentKeys;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::prelude::FromDer as _;

use crate::error::Error;

/// Maximum length of a chain: every certificate costs a verification of its signature.
const MAX_CHAIN_LENGTH: usize = 10;

/// Validity of the certificate of a fresh install: until an administrator replaces it.
const SELF_SIGNED_VALIDITY: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// A private key as PEM. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(String);

impl PrivateKey {
    /// Wraps the PEM.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the PEM, for the store and for the TLS library.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PrivateKey(..)")
    }
}

/// A certificate chain and its private key, both as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatePair {
    /// The server's certificate, then the issuer of each one.
    pub certificate: String,
    /// The key of the first certificate.
    pub private_key: PrivateKey,
}

impl CertificatePair {
    /// Returns the pair for the TLS library, if it is valid now.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every violation.
    pub fn check(&self, now: Timestamp) -> Result<Arc<CertifiedKey>, Error> {
        let chain = chain(&self.certificate, now).map_err(|message| Violation::field("crt", "certificate", message));
        let key = key(&self.private_key).map_err(|message| Violation::field("key", "private_key", message));
        match (chain, key) {
            (Ok(chain), Ok(key)) => matched(chain, key).map_err(Error::invalid),
            (chain, key) => Err(Error::Invalid(chain.err().into_iter().chain(key.err()).collect())),
        }
    }

    /// Returns a pair that was accepted before for the TLS library, even if it has expired since.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if it is not a pair.
    pub fn read(&self) -> Result<Arc<CertifiedKey>, Error> {
        let chain = sections(&self.certificate).map_err(Error::internal)?;
        let key = key(&self.private_key).map_err(Error::internal)?;
        matched(chain, key).map_err(|violation| Error::internal(violation.into_message()))
    }

    /// Creates a self-signed pair for the names under which a new server is reached from its own machine and for the addresses
    /// it listens on.
    pub fn self_signed(now: Timestamp, addresses: &[IpAddr]) -> Result<Self, Error> {
        let created = self_signed(now, addresses);
        created.map_err(|error| Error::internal(format!("creating the first certificate: {error}")))
    }
}

fn self_signed(now: Timestamp, addresses: &[IpAddr]) -> Result<CertificatePair, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned()])?;
    let mut named = vec![IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    for address in addresses {
        if !address.is_unspecified() && !named.contains(address) {
            named.push(*address);
        }
    }
    parameters
        .subject_alt_names
        .extend(named.into_iter().map(SanType::IpAddress));
    parameters
        .distinguished_name
        .push(DnType::CommonName, "pbx-server, self-signed");
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A day back: the clocks of clients may be behind.
    let (year, month, day) = date(now.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(now));
    parameters.not_before = rcgen::date_time_ymd(year, month, day);
    let (year, month, day) = date(now.saturating_add(SELF_SIGNED_VALIDITY).unwrap_or(Timestamp::MAX));
    parameters.not_after = rcgen::date_time_ymd(year, month, day);
    let certificate = parameters.self_signed(&key)?;
    Ok(CertificatePair {
        certificate: certificate.pem(),
        private_key: PrivateKey::new(key.serialize_pem()),
    })
}

fn date(at: Timestamp) -> (i32, u8, u8) {
    let date = at.to_zoned(TimeZone::UTC).date();
    (
        date.year().into(),
        date.month().unsigned_abs(),
        date.day().unsigned_abs(),
    )
}

/// Parses a chain and checks that it is valid now.
fn chain(pem: &str, now: Timestamp) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain = sections(pem)?;
    let mut parsed = Vec::with_capacity(chain.len());
    for (index, der) in chain.iter().enumerate() {
        let position = Position(index);
        match X509Certificate::from_der(der) {
            Ok(([], certificate)) => parsed.push(certificate),
            _ => return Err(format!("{position} is not an X.509 certificate")),
        }
    }
    for (index, certificate) in parsed.iter().enumerate() {
        let position = Position(index);
        let validity = certificate.validity();
        if now.as_second() > validity.not_after.timestamp() {
            return Err(format!("{position} has expired"));
        }
        if now.as_second() < validity.not_before.timestamp() {
            return Err(format!("{position} is not valid yet"));
        }
    }
    for (index, pair) in parsed.windows(2).enumerate() {
        if !is_issued_by(&pair[0], &pair[1]) {
            let (position, next) = (Position(index), Position(index + 1));
            return Err(format!(
                "is out of order: {next} did not issue {position}; the server's own certificate comes first, then its issuer, \
                 then that one's"
            ));
        }
    }
    Ok(chain)
}

/// Returns `true` if the first one carries the name and the signature of the second.
fn is_issued_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let signed = || match certificate.verify_signature(Some(issuer.public_key())) {
        // A signature that cannot be verified here is left to the clients that verify the chain.
        Ok(()) | Err(X509Error::SignatureUnsupportedAlgorithm) => true,
        Err(_) => false,
    };
    certificate.issuer().as_raw() == issuer.subject().as_raw() && signed()
}

fn sections(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    // The certificate is shown to administrators, and the key would be with it.
    if pem.contains("PRIVATE KEY-----") {
        return Err("must hold certificates only, and holds a private key".to_owned());
    }
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| "is not well-formed PEM".to_owned())?;
    match chain.len() {
        0 => Err("must be a PEM-encoded certificate, `-----BEGIN CERTIFICATE-----` and so on".to_owned()),
        1..=MAX_CHAIN_LENGTH => Ok(chain),
        _ => Err(format!("must hold at most {MAX_CHAIN_LENGTH} certificates")),
    }
}

fn key(key: &PrivateKey) -> Result<PrivateKeyDer<'static>, &'static str> {
    let pem = key.reveal();
    // PKCS #8 has it in the marker, the older form in a header.
    if pem.contains("ENCRYPTED") {
        return Err("is protected by a passphrase: remove that first");
    }
    let mut keys = PrivateKeyDer::pem_slice_iter(pem.as_bytes());
    match (keys.next(), keys.next()) {
        (Some(Ok(key)), None) => Ok(key),
        (Some(Ok(_)), Some(_)) => Err("must hold one private key and nothing else"),
        (Some(Err(_)), _) => Err("is not well-formed PEM"),
        (None, _) => Err("must be a PEM-encoded private key, `-----BEGIN PRIVATE KEY-----` and so on"),
    }
}

fn matched(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Arc<CertifiedKey>, Violation> {
    let key = default_provider().key_provider.load_private_key(key).map_err(|_| {
        Violation::field(
            "key",
            "private_key",
            "must be an RSA (2048 to 8192 bits), ECDSA (P-256, P-384) or Ed25519 key",
        )
    })?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Arc::new(certified)),
        Err(rustls::Error::InconsistentKeys(_)) => Err(Violation::field(
            "key",
            "private_key",
            "does not belong to the first certificate of `crt`",
        )),
        Err(_) => Err(Violation::field(
            "crt",
            "certificate",
            "holds a first certificate that cannot be used for TLS: it must be of version 3",
        )),
    }
}

/// The position of a certificate in the chain, for messages.
struct Position(usize);

impl std::fmt::Display for Position {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "certificate {} of the chain", self.0 + 1)
    }
}

#[cfg(test)]
mod tests;
