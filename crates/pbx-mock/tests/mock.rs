//! The mock server, through the client, and through plain HTTP for requests that the client does not send.

// Clippy's exemption for tests does not cover helpers.
#![allow(clippy::unwrap_used)]

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use pbx_client::{Error, Field, ResponseExt as _, reqwest, types};
use pbx_mock::{MockServer, Response};
use serde_json::{Value, json};

/// Sends a request. Returns the status, headers and body of the response.
async fn send(server: &MockServer, method: &str, path: &str, body: &str) -> (u16, reqwest::header::HeaderMap, String) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    // Installs the TLS provider, which the plain client needs as well.
    let _ = server.client();
    let http = reqwest::Client::new();
    let request = http
        .request(method, format!("{}{path}", server.url()))
        .body(body.to_owned());
    let response = request.send().await.unwrap();
    (
        response.status().as_u16(),
        response.headers().clone(),
        response.text().await.unwrap(),
    )
}

/// Returns the message of a panic.
fn failure(test: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(AssertUnwindSafe(test)).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

fn create() -> types::CreateIpRule {
    types::CreateIpRule::new("192.0.2.0/24", types::IpRuleTarget::Deny).description("test network")
}

#[tokio::test]
async fn entity_tags_are_sent_expected_and_refused() {
    let server = MockServer::start();
    server.show_key(|_, then| {
        then.ok(types::CertificateKey::default()).etag("\"1\"");
    });
    server.update_key(|when, then| {
        when.if_match("\"1\"");
        then.no_content();
    });
    server.update_key(|_, then| {
        then.precondition_failed(&["crt"]);
    });
    let client = server.client();
    let shown = client.show_key().send().await.unwrap();
    assert_eq!(shown.etag(), Some("\"1\""));
    let update = |etag: &str| {
        let body = types::UpdateCertificateKey::new("crt", "key");
        client.update_key().if_match(etag).body(body).send()
    };
    update("\"1\"").await.unwrap();
    let error = update("\"2\"").await.unwrap_err();
    assert!(matches!(error, Error::PreconditionFailed(_)), "{error:?}");
}

#[tokio::test]
async fn body_matches_exactly_partially_or_by_predicate() {
    let server = MockServer::start();
    let whole = server.create_ip_rule(|when, then| {
        when.body(create());
        then.ok(types::CreatedIpRule::default().id("1"));
    });
    let part = server.create_ip_rule(|when, then| {
        when.body_includes(json!({"target": "ACCEPT"}));
        then.ok(types::CreatedIpRule::default().id("2"));
    });
    let rest = server.create_ip_rule(|when, then| {
        when.matches("short", |request| request.body().len() < 1000);
        then.ok(types::CreatedIpRule::default().id("3"));
    });
    let client = server.client();
    let mut ids = Vec::new();
    for body in [
        create(),
        create().description("another"),
        types::CreateIpRule::new("10.0.0.0/8", types::IpRuleTarget::Accept),
    ] {
        ids.push(
            client
                .create_ip_rule()
                .body(body)
                .send()
                .await
                .unwrap()
                .into_inner()
                .id
                .unwrap(),
        );
    }
    assert_eq!(ids, ["1", "3", "2"]);
    for mock in [&whole, &part, &rest] {
        mock.assert();
    }
    let sent: Value = rest.requests()[0].json().unwrap();
    assert_eq!(sent["description"], "another");
}

#[tokio::test]
async fn update_matches_with_its_nulls() {
    let server = MockServer::start();
    let update = types::UpdateIpRule::default().description("x").expire_at(Field::Null);
    let mock = server.update_ip_rule(|when, then| {
        when.id("a/b c").body(&update).authenticated("T0K3N");
        then.ok();
    });
    let client = server.client_with_token("T0K3N");
    client.update_ip_rule().id("a/b c").body(update).send().await.unwrap();
    mock.assert();
    assert_eq!(mock.requests()[0].path(), "/api/ip_filters/a%2Fb%20c");
}

#[tokio::test]
async fn parameters_match_present_or_absent() {
    let server = MockServer::start();
    let first = server.list_ip_rules(|when, then| {
        when.filter("target eq 'DENY'").top(10).skip(None);
        then.items([types::IpRule::default().id("1")]);
    });
    let client = server.client();
    let list = client
        .list_ip_rules()
        .filter("target eq 'DENY'")
        .top(10)
        .send()
        .await
        .unwrap();
    assert_eq!(list.items[0].id, Some("1".into()));
    first.assert();

    let (status, _, body) = send(&server, "GET", "/ip_filters?$filter=target%20eq%20'DENY'&top=10", "").await;
    assert_eq!(status, 200, "another spelling of the parameter: {body}");

    let (status, _, body) = send(&server, "GET", "/ip_filters?filter=x&top=10&skip=5", "").await;
    assert_eq!(status, 501);
    for line in [
        "GET /api/ip_filters (listIpRules): no mock of this operation matches",
        r#"query filter: expected \"target eq 'DENY'\", was \"x\""#,
        r#"query skip: expected to be absent, was \"5\""#,
        "tests/mock.rs:",
    ] {
        assert!(body.contains(line), "{line}\n{body}");
    }
    assert_eq!(server.take_unmatched().len(), 1);
}

#[tokio::test]
async fn list_is_paginated() {
    let server = MockServer::start();
    let rules: Vec<_> = (0..25).map(|n| types::IpRule::default().id(n.to_string())).collect();
    let mock = server.list_ip_rules(|_, then| {
        then.items(&rules);
    });
    let client = server.client();
    let mut seen = Vec::new();
    for skip in [0, 10, 20, 30] {
        let page = client
            .list_ip_rules()
            .skip(skip)
            .top(10)
            .send()
            .await
            .unwrap()
            .into_inner();
        assert_eq!(page.count, Some(25));
        seen.push(page.items.len());
    }
    assert_eq!(seen, [10, 10, 5, 0]);
    mock.assert_calls(4);
}

#[tokio::test]
async fn errors_have_the_envelope_of_the_api() {
    let server = MockServer::start();
    server.show_key(|_, then| {
        then.validation([("/a", "maximum 5", "is bad"), ("/b", "", "too")])
            .up_to_n_times(1);
    });
    server.show_key(|_, then| {
        then.rate_limited(Duration::from_millis(1500))
            .header("X-More", "1")
            .up_to_n_times(1);
    });
    server.show_key(|_, then| {
        then.unauthorized().up_to_n_times(1);
    });
    server.show_key(|_, then| {
        then.error(409, "BUSY", "m");
    });
    let (status, headers, body) = send(&server, "GET", "/key", "").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &headers["content-type"]),
        (400, &"application/json".parse().unwrap())
    );
    assert_eq!(
        body["errors"],
        json!([
            {"code": "VALIDATE_FAILED", "message": "is bad", "detail": "body#/a maximum 5"},
            {"code": "VALIDATE_FAILED", "message": "too", "detail": "body#/b"},
        ])
    );
    let (status, headers, _) = send(&server, "GET", "/key", "").await;
    assert_eq!(
        (status, &headers["retry-after"], &headers["x-more"]),
        (429, &"2".parse().unwrap(), &"1".parse().unwrap())
    );
    let (status, headers, _) = send(&server, "GET", "/key", "").await;
    assert!(status == 401 && headers.contains_key("www-authenticate"));
    let (status, _, body) = send(&server, "GET", "/key", "").await;
    assert_eq!((status, body.contains("BUSY")), (409, true));
}

#[tokio::test]
async fn undocumented_responses_can_be_sent() {
    let server = MockServer::start();
    server.show_key(|_, then| {
        then.raw(502, "text/html", "<h1>Bad gateway</h1>").up_to_n_times(1);
    });
    server.show_key(|_, then| {
        then.respond_with(|request| Response::json(200, &json!({"was": request.method()})));
    });
    server.export_ip_rules(|_, then| {
        then.file("règles.csv", *b"cidr\n\xff").delay(Duration::from_millis(1));
    });
    let (status, headers, body) = send(&server, "GET", "/key", "").await;
    assert_eq!((status, body.as_str()), (502, "<h1>Bad gateway</h1>"));
    assert_eq!(headers["content-type"], "text/html");
    assert_eq!(send(&server, "GET", "/key", "").await.2, r#"{"was":"GET"}"#);
    let (status, headers, _) = send(&server, "GET", "/ip_filters/export", "").await;
    assert_eq!(status, 200);
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"r_gles.csv\"; filename*=UTF-8''r%C3%A8gles%2Ecsv"
    );
}

#[tokio::test]
async fn literal_segment_takes_precedence_over_parameter() {
    let server = MockServer::start();
    let update = server.update_tenant(|_, then| {
        then.ok();
    });
    let (status, _, body) = send(&server, "POST", "/tenants/switch", "{}").await;
    assert_eq!(status, 501);
    assert!(
        body.contains("POST /api/tenants/switch (switchTenants): there is no mock of this operation"),
        "{body}"
    );
    update.assert_calls(0);
    assert_eq!(send(&server, "POST", "/tenants/7", "{}").await.0, 200);
    update.assert();
    assert_eq!(server.take_unmatched().len(), 1);
}

#[tokio::test]
async fn request_outside_of_the_api_is_explained() {
    let server = MockServer::start();
    for (method, path, expected) in [
        (
            "DELETE",
            "/tenants/7",
            "operations with this path have the method GET or POST",
        ),
        ("GET", "/nothing", "no operation has this path"),
        ("GET", "x/tenants", "paths of the API begin with `/api`"),
    ] {
        let (status, _, body) = send(&server, method, path, "").await;
        assert_eq!((status, body.contains(expected)), (501, true), "{body}");
    }
    server.take_unmatched();
    // Such requests can be mocked with httpmock.
    let mock = server.httpmock(|when, then| {
        when.path("/api/nothing");
        then.status(204);
    });
    assert_eq!(send(&server, "GET", "/nothing", "").await.0, 204);
    mock.assert();
}

#[tokio::test]
async fn exhausted_and_deleted_mocks_are_explained() {
    let server = MockServer::start();
    let once = server.show_key(|_, then| {
        then.not_found().up_to_n_times(1);
    });
    let more = server.show_key(|when, then| {
        when.httpmock(|when| when.header_exists("x-never"));
        then.forbidden();
    });
    assert_eq!(send(&server, "GET", "/key", "").await.0, 404);
    send(&server, "GET", "/key", "").await;
    more.delete();
    once.delete();
    send(&server, "GET", "/key", "").await;
    let messages = server.take_unmatched();
    assert!(
        messages[0].contains("has answered its limit of 1 request"),
        "{}",
        messages[0]
    );
    assert!(
        messages[0].contains("a condition of httpmock is not met"),
        "{}",
        messages[0]
    );
    assert!(
        messages[1].contains("there is no mock of this operation"),
        "{}",
        messages[1]
    );
}

#[tokio::test]
async fn failed_assertion_lists_the_differences() {
    let server = MockServer::start();
    let mock = server.create_ip_rule(|when, then| {
        when.body(create());
        then.ok(types::CreatedIpRule::default());
    });
    send(
        &server,
        "POST",
        "/ip_filters",
        r#"{"cidr":"192.0.2.0/24","target":"DENY","more":1}"#,
    )
    .await;
    send(&server, "POST", "/ip_filters", "no JSON").await;
    let message = failure(|| mock.assert());
    for line in [
        "the mock of createIpRule at crates/pbx-mock/tests/mock.rs:",
        " matched 0 requests, expected 1",
        "body /description: expected \"test network\", was absent",
        "body /more: expected to be absent, was 1",
        "body: cannot be read as JSON (",
        "was \"no JSON\"",
    ] {
        assert!(message.contains(line), "{line}\n{message}");
    }
}

#[tokio::test]
async fn unmatched_request_fails_the_test() {
    let server = MockServer::start();
    send(&server, "GET", "/key", "").await;
    let message = failure(|| drop(server));
    assert!(message.contains("1 request(s) matched no mock"), "{message}");
    assert!(
        message.contains("GET /api/key (showKey): there is no mock of this operation"),
        "{message}"
    );
}

#[test]
fn mock_without_response_is_rejected() {
    let server = MockServer::start();
    let message = failure(|| {
        server.show_key(|when, _| {
            when.anonymous();
        });
    });
    assert!(message.contains("the mock of showKey has no response"), "{message}");
}
