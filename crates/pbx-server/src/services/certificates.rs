//! The certificate in use: created at the first start, and kept in sync with the store.

use std::net::IpAddr;

use pbx_domain::certificate::CertificatePair;
use pbx_domain::key::StoredPair;
use pbx_domain::vault::Vault;
use pbx_domain::{Error, clock};
use pbx_store::{Store, settings};

use crate::adapters::tls::Tls;

/// Creates a self-signed pair if none is stored, and installs the stored one.
pub async fn ensure(store: &Store, vault: &Vault, tls: &Tls, addresses: &[IpAddr]) -> Result<(), Error> {
    if stored(store).await?.certificate.is_none() {
        let created = StoredPair::seal(vault, &CertificatePair::self_signed(clock::now(), addresses)?)?;
        store
            .write_unaudited(move |tx| {
                // Another node may have been faster.
                if settings::load::<StoredPair>(tx)?.certificate.is_none() {
                    settings::save(tx, &created)?;
                }
                Ok::<_, Error>(())
            })
            .await?;
        tracing::info!("created a self-signed certificate: replace it with POST /key");
    }
    refresh(store, vault, tls).await
}

/// Installs the stored pair unless it is in use already: another node may have stored a new one.
pub async fn refresh(store: &Store, vault: &Vault, tls: &Tls) -> Result<(), Error> {
    let _lock = tls.lock_changes().await;
    let stored = stored(store).await?;
    // A certificate has one key: the same certificate is the same pair.
    let is_new = stored
        .certificate
        .as_ref()
        .is_some_and(|certificate| !tls.is_installed(certificate));
    if is_new && let Some(pair) = stored.open(vault)? {
        tls.install(tls.prepare(&pair.certificate, pair.read()?)?);
    }
    Ok(())
}

/// Returns the stored pair.
pub async fn stored(store: &Store) -> Result<StoredPair, Error> {
    store.read(|tx| Ok(settings::load(tx)?)).await
}
