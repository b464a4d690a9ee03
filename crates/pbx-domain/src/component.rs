//! Components: the servers beside this one (SBC, IM), which authenticate with their own token.

use serde::{Deserialize, Serialize};

use crate::document::{self, Document};
use crate::error::Error;
use crate::setting;
use crate::vault::Sealed;

/// The document of a component, in whose JSON its [`ComponentToken`] is stored.
pub trait Component: Document {}

/// The token of a component.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ComponentToken {
    /// The token; `None` until one is issued.
    pub token: Option<Sealed>,
}

impl ComponentToken {
    /// Reads the token from the JSON of the document.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the JSON is not an object.
    pub fn from_json<C: Component>(json: &str) -> Result<Self, Error> {
        Ok(serde_json::from_str(json).map_err(|error| setting::unreadable::<C>(&error))?)
    }

    /// Returns the JSON of the document with this token, and `true` if that changes it.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the JSON is not an object.
    pub fn into_json<C: Component>(self, document: &str) -> Result<(String, bool), Error> {
        let token = serde_json::to_string(&self).map_err(|error| setting::unreadable::<C>(&error))?;
        let known = || Ok(document.to_owned());
        let (json, changed) = document::carry_over(document, &known, token, setting::unreadable::<C>)?;
        let is_unset = self.token.is_none() && Self::from_json::<C>(document)?.token.is_none();
        Ok((json, !changed.is_empty() && !is_unset))
    }
}
