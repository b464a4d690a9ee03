//! `/brand`. What is stored has no GET of its own; `/license` shows the product's name.

use pbx_api::brand::{BrandApi, UpdateBrand};
use pbx_api::{Call, Patch};

use crate::domain::brand::Brand;
use crate::domain::session::Caller;
use crate::domain::setting::Owner;
use crate::domain::{Error, files};
use crate::http::Pbx;
use crate::services::documents;

impl BrandApi for Pbx {
    async fn update_brand_information(&self, call: Call<Caller>, body: Patch<UpdateBrand>) -> Result<(), Error> {
        let sent = body.into_parts().1;
        documents::update_with::<Brand>(&self.context(&call), Owner::System, sent, |tx, brand| {
            let mut violations = Vec::new();
            for (property, file, size) in brand.pictures() {
                violations.extend(files::check_picture(tx, property, file, size)?);
            }
            if violations.is_empty() {
                Ok(())
            } else {
                Err(Error::Invalid(violations))
            }
        })
        .await
    }
}
