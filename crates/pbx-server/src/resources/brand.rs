//! `/brand`. What is stored has no GET of its own; `/license` shows the product's name.

use pbx_api::brand::{BrandApi, UpdateBrand};
use pbx_api::{Call, Patch};

use crate::domain::Error;
use crate::domain::brand::Brand;
use crate::domain::session::Caller;
use crate::http::Pbx;

impl BrandApi for Pbx {
    async fn update_brand_information(&self, call: Call<Caller>, body: Patch<UpdateBrand>) -> Result<(), Error> {
        self.merge::<Brand>(&call, body).await
    }
}
