//! A tenant's voicemail server.

use serde::{Deserialize, Serialize};

use super::Error;
use super::audit::Object;
use super::document::{Check, Document};
use super::numbers::{self, Kind};
use super::setting::Owner;
use super::setting::Setting;
use crate::store::Tx;

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

    /// The number is one of the tenant's: nothing else may have it.
    fn saved(&self, tx: &mut Tx<'_>, owner: Owner) -> Result<(), Error> {
        match owner {
            Owner::System => Ok(()),
            Owner::Tenant(id) => numbers::move_to(tx, id, &self.extension_number, Kind::Voicemail),
        }
    }
}
