//! The listening socket: HTTP/1.1 connections with limits and timeouts, and a graceful shutdown.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::Service as _;

use super::body::DrainedBody;
use crate::adapters::tls::{Purpose, Tls};

/// The maximum number of concurrent connections. Further ones wait in the system's queue.
const MAX_CONNECTIONS: usize = 4_096;

/// The timeout of a request's headers, and the idle timeout of a connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The timeout of a request, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The time for requests in flight to finish at shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum number of headers of a request.
const MAX_HEADERS: usize = 64;

/// The maximum size of all headers of a request, and of one read, in bytes.
const MAX_BUFFER: usize = 64 * 1024;

/// Serves HTTP until `stop` completes, then lets requests in flight finish.
pub async fn serve(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    serve_secured(listener, None, app, stop).await;
}

/// [`serve`] for HTTPS.
pub async fn serve_tls(listener: TcpListener, tls: Arc<Tls>, app: Router, stop: impl Future<Output = ()>) {
    serve_secured(listener, Some(tls), app, stop).await;
}

async fn serve_secured(listener: TcpListener, tls: Option<Arc<Tls>>, app: Router, stop: impl Future<Output = ()>) {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_BUFFER);
    let (stopping, stopped) = watch::channel(());
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            () = &mut stop => break,
        };
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, most likely: some are released soon.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let connection = Connection {
            http: http.clone(),
            watcher: graceful.watcher(),
            app: app.clone(),
            peer,
        };
        let (tls, mut stopped) = (tls.clone(), stopped.clone());
        tokio::spawn(async move {
            let ended = match tls {
                None => connection.serve(stream).await,
                // A connection without TLS yet has no request to finish.
                Some(tls) => tokio::select! {
                    secured = tls.accept(stream, Purpose::Https) => match secured {
                        Ok(stream) => connection.serve(stream).await,
                        Err(error) => Err(error.into()),
                    },
                    _ = stopped.changed() => Ok(()),
                },
            };
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
            drop(permit);
        });
    }
    drop((listener, stopping));
    let open = graceful.count();
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            open,
            "requests were cut off: they took longer than {} s to finish",
            SHUTDOWN_TIMEOUT.as_secs()
        );
    }
}

/// The context of one connection.
struct Connection {
    http: http1::Builder,
    watcher: Watcher,
    app: Router,
    peer: SocketAddr,
}

impl Connection {
    async fn serve<S>(self, stream: S) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(request_handler(self.app, self.peer));
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        self.watcher.watch(connection).await.map_err(Into::into)
    }
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // Responses are written at once; waiting for more to send would only delay them.
    stream.set_nodelay(true)?;
    Ok((stream, peer, permit))
}

/// Returns the service of a connection: the router, with the peer's address in each request.
fn request_handler(
    app: Router,
    peer: SocketAddr,
) -> impl Fn(Request<Incoming>) -> std::pin::Pin<Box<dyn Future<Output = io::Result<axum::response::Response>> + Send>>
{
    move |mut request| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = app.clone().call(request.map(|body| Body::new(DrainedBody::new(body))));
        Box::pin(async move {
            let response = tokio::time::timeout(REQUEST_TIMEOUT, response).await?;
            Ok(response.unwrap_or_else(|never: Infallible| match never {}))
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn shutdown_finishes_requests_in_flight_and_accepts_no_new_ones() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (entered, wait_entered) = oneshot::channel();
        let (release, released) = oneshot::channel::<()>();
        let once = Arc::new(std::sync::Mutex::new(Some((entered, released))));
        let app = Router::new().route(
            "/",
            get(move |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
                let (entered, released) = once.lock().unwrap().take().unwrap();
                async move {
                    entered.send(()).unwrap();
                    released.await.unwrap();
                    assert!(peer.ip().is_loopback());
                    "done"
                }
            }),
        );
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(listener, app, async move { stopped.await.unwrap() }));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        wait_entered.await.unwrap();
        stop.send(()).unwrap();
        release.send(()).unwrap();
        let mut response = String::new();
        client.read_to_string(&mut response).await.unwrap();
        assert!(response.ends_with("done"), "{response}");
        server.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn response_before_the_end_of_the_body_arrives() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(|| async { "never mind" });
        let server = tokio::spawn(serve(listener, app, std::future::pending()));
        let mut client = TcpStream::connect(address).await.unwrap();
        let length = 4 << 20;
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        client.write_all(&vec![b' '; length]).await.unwrap();
        let mut response = String::new();
        client.read_to_string(&mut response).await.unwrap();
        assert!(response.ends_with("never mind"), "{response}");
        server.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn slow_client_is_disconnected() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener, Router::new(), std::future::pending()));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
        let mut response = Vec::new();
        // The clock is not real: it jumps to the next timer whenever everything waits.
        client.read_to_end(&mut response).await.unwrap();
        server.abort();
    }
}
