//! The session border controller.

use std::collections::HashSet;

use pbx_types::sbc as api;
use serde::{Deserialize, Serialize};

use crate::address;
use crate::component::Component;
use crate::document::{Check, Document};
use crate::error::Error;
use crate::setting::Setting;
use crate::transports::Protocol;
use crate::vault::Sealed;

/// Its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Sbc {
    pub domain: Option<String>,
    pub http_port: u16,
    pub https_port: u16,
    pub transports: Vec<SbcTransport>,
    pub token: Option<Sealed>,
}

/// A port on which it speaks SIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in Sbc")]
pub struct SbcTransport {
    pub protocol: Protocol,
    pub port: u16,
}

impl Default for Sbc {
    /// Returns the documented ports; transports come with the component.
    fn default() -> Self {
        Self {
            domain: None,
            http_port: 8882,
            https_port: 8883,
            transports: Vec::new(),
            token: None,
        }
    }
}

impl Setting for Sbc {
    const NAME: &'static str = "sbc";
}

impl Document for Sbc {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        check.canonicalize_optional(&mut self.domain, "domain", address::host);
        if self.http_port == self.https_port {
            check.record("https_port", "unique", "must be another port than `http_port`");
        }
        let web = [self.http_port, self.https_port];
        let mut used: HashSet<_> = web.map(|port| (Protocol::Tcp.carrier(), port)).into();
        for (index, transport) in self.transports.iter().enumerate() {
            if !used.insert((transport.protocol.carrier(), transport.port)) {
                let message = "must be a port that nothing else of the SBC uses";
                check.record(&format!("transports/{index}/port"), "unique", message);
            }
        }
        Ok(())
    }
}

impl From<Sbc> for api::Sbc {
    fn from(sbc: Sbc) -> Self {
        let transports = sbc.transports.into_iter().map(|transport| api::SbcTransport {
            protocol: transport.protocol.into(),
            port: transport.port,
        });
        Self {
            domain: sbc.domain,
            http_port: Some(sbc.http_port),
            https_port: Some(sbc.https_port),
            transports: transports.collect(),
        }
    }
}

impl Component for Sbc {
    fn token(&mut self) -> &mut Option<Sealed> {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::validated;
    use crate::vault::tests::vault;

    #[test]
    fn ports_are_unique() {
        let transport = |protocol, port| SbcTransport { protocol, port };
        let sbc = Sbc {
            transports: vec![
                transport(Protocol::Udp, 5066),
                transport(Protocol::Tcp, 5066),
                transport(Protocol::Tls, 5066),
                transport(Protocol::Tcp, 8882),
                transport(Protocol::Udp, 8882),
            ],
            ..Sbc::default()
        };
        assert_eq!(
            validated(sbc, &vault()).unwrap_err(),
            ["/transports/2/port unique", "/transports/3/port unique"]
        );
        let same = Sbc {
            http_port: 8883,
            ..Sbc::default()
        };
        assert_eq!(validated(same, &vault()).unwrap_err(), ["/https_port unique"]);
        assert!(validated(Sbc::default(), &vault()).is_ok());
    }
}
