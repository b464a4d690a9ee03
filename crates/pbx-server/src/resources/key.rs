//! `/key`.

use pbx_api::Call;
use pbx_api::key::{CertificateKey, KeyApi, UpdateCertificateKey};

use crate::domain::certificate::{Pair, PrivateKey};
use crate::domain::session::Caller;
use crate::domain::{Error, key};
use crate::http::Pbx;

impl KeyApi for Pbx {
    async fn show_key(&self, _call: Call<Caller>) -> Result<CertificateKey, Error> {
        let certificate = key::show(&self.store).await?;
        let mask = certificate.is_some().then(|| MASK.to_owned().into());
        Ok(CertificateKey {
            crt: certificate,
            key: mask,
        })
    }

    async fn update_key(&self, call: Call<Caller>, body: UpdateCertificateKey) -> Result<(), Error> {
        let pair = Pair {
            certificate: body.crt,
            private_key: PrivateKey::new(body.key.into_inner()),
        };
        key::update(&self.changes(&call), &self.vault, self.sip.tls(), pair).await
    }
}

/// What is shown in place of a secret that is set.
const MASK: &str = "********";
