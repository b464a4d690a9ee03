//! The audit log, as an operator reads it.

use jiff::SignedDuration;
use pbx_test_harness::{Exchange, PASSWORD, Server, Start, on_each_engine};
use serde_json::{Value, json};

use crate::{server, start};

/// Returns the entries so far; the server may be running.
pub(crate) fn audit(start: &Start, arguments: &[&str]) -> Vec<Value> {
    let output = start.run("audit", &[&["--database", start.database()], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    let lines = output.stdout.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns an entry in one line: action, object, actor, address and fields.
fn summary(entry: &Value) -> String {
    let fields = entry["fields"].as_array().unwrap();
    let fields: Vec<&str> = fields.iter().map(|field| field.as_str().unwrap()).collect();
    let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    format!(
        "{} {} by {} {} from {} [{}]",
        text("action"),
        text("object_type"),
        text("role"),
        text("account_name"),
        text("address"),
        fields.join(" ")
    )
}

/// Makes some changes; returns the response to the first of them, which created a rule.
async fn make_changes(server: &Server) -> Exchange {
    let raw = server.raw_signed_in().await;
    let rule = raw
        .post("/ip_filters", &json!({"cidr": "192.0.2.0/24", "target": "DENY"}))
        .await;
    let path = format!("/ip_filters/{}", rule.json()["id"].as_str().unwrap());
    raw.post(&path, &json!({"description": "a remark", "target": "DENY"}))
        .await;
    raw.post(&path, &json!({"target": "DENY"})).await;
    raw.post("/network", &json!({"private_ipv4": "10.0.0.2", "enable_ipv6": true}))
        .await;
    raw.post_empty(&format!("{path}/destroy")).await;
    raw.post_empty("/auth/sign_out").await;
    rule
}

#[on_each_engine]
async fn entry_has_actor_address_action_object_and_fields() {
    let server = server();
    let rule = make_changes(&server).await;
    let entries = audit(&server.start(), &[]);
    let text: Vec<String> = entries.iter().map(summary).collect();
    insta::allow_duplicates! {
        insta::assert_snapshot!(text.join("\n"), @r"
    CREATE USER by - - from - [name password role]
    LOGIN USER by SystemAdmin admin from 127.0.0.1 []
    CREATE IP_BLACKLIST by SystemAdmin admin from 127.0.0.1 [cidr target]
    UPDATE IP_BLACKLIST by SystemAdmin admin from 127.0.0.1 [description]
    UPDATE SYSTEM by SystemAdmin admin from 127.0.0.1 [private_ipv4]
    DELETE IP_BLACKLIST by SystemAdmin admin from 127.0.0.1 []
    LOGOUT USER by SystemAdmin admin from 127.0.0.1 []
    ");
    }
    assert_eq!(entries[2]["object_id"], rule.json()["id"]);
    assert_eq!(entries[4]["object_id"], "network");
    // The request ID is that of the log.
    assert_eq!(entries[2]["request_id"].as_str(), rule.header("x-request-id"));
    assert_eq!(entries[0]["request_id"], Value::Null);
    let at = |entry: &Value| entry["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(entries.windows(2).all(|pair| at(&pair[0]) <= at(&pair[1])));

    let since = entries[3]["at"].as_str().unwrap().to_owned();
    assert_eq!(audit(&server.start(), &["--since", &since]), entries[3..]);
}

#[on_each_engine]
async fn rejected_or_failed_request_adds_no_entry() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let before = audit(&server.start(), &[]).len();
    raw.post("/ip_filters", &json!({"cidr": "nowhere", "target": "DENY"}))
        .await;
    raw.post("/network", &json!({"private_ipv4": "127.0.0.1"})).await;
    raw.post_empty("/ip_filters/1/destroy").await;
    raw.get("/ip_filters", &[]).await;
    raw.post("/users", &json!({"name": "nobody"})).await;
    assert_eq!(audit(&server.start(), &[]).len(), before);
}

#[on_each_engine]
async fn entries_survive_restart_and_contain_no_secret() {
    let server = server();
    make_changes(&server).await;
    let start = server.start();
    server.terminate();
    let entries = audit(&start, &[]);
    assert!(entries.len() > 5);
    let text = Value::Array(entries).to_string();
    for secret in [PASSWORD, "10.0.0.2", "a remark"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[on_each_engine]
fn missing_database_is_not_created() {
    let start = start();
    let missing = start.directory().join("missing.db");
    let output = start.run("audit", &["--database", missing.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!missing.exists());
}

#[on_each_engine]
fn database_without_schema_is_refused() {
    let start = start();
    if start.postgres().is_some() {
        let output = start.run("audit", &["--database", start.database()]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(
            output.stderr.contains("start this version of pbx-server on it once"),
            "{output:?}"
        );
    }
}

#[on_each_engine]
async fn entries_expire_after_audit_days() {
    let (start, clock) = start().with_arguments(&["--audit-days", "30"]).with_clock();
    let server = start.ready();
    make_changes(&server).await;
    let start = server.start();
    let first = audit(&start, &[]).len();
    clock.advance(SignedDuration::from_hours(29 * 24));
    make_changes(&server).await;
    let second = audit(&start, &[]).len() - first;
    assert!(second > 0, "no entry has expired yet");
    clock.advance(SignedDuration::from_hours(2 * 24));
    // The server deletes old entries when it notices that an hour has passed.
    while audit(&start, &[]).len() > second {
        tokio::task::yield_now().await;
    }
    let left = audit(&start, &[]);
    assert_eq!((left.len(), &left[0]["action"]), (second, &json!("LOGIN")));
}
