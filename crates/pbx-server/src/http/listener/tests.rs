//! Connections over real sockets. Where the clock is paused, it jumps to the next timer whenever everything waits.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;
use crate::http::client::ProxyHeader;

const TIMING: Timing = Timing {
    headers: Duration::from_secs(30),
    request: Duration::from_secs(60),
    stall: Duration::from_secs(20),
};

const LIMITS: SlotLimits = SlotLimits {
    connections: 6,
    per_source: 3,
    denied: 2,
};

/// Serves a router without limits until `stop` completes, as a server that other tests send requests to.
pub async fn serve(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    let limits = SlotLimits {
        connections: 1_000,
        per_source: 1_000,
        ..LIMITS
    };
    let door = Door::new(Proxies::default(), Box::new(|_| false), TIMING, limits);
    tokio::select! {
        () = accept(listener, None, app, door) => {}
        () = stop => {}
    }
}

/// A listener, with the shared part of the door.
struct Fixture {
    address: SocketAddr,
    door: Arc<Door>,
    task: JoinHandle<()>,
}

impl Fixture {
    async fn new(app: Router) -> Self {
        Self::with(app, Proxies::default(), Box::new(|_| false)).await
    }

    async fn with(app: Router, proxies: Proxies, denies: Denies) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let door = Door::new(proxies, denies, TIMING, LIMITS);
        let task = tokio::spawn(accept(listener, None, app, Arc::clone(&door)));
        Self { address, door, task }
    }

    async fn connect(&self) -> TcpStream {
        self.connect_from(1).await
    }

    /// Connects from 127.0.0.N.
    async fn connect_from(&self, host: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        // The system reports the progress of a small buffer soon.
        socket.set_recv_buffer_size(32 * 1024).unwrap();
        socket.bind((Ipv4Addr::new(127, 0, 0, host), 0).into()).unwrap();
        let client = socket.connect(self.address).await.unwrap();
        // Otherwise the system waits in real time, which a paused clock does not wait for.
        client.set_nodelay(true).unwrap();
        client
    }

    /// Stops accepting, and closes the connections.
    async fn close(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.door.close().await;
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// Sends a request; returns the head of the response, or `""` if the connection is closed.
async fn exchange(client: &mut TcpStream, request: &[u8]) -> String {
    // The server may have closed the connection already.
    let _ = client.write_all(request).await;
    read_response(client).await
}

/// Reads one response whose body has a known length.
async fn read_response(client: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.unwrap().parse::<usize>().unwrap() {
                return text;
            }
        }
        let mut chunk = [0; 1024];
        match client.read(&mut chunk).await {
            Ok(0) | Err(_) => return text,
            Ok(length) => text.push_str(std::str::from_utf8(&chunk[..length]).unwrap()),
        }
    }
}

fn hello() -> Router {
    Router::new().fallback(|| async { "hello" })
}

/// A router whose `/` responds after it is notified, and the number of requests that entered.
fn held() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (entering, released) = (Arc::clone(&entered), Arc::clone(&release));
    let app = Router::new().route(
        "/",
        get(async move || {
            entering.notify_one();
            released.notified().await;
            "done"
        }),
    );
    (app.fallback(|| async { "hello" }), entered, release)
}

#[tokio::test]
async fn shutdown_finishes_requests_in_flight_and_accepts_no_new_ones() {
    let (entered, wait_entered) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let once = Arc::new(Mutex::new(Some((entered, released))));
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
    let fixture = Fixture::new(app).await;
    let address = fixture.address;
    let mut client = fixture.connect().await;
    client.write_all(GET).await.unwrap();
    wait_entered.await.unwrap();
    let closing = tokio::spawn(fixture.close());
    release.send(()).unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    assert!(response.ends_with("done"), "{response}");
    closing.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn shutdown_closes_connections_without_a_request_at_once() {
    let fixture = Fixture::new(hello()).await;
    let (mut silent, mut half, mut idle) = (
        fixture.connect().await,
        fixture.connect_from(2).await,
        fixture.connect_from(3).await,
    );
    half.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    assert!(exchange(&mut idle, GET).await.ends_with("hello"));
    // On a paused clock, which does not move while there is something to do.
    tokio::time::pause();
    tokio::time::timeout(SHUTDOWN_TIMEOUT / 2, fixture.close())
        .await
        .unwrap();
    for client in [&mut silent, &mut half, &mut idle] {
        assert_eq!(read_response(client).await, "");
    }
}

#[tokio::test]
async fn response_before_the_end_of_the_body_arrives() {
    let fixture = Fixture::new(hello()).await;
    let mut client = fixture.connect().await;
    let length = 4 << 20;
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&vec![b' '; length]).await.unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    assert!(response.ends_with("hello"), "{response}");
}

#[tokio::test]
async fn body_is_read_as_it_arrives() {
    let app = Router::new().fallback(async |request: Request| {
        to_bytes(request.into_body(), usize::MAX)
            .await
            .unwrap()
            .len()
            .to_string()
    });
    let fixture = Fixture::new(app).await;
    let mut client = fixture.connect().await;
    client
        .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n\r\n")
        .await
        .unwrap();
    for _ in 0..3 {
        client.write_all(&[b' '; 3_000]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(read_response(&mut client).await.ends_with("9000"));
}

#[tokio::test(start_paused = true)]
async fn slow_header_is_disconnected() {
    let fixture = Fixture::new(Router::new()).await;
    let mut client = fixture.connect().await;
    client.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    let mut response = Vec::new();
    client.read_to_end(&mut response).await.unwrap();
}

#[tokio::test]
async fn source_has_a_share_and_replaces_its_oldest_idle_connection() {
    let (app, entered, release) = held();
    let fixture = Fixture::new(app).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = fixture.connect().await;
        client.write_all(GET).await.unwrap();
        entered.notified().await;
        clients.push(client);
    }
    // All of its share has a request in flight.
    let mut refused = fixture.connect().await;
    assert_eq!(exchange(&mut refused, GET).await, "");
    // Others have theirs.
    let mut other = fixture.connect_from(2).await;
    assert!(
        exchange(&mut other, b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .ends_with("hello")
    );
    // Once one is idle, it is replaced.
    release.notify_one();
    assert!(read_response(&mut clients[0]).await.ends_with("done"));
    let mut fourth = fixture.connect().await;
    let response = exchange(&mut fourth, b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(response.ends_with("hello"), "{response}");
    assert_eq!(read_response(&mut clients[0]).await, "");
    release.notify_waiters();
    for client in &mut clients[1..] {
        assert!(read_response(client).await.ends_with("done"));
    }
}

#[tokio::test]
async fn source_that_holds_most_makes_room_for_others() {
    let fixture = Fixture::new(hello()).await;
    // Two sources fill all slots, and send nothing.
    let mut clients = Vec::new();
    for host in [2, 3, 2, 3, 2, 3] {
        clients.push(fixture.connect_from(host).await);
    }
    for host in [4, 5] {
        let mut client = fixture.connect_from(host).await;
        assert!(exchange(&mut client, GET).await.ends_with("hello"), "{host}");
        clients.push(client);
    }
    let mut client = fixture.connect_from(4).await;
    assert!(exchange(&mut client, GET).await.ends_with("hello"));
}

#[tokio::test(start_paused = true)]
async fn denied_addresses_share_few_slots_and_get_one_response() {
    let denied = Arc::new(AtomicBool::new(true));
    let denies = Arc::clone(&denied);
    let denies: Denies =
        Box::new(move |address| denies.load(Ordering::Relaxed) && address == IpAddr::from(Ipv4Addr::new(127, 0, 0, 2)));
    let fixture = Fixture::with(hello(), Proxies::default(), denies).await;
    let mut first = fixture.connect_from(2).await;
    let response = exchange(&mut first, GET).await;
    assert!(response.contains("connection: close") && response.ends_with("hello"));
    assert_eq!(read_response(&mut first).await, "");
    let (mut one, mut two) = (fixture.connect_from(2).await, fixture.connect_from(2).await);
    let mut three = fixture.connect_from(2).await;
    assert_eq!(exchange(&mut three, GET).await, "", "beyond the pool");
    // Their time is short.
    for silent in [&mut one, &mut two] {
        assert_eq!(read_response(silent).await, "");
    }
    let mut later = fixture.connect_from(2).await;
    assert!(exchange(&mut later, GET).await.ends_with("hello"));
    denied.store(false, Ordering::Relaxed);
    let mut client = fixture.connect_from(2).await;
    assert!(!exchange(&mut client, GET).await.contains("connection: close"));
}

#[tokio::test]
async fn clients_of_a_proxy_have_a_limit_of_requests_and_the_proxy_has_no_share() {
    let (app, entered, release) = held();
    let proxies = Proxies::new(&["127.0.0.1/32".parse().unwrap()], ProxyHeader::XForwardedFor);
    let fixture = Fixture::with(app, proxies, Box::new(|_| true)).await;
    let request = |client: &str| format!("GET / HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {client}\r\n\r\n").into_bytes();
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = fixture.connect().await;
        client.write_all(&request("192.0.2.1")).await.unwrap();
        entered.notified().await;
        clients.push(client);
    }
    let mut fourth = fixture.connect().await;
    let refused = exchange(&mut fourth, &request("192.0.2.1")).await;
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    assert!(
        refused.contains("retry-after: 1\r\n") && refused.contains("x-request-id: "),
        "{refused}"
    );
    fourth.write_all(&request("192.0.2.2")).await.unwrap();
    entered.notified().await;
    release.notify_waiters();
    clients.push(fourth);
    for client in &mut clients {
        assert!(read_response(client).await.ends_with("done"));
    }
    release.notify_one();
    assert!(exchange(&mut clients[0], &request("192.0.2.1")).await.ends_with("done"));
}

#[tokio::test(start_paused = true)]
async fn overdue_request_gets_a_503_and_a_body_that_is_still_arriving_a_408() {
    let app = Router::new().route("/", get(std::future::pending::<&str>)).route(
        "/",
        post(async |request: Request| {
            to_bytes(request.into_body(), usize::MAX).await.unwrap();
            std::future::pending::<&str>().await
        }),
    );
    let fixture = Fixture::new(app).await;
    let mut client = fixture.connect().await;
    // It may have changed something, so its client must not be asked to repeat it.
    let response = exchange(&mut client, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(
        response.contains("\"code\":\"OUTCOME_UNKNOWN\"") && !response.contains("retry-after"),
        "{response}"
    );

    let response = exchange(&mut client, b"GET / HTTP/1.1\r\nhost: x\r\nx-request-id: r1\r\n\r\n").await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(
        response.contains("x-request-id: r1\r\n") && response.contains("retry-after: 5\r\n"),
        "{response}"
    );
    assert!(response.contains("\"code\":\"UNAVAILABLE\""), "{response}");

    // A body that arrives fast enough, and not in time.
    client
        .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n")
        .await
        .unwrap();
    let (mut reader, mut writer) = client.into_split();
    let sender = tokio::spawn(async move {
        while writer.write_all(&[b' '; 10_000]).await.is_ok() {
            tokio::time::sleep(TIMING.stall / 2).await;
        }
    });
    let mut response = String::new();
    // The connection may be reset, because the rest of the body is not read.
    let _ = reader.read_to_string(&mut response).await;
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    assert!(response.contains("connection: close\r\n"), "{response}");
    sender.abort();
}

#[tokio::test(start_paused = true)]
async fn body_that_arrives_too_slowly_fails() {
    let (failed, failure) = oneshot::channel();
    let failed = Arc::new(Mutex::new(Some(failed)));
    let app = Router::new().fallback(async move |request: Request| {
        let error = to_bytes(request.into_body(), usize::MAX).await.unwrap_err();
        let mut sources = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        let timed_out = sources.any(|error| {
            let error = error.downcast_ref::<std::io::Error>();
            error.is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut)
        });
        failed.lock().unwrap().take().unwrap().send(timed_out).unwrap();
        "slow"
    });
    let fixture = Fixture::new(app).await;
    let mut client = fixture.connect().await;
    client
        .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n")
        .await
        .unwrap();
    let sender = tokio::spawn(async move {
        while client.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    assert!(
        tokio::time::timeout(Duration::from_secs(3600), failure)
            .await
            .unwrap()
            .unwrap()
    );
    sender.abort();
}

/// Returns a router whose `/` responds with endless chunks, and a receiver that completes when the response is dropped.
fn endless() -> (Router, oneshot::Receiver<()>) {
    struct OnDrop(Option<oneshot::Sender<()>>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            let _ = self.0.take().unwrap().send(());
        }
    }
    let (sender, dropped) = oneshot::channel();
    let sender = Arc::new(Mutex::new(Some(OnDrop(Some(sender)))));
    let app = Router::new().fallback(async move || {
        let guard = sender.lock().unwrap().take();
        Body::from_stream(futures_util::stream::repeat_with(move || {
            let _ = &guard;
            Ok::<_, std::io::Error>(vec![b'x'; 10_000])
        }))
    });
    (app, dropped)
}

#[tokio::test(start_paused = true)]
async fn client_that_reads_nothing_is_disconnected() {
    let (app, dropped) = endless();
    let fixture = Fixture::new(app).await;
    let mut client = fixture.connect().await;
    client.write_all(GET).await.unwrap();
    // Hours pass at once on a paused clock.
    tokio::time::timeout(Duration::from_secs(3600), dropped)
        .await
        .unwrap()
        .unwrap();
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn client_that_reads_slowly_is_served_for_as_long_as_it_reads() {
    let (app, mut dropped) = endless();
    let fixture = Fixture::new(app).await;
    let mut client = fixture.connect().await;
    client.write_all(GET).await.unwrap();
    let mut chunk = vec![0; 200_000];
    // Far longer than a request may take.
    for _ in 0..20 {
        client.read_exact(&mut chunk).await.unwrap();
        tokio::time::sleep(TIMING.stall / 2).await;
        assert!(dropped.try_recv().is_err());
    }
}

/// Sends bytes on a new connection; returns the response, after which the server closes it.
async fn last_response(fixture: &Fixture, bytes: &[u8]) -> String {
    let mut client = fixture.connect().await;
    let _ = client.write_all(bytes).await;
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn malformed_requests_get_the_envelope() {
    let fixture = Fixture::new(Router::new().route("/", get(|| async {}))).await;
    let many = "x: y\r\n".repeat(MAX_HEADERS + 1);
    let large = "y".repeat(3 * MAX_BUFFER);
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for (request, status, code) in [
        ("GET\r\n\r\n".to_owned(), "400 Bad Request", "BAD_REQUEST"),
        ("GET /a b HTTP/1.1\r\n\r\n".to_owned(), "400 ", "BAD_REQUEST"),
        ("G\x01T / HTTP/1.1\r\n\r\n".to_owned(), "400 ", "BAD_REQUEST"),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), "400 ", "BAD_REQUEST"),
        (
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n".to_owned(),
            "400 ",
            "BAD_REQUEST",
        ),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}".to_owned(), "400 ", "BAD_REQUEST"),
        (
            "GET / HTTP/3.0\r\n\r\n".to_owned(),
            "505 ",
            "HTTP_VERSION_NOT_SUPPORTED",
        ),
        (preface.to_owned(), "505 ", "HTTP_VERSION_NOT_SUPPORTED"),
        (
            format!("GET /{large} HTTP/1.1\r\nhost: x\r\n\r\n"),
            "414 URI Too Long",
            "URI_TOO_LONG",
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
            "431 ",
            "HEADERS_TOO_LARGE",
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: x\r\nx: {large}\r\n\r\n"),
            "431 ",
            "HEADERS_TOO_LARGE",
        ),
    ] {
        let response = last_response(&fixture, request.as_bytes()).await;
        let shown = request.get(..20).unwrap_or(&request);
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status}")),
            "{shown}: {response}"
        );
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        for header in [
            "\r\nx-request-id: ",
            "\r\ncache-control: no-store",
            "\r\ncontent-type: application/json",
            "\r\nconnection: close",
            "\r\ndate: ",
        ] {
            assert_eq!(head.matches(header).count(), 1, "{shown}: {head}");
        }
        assert!(head.contains(&format!("\r\ncontent-length: {}", body.len())), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["errors"][0]["code"], code, "{shown}");
    }
}

#[tokio::test]
async fn malformed_request_after_others_gets_the_envelope_and_theirs_are_unchanged() {
    let fixture = Fixture::new(Router::new().route("/", get(|| async { "HTTP/1.1 400" }))).await;
    let mut client = fixture.connect().await;
    for _ in 0..2 {
        let response = exchange(&mut client, GET).await;
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
        assert!(response.ends_with("\r\n\r\nHTTP/1.1 400"), "{response}");
    }
    let pipelined = [GET, b"nonsense\r\n\r\n"].concat();
    client.write_all(&pipelined).await.unwrap();
    let mut rest = String::new();
    client.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("HTTP/1.1 200 OK\r\n"), "{rest}");
    assert!(
        rest.contains("\r\n\r\nHTTP/1.1 400HTTP/1.1 400 Bad Request\r\n"),
        "{rest}"
    );
    assert!(rest.ends_with("}]}"), "{rest}");
}
