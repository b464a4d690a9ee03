//! The brand: the name and the appearance of the product. Logo and favicon are IDs of files.

use pbx_types::ids::FileId;

use crate::document::Document;
use crate::setting::Setting;
use crate::state::Rules;

pub use crate::generated::brand::Brand;

impl Setting for Brand {
    const NAME: &'static str = "brand";
}

/// The largest logo of the vendor's portal in pixels, width and height.
const LOGO_SIZE: (i64, i64) = (480, 176);

/// The largest favicon in pixels, width and height.
const FAVICON_SIZE: (i64, i64) = (64, 64);

/// A picture of the brand: its property, its file and its largest size in pixels.
pub type Picture<'a> = (&'static str, &'a FileId, (i64, i64));

impl Brand {
    /// Returns the pictures of the brand.
    pub fn pictures(&self) -> impl Iterator<Item = Picture<'_>> {
        let logo = self.logo.as_ref().map(|id| ("logo", id, LOGO_SIZE));
        let favicon = self.favicon.as_ref().map(|id| ("favicon", id, FAVICON_SIZE));
        logo.into_iter().chain(favicon)
    }
}

impl Document for Brand {}

impl Rules for Brand {}
