//! Calls every operation of the contract over real connections, with the responses of faulty servers and of proxies before them.

// The wire tests use more of it.
#[allow(dead_code)]
#[path = "../tests/wire/server.rs"]
mod server;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use self::server::{Reply, Server};
use crate::client::Client;
use crate::contract_tests::{contract, resolve, sample};
use crate::error::Error;
use crate::generated::every_call::CALLS;
use crate::support::Caller;

/// The body of a success response.
#[derive(Debug, Clone, Copy, PartialEq)]
enum BodyKind {
    Json,
    Bytes,
    Empty,
}

struct Operation {
    id: String,
    call: Caller,
    is_signed_in: bool,
    /// The request body.
    body: String,
    kind: BodyKind,
    /// `true` if the response has one of several schemas.
    is_union: bool,
    statuses: Vec<u16>,
    /// A complete response body.
    response: Value,
}

fn operations() -> Vec<Operation> {
    let contract = contract();
    let mut found = Vec::new();
    for item in contract["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let (_, call) = CALLS
                .iter()
                .find(|(known, _)| *known == id)
                .expect("every operation has a call");
            let body = operation["requestBody"]["content"].as_object();
            let body = body
                .and_then(|content| content.values().next())
                .map_or(Value::Null, |media| sample(&contract, &media["schema"]));
            let responses = operation["responses"].as_object().unwrap();
            let successes = responses.iter().filter_map(|(status, response)| {
                let status = status.parse::<u16>().ok()?;
                (200..400).contains(&status).then_some((status, response))
            });
            let successes: Vec<_> = successes.collect();
            let content = successes[0].1["content"].as_object();
            let (kind, response) = match content {
                None => (BodyKind::Empty, Value::Null),
                Some(content) => match content.get("application/json") {
                    Some(media) => (BodyKind::Json, sample(&contract, &media["schema"])),
                    None => (BodyKind::Bytes, Value::Null),
                },
            };
            let mut is_union = false;
            if kind == BodyKind::Json {
                let schema = resolve(&contract, &content.unwrap()["application/json"]["schema"]);
                let variants = schema["oneOf"]
                    .as_array()
                    .map_or(std::slice::from_ref(schema), Vec::as_slice);
                let is_object = |schema| resolve(&contract, schema)["type"] == "object";
                assert!(variants.iter().all(is_object), "{id}");
                is_union = variants.len() > 1;
            }
            found.push(Operation {
                id: id.to_owned(),
                call: *call,
                is_signed_in: !operation["security"].as_array().is_some_and(Vec::is_empty),
                body: body.to_string(),
                kind,
                is_union,
                statuses: successes.iter().map(|(status, _)| *status).collect(),
                response,
            });
        }
    }
    assert_eq!(found.len(), CALLS.len());
    found
}

impl Operation {
    async fn call(&self, client: &Client) -> Result<(), Error> {
        (self.call)(client, &self.body).await
    }
}

/// Calls every operation and checks the result.
async fn each(reply: impl Fn(&Operation) -> Reply, check: impl Fn(&Operation, Result<(), Error>)) {
    let current = Arc::new(Mutex::new(Reply::Nothing));
    let reply_slot = Arc::clone(&current);
    let server = Server::start(move |_| reply_slot.lock().unwrap().clone()).await;
    let client = server.client();
    for (index, operation) in operations().iter().enumerate() {
        *current.lock().unwrap() = reply(operation);
        let result = operation.call(&client).await;
        let request = server.last();
        let token = operation.is_signed_in.then_some("Bearer T0K3N");
        assert_eq!(request.header("authorization"), token, "{}", operation.id);
        assert_eq!(
            server.requests().len(),
            index + 1,
            "{}: the request was retried",
            operation.id
        );
        if let Err(error) = &result {
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{}: {error:?}",
                operation.id
            );
        }
        check(operation, result);
    }
}

fn unexpected(operation: &Operation, result: Result<(), Error>, body: &[u8]) {
    match result {
        Err(error @ Error::Unexpected { .. }) => assert_eq!(error.body().unwrap(), body, "{}", operation.id),
        other => panic!("{}: {other:?}", operation.id),
    }
}

#[tokio::test]
async fn complete_responses_are_read_in_any_encoding() {
    let text = |operation: &Operation| match operation.kind {
        BodyKind::Json => operation.response.to_string().into_bytes(),
        BodyKind::Bytes => b"\xff\x00bytes".to_vec(),
        BodyKind::Empty => Vec::new(),
    };
    let ok = |operation: &Operation, result: Result<(), Error>| {
        result.unwrap_or_else(|error| panic!("{}: {error}", operation.id));
    };
    // The content type is ignored.
    for headers in [
        "",
        "content-type: text/plain\r\n",
        "content-type: application/json;charset=utf-8\r\n",
    ] {
        each(
            |operation| Reply::with(operation.statuses[0], headers, &text(operation)),
            ok,
        )
        .await;
    }
    each(
        |operation| match operation.statuses[0] {
            204 | 304 => Reply::with(operation.statuses[0], "", b""),
            status => Reply::raw(chunked(status, &text(operation))),
        },
        ok,
    )
    .await;
    each(
        |operation| match operation.statuses[0] {
            204 | 304 => Reply::with(operation.statuses[0], "", b""),
            status => Reply::with(status, "content-encoding: gzip\r\n", &gzip(&text(operation))),
        },
        ok,
    )
    .await;
}

#[tokio::test]
async fn proxy_pages_are_errors() {
    let page = b"<html>hunter2</html>";
    let html = "content-type: text/html\r\nset-cookie: hunter2\r\n";
    each(
        |_| Reply::with(502, html, page),
        |operation, result| match result {
            Err(error @ Error::Server(_)) => assert_eq!(error.body().unwrap(), page.as_slice()),
            other => panic!("{}: {other:?}", operation.id),
        },
    )
    .await;
    each(
        |_| Reply::with(404, html, page),
        |operation, result| unexpected(operation, result, page),
    )
    .await;
    each(
        |operation| Reply::with(operation.statuses[0], html, page),
        |operation, result| match operation.kind {
            BodyKind::Json => unexpected(operation, result, page),
            BodyKind::Bytes | BodyKind::Empty => assert!(result.is_ok(), "{}: {result:?}", operation.id),
        },
    )
    .await;
}

#[tokio::test]
async fn invalid_json_bodies_are_unexpected() {
    // A response may have only null properties.
    let nulls = |operation: &Operation| {
        let properties = operation.response.as_object().into_iter().flatten();
        let nulls: serde_json::Map<_, _> = properties.map(|(name, _)| (name.clone(), Value::Null)).collect();
        Value::Object(nulls).to_string()
    };
    each(
        |operation| match operation.kind {
            BodyKind::Json => Reply::json(operation.statuses[0], &nulls(operation)),
            _ => Reply::with(operation.statuses[0], "", b""),
        },
        |operation, result| assert!(result.is_ok(), "{}: {result:?}", operation.id),
    )
    .await;
    for body in ["", "null", "[]", "5", "\"hunter2\"", "{\"a\":", "\u{feff}{}"] {
        let is_json = serde_json::from_str::<Value>(body).is_ok();
        each(
            |operation| match operation.kind {
                BodyKind::Json => Reply::json(operation.statuses[0], body),
                _ => Reply::with(operation.statuses[0], "", b""),
            },
            |operation, result| match operation.kind {
                // Unknown JSON is read as a variant for that.
                BodyKind::Json if operation.is_union && result.is_ok() => assert!(is_json, "{}", operation.id),
                BodyKind::Json => unexpected(operation, result, body.as_bytes()),
                _ => assert!(result.is_ok(), "{}: {result:?}", operation.id),
            },
        )
        .await;
    }
    // Invalid UTF-8 is not JSON, and the error keeps the whole body.
    let garbage = b"{\"a\":\"\xff\xfe\"}";
    each(
        |operation| Reply::with(operation.statuses[0], "", garbage),
        |operation, result| match operation.kind {
            BodyKind::Json => unexpected(operation, result, garbage),
            _ => assert!(result.is_ok(), "{}: {result:?}", operation.id),
        },
    )
    .await;
}

#[tokio::test]
async fn body_of_a_204_is_ignored() {
    each(
        |_| Reply::raw("HTTP/1.1 204 No Content\r\ncontent-length: 7\r\nconnection: close\r\n\r\nhunter2"),
        |operation, result| match operation.kind == BodyKind::Json && !operation.statuses.contains(&204) {
            false => assert!(result.is_ok(), "{}: {result:?}", operation.id),
            // A 204 has no body in HTTP, whatever its headers say.
            true => unexpected(operation, result, b""),
        },
    )
    .await;
}

#[tokio::test]
async fn truncated_and_malformed_responses_are_transport_errors() {
    each(
        |operation| {
            Reply::raw(format!(
                "HTTP/1.1 {} OK\r\ncontent-length: 100\r\n\r\n{{\"a\":",
                operation.statuses[0]
            ))
        },
        |operation, result| match result {
            // A 204 is complete without a body.
            Ok(()) => assert_eq!(operation.statuses[0], 204, "{}", operation.id),
            Err(Error::Transport(error)) => {
                assert!(!error.is_unsent());
                let body: &[u8] = if operation.kind == BodyKind::Bytes {
                    b""
                } else {
                    b"{\"a\":"
                };
                assert_eq!(error.response().unwrap().body(), body, "{}", operation.id);
            }
            other => panic!("{}: {other:?}", operation.id),
        },
    )
    .await;
    for nonsense in [
        "",
        "hunter2",
        "HTTP/1.1 999999 hunter2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nhunter2\r\n\r\n",
    ] {
        each(
            |_| Reply::raw(nonsense),
            |operation, result| match result {
                Err(Error::Transport(error)) => assert!(!error.is_unsent()),
                other => panic!("{}: {other:?}", operation.id),
            },
        )
        .await;
    }
    // The body is declared as gzip and is not.
    each(
        |operation| {
            Reply::with(
                operation.statuses[0].max(200),
                "content-encoding: gzip\r\n",
                b"hunter2 hunter2 hunter2",
            )
        },
        |operation, result| match result {
            Ok(()) => assert_eq!(operation.statuses[0], 204, "{}", operation.id),
            Err(Error::Unexpected { reason, .. }) => assert!(reason.contains("cannot be decoded"), "{reason}"),
            Err(other) => panic!("{}: {other:?}", operation.id),
        },
    )
    .await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Server::replying(Reply::json(200, "{}")).await;
    for status in [301, 302, 303, 307, 308] {
        let header = format!("location: {}\r\n", elsewhere.url);
        each(
            |_| Reply::with(status, &header, b""),
            |operation, result| match operation.statuses.contains(&status) {
                true => assert!(result.is_ok(), "{}", operation.id),
                false => unexpected(operation, result, b""),
            },
        )
        .await;
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn response_limit_applies_to_bodies_read_into_memory() {
    let long = "x".repeat(3000);
    let body = json!({"items": [], "other": long}).to_string();
    for reply in [
        Reply::json(200, &body),
        Reply::with(200, "content-encoding: gzip\r\n", &gzip(body.as_bytes())),
    ] {
        let server = Server::replying(reply).await;
        let client = server.builder().response_limit(1000).build().unwrap();
        let error = client.list_ip_rules().send().await.unwrap_err();
        assert!(error.to_string().contains("longer than 1000 bytes"), "{error}");
        assert!(error.body().unwrap().len() <= 1000);
        let client = server.builder().response_limit(body.len()).build().unwrap();
        client.list_ip_rules().send().await.unwrap();
        // Downloads are exempt.
        let client = server.builder().response_limit(1000).build().unwrap();
        let download = client.export_ip_rules().send().await.unwrap().into_inner();
        assert_eq!(download.bytes().await.unwrap(), body);
    }
}

fn chunked(status: u16, body: &[u8]) -> Vec<u8> {
    let mut out =
        format!("HTTP/1.1 {status} OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n").into_bytes();
    for chunk in body.chunks(7) {
        out.extend(format!("{:x}\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

/// Writes gzip (RFC 1952) with uncompressed blocks.
fn gzip(body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for chunk in body.chunks(60_000) {
        let length = u16::try_from(chunk.len()).unwrap();
        out.push(0);
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(chunk);
    }
    // The last block is empty.
    out.extend([1, 0, 0, 255, 255]);
    let mut checksum = u32::MAX;
    for byte in body {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = (checksum >> 1) ^ (0xedb8_8320 * (checksum & 1));
        }
    }
    out.extend((!checksum).to_le_bytes());
    out.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
    out
}
