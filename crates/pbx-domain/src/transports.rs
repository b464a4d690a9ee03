//! Transports: the ports on which the PBX is reached by SIP.

use pbx_types::shared::TransportProtocol;

use pbx_types::ids::TransportId;

use crate::id::IdGenerator;
use crate::kind::Kind;
use crate::state::Rules;
use crate::stored::Stored;

pub use crate::generated::transports::Transport;

impl Kind for Transport {
    const NAME: &'static str = "transport";
    type ApiId = TransportId;
}

impl Rules for Transport {}

/// Returns the protocol below a transport's, whose ports it shares with the other protocols over that.
pub fn carrier(protocol: TransportProtocol) -> &'static str {
    match protocol {
        TransportProtocol::Udp => "UDP",
        TransportProtocol::Tcp | TransportProtocol::Tls => "TCP",
    }
}

/// The ports of the vendor's API, HTTPS and HTTP. Clients and firewalls expect it there, whichever ports this server listens on.
pub const API_PORTS: [u16; 2] = [8887, 8888];

/// Returns `true` if no transport may have the port.
pub fn is_reserved(protocol: TransportProtocol, port: u16) -> bool {
    API_PORTS.contains(&port) && carrier(protocol) == "TCP"
}

/// Returns the transports of a fresh install.
pub fn defaults(ids: &IdGenerator) -> [Stored<Transport>; 3] {
    let ports = [
        (TransportProtocol::Tcp, 5063),
        (TransportProtocol::Udp, 5060),
        (TransportProtocol::Tls, 5061),
    ];
    ports.map(|(protocol, port)| Stored {
        id: ids.next(),
        value: Transport {
            protocol,
            port,
            ..Transport::default()
        },
    })
}
