//! Transports: the ports on which the PBX is reached by SIP.

use std::str::FromStr;

use pbx_types::Violation;
use pbx_types::list::{FieldKind, ListField};
use pbx_types::transports as api;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::{Id, IdGenerator};

/// The properties that a list of transports can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField::new("id", FieldKind::Id),
    ListField::new("protocol", FieldKind::Text),
    ListField::new("port", FieldKind::Integer),
    ListField::new("verification", FieldKind::Text),
];

/// The protocol that carries SIP messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// One datagram per message.
    Udp,
    /// A TCP connection.
    Tcp,
    /// A TLS connection, with the certificate of `/key`.
    Tls,
}

impl Protocol {
    const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];

    /// Returns the name in the API and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// Returns the protocol below it, whose ports it shares with the other protocols over that.
    pub fn carrier(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp | Self::Tls => "TCP",
        }
    }
}

impl FromStr for Protocol {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.as_str() == text)
            .ok_or(())
    }
}

/// The verification of TLS client certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// No certificate is requested.
    #[default]
    Disable,
    /// A certificate is verified if the client has one.
    Optional,
    /// A client without a valid certificate is refused.
    Mandatory,
}

impl Verification {
    const ALL: [Self; 3] = [Self::Disable, Self::Optional, Self::Mandatory];

    /// Returns the name in the API and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "DISABLE",
            Self::Optional => "OPTIONAL",
            Self::Mandatory => "MANDATORY",
        }
    }
}

impl FromStr for Verification {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(())
    }
}

/// A transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transport {
    /// The ID.
    pub id: Id,
    /// The protocol; never changes.
    pub protocol: Protocol,
    /// The port; never 0.
    pub port: u16,
    /// The verification of client certificates; used by TLS only.
    pub verification: Verification,
}

impl Transport {
    /// Returns the transport that a caller asks for.
    pub fn new(id: Id, body: api::CreateTransport) -> Self {
        Self {
            id,
            protocol: body.protocol.into(),
            port: body.port,
            verification: body.verification.map_or_else(Verification::default, Verification::from),
        }
    }

    /// Returns the transports of a fresh install.
    pub fn defaults(ids: &IdGenerator) -> [Self; 3] {
        [(Protocol::Tcp, 5063), (Protocol::Udp, 5060), (Protocol::Tls, 5061)].map(|(protocol, port)| Self {
            id: ids.next(),
            protocol,
            port,
            verification: Verification::default(),
        })
    }
}

/// Validated changes to a transport. `None` leaves a property as it is.
#[derive(Debug, Clone, Copy)]
pub struct TransportChanges {
    port: Option<u16>,
    verification: Option<Verification>,
}

impl TransportChanges {
    /// Returns the transport with the changes.
    pub fn apply(&self, transport: Transport) -> Transport {
        Transport {
            port: self.port.unwrap_or(transport.port),
            verification: self.verification.unwrap_or(transport.verification),
            ..transport
        }
    }
}

/// Returns the error for an ID that no transport has.
pub fn not_found() -> Error {
    Error::NotFound { what: "transport" }
}

impl TryFrom<api::UpdateTransport> for TransportChanges {
    type Error = Error;

    /// Fails with [`Error::Invalid`] if the port is cleared. A cleared verification is the default.
    fn try_from(body: api::UpdateTransport) -> Result<Self, Error> {
        let port = match body.port.into_set() {
            None => None,
            Some(None) => {
                let violation = Violation::field("port", "required", "cannot be cleared");
                return Err(Error::invalid(violation));
            }
            Some(port) => port,
        };
        let verification = body.verification.into_set();
        Ok(Self {
            port,
            verification: verification.map(|mode| mode.map_or_else(Verification::default, Verification::from)),
        })
    }
}

impl From<Transport> for api::Transport {
    fn from(transport: Transport) -> Self {
        Self {
            id: transport.id.to_string(),
            protocol: transport.protocol.into(),
            port: transport.port,
            verification: Some(transport.verification.into()),
        }
    }
}

impl From<api::TransportProtocol> for Protocol {
    fn from(protocol: api::TransportProtocol) -> Self {
        match protocol {
            api::TransportProtocol::Udp => Self::Udp,
            api::TransportProtocol::Tcp => Self::Tcp,
            api::TransportProtocol::Tls => Self::Tls,
        }
    }
}

impl From<Protocol> for api::TransportProtocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Udp => Self::Udp,
            Protocol::Tcp => Self::Tcp,
            Protocol::Tls => Self::Tls,
        }
    }
}

impl From<api::ClientVerification> for Verification {
    fn from(mode: api::ClientVerification) -> Self {
        match mode {
            api::ClientVerification::Disable => Self::Disable,
            api::ClientVerification::Optional => Self::Optional,
            api::ClientVerification::Mandatory => Self::Mandatory,
        }
    }
}

impl From<Verification> for api::ClientVerification {
    fn from(mode: Verification) -> Self {
        match mode {
            Verification::Disable => Self::Disable,
            Verification::Optional => Self::Optional,
            Verification::Mandatory => Self::Mandatory,
        }
    }
}
