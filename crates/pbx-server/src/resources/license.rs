//! `/license`.

use pbx_api::Call;
use pbx_api::license::{License, LicenseApi, UpdateLicense};

use super::count;
use crate::domain::brand::Brand;
use crate::domain::session::Caller;
use crate::domain::{Error, license};
use crate::http::Pbx;

/// The release of the vendor's API that is served.
const API_VERSION: &str = "22.2";

impl LicenseApi for Pbx {
    async fn show_license(&self, _call: Call<Caller>) -> Result<License, Error> {
        let licensed = license::current(&self.store, &self.licensing).await?;
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

    async fn update_license(&self, call: Call<Caller>, body: UpdateLicense) -> Result<(), Error> {
        license::update(&self.changes(&call), &self.licensing, &body.license_key).await
    }
}
