//! One port: opened, read from, closed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::domain::transports::{Protocol, Verification};
use crate::tls::{Purpose, Tls};

/// A connection that says nothing for this long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// Connections to one port at a time; further ones wait in the system's queue.
const CONNECTIONS: usize = 256;

/// How long a listener waits after a failure of the system, most likely for want of file handles.
const PAUSE: Duration = Duration::from_millis(100);

/// An open port that nobody reads from yet.
pub enum Socket {
    /// Datagrams.
    Udp(UdpSocket),
    /// Connections.
    Tcp(TcpListener),
    /// Connections to be secured.
    Tls(TcpListener),
    /// The server runs without sockets.
    None,
}

impl Socket {
    /// Opens the port.
    pub(super) async fn bind(protocol: Protocol, address: SocketAddr) -> io::Result<Self> {
        Ok(match protocol {
            Protocol::Udp => Self::Udp(UdpSocket::bind(address).await?),
            Protocol::Tcp => Self::Tcp(TcpListener::bind(address).await?),
            Protocol::Tls => Self::Tls(TcpListener::bind(address).await?),
        })
    }

    /// Reads what arrives, for as long as it is polled.
    pub(super) async fn run(self, tls: Arc<Tls>, verification: watch::Receiver<Verification>) {
        match self {
            Self::Udp(socket) => drop_datagrams(&socket).await,
            Self::Tcp(listener) => {
                accept(&listener, read_until_idle).await;
            }
            Self::Tls(listener) => {
                accept(&listener, |stream| {
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

async fn drop_datagrams(socket: &UdpSocket) {
    // What does not fit is cut off, and it is dropped anyhow.
    let mut datagram = [0; 2048];
    loop {
        if let Err(error) = socket.recv_from(&mut datagram).await {
            tracing::debug!(%error, "a datagram was not received");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Connections end with the listener: they are in its set.
async fn accept<F>(listener: &TcpListener, converse: impl Fn(TcpStream) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut open = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection to a transport was not accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
            // What has ended is taken out of the set.
            Some(_) = open.join_next() => continue,
        };
        let conversation = converse(stream);
        open.spawn(async move {
            if let Err(error) = conversation.await {
                tracing::debug!(%peer, %error, "a connection to a transport ended early");
            }
            drop(place);
        });
    }
}

/// Until the other side ends it, or nothing was said for a while.
async fn read_until_idle(mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut chunk = [0; 4096];
    while tokio::time::timeout(IDLE, stream.read(&mut chunk)).await?? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn a_connection_is_open_while_it_talks_and_closed_when_it_is_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_mode, verification) = watch::channel(Verification::Disable);
        let port = tokio::spawn(Socket::Tcp(listener).run(Arc::default(), verification));
        let mut client = TcpStream::connect(address).await.unwrap();
        tokio::time::pause();
        for _ in 0..3 {
            client.write_all(b"\r\n\r\n").await.unwrap();
            let silence = tokio::time::timeout(IDLE / 2, client.read_u8()).await;
            assert!(silence.is_err(), "still open, and nothing is answered");
        }
        // The clock jumps to the next timer whenever everything waits.
        assert!(client.read_u8().await.is_err(), "closed");
        port.abort();
    }

    #[tokio::test]
    async fn connections_end_with_their_port() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_mode, verification) = watch::channel(Verification::Disable);
        let port = tokio::spawn(Socket::Tcp(listener).run(Arc::default(), verification));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"OPTIONS").await.unwrap();
        port.abort();
        port.await.unwrap_err();
        assert!(client.read_u8().await.is_err());
        assert!(TcpStream::connect(address).await.is_err());
    }
}
