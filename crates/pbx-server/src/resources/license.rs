//! `/license`.

use pbx_api::Call;
use pbx_api::license::{License, LicenseApi, UpdateLicense};
use pbx_domain::audit::{Audited, Entry, Object};
use pbx_domain::brand::Brand;
use pbx_domain::convert::count;
use pbx_domain::license::{Licensed, StoredLicense};
use pbx_domain::session::Caller;
use pbx_domain::setting::{Owner, Setting as _};
use pbx_domain::{Error, clock};
use pbx_store::settings;

use crate::http::Pbx;
use crate::services::{documents, licensing};

/// The release of the vendor's API that this server implements.
const API_VERSION: &str = "22.2";

impl LicenseApi for Pbx {
    async fn show_license(&self, _call: Call<Caller>) -> Result<License, Error> {
        let licensed = licensing::current(&self.store, &self.licensing).await?;
        Ok(shown(licensed, self.document().await?))
    }

    /// An invalid key leaves the stored one unchanged.
    async fn update_license(&self, call: Call<Caller>, body: UpdateLicense) -> Result<(), Error> {
        let licensing = self.licensing.clone();
        let changes = self.updates(&call, {
            let licensing = licensing.clone();
            move |tx| {
                Ok(shown(
                    licensing::load(tx, &licensing)?,
                    documents::stored(tx, Owner::System)?,
                ))
            }
        });
        changes
            .write(move |tx| {
                let stored: StoredLicense = settings::load(tx)?;
                let new = body.license_key.trim();
                let Some(replacement) = licensing.replace(&stored, new, clock::now())? else {
                    return Ok(Audited::nothing(()));
                };
                settings::save(tx, &replacement)?;
                let entry = Entry::update(Object::System, StoredLicense::NAME).fields(["license_key"]);
                Ok::<_, Error>(entry.with(()))
            })
            .await
    }
}

fn shown(licensed: Licensed, brand: Brand) -> License {
    let (company_name, contact_email) = match licensed.license {
        Some(license) => (Some(license.holder), license.email),
        None => (None, None),
    };
    License {
        api_version: API_VERSION.to_owned(),
        product_name: brand.product,
        max_sim_calls: count(licensed.limits.calls),
        license_key: licensed.masked_key,
        company_name,
        contact_email,
    }
}
