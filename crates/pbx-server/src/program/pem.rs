//! The PEM files that flags name.

use std::path::Path;

use anyhow::Context as _;
use pbx_domain::license::key::Verifier;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Reads the public key that verifies license keys.
pub fn license_verifier(path: &Path) -> anyhow::Result<Verifier> {
    let shown = path.display();
    let pem = std::fs::read_to_string(path).with_context(|| format!("cannot read the public key {shown}"))?;
    Verifier::from_pem(&pem)
        .with_context(|| format!("{shown} is not an Ed25519 public key in PEM: name another --license-public-key"))
}

/// Reads the authorities whose client certificates are trusted.
pub fn client_authorities(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let pem = std::fs::read(path).with_context(|| format!("cannot read the authorities of clients {shown}"))?;
    let authorities: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let authorities = authorities.with_context(|| format!("{shown} is not PEM: name another --client-ca"))?;
    let mut roots = RootCertStore::empty();
    for authority in &authorities {
        let added = roots.add(authority.clone());
        added.with_context(|| format!("{shown} has a certificate that does not read: name another --client-ca"))?;
    }
    anyhow::ensure!(
        !roots.is_empty(),
        "{shown} has no certificate in PEM: name another --client-ca"
    );
    Ok(authorities)
}
