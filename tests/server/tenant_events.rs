//! `/tenant/cdr_event/test` and `/tenant/extension_event/test`, against receivers on this machine.

use std::net::TcpListener;
use std::time::Duration;

use pbx_test_harness::{Exchange, Raw, Server, on_each_engine, receiver};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{server, start};

fn server_allowing_loopback() -> Server {
    start().with_arguments(&["--webhook-allow", "127.0.0.0/8"]).ready()
}

async fn save(raw: &Raw, event: &str, webhook: Value) {
    let response = raw.post("/tenant", &json!({event: webhook})).await;
    assert_eq!(response.status, 200, "{}", response.body);
}

async fn test(raw: &Raw, event: &str) -> Exchange {
    raw.post_empty(&format!("/tenant/{event}/test")).await
}

#[on_each_engine]
async fn event_is_sent_with_each_kind_of_credentials() {
    let server = server_allowing_loopback();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let challenge =
        "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
    for (event, properties, responses, expected) in [
        ("cdr_event", json!({"auth": "DISABLE"}), vec!["200 OK"], ""),
        (
            "extension_event",
            json!({"auth": "BASIC", "username": "alice-1", "password": "s3cret-Pass"}),
            vec!["204 No Content"],
            "Basic YWxpY2UtMTpzM2NyZXQtUGFzcw==",
        ),
        (
            "cdr_event",
            json!({"auth": "DIGEST", "username": "alice-1", "password": "s3cret-Pass"}),
            vec![challenge, "200 OK"],
            "Digest username=\"alice-1\"",
        ),
        (
            "extension_event",
            json!({"auth": "BEARER", "token": "t0ken"}),
            vec!["200 OK"],
            "Bearer t0ken",
        ),
    ] {
        let (address, received) = receiver(responses);
        let mut webhook = properties.clone();
        webhook["url"] = json!(format!("http://{address}/events"));
        save(&raw, event, webhook).await;
        let response = test(&raw, event).await;
        assert_eq!((response.status, response.body.as_str()), (200, ""), "{properties}");
        let received = received.join().unwrap();
        let last = received.last().unwrap();
        assert!(last.starts_with("POST /events HTTP/1.1\r\n"), "{last}");
        assert!(last.contains(&format!("\"{event}\"")), "{last}");
        assert_eq!(
            last.to_lowercase().contains("authorization:"),
            !expected.is_empty(),
            "{last}"
        );
        assert!(last.contains(expected), "{last}");
    }
}

#[on_each_engine]
async fn failed_delivery_is_reported() {
    let server = server_allowing_loopback();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let response = test(&raw, "cdr_event").await;
    assert_eq!(
        (response.status, response.codes()),
        (400, vec!["NO_WEBHOOK".to_owned()])
    );
    // A disabled event may lack credentials.
    save(
        &raw,
        "cdr_event",
        json!({"url": "http://127.0.0.1:9/", "auth": "BEARER"}),
    )
    .await;
    let response = test(&raw, "cdr_event").await;
    assert_eq!(
        (response.status, response.codes()),
        (400, vec!["NO_WEBHOOK".to_owned()])
    );

    let (address, received) = receiver(vec!["403 Forbidden"]);
    let webhook = json!({"url": format!("http://{address}/"), "auth": "BEARER", "token": "t0ken"});
    save(&raw, "cdr_event", webhook).await;
    let response = test(&raw, "cdr_event").await;
    assert_eq!((response.status, response.codes()), (400, vec!["UNKNOWN".to_owned()]));
    assert!(
        response.body.contains("403") && !response.body.contains("t0ken"),
        "{}",
        response.body
    );
    assert_eq!(received.join().unwrap().len(), 1);
}

#[on_each_engine]
async fn internal_addresses_are_blocked() {
    let server = server();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    save(&raw, "extension_event", json!({"url": url, "auth": "DISABLE"})).await;
    let response = test(&raw, "extension_event").await;
    assert_eq!((response.status, response.codes()), (400, vec!["UNKNOWN".to_owned()]));
    assert!(listener.accept().is_err(), "nobody came");
}

#[on_each_engine]
async fn callers_without_tenant_are_forbidden() {
    let server = server();
    let raw = server.raw_signed_in().await;
    assert_eq!(test(&raw, "cdr_event").await.status, 403);
    assert_eq!(test(&raw, "extension_event").await.status, 403);
}

/// More than the threads that the runtime has for blocking work.
const MANY: usize = 600;

#[on_each_engine]
async fn names_that_are_never_resolved_delay_only_their_tenant() {
    let server = start()
        .with_variable("PBX_TEST_RESOLVER", "1")
        .with_arguments(&["--webhook-allow", "127.0.0.0/8"])
        .ready();
    let hostile = server.raw_in(&server.tenant("hostile.example.com").await).await;
    let webhook = json!({"url": "http://events.silent.test/", "auth": "DISABLE"});
    save(&hostile, "cdr_event", webhook).await;
    let mut tests = JoinSet::new();
    // From several addresses, as one address has few connections.
    for source in 2..6 {
        let mut hostile_from = server.raw_from(&format!("127.0.0.{source}"));
        hostile_from.set_token(hostile.token().unwrap());
        for _ in 0..MANY / 4 {
            let hostile = hostile_from.clone();
            tests.spawn(async move { test(&hostile, "cdr_event").await });
        }
    }
    let others = async {
        let mut refused = Vec::new();
        // Two look-ups are in progress, and there was no thread for the other two of the tenant's requests.
        while refused.len() < MANY - 2 {
            refused.push(tests.join_next().await.unwrap().unwrap());
        }
        let other = server.raw_in(&server.tenant("other.example.com").await).await;
        let (address, received) = receiver(vec!["200 OK"]);
        let webhook = json!({"url": format!("http://localhost:{}/", address.port()), "auth": "DISABLE"});
        save(&other, "cdr_event", webhook).await;
        assert_eq!(test(&other, "cdr_event").await.status, 200);
        assert_eq!(received.join().unwrap().len(), 1);
        refused
    };
    let refused = tokio::time::timeout(Duration::from_secs(60), others).await;
    // Nobody else waits for the name servers of the tenant.
    for response in refused.unwrap() {
        let codes = vec!["TOO_MANY_REQUESTS".to_owned()];
        assert_eq!((response.status, response.codes()), (429, codes));
        assert!(response.header("retry-after").is_some() && response.header("x-ratelimit-limit").is_some());
    }
    let timed_out = tests.join_next().await.unwrap().unwrap();
    assert_eq!(timed_out.status, 400);
    assert!(timed_out.body.contains("did not respond within"), "{}", timed_out.body);
    let output = server.terminate();
    assert!(output.status.success(), "{}", output.stderr);
}
