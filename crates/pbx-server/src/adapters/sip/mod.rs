//! The sockets of the transports on this node. A port is open or closed; no SIP is spoken: incoming data is read and discarded,
//! and an idle connection is closed.

mod listener;

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use pbx_domain::transports::Transport;
use pbx_domain::{Id, Stored};
use pbx_types::shared::TransportProtocol;
use pbx_types::transports::ClientVerification;
use tokio::sync::{MutexGuard, watch};
use tokio::task::JoinHandle;

use crate::adapters::tls::Tls;
use crate::slots::Slots;

pub use self::listener::{MAX_CONNECTIONS, Socket};

/// This node's sockets.
pub struct Sip {
    /// `None` opens no sockets.
    address: Option<IpAddr>,
    reserved: Vec<u16>,
    tls: Arc<Tls>,
    slots: Arc<Slots>,
    ports: Mutex<HashMap<Id<Transport>, Port>>,
    lock: tokio::sync::Mutex<()>,
}

/// The state of a transport's port.
enum Port {
    Open {
        number: u16,
        verification: watch::Sender<ClientVerification>,
        task: JoinHandle<()>,
    },
    /// It could not be opened, and the failure was logged.
    Closed { number: u16 },
}

/// The reason why a port was not opened. Messages are for the caller, that of `Other` for the log.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program uses the port, or this one does.
    #[error("it is in use by another program")]
    InUse,
    /// The port serves HTTP. It is reserved on every address, and even if no sockets are opened.
    #[error("it is the server's own, for HTTP")]
    Reserved,
    /// Most systems allow low ports to privileged users only.
    #[error("the server lacks the permission for it")]
    Forbidden,
    /// The address of `--sip-listen` does not, or no longer, belong to this machine.
    #[error("the server's address for SIP is not one of its machine's")]
    NoSuchAddress,
    /// Any other failure.
    #[error("opening a socket: {error}")]
    Other {
        /// The system's error.
        error: io::Error,
    },
}

impl From<io::Error> for BindError {
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
    /// Returns the state without open ports. No transport over TCP gets one of the `reserved` ports.
    pub fn new(address: Option<IpAddr>, reserved: Vec<u16>, tls: Arc<Tls>) -> Self {
        Self {
            address,
            reserved,
            tls,
            slots: listener::slots(),
            ports: Mutex::default(),
            lock: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the certificate of the TLS transports.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// Serializes changes to the transports on this node, because a port cannot be opened twice.
    pub async fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().await
    }

    /// Opens a port without reading from it. Dropping the socket closes it.
    pub async fn bind(&self, protocol: TransportProtocol, port: u16) -> Result<Socket, BindError> {
        if protocol != TransportProtocol::Udp && self.reserved.contains(&port) {
            return Err(BindError::Reserved);
        }
        match self.address {
            Some(address) => Ok(Socket::bind(protocol, (address, port).into()).await?),
            None => Ok(Socket::None),
        }
    }

    /// Starts reading from a transport's port.
    pub fn serve(&self, transport: &Stored<Transport>, socket: Socket) {
        if matches!(socket, Socket::None) {
            return;
        }
        let (verification, mode) = watch::channel(transport.verification);
        let task = tokio::spawn(socket.run(Arc::clone(&self.slots), Arc::clone(&self.tls), mode));
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

    /// Applies the transport's verification to new connections.
    pub fn set_verification(&self, transport: &Stored<Transport>) {
        if let Some(Port::Open { verification, .. }) = self.ports().get(&transport.id) {
            verification
                .send_if_modified(|mode| std::mem::replace(mode, transport.verification) != transport.verification);
        }
    }

    /// Closes a transport's port and its connections. They are closed when this returns.
    pub async fn close(&self, id: Id<Transport>) {
        // Bound first, so that the guard is not held across the wait.
        let port = self.ports().remove(&id);
        if let Some(Port::Open { task, number, .. }) = port {
            task.abort();
            // The error is that the task was aborted.
            let _ = task.await;
            tracing::info!(port = number, "transport closed");
        }
    }

    /// Closes a former port of the transport. A recorded failure to open its port is not removed.
    pub async fn close_stale(&self, id: Id<Transport>) {
        let open = matches!(self.ports().get(&id), Some(Port::Open { .. }));
        if open {
            self.close(id).await;
        }
    }

    /// Closes all ports.
    pub async fn close_all(&self) {
        let _lock = self.lock().await;
        for id in self.transports() {
            self.close(id).await;
        }
    }

    /// Returns `true` if the transport's current port is open, not a former one.
    pub fn is_open(&self, transport: &Stored<Transport>) -> bool {
        match self.ports().get(&transport.id) {
            Some(Port::Open { number, task, .. }) => *number == transport.port && !task.is_finished(),
            _ => false,
        }
    }

    /// Returns the transports that have an open port, or one that could not be opened.
    pub fn transports(&self) -> Vec<Id<Transport>> {
        self.ports().keys().copied().collect()
    }

    /// Records that a stored transport's port could not be opened. Logged once for each port.
    pub fn record_failure(&self, transport: &Stored<Transport>, error: &BindError) {
        let (protocol, port) = (transport.protocol.as_str(), transport.port);
        let before = self.ports().insert(transport.id, Port::Closed { number: port });
        if !matches!(before, Some(Port::Closed { number }) if number == port) {
            tracing::warn!(protocol, port, %error, "a transport's port cannot be opened: it is tried again until it can");
        }
    }

    fn ports(&self) -> std::sync::MutexGuard<'_, HashMap<Id<Transport>, Port>> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
