//! How the product looks and what it is called.

use serde::{Deserialize, Serialize};

use super::document::{Check, Document};
use super::setting::Owner;
use super::setting::Setting;
use super::{Error, files};
use crate::store::Tx;

/// What people see. Logo and favicon are ids of files.
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

/// A scheme of colours.
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
    /// The vendor's own.
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

/// What the vendor's portal has room for, in pixels: width and height.
const LOGO_ROOM: (i64, i64) = (480, 176);
const FAVICON_ROOM: (i64, i64) = (64, 64);

impl Document for Brand {
    fn normalize_and_validate(&mut self, _check: &mut Check<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn saved(&self, tx: &mut Tx<'_>, _owner: Owner) -> Result<(), Error> {
        let pictures = [
            ("logo", &self.logo, LOGO_ROOM),
            ("favicon", &self.favicon, FAVICON_ROOM),
        ];
        let mut violations = Vec::new();
        for (name, id, room) in pictures {
            if let Some(id) = id {
                violations.extend(files::check_picture(tx, name, id, room)?);
            }
        }
        if violations.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(violations))
        }
    }
}
