//! The error envelope, for every kind of failure that a client can cause.

use pbx_test_harness::{Redactions, on_each_engine};
use reqwest::Method;
use serde_json::json;

use crate::server;

#[on_each_engine]
async fn error_bodies() {
    let server = server();
    let anonymous = server.raw();
    let mut invalid = server.raw();
    invalid.set_token(&"A".repeat(48));
    let raw = server.raw_signed_in().await;
    raw.post("/ip_filters", &json!({"cidr": "192.0.2.0/24", "target": "DENY"}))
        .await;
    let long = format!("{{\"description\":\"{}\"}}", "x".repeat(2 << 20));
    let exchanges = [
        anonymous.get("/network", &[]).await,
        invalid.get("/network", &[]).await,
        anonymous
            .post("/auth/sign_in", &json!({"username": "admin", "password": "wrong"}))
            .await,
        anonymous
            .post("/auth/sign_in", &json!({"username": "", "user": "admin"}))
            .await,
        anonymous
            .post("/auth/refresh_token", &json!({"refresh_token": "unknown"}))
            .await,
        anonymous
            .post_form("/login/oauth/token", &[("grant_type", "password")])
            .await,
        anonymous
            .post_form("/login/oauth/token", &[("grant_type", "implicit")])
            .await,
        raw.post_text("/ip_filters", "application/json", "{\"cidr\":").await,
        raw.post_text("/ip_filters", "text/plain", "{}").await,
        raw.post_text("/ip_filters", "application/json", "[]").await,
        raw.post_text("/ip_filters", "application/json", long).await,
        raw.post_empty("/ip_filters").await,
        raw.post("/ip_filters", &json!({})).await,
        raw.post(
            "/ip_filters",
            &json!({"cidr": 1, "target": "ALLOW", "expire_at": "soon", "id": "1"}),
        )
        .await,
        raw.post("/ip_filters", &json!({"cidr": "300.0.0.1", "target": "DENY"}))
            .await,
        raw.post("/ip_filters", &json!({"cidr": "192.0.2.9/24", "target": "ACCEPT"}))
            .await,
        raw.post(
            "/network",
            &json!({"private_ipv4": "127.0.0.1", "web_domain": "https://pbx.example.com/"}),
        )
        .await,
        raw.get("/ip_filters", &[("skip", "-1"), ("top", "1000"), ("limit", "5")])
            .await,
        raw.get(
            "/ip_filters",
            &[
                ("filter", "cidr is '10.0.0.1'"),
                ("orderby", "size"),
                ("search", "\"open"),
            ],
        )
        .await,
        raw.get("/ip_filters/1", &[]).await,
        raw.post_empty("/ip_filters/1/destroy").await,
        raw.get("/nowhere", &[]).await,
        raw.send_empty(Method::DELETE, "/ip_filters").await,
        raw.send_empty(Method::HEAD, "/network").await,
    ];
    let mut redactions = Redactions::default();
    let text: Vec<String> = exchanges
        .iter()
        .map(|exchange| redactions.apply(&exchange.transcript()))
        .collect();
    insta::allow_duplicates! {
        insta::assert_snapshot!(text.join("\n"));
    }
}

#[on_each_engine]
async fn every_response_has_unique_request_id() {
    let server = server();
    let raw = server.raw();
    let (one, other) = (raw.get("/network", &[]).await, raw.get("/nowhere", &[]).await);
    assert!(one.header("x-request-id").is_some());
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[on_each_engine]
async fn string_with_nul_is_rejected_everywhere() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let rule = json!({"cidr": "192.0.2.0/24", "target": "DENY", "description": "a\u{0}b"});
    for response in [
        raw.post("/ip_filters", &rule).await,
        raw.get("/ip_filters", &[("filter", "description eq '\u{0}'")]).await,
        raw.get("/ip_filters", &[("search", "\u{0}")]).await,
        raw.post("/auth/sign_in", &json!({"username": "\u{0}", "password": "x"}))
            .await,
    ] {
        assert_eq!(
            (response.status, response.codes()),
            (400, vec!["VALIDATE_FAILED".to_owned()])
        );
    }
}
