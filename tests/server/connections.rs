//! Connections: slots of each source, deadlines of requests, and the shutdown with connections open.
//!
//! All of 127.0.0.0/8 is this machine, so that each of its addresses is another source.

use std::os::unix::fs::PermissionsExt as _;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use pbx_test_harness::{ADMINISTRATOR, PASSWORD, Raw, Server, Start, on_each_engine, programs};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::{server, start};

/// Connects from 127.0.0.N.
async fn connect(server: &Server, host: u8) -> TcpStream {
    let url: reqwest::Url = server.base().parse().unwrap();
    let address = url.socket_addrs(|| None).unwrap()[0];
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, host], 0).into()).unwrap();
    socket.connect(address).await.unwrap()
}

/// Returns what the server sends until it closes the connection.
async fn rest(client: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // The connection may be reset after the response, when the server has not read all that was sent.
    let _ = client.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

/// Signs in and reads, as a client with a separate connection does.
async fn is_served(server: &Server, address: &str) {
    serves(server.raw_from(address)).await;
}

async fn serves(mut raw: Raw) {
    let body = json!({"username": ADMINISTRATOR, "password": PASSWORD});
    let response = raw.post("/auth/sign_in", &body).await;
    raw.set_token(response.json()["access_token"].as_str().unwrap());
    assert_eq!(raw.get("/network", &[]).await.status, 200);
}

/// The head of a sign-in whose body is announced, and not sent.
fn unfinished(length: usize) -> String {
    format!(
        "POST /api/auth/sign_in HTTP/1.1\r\nhost: x\r\nx-request-id: slow-1\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    )
}

#[on_each_engine]
async fn idle_connections_of_some_leave_room_for_others() {
    let limits = ["--connections", "20", "--connections-per-source", "8"];
    let server = start().with_arguments(&limits).ready();
    let mut idle = Vec::new();
    for _ in 0..12 {
        for host in 2..=5 {
            let mut client = connect(&server, host).await;
            // One that is over its share may be closed already.
            let _ = client.write_all(b"GET /api/network HTTP/1.1\r\nhost: ").await;
            idle.push(client);
        }
    }
    for address in ["127.0.0.1", "127.0.0.6", "127.0.0.2"] {
        is_served(&server, address).await;
    }
}

#[on_each_engine]
async fn unfinished_sign_ins_of_one_source_leave_room_for_others() {
    let limits = [
        "--connections-per-source",
        "8",
        "--public-body-limit",
        "65536",
        "--public-body-budget",
        "65536",
    ];
    let server = start().with_arguments(&limits).ready();
    let mut sending = Vec::new();
    for _ in 0..8 {
        let mut client = connect(&server, 2).await;
        client.write_all(unfinished(60_000).as_bytes()).await.unwrap();
        client.write_all(&[b' '; 30_000]).await.unwrap();
        sending.push(client);
    }
    // Two are within the budget, and wait for the rest.
    let responses: FuturesUnordered<_> = sending.iter_mut().map(rest).collect();
    let responses: Vec<_> = responses.take(6).collect().await;
    for refused in responses {
        assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
        assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    }
    is_served(&server, "127.0.0.1").await;
    is_served(&server, "127.0.0.2").await;
}

#[on_each_engine]
async fn denied_address_has_few_connections_and_gets_one_response_each() {
    let server = start().with_arguments(&["--denied-connections", "4"]).ready();
    let admin = server.raw_signed_in().await;
    let mut before = connect(&server, 2).await;
    admin
        .post("/ip_filters", &json!({"cidr": "127.0.0.2", "target": "DENY"}))
        .await;
    let mut after = connect(&server, 2).await;
    for client in [&mut before, &mut after] {
        client
            .write_all(b"GET /api/network HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        // It is closed after the response.
        let response = rest(client).await;
        assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
        assert!(response.contains("\"code\":\"DENIED\""), "{response}");
    }
    let mut idle = Vec::new();
    for _ in 0..4 {
        idle.push(connect(&server, 2).await);
    }
    // The pool is full, so the next one is closed without a response.
    let mut beyond = connect(&server, 2).await;
    assert_eq!(rest(&mut beyond).await, "");
    is_served(&server, "127.0.0.1").await;
}

#[on_each_engine]
async fn body_that_does_not_arrive_in_time_gets_a_408() {
    for option in ["--request-timeout", "--stall-timeout"] {
        let server = start().with_arguments(&[option, "1"]).ready();
        let mut client = connect(&server, 1).await;
        client.write_all(unfinished(100).as_bytes()).await.unwrap();
        let response = rest(&mut client).await;
        assert!(response.starts_with("HTTP/1.1 408 "), "{option}: {response}");
        assert!(response.contains("x-request-id: slow-1\r\n"), "{response}");
        assert!(response.contains("\"code\":\"REQUEST_TIMEOUT\""), "{response}");
    }
}

#[on_each_engine]
async fn body_without_a_session_is_small() {
    let server = server();
    let sign_in = async |length| {
        let body = json!({"username": ADMINISTRATOR, "password": PASSWORD, "unknown": "x".repeat(length)});
        server.raw().post("/auth/sign_in", &body).await.status
    };
    assert_eq!(sign_in(12_000).await, 400);
    assert_eq!(sign_in(20_000).await, 413);
    // Those of callers may be larger.
    let body = json!({"private_ipv4": "x".repeat(70_000)});
    assert_eq!(server.raw_signed_in().await.post("/network", &body).await.status, 400);
}

/// Returns how to start a server that may have that many files open.
fn with_open_files(limit: &str) -> Start {
    let start = start();
    let program = start.directory().join("limited");
    let server = programs::server();
    let script = format!("#!/bin/sh\nulimit {limit}\nexec '{}' \"$@\"\n", server);
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    start.with_program(program)
}

#[on_each_engine]
async fn connections_leave_descriptors_for_the_database() {
    // 50 of them are left for connections.
    let server = with_open_files("-n 370").ready();
    // Built first, so that they send their requests as soon as they are connected.
    let clients: Vec<_> = (0..8).map(|_| server.raw_from("127.0.0.1")).collect();
    let mut idle = Vec::new();
    for host in (0..30).flat_map(|_| 2..22) {
        idle.push(connect(&server, host).await);
    }
    futures_util::future::join_all(clients.into_iter().map(serves)).await;
    let output = server.terminate();
    assert!(
        output
            .stderr
            .contains("fewer connections are served than --connections"),
        "{}",
        output.stderr
    );
    assert!(!output.stderr.contains("was not accepted"), "{}", output.stderr);
}

#[on_each_engine]
async fn soft_limit_of_descriptors_is_raised() {
    let server = with_open_files("-S -n 64").ready();
    let mut idle = Vec::new();
    for host in (0..10).flat_map(|_| 2..22) {
        idle.push(connect(&server, host).await);
    }
    is_served(&server, "127.0.0.1").await;
    let output = server.terminate();
    assert!(!output.stderr.contains("was not accepted"), "{}", output.stderr);
}

#[on_each_engine]
async fn sigterm_closes_connections_without_a_request_at_once() {
    let server = start().with_arguments(&["--tls-listen", "127.0.0.1:0"]).ready();
    let _silent = connect(&server, 1).await;
    let mut half = connect(&server, 1).await;
    half.write_all(b"GET /api/network HTTP/1.1\r\nhost: x").await.unwrap();
    is_served(&server, "127.0.0.1").await;
    let output = server.terminate();
    assert_eq!(output.status.code(), Some(0));
    // Nothing was waited for.
    assert!(!output.stderr.contains("cut off"), "{}", output.stderr);
    assert!(output.stderr.contains("stopped"), "{}", output.stderr);
}

#[on_each_engine]
async fn server_that_logs_errors_only_runs_until_sigterm() {
    let server = start().with_arguments(&["--log", "error"]).ready();
    is_served(&server, "127.0.0.1").await;
    let output = server.terminate();
    assert_eq!((output.status.code(), output.stderr.as_str()), (Some(0), ""));
}

#[on_each_engine]
async fn second_sigterm_ends_the_server_at_once() {
    let server = server();
    // A request is in flight once the server asks for its body.
    let mut client = connect(&server, 1).await;
    let request = unfinished(100).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    client.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 100");
    server.signal("TERM");
    // The first signal was received when no more connections are accepted.
    let address = client.peer_addr().unwrap();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.signal("TERM");
    let output = server.wait();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        output.stderr.contains("SIGTERM again: ending at once"),
        "{}",
        output.stderr
    );
}
