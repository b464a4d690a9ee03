//! The tracing span of a call. A separate target: a callsite that is first reached on a thread without subscriber stays disabled.

#![cfg(all(feature = "retry", feature = "tracing"))]
// Clippy's exemption for tests does not cover helpers.
#![allow(clippy::unwrap_used)]

// The wire tests use more of it.
#[allow(dead_code)]
#[path = "wire/server.rs"]
mod server;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pbx_client::{Credentials, RetryPolicy, types};
use tracing_subscriber::fmt::format::FmtSpan;

use self::server::{Reply, ReservedPort, Server};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Records the events of this thread until the guard is dropped.
    fn record(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_span_events(FmtSpan::CLOSE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn call_is_a_span_without_secrets() {
    let log = Log::default();
    let guard = log.record();
    let server = Server::start(|request| match request.line.as_str() {
        "POST /api/auth/sign_in" => Reply::json(200, r#"{"access_token":"T0K3N","refresh_token":"R3FR3SH"}"#),
        line if line.starts_with("GET") => Reply::with(503, "x-secret: hunter2\r\n", b"hunter2"),
        _ => Reply::json(404, r#"{"errors":[{"code":"NOT_FOUND","message":"hunter2"}]}"#),
    })
    .await;
    let brief = Duration::from_millis(1);
    let policy = RetryPolicy::default().backoff(brief, brief).max_retries(2);
    let builder = server
        .builder()
        .credentials(Credentials::system("Al1c3", "P4ssw0rd"))
        .retry(policy);
    let client = builder.build().unwrap();
    client.list_ip_rules().filter("P3rs0n").send().await.unwrap_err();
    let body = types::UpdateIpRule::default().description("D3tails");
    client.update_ip_rule().id("1d3nt").body(body).send().await.unwrap_err();
    drop(guard);

    let text = log.text();
    let ours: Vec<_> = text.lines().filter(|line| line.contains("pbx_call")).collect();
    let closed = |parts: &[&str]| {
        let found = ours
            .iter()
            .any(|line| line.contains("close") && parts.iter().all(|part| line.contains(part)));
        assert!(found, "{parts:?} in\n{text}");
    };
    closed(&[
        "operation=\"signIn\"",
        "method=\"POST\"",
        "path=\"/auth/sign_in\"",
        "status=200",
        "attempts=1",
        "duration_ms=",
    ]);
    closed(&[
        "operation=\"listIpRules\"",
        "method=\"GET\"",
        "path=\"/ip_filters\"",
        "status=503",
        "attempts=3",
    ]);
    closed(&[
        "operation=\"updateIpRule\"",
        "path=\"/ip_filters/{id}\"",
        "status=404",
        "attempts=1",
    ]);
    for secret in [
        "T0K3N", "R3FR3SH", "hunter2", "Al1c3", "P4ssw0rd", "P3rs0n", "D3tails", "1d3nt",
    ] {
        assert!(!ours.iter().any(|line| line.contains(secret)), "{secret} in\n{text}");
    }
}

/// A POST to a port without a listener, which listens once the log reports the retry.
#[tokio::test]
async fn unsent_request_is_retried_whatever_its_method() {
    let log = Log::default();
    let _guard = log.record();
    let port = ReservedPort::new();
    let brief = Duration::from_millis(1);
    let builder = pbx_client::Client::builder().url(&port.url).token("T").no_proxy();
    let patient = RetryPolicy::default().backoff(brief, brief).max_retries(usize::MAX);
    let client = builder.retry(patient).build().unwrap();
    let rule = types::CreateIpRule::new("192.0.2.1", types::IpRuleTarget::Deny);
    let mut call = Box::pin(client.create_ip_rule().body(rule).send());
    let refused = std::future::poll_fn(|context| {
        assert!(call.as_mut().poll(context).is_pending());
        match log.text().contains("the request failed and is retried") {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    });
    refused.await;
    let server = port.listen(|_| Reply::json(200, r#"{"id":"1"}"#));
    call.await.unwrap();
    assert_eq!(server.requests().len(), 1);
}
