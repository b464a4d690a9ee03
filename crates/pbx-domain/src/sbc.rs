//! The session border controller.

use std::collections::HashSet;

use pbx_types::shared::TransportProtocol;

use crate::address;
use crate::check::Check;
use crate::component::Component;
use crate::document::Document;
use crate::error::Error;
use crate::setting::Setting;
use crate::state::Rules;
use crate::transports::carrier;

pub use crate::generated::sbc::Sbc;

impl Setting for Sbc {
    const NAME: &'static str = "sbc";
}

impl Document for Sbc {}

impl Rules for Sbc {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        check.canonicalize_optional(&mut self.domain, "domain", address::host);
        if self.http_port == self.https_port {
            check.record("https_port", "unique", "must be another port than `http_port`");
        }
        let web = [self.http_port, self.https_port];
        let mut used: HashSet<_> = web.map(|port| (carrier(TransportProtocol::Tcp), port)).into();
        for (index, transport) in self.transports.iter().enumerate() {
            if !used.insert((carrier(transport.protocol), transport.port)) {
                let message = "must be a port that nothing else of the SBC uses";
                check.record(&format!("transports/{index}/port"), "unique", message);
            }
        }
        Ok(())
    }
}

impl Component for Sbc {}

#[cfg(test)]
mod tests {
    use pbx_types::sbc::SbcTransport;

    use super::*;
    use crate::document::validated;
    use crate::vault::tests::vault;

    #[test]
    fn ports_are_unique() {
        let transport = |protocol, port| SbcTransport { protocol, port };
        let sbc = Sbc {
            transports: vec![
                transport(TransportProtocol::Udp, 5066),
                transport(TransportProtocol::Tcp, 5066),
                transport(TransportProtocol::Tls, 5066),
                transport(TransportProtocol::Tcp, 8882),
                transport(TransportProtocol::Udp, 8882),
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
