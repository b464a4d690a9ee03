//! A PostgreSQL that does not respond, that has no connection left, or a system without descriptors: only what depends on it fails,
//! and soon.

use std::time::Duration;

use futures_util::future::join_all;
use pbx_test_harness::{Engine, Exchange, Proxy, Raw, Start};
use serde_json::json;
#[cfg(target_os = "linux")]
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Nothing takes longer than this, however busy the machine.
const SOON: Duration = Duration::from_secs(30);

async fn soon<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, event).await.unwrap()
}

/// Returns how to start a server that reaches its database through a proxy.
fn behind_proxy() -> Option<(Start, Proxy)> {
    let start = Start::on(Engine::Postgres)?;
    let proxy = Proxy::start(start.postgres().unwrap());
    Some((start.through(proxy.url()), proxy))
}

/// Creates an IP rule whose COMMIT stalls, and returns when it does.
async fn stall(proxy: &Proxy, raw: &Raw, description: &'static str) -> tokio::task::JoinHandle<Exchange> {
    proxy.stall_commit_of(description);
    let body = json!({"cidr": "198.51.100.0/24", "target": "ACCEPT", "description": description});
    let caller = raw.clone();
    let pending = tokio::spawn(async move { caller.post("/ip_filters", &body).await });
    tokio::task::block_in_place(|| proxy.wait_for_stalled(1));
    pending
}

async fn write(raw: &Raw, number: usize) -> [u16; 2] {
    let body = json!({"cidr": format!("192.0.2.{number}"), "target": "ACCEPT"});
    // All of these conflict with each other.
    let network = json!({"private_ipv4": format!("10.0.0.{number}")});
    let (rule, network) = tokio::join!(raw.post("/ip_filters", &body), raw.post("/network", &network));
    [rule.status, network.status]
}

#[tokio::test(flavor = "multi_thread")]
async fn stalled_commit_holds_up_neither_other_writers_nor_the_end() {
    let Some((start, proxy)) = behind_proxy() else { return };
    // So the transaction is stalled until the end.
    let server = start.with_arguments(&["--database-commit", "3600"]).ready();
    let raw = server.raw_signed_in().await;
    let pending = stall(&proxy, &raw, "a stalled rule").await;
    let written = soon(join_all((1..=20).map(|number| write(&raw, number)))).await;
    assert_eq!(written, [[200, 200]; 20]);
    assert!(!pending.is_finished());
    let ended = soon(tokio::task::spawn_blocking(|| server.terminate())).await.unwrap();
    assert!(ended.status.success(), "{}", ended.stderr);
    pending.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn outcome_of_stalled_commit_is_reported_as_unknown() {
    let Some((start, proxy)) = behind_proxy() else { return };
    let server = start.ready();
    let raw = server.raw_signed_in().await;
    let pending = stall(&proxy, &raw, "a stalled rule").await;
    let exchange = soon(pending).await.unwrap();
    assert_eq!((exchange.status, exchange.header("retry-after")), (503, None));
    let error = exchange.json();
    assert_eq!(error["errors"][0]["code"], "OUTCOME_UNKNOWN", "{error}");
    let rules = soon(raw.get("/ip_filters", &[])).await.json();
    assert_eq!(
        rules["items"][0]["description"], "a stalled rule",
        "it was saved: {rules}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen_database_is_reported_soon_and_used_again_when_it_responds() {
    let Some((start, proxy)) = behind_proxy() else { return };
    let server = start.ready();
    let raw = server.raw_signed_in().await;
    let anonymous = server.raw();
    let rule = json!({"cidr": "192.0.2.0/24", "target": "ACCEPT"});
    assert_eq!(anonymous.get("/nothing", &[]).await.status, 404);

    proxy.freeze();
    // More than there are connections.
    let reads = soon(join_all((0..64).map(|_| raw.get("/ip_filters", &[])))).await;
    let refused = |exchange: &Exchange| (exchange.status, exchange.header("retry-after")) == (503, Some("1"));
    assert!(reads.iter().all(refused), "{:?}", reads.iter().find(|it| !refused(it)));
    let writes = soon(join_all((0..64).map(|_| raw.post("/ip_filters", &rule)))).await;
    assert!(
        writes.iter().all(refused),
        "{:?}",
        writes.iter().find(|it| !refused(it))
    );
    // The IP rules of before are in force.
    assert_eq!(soon(anonymous.get("/nothing", &[])).await.status, 404);

    proxy.thaw();
    let served = async { while raw.get("/ip_filters", &[]).await.status != 200 {} };
    soon(served).await;
    assert_eq!(soon(raw.post("/ip_filters", &rule)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn server_with_frozen_database_ends_on_sigterm() {
    let Some((start, proxy)) = behind_proxy() else { return };
    let server = start.ready();
    let raw = server.raw_signed_in().await;
    proxy.freeze();
    let body = json!({"cidr": "192.0.2.0/24", "target": "ACCEPT"});
    let pending = tokio::spawn(async move { raw.post("/ip_filters", &body).await.status });
    let ended = soon(tokio::task::spawn_blocking(|| server.terminate())).await.unwrap();
    assert!(ended.status.success(), "{}", ended.stderr);
    pending.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn open_connections_are_used_when_the_database_permits_no_more() {
    let Some(start) = Start::on(Engine::Postgres) else {
        return;
    };
    let server = start.ready();
    let raw = server.raw_signed_in().await;
    start.postgres().unwrap().limit_connections(1);
    let reads = join_all((0..64).map(|_| raw.get("/ip_filters", &[])));
    let writes = join_all((1..=16).map(|number| write(&raw, number)));
    let (reads, writes) = soon(async { tokio::join!(reads, writes) }).await;
    assert!(reads.iter().all(|exchange| exchange.status == 200), "{reads:?}");
    assert_eq!(writes, [[200, 200]; 16]);
}

/// Sends a request on an open connection to the server, and returns the status.
#[cfg(target_os = "linux")]
async fn status(stream: &mut TcpStream, path: &str, token: &str) -> u16 {
    let request = format!("GET /api{path} HTTP/1.1\r\nHost: pbx\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    // Every response here is JSON in one object, so it ends with the brace that closes it.
    while !response.ends_with(b"}") {
        assert!(stream.read_buf(&mut response).await.unwrap() > 0);
    }
    let response = String::from_utf8(response).unwrap();
    response.split(' ').nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn open_connections_are_used_when_the_system_has_no_descriptors_left() {
    let Some(start) = Start::on(Engine::Postgres) else {
        return;
    };
    let server = start.ready();
    let raw = server.raw_signed_in().await;
    let token = raw.token().unwrap();
    let pid = server.pid().to_string();
    let limit_descriptors = |number: usize| {
        let mut command = std::process::Command::new("prlimit");
        command.args(["--pid", &pid, &format!("--nofile={number}:")]).status()
    };
    let address = server.base().strip_prefix("http://").unwrap();
    let address = address.strip_suffix("/api").unwrap();
    let mut streams = Vec::new();
    for _ in 0..16 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(soon(status(&mut stream, "/nothing", token)).await, 404);
        streams.push(stream);
    }
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    match limit_descriptors(descriptors) {
        Ok(status) => assert!(status.success()),
        Err(error) => {
            eprintln!("SKIPPED: prlimit (util-linux): {error}");
            return;
        }
    }
    let reads = streams.iter_mut().map(|stream| status(stream, "/ip_filters", token));
    assert_eq!(soon(join_all(reads)).await, [200; 16]);
    limit_descriptors(1024).unwrap();
    let log = server.terminate().stderr;
    assert!(!log.contains("panicked"), "{log}");
}
