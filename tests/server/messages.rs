//! Rules of HTTP messages, over plain sockets.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use pbx_test_harness::{ADMINISTRATOR, PASSWORD, Server, on_each_engine};
use serde_json::json;

use crate::server;

/// Sends these bytes; returns everything that the server sends until it closes the connection.
fn exchange(server: &Server, request: &str) -> String {
    let address = server
        .base()
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[on_each_engine]
async fn missing_or_second_host_is_rejected() {
    let server = server();
    for hosts in ["", "Host: a\r\nHost: a\r\n", "Host: a/b\r\n"] {
        let response = exchange(&server, &format!("GET /api/network HTTP/1.1\r\n{hosts}\r\n"));
        assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
        assert!(
            response.contains("\"BAD_REQUEST\"") && response.contains("\r\nx-request-id: "),
            "{response}"
        );
    }
    let response = exchange(&server, "GET /api/network HTTP/1.0\r\n\r\n");
    assert!(response.starts_with("HTTP/1.0 401 "), "{response}");
}

#[on_each_engine]
async fn connection_ends_after_an_unsupported_transfer_coding() {
    let server = server();
    let body = json!({"username": ADMINISTRATOR, "password": PASSWORD}).to_string();
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let post = |coding: &str| {
        format!(
            "POST /api/auth/sign_in HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: {coding}\r\n\r\n{chunks}"
        )
    };
    let next = "GET /api/nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let good = exchange(&server, &format!("{}{next}", post("chunked")));
    assert!(
        good.starts_with("HTTP/1.1 200 ") && good.contains("HTTP/1.1 404 "),
        "{good}"
    );
    let bad = exchange(&server, &format!("{}{next}", post("gzip, chunked")));
    assert!(bad.starts_with("HTTP/1.1 501 "), "{bad}");
    assert!(!bad.contains("HTTP/1.1 404 "), "{bad}");
}

#[on_each_engine]
async fn responses_with_tokens_are_not_stored_in_caches() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let credentials = json!({"username": ADMINISTRATOR, "password": PASSWORD});
    for response in [
        raw.post("/auth/sign_in", &credentials).await,
        raw.get("/key", &[]).await,
        raw.get("/network", &[]).await,
    ] {
        assert_eq!(response.status, 200);
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
}
