//! Which requests are retried, counted at the server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pbx_client::{Client, Credentials, Error, RetryPolicy, types};

use crate::server::ReservedPort;
use crate::{Reply, Server};

/// Three retries with a delay of a millisecond.
fn immediate() -> RetryPolicy {
    let brief = Duration::from_millis(1);
    RetryPolicy::default().backoff(brief, brief)
}

/// A server that succeeds with the third request.
async fn failing_twice(fault: Reply) -> Server {
    let seen = AtomicUsize::new(0);
    Server::start(move |_| match seen.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => fault.clone(),
        _ => Reply::json(200, r#"{"count":7}"#),
    })
    .await
}

fn faults() -> Vec<Reply> {
    vec![
        Reply::Nothing,
        Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"),
        Reply::with(503, "retry-after: 0\r\n", b""),
        Reply::json(502, ""),
        Reply::json(504, ""),
        Reply::with(429, "", b"<html>slow down</html>"),
    ]
}

fn rule() -> types::CreateIpRule {
    types::CreateIpRule::new("192.0.2.1", types::IpRuleTarget::Deny)
}

#[tokio::test]
async fn get_is_retried_after_transient_failures() {
    for fault in faults() {
        let server = failing_twice(fault.clone()).await;
        let client = server.builder().token("T").retry(immediate()).build().unwrap();
        let list = client.list_ip_rules().filter("x").send().await;
        assert_eq!(list.unwrap_or_else(|error| panic!("{fault:?}: {error}")).count, Some(7));
        let requests = server.requests();
        assert_eq!(requests.len(), 3);
        assert!(
            requests
                .iter()
                .all(|request| request.line == "GET /api/ip_filters?filter=x"
                    && request.header("authorization") == Some("Bearer T"))
        );
    }
}

#[tokio::test]
async fn post_and_delete_are_not_retried_once_sent() {
    for fault in faults() {
        let server = failing_twice(fault.clone()).await;
        let client = server.builder().token("T").retry(immediate()).build().unwrap();
        let error = client.create_ip_rule().body(rule()).send().await.unwrap_err();
        assert!(error.is_transient(), "{fault:?}: {error}");
        assert_eq!(server.requests().len(), 1, "{fault:?}");
        let error = client.delete_ip_rule().id("1").send().await.unwrap_err();
        assert!(error.is_transient());
        assert_eq!(server.requests().len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn policy_limits_retries_and_retry_after() {
    let server = Server::replying(Reply::json(503, "")).await;
    for (policy, number) in [
        (RetryPolicy::none(), 1),
        (immediate(), 4),
        (immediate().max_retries(1), 2),
    ] {
        let before = server.requests().len();
        let client = server.builder().retry(policy).build().unwrap();
        let error = client.list_ip_rules().send().await.unwrap_err();
        assert!(matches!(error, Error::Server(_)));
        assert_eq!(server.requests().len() - before, number);
    }
    // A `Retry-After` beyond the maximum of the policy.
    let server = Server::replying(Reply::with(429, "retry-after: 3600\r\n", b"")).await;
    let client = server.builder().retry(immediate()).build().unwrap();
    let error = client.list_ip_rules().send().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn unsent_request_was_not_applied() {
    let port = ReservedPort::new();
    let builder = Client::builder().url(&port.url).no_proxy();
    let client = builder.retry(immediate()).build().unwrap();
    let error = client.delete_ip_rule().id("1").send().await.unwrap_err();
    assert!(!error.may_have_been_applied(), "{error}");
    assert!(matches!(error, Error::Transport(error) if error.is_unsent()));
    // The client works once the server listens.
    let server = port.listen(|_| Reply::with(204, "", b""));
    client.delete_ip_rule().id("1").send().await.unwrap();
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn failed_sign_in_is_not_retried() {
    let server = Server::replying(Reply::Nothing).await;
    let credentials = Credentials::system("admin", "secret");
    let client = server
        .builder()
        .credentials(credentials)
        .retry(immediate())
        .build()
        .unwrap();
    let error = client.list_ip_rules().send().await.unwrap_err();
    assert!(error.may_have_been_applied(), "{error}");
    // The server may have opened a session or counted a failed sign-in.
    assert_eq!(server.requests().len(), 1);
}
