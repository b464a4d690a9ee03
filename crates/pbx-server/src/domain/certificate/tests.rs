//! Chains of every kind, made on the spot.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::*;

const NOW: &str = "2026-06-01T12:00:00Z";

struct Made {
    pem: String,
    key: KeyPair,
    parameters: CertificateParams,
}

fn parameters(name: &str, authority: bool) -> CertificateParams {
    let mut parameters = CertificateParams::new(vec!["pbx.example.com".to_owned()]).unwrap();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2027, 1, 1);
    if authority {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    parameters
}

fn signed(parameters: CertificateParams, issuer: Option<&Made>) -> Made {
    let key = KeyPair::generate().unwrap();
    let certificate = match issuer {
        None => parameters.self_signed(&key).unwrap(),
        Some(issuer) => {
            let issuer = Issuer::new(issuer.parameters.clone(), &issuer.key);
            parameters.signed_by(&key, &issuer).unwrap()
        }
    };
    Made {
        pem: certificate.pem(),
        key,
        parameters,
    }
}

/// A leaf, its issuer, and the root.
fn family() -> [Made; 3] {
    let root = signed(parameters("root", true), None);
    let issuer = signed(parameters("issuer", true), Some(&root));
    let leaf = signed(parameters("leaf", false), Some(&issuer));
    [leaf, issuer, root]
}

fn check(certificate: &str, key: &str) -> Result<Arc<CertifiedKey>, Vec<String>> {
    let pair = Pair {
        certificate: certificate.to_owned(),
        private_key: PrivateKey::new(key.to_owned()),
    };
    pair.check(NOW.parse().unwrap()).map_err(|error| match error {
        Error::Invalid(violations) => violations
            .iter()
            .map(|violation| format!("{:?} {}", violation.pointer(), violation.message()))
            .collect(),
        other => panic!("{other:?}"),
    })
}

fn refused(certificate: &str, key: &str) -> String {
    check(certificate, key).map(drop).unwrap_err().join("\n")
}

#[test]
fn a_chain_in_order_is_taken_with_or_without_its_root() {
    let [leaf, issuer, root] = family();
    let key = leaf.key.serialize_pem();
    let length = |chain: &[&str]| check(&chain.concat(), &key).unwrap().cert.len();
    assert_eq!(length(&[&leaf.pem]), 1);
    assert_eq!(length(&[&leaf.pem, &issuer.pem]), 2);
    assert_eq!(length(&["A remark\n", &leaf.pem, "\n", &issuer.pem, &root.pem]), 3);
}

#[test]
fn a_chain_out_of_order_is_refused_with_the_place() {
    let [leaf, issuer, root] = family();
    let key = leaf.key.serialize_pem();
    let wrong = |chain: &[&str]| refused(&chain.concat(), &key);
    assert!(wrong(&[&leaf.pem, &root.pem]).contains("certificate 2 of the chain did not issue certificate 1"));
    let swapped = wrong(&[&leaf.pem, &root.pem, &issuer.pem]);
    assert!(swapped.contains("certificate 2 of the chain did not issue certificate 1"));
    assert!(wrong(&[&issuer.pem, &leaf.pem]).contains("is out of order"));

    // The same name is not the same authority.
    let impostor = signed(parameters("issuer", true), None);
    assert!(wrong(&[&leaf.pem, &impostor.pem]).contains("did not issue"));
}

#[test]
fn a_chain_holds_today_in_all_its_parts() {
    let root = signed(parameters("root", true), None);
    let mut expired = parameters("leaf", false);
    expired.not_after = rcgen::date_time_ymd(2026, 6, 1);
    let expired = signed(expired, Some(&root));
    assert!(refused(&expired.pem, &expired.key.serialize_pem()).contains("certificate 1 of the chain has expired"));

    let mut early = parameters("leaf", false);
    early.not_before = rcgen::date_time_ymd(2026, 6, 2);
    let early = signed(early, Some(&root));
    assert!(refused(&early.pem, &early.key.serialize_pem()).contains("is not valid yet"));

    let mut old = parameters("old root", true);
    old.not_after = rcgen::date_time_ymd(2026, 5, 1);
    let old = signed(old, None);
    let leaf = signed(parameters("leaf", false), Some(&old));
    let chain = [leaf.pem.as_str(), &old.pem].concat();
    assert!(refused(&chain, &leaf.key.serialize_pem()).contains("certificate 2 of the chain has expired"));
}

#[test]
fn a_key_belongs_to_the_first_certificate() {
    let [leaf, issuer, _] = family();
    let chain = [leaf.pem.as_str(), &issuer.pem].concat();
    let refusal = refused(&chain, &issuer.key.serialize_pem());
    assert!(refusal.contains("\"/key\"") && refusal.contains("does not belong to the first certificate"));
}

#[test]
fn every_fault_of_both_is_reported_and_nothing_is_echoed() {
    let [leaf, ..] = family();
    let key = leaf.key.serialize_pem();
    let cases = [
        (String::new(), key.clone(), "/crt", "must be a PEM-encoded certificate"),
        (
            "hello".to_owned(),
            key.clone(),
            "/crt",
            "must be a PEM-encoded certificate",
        ),
        (leaf.pem[..200].to_owned(), key.clone(), "/crt", "not well-formed PEM"),
        (
            leaf.pem.replace("\nMI", "\nAA"),
            key.clone(),
            "/crt",
            "certificate 1 of the chain is not an X.509 certificate",
        ),
        (format!("{}{key}", leaf.pem), key.clone(), "/crt", "holds a private key"),
        (leaf.pem.repeat(11), key.clone(), "/crt", "at most 10"),
        (
            leaf.pem.clone(),
            String::new(),
            "/key",
            "must be a PEM-encoded private key",
        ),
        (
            leaf.pem.clone(),
            leaf.pem.clone(),
            "/key",
            "must be a PEM-encoded private key",
        ),
        (
            leaf.pem.clone(),
            "********".to_owned(),
            "/key",
            "must be a PEM-encoded private key",
        ),
        (
            leaf.pem.clone(),
            key.repeat(2),
            "/key",
            "one private key and nothing else",
        ),
        (
            leaf.pem.clone(),
            key.replace("PRIVATE", "ENCRYPTED PRIVATE"),
            "/key",
            "passphrase",
        ),
        (
            leaf.pem.clone(),
            key.replace("\nM", "\nA"),
            "/key",
            "must be an RSA (2048",
        ),
    ];
    for (certificate, key, place, text) in cases {
        let refusal = refused(&certificate, &key);
        assert!(refusal.contains(place) && refusal.contains(text), "{text}: {refusal}");
        assert!(!refusal.contains("MI"), "{refusal}");
    }
    assert_eq!(check("", "").unwrap_err().len(), 2);
}

#[test]
fn a_fresh_install_makes_a_pair_that_it_would_accept() {
    let now: Timestamp = NOW.parse().unwrap();
    let addresses = ["192.0.2.7".parse().unwrap(), "0.0.0.0".parse().unwrap()];
    let pair = Pair::self_signed(now, &addresses).unwrap();
    let certified = pair.check(now).unwrap();
    let (_, certificate) = X509Certificate::from_der(&certified.cert[0]).unwrap();
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names.len(), 4, "{names:?}");
    assert!(pair.check(now + SignedDuration::from_hours(9 * 365 * 24)).is_ok());
    let later = now + SignedDuration::from_hours(11 * 365 * 24);
    assert!(pair.check(later).is_err());
    assert!(pair.read().is_ok(), "what was accepted once is still served");
    assert!(!format!("{pair:?}").contains("PRIVATE KEY-----"));
}
