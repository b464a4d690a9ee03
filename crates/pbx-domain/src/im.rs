//! The instant messaging server.

use pbx_types::im::ImServer;
use serde::{Deserialize, Serialize};

use crate::address;
use crate::component::Component;
use crate::document::{Check, Document};
use crate::error::Error;
use crate::setting::Setting;
use crate::vault::Sealed;

/// Its addresses: unknown until it connects or an administrator sets them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Im {
    pub private_ipv4: Option<String>,
    pub private_ipv6: Option<String>,
    pub public_ipv4: Option<String>,
    pub public_ipv6: Option<String>,
    pub token: Option<Sealed>,
}

impl Setting for Im {
    const NAME: &'static str = "im";
}

impl Document for Im {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        check.canonicalize_optional(&mut self.private_ipv4, "private_ipv4", address::ipv4);
        check.canonicalize_optional(&mut self.private_ipv6, "private_ipv6", address::ipv6);
        check.canonicalize_optional(&mut self.public_ipv4, "public_ipv4", address::ipv4);
        check.canonicalize_optional(&mut self.public_ipv6, "public_ipv6", address::ipv6);
        Ok(())
    }
}

impl From<Im> for ImServer {
    fn from(im: Im) -> Self {
        Self {
            private_ipv4: im.private_ipv4,
            private_ipv6: im.private_ipv6,
            public_ipv4: im.public_ipv4,
            public_ipv6: im.public_ipv6,
        }
    }
}

impl Component for Im {
    fn token(&mut self) -> &mut Option<Sealed> {
        &mut self.token
    }
}
