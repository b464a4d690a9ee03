//! How the product looks and what it is called.

use serde::{Deserialize, Serialize};

use super::Error;
use super::document::{Check, Document};
use crate::store::settings::Setting;

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

impl Document for Brand {
    fn settle(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        for (name, file) in [("logo", &self.logo), ("favicon", &self.favicon)] {
            // There is no operation that brings a file, so that no id is one.
            if file.is_some() {
                check.refuse(name, "unknown", "must be the id of a file in the file library");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::settled;
    use crate::domain::vault::tests::vault;

    #[test]
    fn files_must_be_known() {
        assert!(settled(Brand::default(), &vault()).is_ok());
        let brand = Brand {
            logo: Some("700551909773148160".to_owned()),
            favicon: Some("1".to_owned()),
            ..Brand::default()
        };
        assert_eq!(
            settled(brand, &vault()).unwrap_err(),
            ["/logo unknown", "/favicon unknown"]
        );
    }
}
