//! The listening sockets: HTTP/1.1 connections with limits and deadlines, and a graceful shutdown.

mod malformed;
mod progress;
mod service;

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use self::malformed::Enveloped;
use self::progress::Progress;
use self::service::{Peer, handle};
use super::client::Proxies;
use super::in_flight::InFlight;
use crate::adapters::tls::{Purpose, Tls};
use crate::slots::{Order, PeerKind, Slot, SlotLimits, Slots};

/// The timeout of a request's headers, and the idle timeout of a connection.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The time for requests in flight to finish at shutdown.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(8);

/// The maximum number of headers of a request.
const MAX_HEADERS: usize = 64;

/// The maximum size of all headers of a request, and of one read, in bytes.
const MAX_BUFFER: usize = 32 * 1024;

/// The maximum number of bytes that the system buffers for a connection beyond those that are on their way.
const MAX_UNSENT: u32 = 64 * 1024;

/// The timeout of the headers of a denied address, which only gets a 403.
const DENIED_HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// The time after which the connection of a denied address is closed.
const DENIED_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause of a listener after an error of the system, which most likely is a lack of file descriptors.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

/// The deadlines of connections and requests.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Time for the headers of a request, and for which a connection may be idle.
    pub headers: Duration,
    /// Time from the headers of a request to those of its response.
    pub request: Duration,
    /// The period in which a peer must take or send some of a message.
    pub stall: Duration,
}

/// Returns `true` if requests from an address are denied.
pub type Denies = Box<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// The shared part of all listening sockets: the limits of their connections.
pub struct Door {
    proxies: Proxies,
    denies: Denies,
    timing: Timing,
    slots: Arc<Slots>,
    in_flight: Arc<InFlight>,
    http: http1::Builder,
}

impl Door {
    /// Creates the shared part of the listening sockets.
    pub fn new(proxies: Proxies, denies: Denies, timing: Timing, limits: SlotLimits) -> Arc<Self> {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(timing.headers)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_BUFFER);
        Arc::new(Self {
            proxies,
            denies,
            timing,
            slots: Slots::new(limits),
            in_flight: InFlight::new(limits.per_source),
            http,
        })
    }

    /// Returns `true` if the address is denied, and not that of a proxy, whose clients are judged instead.
    fn denies(&self, address: IpAddr) -> bool {
        !self.proxies.trusts(address) && (self.denies)(address)
    }

    fn peer_kind(&self, address: IpAddr) -> PeerKind {
        if self.proxies.trusts(address) {
            PeerKind::Proxy
        } else if (self.denies)(address) {
            PeerKind::Denied
        } else {
            PeerKind::Client
        }
    }

    /// Ends all connections: idle ones at once, and those with a request in flight after it, for at most [`SHUTDOWN_TIMEOUT`].
    pub async fn close(&self) {
        self.slots.stop();
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, self.slots.ended())
            .await
            .is_err()
        {
            let open = self.slots.close();
            let seconds = SHUTDOWN_TIMEOUT.as_secs();
            tracing::warn!(
                open,
                "requests were cut off: they took longer than {seconds} s to finish"
            );
        }
    }
}

/// Accepts connections for a router, with TLS if it is given, for as long as it is polled.
pub async fn accept(listener: TcpListener, tls: Option<Arc<Tls>>, app: Router, door: Arc<Door>) {
    loop {
        door.slots.settled().await;
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                door.slots.make_room();
                tokio::time::sleep(ERROR_PAUSE).await;
                continue;
            }
        };
        let kind = door.peer_kind(address.ip());
        let Some(slot) = door.slots.take(address.ip(), kind) else {
            continue;
        };
        let (tls, app, door) = (tls.clone(), app.clone(), Arc::clone(&door));
        tokio::spawn(async move {
            let connection = Connection {
                app,
                door,
                slot,
                address,
            };
            let served = connection.serve(stream, tls, kind == PeerKind::Denied);
            let ended = match kind {
                PeerKind::Denied => tokio::time::timeout(DENIED_TIMEOUT, served).await.unwrap_or(Ok(())),
                PeerKind::Client | PeerKind::Proxy => served.await,
            };
            if let Err(error) = ended {
                tracing::debug!(%address, %error, "a connection ended early");
            }
        });
    }
}

type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// One connection.
struct Connection {
    app: Router,
    door: Arc<Door>,
    slot: Slot,
    address: SocketAddr,
}

impl Connection {
    async fn serve(self, stream: TcpStream, tls: Option<Arc<Tls>>, denied: bool) -> Ended {
        limit(&stream, self.door.timing.stall)?;
        let state = self.slot.state();
        let stream = Progress::new(stream, Arc::clone(state), self.door.timing.stall);
        match tls {
            None => self.serve_http(stream, denied).await,
            // A connection without TLS yet has no request to finish, whatever the order is.
            Some(tls) => tokio::select! {
                secured = tls.accept(stream, Purpose::Https) => self.serve_http(secured?, denied).await,
                _ = state.ordered() => Ok(()),
            },
        }
    }

    async fn serve_http<S>(&self, stream: S, denied: bool) -> Ended
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let state = self.slot.state();
        let peer = Arc::new(Peer {
            app: self.app.clone(),
            door: Arc::clone(&self.door),
            address: self.address,
            state: Arc::clone(state),
        });
        let mut http = self.door.http.clone();
        if denied {
            http.keep_alive(false).header_read_timeout(DENIED_HEADER_TIMEOUT);
        }
        let service = service_fn(move |request| handle(Arc::clone(&peer), request));
        let stream = Enveloped::new(stream, Arc::clone(state));
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => return ended.map_err(Into::into),
                order = state.ordered() => match order {
                    Order::Stop if !state.is_idle() => connection.as_mut().graceful_shutdown(),
                    Order::Stop | Order::Close => return Ok(()),
                },
            }
        }
    }
}

/// The longest time that the system accepts for `TCP_USER_TIMEOUT`: an `int` of milliseconds.
#[cfg(target_os = "linux")]
const MAX_USER_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);

/// Sets the options of a connection's socket.
fn limit(stream: &TcpStream, stall: Duration) -> std::io::Result<()> {
    // Responses are written at once; waiting for more to send would only delay them.
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        let socket = socket2::SockRef::from(stream);
        // Progress is counted in bytes that the system takes: it must not take megabytes for a peer that reads nothing.
        socket.set_tcp_notsent_lowat(MAX_UNSENT)?;
        // What the system has taken is bounded in time likewise, even after the connection is closed.
        socket.set_tcp_user_timeout(Some(stall.min(MAX_USER_TIMEOUT)))?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (stall, MAX_UNSENT);
    Ok(())
}

#[cfg(test)]
pub use self::tests::serve;

#[cfg(test)]
mod tests;
