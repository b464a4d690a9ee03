//! The socket of one transport: opening it, reading from it, closing it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pbx_types::shared::TransportProtocol;
use pbx_types::transports::ClientVerification;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::adapters::tls::{Purpose, Tls};
use crate::slots::{PeerKind, SlotLimits, Slots};

/// The idle timeout of a connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The connections to all ports together.
pub const MAX_CONNECTIONS: usize = 256;

/// The connections of one source to all ports together.
const MAX_CONNECTIONS_PER_SOURCE: usize = 32;

/// The pause of a listener after an error of the system, which most likely is a lack of file handles.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

/// An open port that is not read from yet.
pub enum Socket {
    /// Receives datagrams.
    Udp(UdpSocket),
    /// Accepts connections.
    Tcp(TcpListener),
    /// Accepts TLS connections.
    Tls(TcpListener),
    /// Stands for a socket where the server opens none.
    None,
}

impl Socket {
    /// Opens the port.
    pub(super) async fn bind(protocol: TransportProtocol, address: SocketAddr) -> io::Result<Self> {
        Ok(match protocol {
            TransportProtocol::Udp => Self::Udp(UdpSocket::bind(address).await?),
            TransportProtocol::Tcp => Self::Tcp(TcpListener::bind(address).await?),
            TransportProtocol::Tls => Self::Tls(TcpListener::bind(address).await?),
        })
    }

    /// Reads incoming data for as long as it is polled.
    pub(super) async fn run(self, slots: Arc<Slots>, tls: Arc<Tls>, verification: watch::Receiver<ClientVerification>) {
        match self {
            Self::Udp(socket) => discard_datagrams(&socket).await,
            Self::Tcp(listener) => {
                accept(&listener, &slots, read_until_idle).await;
            }
            Self::Tls(listener) => {
                accept(&listener, &slots, |stream| {
                    let tls = Arc::clone(&tls);
                    let purpose = Purpose::Sip(*verification.borrow());
                    async move {
                        let stream = tls.accept(stream, purpose).await?;
                        read_until_idle(stream).await
                    }
                })
                .await;
            }
            Self::None => {}
        }
    }
}

async fn discard_datagrams(socket: &UdpSocket) {
    // A longer datagram is truncated, and all are discarded anyhow.
    let mut datagram = [0; 2048];
    loop {
        if let Err(error) = socket.recv_from(&mut datagram).await {
            tracing::debug!(%error, "a datagram was not received");
            tokio::time::sleep(ERROR_PAUSE).await;
        }
    }
}

/// Returns the slots of the connections to all ports.
pub(super) fn slots() -> Arc<Slots> {
    Slots::new(SlotLimits {
        connections: MAX_CONNECTIONS,
        per_source: MAX_CONNECTIONS_PER_SOURCE,
        denied: 0,
    })
}

/// Accepts connections. They end with this future, which owns their tasks.
async fn accept<F>(listener: &TcpListener, slots: &Arc<Slots>, handle: impl Fn(TcpStream) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut open = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept_one(listener, slots) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection to a transport was not accepted");
                    slots.make_room();
                    tokio::time::sleep(ERROR_PAUSE).await;
                    continue;
                }
            },
            // Removes finished tasks from the set.
            Some(_) = open.join_next() => continue,
        };
        let Some(slot) = slots.take(peer.ip(), PeerKind::Client) else {
            continue;
        };
        let handled = handle(stream);
        open.spawn(async move {
            let ended = tokio::select! {
                ended = handled => ended,
                // Another connection needs its slot.
                _ = slot.state().ordered() => Ok(()),
            };
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "a connection to a transport ended early");
            }
        });
    }
}

async fn accept_one(listener: &TcpListener, slots: &Slots) -> io::Result<(TcpStream, SocketAddr)> {
    slots.settled().await;
    listener.accept().await
}

/// Reads until the peer closes the connection, or the idle timeout passes.
async fn read_until_idle(mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut chunk = [0; 4096];
    while tokio::time::timeout(IDLE_TIMEOUT, stream.read(&mut chunk)).await?? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn connection_is_closed_after_the_idle_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_mode, verification) = watch::channel(ClientVerification::Disable);
        let port = tokio::spawn(Socket::Tcp(listener).run(slots(), Arc::default(), verification));
        let mut client = TcpStream::connect(address).await.unwrap();
        tokio::time::pause();
        for _ in 0..3 {
            client.write_all(b"\r\n\r\n").await.unwrap();
            let silence = tokio::time::timeout(IDLE_TIMEOUT / 2, client.read_u8()).await;
            assert!(silence.is_err(), "still open, and nothing is sent");
        }
        // The clock jumps to the next timer whenever everything waits.
        assert!(client.read_u8().await.is_err(), "closed");
        port.abort();
    }

    #[tokio::test]
    async fn connections_are_closed_with_their_port() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_mode, verification) = watch::channel(ClientVerification::Disable);
        let port = tokio::spawn(Socket::Tcp(listener).run(slots(), Arc::default(), verification));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"OPTIONS").await.unwrap();
        port.abort();
        port.await.unwrap_err();
        assert!(client.read_u8().await.is_err());
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn source_has_a_share_of_the_connections_to_all_ports() {
        let slots = slots();
        let mut ports = Vec::new();
        for _ in 0..2 {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (mode, verification) = watch::channel(ClientVerification::Disable);
            let port = tokio::spawn(Socket::Tcp(listener).run(Arc::clone(&slots), Arc::default(), verification));
            ports.push((address, mode, port));
        }
        let mut clients = Vec::new();
        for turn in 0..=MAX_CONNECTIONS_PER_SOURCE {
            clients.push(TcpStream::connect(ports[turn % 2].0).await.unwrap());
        }
        // The first made room for the last, long before it would have been idle for too long.
        let closed = tokio::time::timeout(IDLE_TIMEOUT / 2, clients[0].read_u8()).await;
        assert!(closed.unwrap().is_err());
        for (_, _, port) in ports {
            port.abort();
        }
    }
}
