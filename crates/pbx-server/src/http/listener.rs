//! The listening socket: HTTP/1.1 connections with limits, and an orderly end.

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

use super::body::Lingering;
use crate::tls::{Purpose, Tls};

/// Connections at a time; further ones wait in the system's queue.
const CONNECTIONS: usize = 4_096;

/// A client that takes longer to send its headers is cut off, as is a connection that nobody uses.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);

/// A request that takes longer, its body included, is cut off.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Requests that are under way when the server is told to stop have this long.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);

/// Headers of one request.
const HEADERS: usize = 64;

/// All headers together, and whatever else is read at once.
const BUFFER: usize = 64 * 1024;

/// Serves HTTP until `stop` completes, then lets the requests that are under way finish.
pub async fn serve(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    serve_secured(listener, None, app, stop).await;
}

/// Serves HTTPS in the same way.
pub async fn serve_tls(listener: TcpListener, tls: Arc<Tls>, app: Router, stop: impl Future<Output = ()>) {
    serve_secured(listener, Some(tls), app, stop).await;
}

async fn serve_secured(listener: TcpListener, tls: Option<Arc<Tls>>, app: Router, stop: impl Future<Output = ()>) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_headers(HEADERS)
        .max_buf_size(BUFFER);
    let (stopping, stopped) = watch::channel(());
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            () = &mut stop => break,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, most likely: some are given back soon.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let conversation = Conversation {
            http: http.clone(),
            watcher: graceful.watcher(),
            app: app.clone(),
            peer,
        };
        let (tls, mut stopped) = (tls.clone(), stopped.clone());
        tokio::spawn(async move {
            let ended = match tls {
                None => conversation.hold(stream).await,
                // A connection that is not secured yet has nothing to finish.
                Some(tls) => tokio::select! {
                    secured = tls.accept(stream, Purpose::Https) => match secured {
                        Ok(stream) => conversation.hold(stream).await,
                        Err(error) => Err(error.into()),
                    },
                    _ = stopped.changed() => Ok(()),
                },
            };
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop((listener, stopping));
    let open = graceful.count();
    if tokio::time::timeout(DRAIN_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            open,
            "requests were cut off: they took longer than {} s to finish",
            DRAIN_WITHIN.as_secs()
        );
    }
}

/// What a connection needs for its requests to be answered.
struct Conversation {
    http: http1::Builder,
    watcher: Watcher,
    app: Router,
    peer: SocketAddr,
}

impl Conversation {
    async fn hold<S>(self, stream: S) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
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
    let place = Arc::clone(connections)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // Answers are written at once; waiting for more to send would only delay them.
    stream.set_nodelay(true)?;
    Ok((stream, peer, place))
}

/// Gives a connection's requests to the router, with the address they come from.
fn request_handler(
    app: Router,
    peer: SocketAddr,
) -> impl Fn(Request<Incoming>) -> std::pin::Pin<Box<dyn Future<Output = io::Result<axum::response::Response>> + Send>>
{
    move |mut request| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = app.clone().call(request.map(|body| Body::new(Lingering::new(body))));
        Box::pin(async move {
            let answer = tokio::time::timeout(ANSWER_WITHIN, answer).await?;
            Ok(answer.unwrap_or_else(|never: Infallible| match never {}))
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
    async fn requests_under_way_are_finished_and_new_ones_are_not_accepted() {
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
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("done"), "{answer}");
        server.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn an_answer_before_the_end_of_the_body_arrives() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(|| async { "never mind" });
        let server = tokio::spawn(serve(listener, app, std::future::pending()));
        let mut client = TcpStream::connect(address).await.unwrap();
        let length = 4 << 20;
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        client.write_all(&vec![b' '; length]).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("never mind"), "{answer}");
        server.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_dawdles_is_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener, Router::new(), std::future::pending()));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
        let mut answer = Vec::new();
        // The clock is not real: it jumps to the next timer whenever everything waits.
        client.read_to_end(&mut answer).await.unwrap();
        server.abort();
    }
}
