//! `/key`.

use pbx_api::Call;
use pbx_api::key::{CertificateKey, KeyApi, UpdateCertificateKey};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::certificate::{CertificatePair, PrivateKey};
use pbx_domain::key::StoredPair;
use pbx_domain::session::Caller;
use pbx_domain::setting::Setting as _;
use pbx_domain::vault::MASK;
use pbx_domain::{Error, clock};
use pbx_store::settings;

use crate::http::Pbx;
use crate::services::certificates;

impl KeyApi for Pbx {
    /// The private key does not leave the server.
    async fn show_key(&self, _call: Call<Caller>) -> Result<CertificateKey, Error> {
        let certificate = certificates::stored(&self.store).await?.certificate;
        let mask = certificate.is_some().then(|| MASK.to_owned().into());
        Ok(CertificateKey {
            crt: certificate,
            key: mask,
        })
    }

    /// New connections use the pair at once. An invalid one changes nothing.
    async fn update_key(&self, call: Call<Caller>, body: UpdateCertificateKey) -> Result<(), Error> {
        let pair = CertificatePair {
            certificate: body.crt,
            private_key: PrivateKey::new(body.key.into_inner()),
        };
        let tls = self.sip.tls();
        let prepared = tls.prepare(&pair.certificate, pair.check(clock::now())?)?;
        let _lock = tls.lock_changes().await;
        let stored = StoredPair::seal(&self.vault, &pair)?;
        self.changes(&call)
            .write(move |tx| {
                settings::save(tx, &stored)?;
                let entry = Entry::update(Object::System, StoredPair::NAME).fields(["crt", "key"]);
                Ok::<_, Error>(entry.with(()))
            })
            .await?;
        tls.install(prepared);
        Ok(())
    }
}
