//! `/license`.

use pbx_api::Call;
use pbx_api::license::{License, LicenseApi, UpdateLicense};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::brand::Brand;
use pbx_domain::convert::count;
use pbx_domain::license::StoredLicense;
use pbx_domain::session::Caller;
use pbx_domain::setting::Setting as _;
use pbx_domain::{Error, clock};
use pbx_store::settings;

use crate::http::Pbx;
use crate::services::licensing;

/// The release of the vendor's API that this server implements.
const API_VERSION: &str = "22.2";

impl LicenseApi for Pbx {
    async fn show_license(&self, _call: Call<Caller>) -> Result<License, Error> {
        let licensed = licensing::current(&self.store, &self.licensing).await?;
        let brand: Brand = self.document().await?;
        let (company_name, contact_email) = match licensed.license {
            Some(license) => (Some(license.holder), license.email),
            None => (None, None),
        };
        Ok(License {
            api_version: API_VERSION.to_owned(),
            product_name: brand.product,
            max_sim_calls: count(licensed.limits.calls),
            license_key: licensed.masked_key,
            company_name,
            contact_email,
        })
    }

    /// An invalid key leaves the stored one unchanged.
    async fn update_license(&self, call: Call<Caller>, body: UpdateLicense) -> Result<(), Error> {
        let stored: StoredLicense = self.store.read(|tx| Ok::<_, Error>(settings::load(tx)?)).await?;
        let new = body.license_key.trim();
        let Some(replacement) = self.licensing.replace(&stored, new, clock::now())? else {
            return Ok(());
        };
        self.changes(&call)
            .write(move |tx| {
                settings::save(tx, &replacement)?;
                let entry = Entry::update(Object::System, StoredLicense::NAME).fields(["license_key"]);
                Ok::<_, Error>(entry.with(()))
            })
            .await
    }
}
