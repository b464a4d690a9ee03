//! The brand: the name and the appearance of the product.

use serde::{Deserialize, Serialize};

use crate::document::{Check, Document};
use crate::error::Error;
use crate::setting::Setting;

/// The brand. Logo and favicon are IDs of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Brand {
    pub theme: Theme,
    pub logo: Option<String>,
    pub favicon: Option<String>,
    pub title: String,
    pub copyright: Option<String>,
    pub product: String,
    pub website: Option<String>,
    pub forum: Option<String>,
    pub bottom_text: Option<String>,
}

/// A color scheme.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum Theme {
    #[default]
    Blue,
    Dark,
    Green,
    LightBlue,
    Purple,
}

impl Default for Brand {
    /// Returns the vendor's brand.
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            logo: None,
            favicon: None,
            title: "PortSIP PBX".to_owned(),
            copyright: None,
            product: "PortSIP PBX".to_owned(),
            website: None,
            forum: None,
            bottom_text: None,
        }
    }
}

impl Setting for Brand {
    const NAME: &'static str = "brand";
}

/// The largest logo of the vendor's portal in pixels, width and height.
const LOGO_SIZE: (i64, i64) = (480, 176);

/// The largest favicon in pixels, width and height.
const FAVICON_SIZE: (i64, i64) = (64, 64);

/// A picture of the brand: its property, its file and its largest size in pixels.
pub type Picture<'a> = (&'static str, &'a str, (i64, i64));

impl Brand {
    /// Returns the pictures of the brand.
    pub fn pictures(&self) -> impl Iterator<Item = Picture<'_>> {
        let logo = self.logo.as_deref().map(|id| ("logo", id, LOGO_SIZE));
        let favicon = self.favicon.as_deref().map(|id| ("favicon", id, FAVICON_SIZE));
        logo.into_iter().chain(favicon)
    }
}

impl Document for Brand {
    fn normalize_and_validate(&mut self, _check: &mut Check<'_>) -> Result<(), Error> {
        Ok(())
    }
}
