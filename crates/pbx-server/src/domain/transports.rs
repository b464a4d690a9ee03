//! Transports: the ports on which the PBX is reached by SIP.
//!
//! The store says which there should be; the sockets are this node's. A port is opened before the change is committed, so that
//! what cannot be opened is not stored, and closed after. What differs between the two (a port that was taken when the server
//! started, a change by another node) is put right by [`reconcile`].

use std::collections::HashSet;
use std::str::FromStr;

use pbx_types::Violation;
use pbx_types::list::{FieldKind, ListField, ListQuery, Page};
use serde::{Deserialize, Serialize};

use super::audit::{Entry, Object};
use super::{Error, Id, IdSource};
use crate::sip::{CannotOpen, Sip};
use crate::store::{Changes, OnConstraint, Store, Tx, transports as queries};

/// What a list of transports can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField {
        name: "id",
        kind: FieldKind::Id,
    },
    ListField {
        name: "protocol",
        kind: FieldKind::Text,
    },
    ListField {
        name: "port",
        kind: FieldKind::Integer,
    },
    ListField {
        name: "verification",
        kind: FieldKind::Text,
    },
];

/// The transports of a fresh install.
const FIRST: [(Protocol, u16); 3] = [(Protocol::Tcp, 5063), (Protocol::Udp, 5060), (Protocol::Tls, 5061)];

/// How SIP messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// One datagram per message.
    Udp,
    /// A connection.
    Tcp,
    /// A connection secured with the certificate of `/key`.
    Tls,
}

impl Protocol {
    const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];

    /// As the API and the store write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// The protocol below it, whose ports it shares with every other user of that.
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

/// Whether TLS clients are asked for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// They are not.
    #[default]
    Disable,
    /// A certificate is checked if there is one.
    Optional,
    /// Without a good one there is no connection.
    Mandatory,
}

impl Verification {
    const ALL: [Self; 3] = [Self::Disable, Self::Optional, Self::Mandatory];

    /// As the API and the store write it.
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
    /// Its id.
    pub id: Id,
    /// Never changes.
    pub protocol: Protocol,
    /// Never 0.
    pub port: u16,
    /// Matters for TLS only.
    pub verification: Verification,
}

/// Changes to a transport. The outer `None` leaves a member as it is, the inner one clears it.
#[derive(Debug, Clone, Copy, Default)]
pub struct TransportChanges {
    /// Every transport has one.
    pub port: Option<Option<u16>>,
    /// Cleared, it is the default.
    pub verification: Option<Option<Verification>>,
}

/// One page of the transports.
pub async fn list(store: &Store, query: ListQuery) -> Result<Page<Transport>, Error> {
    store.scan(move |tx| Ok(queries::page(tx, &query)?)).await
}

/// Opens the port and adds the transport; neither happens without the other.
pub async fn create(
    store: &Changes,
    ids: &IdSource,
    sip: &Sip,
    protocol: Protocol,
    port: u16,
    verification: Verification,
) -> Result<Id, Error> {
    let transport = Transport {
        id: ids.next(),
        protocol,
        port,
        verification,
    };
    if protocol == Protocol::Tls && !sip.tls().is_ready() {
        return Err(conflict("TLS needs a certificate: set one with POST /key first."));
    }
    let _turn = sip.changing().await;
    store.read(move |tx| check_free(tx, &transport)).await?;
    let socket = sip.bind(protocol, port).await.map_err(refused)?;
    store
        .write(move |tx| {
            queries::insert(tx, &transport).on_constraint(queries::UNIQUE_PORT, || taken(transport.protocol, port))?;
            let entry = Entry::create(Object::Transport, transport.id);
            Ok::<_, Error>(entry.fields(["protocol", "port", "verification"]).with(()))
        })
        .await?;
    sip.serve(&transport, socket);
    Ok(transport.id)
}

/// The transport of that id.
pub async fn show(store: &Store, id: Id) -> Result<Transport, Error> {
    store.read(move |tx| existing(tx, id)).await
}

/// Whether its port is open, now and on this node.
pub async fn is_open(store: &Store, sip: &Sip, id: Id) -> Result<bool, Error> {
    let transport = show(store, id).await?;
    Ok(sip.is_open(&transport))
}

/// Changes what is given and nothing else. Another port is opened before the old one is closed.
pub async fn update(store: &Changes, sip: &Sip, id: Id, changes: TransportChanges) -> Result<(), Error> {
    if changes.port == Some(None) {
        return Err(Error::invalid(Violation::field(
            "port",
            "required",
            "cannot be cleared",
        )));
    }
    let _turn = sip.changing().await;
    let before = show(store, id).await?;
    let after = merged(before, changes);
    let socket = if after.port == before.port {
        None
    } else {
        store.read(move |tx| check_free(tx, &after)).await?;
        Some(sip.bind(after.protocol, after.port).await.map_err(refused)?)
    };
    store
        .write(move |tx| {
            // It may have been changed by another node since it was read.
            let before = existing(tx, id)?;
            let after = Transport {
                port: after.port,
                ..merged(before, changes)
            };
            queries::update(tx, &after).on_constraint(queries::UNIQUE_PORT, || taken(after.protocol, after.port))?;
            let port = (before.port != after.port).then_some("port");
            let verification = (before.verification != after.verification).then_some("verification");
            let entry = Entry::update(Object::Transport, id).fields(port.into_iter().chain(verification));
            Ok::<_, Error>(entry.with(()))
        })
        .await?;
    match socket {
        Some(socket) => {
            sip.close(id).await;
            sip.serve(&after, socket);
        }
        None => sip.verify(&after),
    }
    Ok(())
}

/// Removes a transport and closes its port. The last one stays: without it the PBX is out of reach.
pub async fn destroy(store: &Changes, sip: &Sip, id: Id) -> Result<(), Error> {
    let _turn = sip.changing().await;
    store
        .write(move |tx| {
            existing(tx, id)?;
            if queries::all(tx)?.len() == 1 {
                return Err(conflict(
                    "This is the last transport, and one must remain: create another first.",
                ));
            }
            queries::delete(tx, id)?;
            Ok(Entry::delete(Object::Transport, id).with(()))
        })
        .await?;
    sip.close(id).await;
    Ok(())
}

/// Adds the transports of a fresh install, and opens what is stored. What cannot be opened is logged and stays closed.
pub async fn start(store: &Store, ids: &IdSource, sip: &Sip) -> Result<(), Error> {
    let first = FIRST.map(|(protocol, port)| Transport {
        id: ids.next(),
        protocol,
        port,
        verification: Verification::default(),
    });
    // What a fresh install has is nobody's change.
    store
        .write_unaudited(move |tx| {
            if queries::all(tx)?.is_empty() {
                first.iter().try_for_each(|transport| queries::insert(tx, transport))?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    reconcile(store, sip).await
}

/// Opens what is stored and is not open, and closes what is open and not stored (any more). A port that cannot be opened is
/// tried again the next time, and logged the first time only.
pub async fn reconcile(store: &Store, sip: &Sip) -> Result<(), Error> {
    let _turn = sip.changing().await;
    let stored = store.read(|tx| Ok::<_, Error>(queries::all(tx)?)).await?;
    let ids: HashSet<Id> = stored.iter().map(|transport| transport.id).collect();
    for id in sip.known() {
        if !ids.contains(&id) {
            sip.close(id).await;
        }
    }
    for transport in &stored {
        if sip.is_open(transport) {
            sip.verify(transport);
            continue;
        }
        sip.close_stale(transport.id).await;
        match sip.bind(transport.protocol, transport.port).await {
            Ok(socket) => sip.serve(transport, socket),
            Err(error) => sip.note_closed(transport, &error),
        }
    }
    Ok(())
}

/// There is no transport of that id.
pub fn not_found() -> Error {
    Error::NotFound { what: "transport" }
}

fn merged(before: Transport, changes: TransportChanges) -> Transport {
    Transport {
        port: changes.port.flatten().unwrap_or(before.port),
        verification: changes
            .verification
            .map_or(before.verification, Option::unwrap_or_default),
        ..before
    }
}

fn existing(tx: &mut Tx<'_>, id: Id) -> Result<Transport, Error> {
    queries::by_id(tx, id)?.ok_or_else(not_found)
}

/// The unique key says the same; said here, before a port is opened, it is said for this reason and not for the system's.
fn check_free(tx: &mut Tx<'_>, transport: &Transport) -> Result<(), Error> {
    match queries::by_port(tx, transport.protocol, transport.port)? {
        Some(other) if other.id != transport.id => Err(taken(other.protocol, other.port)),
        _ => Ok(()),
    }
}

fn taken(protocol: Protocol, port: u16) -> Error {
    let carrier = protocol.carrier();
    conflict(format!("{carrier} port {port} is in use by another transport."))
}

fn refused(error: CannotOpen) -> Error {
    match error {
        CannotOpen::Other { .. } => Error::Unavailable {
            internal: error.to_string(),
        },
        _ => conflict(format!("The port cannot be opened: {error}.")),
    }
}

fn conflict(message: impl Into<String>) -> Error {
    Error::Conflict {
        code: "CONFLICT",
        message: message.into(),
    }
}
