//! The voicemail server of a tenant.

use pbx_types::voicemail as api;
use serde::{Deserialize, Serialize};

use crate::audit::Object;
use crate::document::{Check, Document};
use crate::error::Error;
use crate::numbers;
use crate::setting::Setting;

/// The number of the voicemail, the shortest message, and the retention time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct VoicemailServer {
    pub extension_number: String,
    pub retain_days: i32,
    pub min_seconds: i32,
}

impl Default for VoicemailServer {
    /// Returns the settings of a new tenant.
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

    /// Does nothing: the contract's schema has all rules.
    fn normalize_and_validate(&mut self, _check: &mut Check<'_>) -> Result<(), Error> {
        Ok(())
    }
}

impl From<VoicemailServer> for api::VoicemailServer {
    fn from(server: VoicemailServer) -> Self {
        Self {
            extension_number: Some(server.extension_number),
            retain_days: Some(server.retain_days),
            min_seconds: Some(server.min_seconds),
        }
    }
}
