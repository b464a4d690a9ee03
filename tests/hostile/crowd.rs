//! The sockets of attackers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::process;

/// The maximum segment size, in bytes: the default minimum of IPv4. Loopback's 64 KiB would let the system of the sender buffer
/// far more than it does on a network.
const SEGMENT: u32 = 536;

/// The receive buffer, in bytes.
const RECEIVE_BUFFER: usize = 2 << 10;

/// The time in which a connection of an attacker gets through, and the time in which it sends what it has to send.
const PATIENCE: Duration = Duration::from_secs(10);

/// Attackers who connect at the same time, send something, never read, and stay.
#[derive(Clone, Copy)]
pub(crate) struct Crowd {
    /// The number of their addresses, from 127.0.2.1 on.
    pub(crate) sources: u8,
    /// The number of connections of all of them together.
    pub(crate) connections: usize,
    /// Uses small segments and buffers. Only what is sent *to* the server is faster without.
    pub(crate) small: bool,
}

impl Crowd {
    /// Connects, and sends on the connection with number `i` what `sent(i)` returns. Returns the sockets once all have sent it, have
    /// been refused or do not get on.
    pub(crate) async fn attack(self, base: &str, sent: impl Fn(usize) -> Bytes) -> Vec<TcpStream> {
        let server = address(base);
        let connections = process::affordable(self.connections);
        if connections < self.connections {
            eprintln!(
                "{connections} connections instead of {}: the limit of open files",
                self.connections
            );
        }
        let mut attackers = JoinSet::new();
        for (number, source) in (0..connections).zip((1..=self.sources).cycle()) {
            let sent = sent(number);
            attackers.spawn(async move {
                let connecting = connect(Ipv4Addr::new(127, 0, 2, source), server, self.small);
                let mut stream = timeout(PATIENCE, connecting).await.ok()?.ok()?;
                let _ = timeout(PATIENCE, stream.write_all(&sent)).await;
                Some(stream)
            });
        }
        attackers.join_all().await.into_iter().flatten().collect()
    }
}

async fn connect(source: Ipv4Addr, server: SocketAddr, small: bool) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    if small {
        socket.set_tcp_mss(SEGMENT)?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    }
    // Closing resets the connection, so that thousands of ports do not stay in TIME_WAIT.
    socket.set_linger(Some(Duration::ZERO))?;
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    socket.set_nonblocking(true)?;
    TcpSocket::from_std_stream(socket.into()).connect(server).await
}

/// Returns the address of the server with that base URL.
fn address(base: &str) -> SocketAddr {
    let rest = base.strip_prefix("http://").unwrap();
    rest.split('/').next().unwrap().parse().unwrap()
}

/// Returns a POST with a JSON body, and a token if there is one.
pub(crate) fn post(path: &str, token: Option<&str>, body: &str) -> String {
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    format!(
        "POST /api{path} HTTP/1.1\r\nHost: pbx\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        authorization.unwrap_or_default(),
        body.len()
    )
}

/// Returns a GET with a token.
pub(crate) fn get(path: &str, token: &str) -> String {
    format!("GET /api{path} HTTP/1.1\r\nHost: pbx\r\nAuthorization: Bearer {token}\r\n\r\n")
}
