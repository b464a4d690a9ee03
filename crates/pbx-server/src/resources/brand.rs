//! `/brand`. There is no GET; `/license` shows the product's name.

use pbx_api::brand::{BrandApi, UpdateBrand};
use pbx_api::{Call, Patch};
use pbx_domain::brand::Brand;
use pbx_domain::error::reject_violations;
use pbx_domain::files::{self, Owner as FileOwner};
use pbx_domain::session::Caller;
use pbx_domain::setting::Owner;
use pbx_domain::{Error, Id};
use pbx_store::Tx;
use pbx_store::files::FILES;
use pbx_types::Violation;
use pbx_types::ids::FileId;

use crate::http::Pbx;
use crate::services::documents;

impl BrandApi for Pbx {
    async fn update_brand_information(&self, call: Call<Caller>, body: Patch<UpdateBrand>) -> Result<(), Error> {
        let patch = body.into_fields();
        documents::update_with::<Brand, _>(&self.context(&call), Owner::System, patch, |tx, _, brand| {
            let mut violations = Vec::new();
            for (property, file, size) in brand.pictures() {
                violations.extend(check_picture(tx, property, file, size)?);
            }
            reject_violations(violations)
        })
        .await
    }
}

/// Returns the violation of a property whose file is not one of the system, or larger than `(width, height)` in pixels.
fn check_picture(tx: &mut Tx<'_>, name: &str, id: &FileId, max_size: (i64, i64)) -> Result<Option<Violation>, Error> {
    let file = match Id::parse(id) {
        Ok(id) => FILES.by_id(tx, FileOwner::System, id)?,
        Err(_) => None,
    };
    Ok(match file {
        None => Some(Violation::field(name, "unknown", files::UNKNOWN_FILE)),
        Some(file) if file.width > max_size.0 || file.height > max_size.1 => {
            let message = format!("must be a picture of at most {}x{} pixels", max_size.0, max_size.1);
            Some(Violation::field(name, "dimensions", message))
        }
        Some(_) => None,
    })
}
