//! The certificate and the private key that sign calls (STIR/SHAKEN). Signatures are ES256 (RFC 8225, section 8.1), so both are for the
//! curve P-256.

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, SignatureScheme};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY};
use x509_parser::prelude::FromDer as _;

use crate::check::Check;
use crate::error::Error;
use crate::vault::Sealed;

/// The property, the rule that it violates, and the message.
type PairViolation = (&'static str, &'static str, &'static str);

/// Records in `check` a certificate and key that do not belong together.
///
/// # Errors
///
/// [`Error::Internal`] if the key cannot be decrypted.
pub fn validate(check: &mut Check<'_>, certificate: Option<&str>, key: Option<&Sealed>) -> Result<(), Error> {
    let key = key.map(|sealed| check.open(KEY, sealed)).transpose()?;
    if let Err((property, rule, message)) = validate_pair(certificate, key.as_deref()) {
        check.record(property, rule, message);
    }
    Ok(())
}

/// Checks that the certificate and the key, both PEM, belong together. Both or none are needed: one alone signs nothing.
fn validate_pair(certificate: Option<&str>, key: Option<&str>) -> Result<(), PairViolation> {
    let (certificate, key) = match (certificate, key) {
        (None, None) => return Ok(()),
        (None, Some(_)) => return Err((CERTIFICATE, "required", "is needed with stir_shaken_key")),
        (Some(_), None) => return Err((KEY, "required", "is needed with stir_shaken_cert")),
        (Some(certificate), Some(key)) => (certificate, key),
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or((
        CERTIFICATE,
        "format",
        "must be a certificate in PEM, its issuers after it",
    ))?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .ok()
        .and_then(|key| any_supported_type(&key).ok());
    let key = key.ok_or((KEY, "format", "must be a private key in PEM, without a passphrase"))?;
    if !is_p256(&chain[0]).map_err(|()| (CERTIFICATE, "format", "must be an X.509 certificate"))? {
        let message = "must be a certificate of an ECDSA key on the curve P-256, as ES256 (RFC 8225) needs";
        return Err((CERTIFICATE, "algorithm", message));
    }
    if key.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256]).is_none() {
        let message = "must be an ECDSA key on the curve P-256, as ES256 (RFC 8225) needs";
        return Err((KEY, "algorithm", message));
    }
    match CertifiedKey::new(chain, key).keys_match() {
        // Unknown: the public half of this kind of key cannot be derived, which is no reason to refuse it.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => Err((KEY, "pair", "must be the key of stir_shaken_cert")),
        Err(_) => Err((CERTIFICATE, "format", "must be an X.509 certificate")),
    }
}

/// Returns `true` if the key of a certificate is on the curve P-256. Fails unless it is an X.509 certificate.
fn is_p256(certificate: &CertificateDer<'_>) -> Result<bool, ()> {
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(drop)?;
    let algorithm = &certificate.public_key().algorithm;
    let curve = algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
    Ok(algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && curve.is_some_and(|curve| curve == OID_EC_P256))
}

const CERTIFICATE: &str = "stir_shaken_cert";
const KEY: &str = "stir_shaken_key";

#[cfg(test)]
mod tests {
    use super::*;

    fn generated() -> (String, String) {
        let pair = rcgen::generate_simple_self_signed(["shaken.example.com".to_owned()]).unwrap();
        (pair.cert.pem(), pair.signing_key.serialize_pem())
    }

    fn violation(certificate: Option<&str>, key: Option<&str>) -> Option<(&'static str, &'static str)> {
        validate_pair(certificate, key)
            .err()
            .map(|(property, rule, _)| (property, rule))
    }

    #[test]
    fn only_keys_on_the_curve_p_256_are_accepted() {
        for algorithm in [&rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
            let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let parameters = rcgen::CertificateParams::new(["shaken.example.com".to_owned()]).unwrap();
            let certificate = parameters.self_signed(&key).unwrap().pem();
            let (good, _) = generated();
            let key = key.serialize_pem();
            assert_eq!(
                violation(Some(&certificate), Some(&key)),
                Some((CERTIFICATE, "algorithm"))
            );
            assert_eq!(violation(Some(&good), Some(&key)), Some((KEY, "algorithm")));
        }
    }

    #[test]
    fn both_or_none_are_given_and_they_match() {
        let ((certificate, key), (_, other)) = (generated(), generated());
        assert_eq!(violation(None, None), None);
        assert_eq!(violation(Some(&certificate), Some(&key)), None);
        assert_eq!(violation(Some(&certificate), Some(&other)), Some((KEY, "pair")));
        assert_eq!(violation(Some(&certificate), None), Some((KEY, "required")));
        assert_eq!(violation(None, Some(&key)), Some((CERTIFICATE, "required")));
    }

    #[test]
    fn invalid_pem_is_refused() {
        let (certificate, key) = generated();
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(violation(Some("x"), Some(&key)), Some((CERTIFICATE, "format")));
        assert_eq!(violation(Some(garbage), Some(&key)), Some((CERTIFICATE, "format")));
        assert_eq!(violation(Some(&certificate), Some("x")), Some((KEY, "format")));
        assert_eq!(violation(Some(&certificate), Some(&certificate)), Some((KEY, "format")));
    }
}
