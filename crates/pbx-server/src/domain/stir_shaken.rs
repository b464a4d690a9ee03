//! The certificate and the private key that calls are signed with (STIR/SHAKEN).

use rustls::InconsistentKeys;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::Error;
use super::document::Check;
use super::vault::Sealed;

/// The member that is wrong, the rule in one word, and what is expected.
type Fault = (&'static str, &'static str, &'static str);

/// Tells `check` whether the two members belong together. `place` is what the key is sealed for.
pub fn normalize_and_validate(
    check: &mut Check<'_>,
    place: &str,
    certificate: Option<&str>,
    key: Option<&Sealed>,
) -> Result<(), Error> {
    let key = key.map(|sealed| check.reveal(place, sealed)).transpose()?;
    if let Err((member, rule, message)) = pair(certificate, key.as_deref()) {
        check.refuse(member, rule, message);
    }
    Ok(())
}

/// Whether the two, both PEM, belong together. There are both or none: one alone signs nothing.
fn pair(certificate: Option<&str>, key: Option<&str>) -> Result<(), Fault> {
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
    match CertifiedKey::new(chain, key).keys_match() {
        // Unknown: a kind of key that does not tell its public half, which is no reason to refuse it.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => Err((KEY, "pair", "must be the key of stir_shaken_cert")),
        Err(_) => Err((CERTIFICATE, "format", "must be an X.509 certificate")),
    }
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

    fn fault(certificate: Option<&str>, key: Option<&str>) -> Option<(&'static str, &'static str)> {
        pair(certificate, key).err().map(|(member, rule, _)| (member, rule))
    }

    #[test]
    fn both_or_none_and_one_of_the_other() {
        let ((certificate, key), (_, other)) = (generated(), generated());
        assert_eq!(fault(None, None), None);
        assert_eq!(fault(Some(&certificate), Some(&key)), None);
        assert_eq!(fault(Some(&certificate), Some(&other)), Some((KEY, "pair")));
        assert_eq!(fault(Some(&certificate), None), Some((KEY, "required")));
        assert_eq!(fault(None, Some(&key)), Some((CERTIFICATE, "required")));
    }

    #[test]
    fn what_is_no_pem_is_said_so() {
        let (certificate, key) = generated();
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(fault(Some("x"), Some(&key)), Some((CERTIFICATE, "format")));
        assert_eq!(fault(Some(garbage), Some(&key)), Some((CERTIFICATE, "format")));
        assert_eq!(fault(Some(&certificate), Some("x")), Some((KEY, "format")));
        assert_eq!(fault(Some(&certificate), Some(&certificate)), Some((KEY, "format")));
    }
}
