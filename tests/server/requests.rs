//! Reading requests: bodies that no operation declares, numbers, byte order marks, and violations of schema and rules together.

use pbx_test_harness::{Exchange, connect_tls, on_each_engine};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::accounts::create_tenant;
use crate::{server, start};

/// Returns the place and the rule of each violation, without limits.
fn violations(response: &Exchange) -> Vec<String> {
    assert_eq!(response.status, 400, "{}", response.body);
    let errors = response.json();
    let errors = errors["errors"].as_array().unwrap().iter();
    let details = errors.map(|error| error["detail"].as_str().unwrap().to_owned());
    details
        .map(|detail| detail.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect()
}

#[on_each_engine]
async fn body_where_none_is_declared_is_refused_and_changes_nothing() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let tenant = create_tenant(&raw, "one.example.com").await;
    let switch = format!("/tenants/switch?id={tenant}");
    assert_eq!(raw.post(&switch, &json!({})).await.status, 200);
    assert_eq!(raw.get("/tenant", &[]).await.status, 200);

    let refused = raw.post("/tenants/switch", &json!({"id": tenant})).await;
    assert_eq!(violations(&refused), ["body#/id unexpected"]);
    assert!(
        refused.body.contains("send it as a query parameter"),
        "{}",
        refused.body
    );
    let form = raw.post_form("/tenants/switch", &[("id", &tenant)]).await;
    assert_eq!(violations(&form), ["body#/id unexpected"]);
    // The session is still switched.
    assert_eq!(raw.get("/tenant", &[]).await.status, 200);

    let path = format!("/tenants/{tenant}/destroy");
    assert_eq!(
        violations(&raw.post(&path, &json!({"id": tenant})).await),
        ["body#/id unexpected"]
    );
    for path in [
        &*path,
        "/auth/sign_out",
        "/im/token",
        "/sbc/token/destroy",
        "/login/oauth/revoke",
    ] {
        let refused = raw.post(path, &json!({"force": true})).await;
        assert_eq!(violations(&refused), ["body# unexpected"], "{path}");
        let text = raw.post_text(path, "text/plain", "please").await;
        assert_eq!(violations(&text), ["body# unexpected"], "{path}");
    }
    let get = raw
        .request(Method::GET, "/tenants")
        .json(&json!({"filter": "name eq 'x'"}));
    assert_eq!(violations(&raw.send_request(get).await), ["body#/filter unexpected"]);
    for nothing in ["", " \r\n", "{}", "null", "\u{feff}{ }"] {
        let accepted = raw.post_text("/im/token", "application/json", nothing).await;
        assert_eq!(accepted.status, 200, "{nothing:?}: {}", accepted.body);
    }
    let large = raw
        .post_text("/im/token", "application/json", "x".repeat(2 << 20))
        .await;
    assert_eq!(large.status, 413);
    assert_eq!(raw.get("/tenant", &[]).await.status, 200);
}

#[on_each_engine]
async fn numbers_that_a_double_does_not_keep_are_refused_by_name() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let tenant = create_tenant(&raw, "one.example.com").await;
    assert_eq!(
        raw.post_empty(&format!("/tenants/switch?id={tenant}")).await.status,
        200
    );
    let recharge = async |balance: &str| {
        let body = format!("{{\"balance\": {balance}}}");
        raw.post_text("/tenant/balance", "application/json", body).await
    };
    for bad in [
        "1.0000000000000000000001",
        "1e400",
        "-1e400",
        "1e-400",
        "10000000000000000000000001",
    ] {
        assert_eq!(violations(&recharge(bad).await), ["body#/balance number"], "{bad}");
    }
    let shown = async || {
        raw.get("/tenant/balance", &[]).await.json()["balance"]
            .as_f64()
            .unwrap()
    };
    assert!(shown().await.abs() < f64::EPSILON);
    for good in ["1.0", "1e2", "-0", "0.10000000000000000"] {
        assert_eq!(recharge(good).await.status, 200, "{good}");
    }
    assert!((shown().await - 101.1).abs() < 1e-9);

    let ranges = r#"{"office_hours": {"monday": {"ranges": [{"from": "09:00", "to": 1e999}]}}}"#;
    let response = raw.post_text("/tenant", "application/json", ranges).await;
    assert_eq!(violations(&response), ["body#/office_hours/monday/ranges/0/to number"]);
    for top in ["1e400", "1.0000000000000000000001", "18446744073709551617"] {
        let list = raw.get("/tenants", &[("top", top)]).await;
        assert_eq!(violations(&list), ["query#/top number"], "{top}");
    }
    assert_eq!(raw.get("/tenants", &[("top", "1e2")]).await.status, 200);
}

#[on_each_engine]
async fn byte_order_mark_before_json_is_skipped() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let rule = "\u{feff}{\"cidr\": \"192.0.2.0/24\", \"target\": \"DENY\"}";
    let created = raw.post_text("/ip_filters", "application/json", rule).await;
    assert_eq!(created.status, 200, "{}", created.body);
}

#[on_each_engine]
async fn violations_of_schema_and_rules_are_reported_together_and_once() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let tenant = json!({"name": "One", "domain": "not a domain", "timezone": "Nowhere", "currency": "euro", "region": "DEU", "x": 1});
    let response = raw.post("/tenants", &tenant).await;
    assert_eq!(
        violations(&response),
        [
            "body#/currency pattern",
            "body#/domain pattern",
            "body#/timezone format",
            "body#/x unknown"
        ]
    );
    assert_eq!(raw.get("/tenants", &[]).await.json()["count"], 0);

    let id = create_tenant(&raw, "one.example.com").await;
    let update = json!({"timezone": "Nowhere", "region": "DE", "x": null});
    let expected = ["body#/region pattern", "body#/timezone format", "body#/x unknown"];
    let response = raw.post(&format!("/tenants/{id}"), &update).await;
    assert_eq!(violations(&response), expected);
    // What the rules would say of an object that is not there, or of the caller, comes after the schema, as before.
    let unknown = raw.post("/tenants/1", &json!({"x": 1})).await;
    assert_eq!(violations(&unknown), ["body#/x unknown"]);

    let email = json!({"auth": "DISABLE", "type": "SMTP", "recipients": "a@x.org", "reply_to": "nobody"});
    let errors = raw.post("/admin/notification", &email).await;
    let places: Vec<String> = violations(&errors);
    let reply_to = places
        .iter()
        .filter(|place| place.starts_with("body#/reply_to "))
        .count();
    assert_eq!(reply_to, 1, "{places:?}");
}

#[on_each_engine]
async fn rules_of_objects_with_side_effects_are_reported_with_the_schema_too() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let tenant = create_tenant(&raw, "one.example.com").await;
    let within = server.raw_in(&tenant).await;
    let user = json!({
        "name": "alice", "password": "secret", "role": "Admin", "email": "alice", "display_name": "Alice",
        "extension_number": "777x", "extension_password": "secret", "x": 1,
    });
    let response = within.post("/users", &user).await;
    let found = violations(&response);
    assert!(found.contains(&"body#/x unknown".to_owned()), "{found:?}");
    assert!(
        found.contains(&"body#/password lowercase".to_owned()) || found.len() > 1,
        "{found:?}"
    );
    let dealer = json!({"name": "one", "password": "short", "level": "RESELLER", "x": 1});
    let found = violations(&raw.post("/dealers", &dealer).await);
    assert!(
        found.len() > 1 && found.contains(&"body#/x unknown".to_owned()),
        "{found:?}"
    );
    assert_eq!(raw.get("/dealers", &[]).await.json()["count"], 0);

    let before = raw.get("/transports", &[]).await.body;
    let transport = json!({"protocol": "UDP", "port": 0, "verification": true});
    violations(&raw.post("/transports", &transport).await);
    assert_eq!(raw.get("/transports", &[]).await.body, before);
}

#[on_each_engine]
async fn malformed_request_over_tls_gets_the_envelope() {
    let server = start().with_arguments(&["--tls-listen", "127.0.0.1:0"]).ready();
    let certificate = server.raw_signed_in().await.get("/key", &[]).await.json();
    let url: reqwest::Url = server.secure_base().parse().unwrap();
    let address = url.socket_addrs(|| None).unwrap()[0];
    let mut client = connect_tls(address, certificate["crt"].as_str().unwrap(), None)
        .await
        .unwrap();
    client.write_all(b"GET /api/network HTTP/9.9\r\n\r\n").await.unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 505 "), "{response}");
    assert!(response.contains("\r\nx-request-id: "), "{response}");
    assert!(
        response.contains("\"code\":\"HTTP_VERSION_NOT_SUPPORTED\""),
        "{response}"
    );
}
