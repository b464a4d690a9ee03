//! The sockets of the transports, as far as this server goes: a port is open or it is not. There is no SIP behind them: what
//! arrives is read and dropped, and a connection that says nothing is closed.

mod listener;

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{MutexGuard, watch};
use tokio::task::JoinHandle;

use crate::domain::Id;
use crate::domain::transports::{Protocol, Transport, Verification};
use crate::tls::Tls;

pub use self::listener::Socket;

/// This node's sockets.
pub struct Sip {
    /// `None`: there are none, and nothing is opened.
    address: Option<IpAddr>,
    reserved: Vec<u16>,
    tls: Arc<Tls>,
    ports: Mutex<HashMap<Id, Port>>,
    changing: tokio::sync::Mutex<()>,
}

/// What is known of a transport's port.
enum Port {
    Open {
        number: u16,
        verification: watch::Sender<Verification>,
        task: JoinHandle<()>,
    },
    /// It could not be opened, which was logged.
    Closed { number: u16 },
}

/// Why a port was not opened. Texts are for the caller, that of `Other` for the log.
#[derive(Debug, thiserror::Error)]
pub enum CannotOpen {
    /// Another program has it, or this one.
    #[error("it is in use by another program")]
    InUse,
    /// Nobody else's, even where an address would keep them apart, and even without sockets.
    #[error("it is the server's own, for HTTP")]
    Reserved,
    /// Low ports are for privileged users on most systems.
    #[error("the server lacks the permission for it")]
    Forbidden,
    /// The address of `--sip-listen` is not (or no longer) one of this machine.
    #[error("the server's address for SIP is not one of its machine's")]
    NoSuchAddress,
    /// Anything else.
    #[error("opening a socket: {error}")]
    Other {
        /// In the system's words.
        error: io::Error,
    },
}

impl From<io::Error> for CannotOpen {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::AddrInUse => Self::InUse,
            ErrorKind::PermissionDenied => Self::Forbidden,
            ErrorKind::AddrNotAvailable => Self::NoSuchAddress,
            _ => Self::Other { error },
        }
    }
}

impl Sip {
    /// Opens nothing yet. No transport over TCP gets one of the `reserved` ports.
    pub fn new(address: Option<IpAddr>, reserved: Vec<u16>, tls: Arc<Tls>) -> Self {
        Self {
            address,
            reserved,
            tls,
            ports: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        }
    }

    /// The certificate of the TLS transports.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// Changes to the transports happen one after the other: a port cannot be opened twice.
    pub async fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    /// Opens a port that nobody reads from yet. Dropping it closes it.
    pub async fn bind(&self, protocol: Protocol, port: u16) -> Result<Socket, CannotOpen> {
        if protocol != Protocol::Udp && self.reserved.contains(&port) {
            return Err(CannotOpen::Reserved);
        }
        match self.address {
            Some(address) => Ok(Socket::bind(protocol, (address, port).into()).await?),
            None => Ok(Socket::None),
        }
    }

    /// Reads from now on what arrives at a transport's port.
    pub fn serve(&self, transport: &Transport, socket: Socket) {
        if matches!(socket, Socket::None) {
            return;
        }
        let (verification, mode) = watch::channel(transport.verification);
        let task = tokio::spawn(socket.run(Arc::clone(&self.tls), mode));
        tracing::info!(
            protocol = transport.protocol.as_str(),
            port = transport.port,
            "transport open"
        );
        let port = Port::Open {
            number: transport.port,
            verification,
            task,
        };
        self.ports().insert(transport.id, port);
    }

    /// New connections to the transport are verified as it says now.
    pub fn verify(&self, transport: &Transport) {
        if let Some(Port::Open { verification, .. }) = self.ports().get(&transport.id) {
            verification
                .send_if_modified(|mode| std::mem::replace(mode, transport.verification) != transport.verification);
        }
    }

    /// Closes a transport's port and its connections; when this returns, they are closed.
    pub async fn close(&self, id: Id) {
        // Bound first, so that the guard is not held across the wait.
        let port = self.ports().remove(&id);
        if let Some(Port::Open { task, number, .. }) = port {
            task.abort();
            // The error says that it was aborted.
            let _ = task.await;
            tracing::info!(port = number, "transport closed");
        }
    }

    /// Closes a port that the transport had before; that its port could not be opened stays known.
    pub async fn close_stale(&self, id: Id) {
        let open = matches!(self.ports().get(&id), Some(Port::Open { .. }));
        if open {
            self.close(id).await;
        }
    }

    /// Closes everything.
    pub async fn close_all(&self) {
        let _turn = self.changing().await;
        for id in self.known() {
            self.close(id).await;
        }
    }

    /// Whether the transport's port, and not an earlier one of it, is open.
    pub fn is_open(&self, transport: &Transport) -> bool {
        match self.ports().get(&transport.id) {
            Some(Port::Open { number, task, .. }) => *number == transport.port && !task.is_finished(),
            _ => false,
        }
    }

    /// The transports that have or should have a port.
    pub fn known(&self) -> Vec<Id> {
        self.ports().keys().copied().collect()
    }

    /// A stored transport's port could not be opened. Logged once for each port.
    pub fn note_closed(&self, transport: &Transport, error: &CannotOpen) {
        let (protocol, port) = (transport.protocol.as_str(), transport.port);
        let before = self.ports().insert(transport.id, Port::Closed { number: port });
        if !matches!(before, Some(Port::Closed { number }) if number == port) {
            tracing::warn!(protocol, port, %error, "a transport's port cannot be opened: it is tried again until it can");
        }
    }

    fn ports(&self) -> std::sync::MutexGuard<'_, HashMap<Id, Port>> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
