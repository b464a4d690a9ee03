//! `/key`.

use pbx_api::Call;
use pbx_api::key::{CertificateKey, KeyApi, UpdateCertificateKey};
use pbx_domain::audit::{Audited, Entry, Object};
use pbx_domain::certificate::{CertificatePair, PrivateKey};
use pbx_domain::key::StoredPair;
use pbx_domain::session::Caller;
use pbx_domain::setting::Setting as _;
use pbx_domain::vault::MASK;
use pbx_domain::{Error, clock};
use pbx_store::settings;
use pbx_types::Violation;

use crate::http::Pbx;
use crate::services::certificates;

impl KeyApi for Pbx {
    /// The private key does not leave the server.
    async fn show_key(&self, _call: Call<Caller>) -> Result<CertificateKey, Error> {
        certificates::stored(&self.store).await.map(shown)
    }

    /// New connections use the pair at once. An invalid one changes nothing. The mask, which `GET` shows, stands for the stored key.
    async fn update_key(&self, call: Call<Caller>, body: UpdateCertificateKey) -> Result<(), Error> {
        let tls = self.sip.tls();
        let _lock = tls.lock_changes().await;
        let before = certificates::stored(&self.store).await?;
        let keeps_key = body.key.expose() == MASK;
        let changes = self.updates(&call, |tx| Ok(shown(settings::load(tx)?)));
        if keeps_key && before.certificate.as_ref() == Some(&body.crt) {
            return changes.write(|_| Ok(Audited::nothing(()))).await;
        }
        let private_key = if keeps_key {
            let missing = || Violation::field("key", "required", "is needed: no private key is stored");
            before
                .clone()
                .open(&self.vault)?
                .ok_or_else(|| Error::invalid(missing()))?
                .private_key
        } else {
            PrivateKey::new(body.key.into_inner())
        };
        let pair = CertificatePair {
            certificate: body.crt,
            private_key,
        };
        let prepared = tls.prepare(&pair.certificate, pair.check(clock::now())?)?;
        let stored = StoredPair::seal(&self.vault, &pair)?;
        changes
            .write(move |tx| {
                // Another node may have replaced the key since it was read.
                if keeps_key && settings::load::<StoredPair>(tx)?.certificate != before.certificate {
                    return Err(Error::conflict("The stored key was replaced meanwhile: try again."));
                }
                settings::save(tx, &stored)?;
                let entry = Entry::update(Object::System, StoredPair::NAME).fields(["crt", "key"]);
                Ok::<_, Error>(entry.with(()))
            })
            .await?;
        tls.install(prepared);
        Ok(())
    }
}

fn shown(pair: StoredPair) -> CertificateKey {
    let mask = pair.certificate.is_some().then(|| MASK.to_owned().into());
    CertificateKey {
        crt: pair.certificate,
        key: mask,
    }
}
