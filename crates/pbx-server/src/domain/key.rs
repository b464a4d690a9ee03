//! The certificate that HTTPS and the TLS transports show, and its private key.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::audit::{Entry, Object};
use super::certificate::{Pair, PrivateKey};
use super::setting::Setting;
use super::vault::{Sealed, Vault};
use super::{Error, clock};
use crate::store::settings;
use crate::store::{Changes, Store};
use crate::tls::Tls;

/// The pair as it is stored.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredPair {
    certificate: Option<String>,
    private_key: Option<Sealed>,
}

impl Setting for StoredPair {
    const NAME: &'static str = "key";
}

/// Where the private key is, to the vault.
const PLACE: &str = "key.private_key";

impl StoredPair {
    /// The one place where the private key goes into the store.
    fn seal(vault: &Vault, pair: &Pair) -> Result<Self, Error> {
        Ok(Self {
            certificate: Some(pair.certificate.clone()),
            private_key: Some(vault.seal(PLACE, pair.private_key.reveal())?),
        })
    }

    /// The one place where it comes out again.
    fn open(self, vault: &Vault) -> Result<Option<Pair>, Error> {
        let (Some(certificate), Some(private_key)) = (self.certificate, self.private_key) else {
            return Ok(None);
        };
        Ok(Some(Pair {
            certificate,
            private_key: PrivateKey::new(vault.open(PLACE, &private_key)?),
        }))
    }
}

/// The certificate as it was given; `None` if there is none. The private key does not leave the server.
pub async fn show(store: &Store) -> Result<Option<String>, Error> {
    let stored: StoredPair = store.read(|tx| Ok::<_, Error>(settings::load(tx)?)).await?;
    Ok(stored.certificate)
}

/// Takes a pair into use: new connections see it at once. A bad one changes nothing.
pub async fn update(store: &Changes, vault: &Vault, tls: &Tls, pair: Pair) -> Result<(), Error> {
    let prepared = tls.prepare(&pair.certificate, pair.check(clock::now())?)?;
    let _turn = tls.changing().await;
    let stored = StoredPair::seal(vault, &pair)?;
    store
        .write(move |tx| {
            settings::save(tx, &stored)?;
            let entry = Entry::update(Object::System, StoredPair::NAME).fields(["crt", "key"]);
            Ok::<_, Error>(entry.with(()))
        })
        .await?;
    tls.install(prepared);
    Ok(())
}

/// Makes a pair if there is none yet, and takes the stored one into use.
pub async fn ensure(store: &Store, vault: &Vault, tls: &Tls, addresses: &[IpAddr]) -> Result<(), Error> {
    if show(store).await?.is_none() {
        let stored = StoredPair::seal(vault, &Pair::self_signed(clock::now(), addresses)?)?;
        store
            .write_unaudited(move |tx| {
                // Another node may have been faster.
                if settings::load::<StoredPair>(tx)?.certificate.is_none() {
                    settings::save(tx, &stored)?;
                }
                Ok::<_, Error>(())
            })
            .await?;
        tracing::info!("the server signed a certificate for itself: bring a real one with POST /key");
    }
    refresh(store, vault, tls).await
}

/// Takes the stored pair into use if it is another than the one in use: another node may have been given it.
pub async fn refresh(store: &Store, vault: &Vault, tls: &Tls) -> Result<(), Error> {
    let _turn = tls.changing().await;
    let stored: StoredPair = store.read(|tx| Ok::<_, Error>(settings::load(tx)?)).await?;
    // A certificate has one key: the same certificate is the same pair.
    let is_new = stored
        .certificate
        .as_ref()
        .is_some_and(|certificate| !tls.shows(certificate));
    if is_new && let Some(pair) = stored.open(vault)? {
        tls.install(tls.prepare(&pair.certificate, pair.read()?)?);
    }
    Ok(())
}
