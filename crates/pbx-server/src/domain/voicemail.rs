//! A tenant's voicemail server.

use serde::{Deserialize, Serialize};

use super::Error;
use super::audit::Object;
use super::document::{Check, Document};
use super::numbers;
use super::setting::Setting;

/// How messages are taken, and for how long they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct VoicemailServer {
    pub extension_number: String,
    pub retain_days: i32,
    pub min_seconds: i32,
}

impl Default for VoicemailServer {
    /// That of a new tenant.
    fn default() -> Self {
        Self {
            extension_number: numbers::VOICEMAIL.to_owned(),
            retain_days: 30,
            min_seconds: 1,
        }
    }
}

impl Setting for VoicemailServer {
    const NAME: &'static str = "voicemail";
}

impl Document for VoicemailServer {
    const OBJECT: Object = Object::VoicemailServer;

    /// The contract's own rules are all there are.
    fn normalize_and_validate(&mut self, _check: &mut Check<'_>) -> Result<(), Error> {
        Ok(())
    }
}
