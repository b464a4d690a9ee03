//! A session as a user would type it.

use pbx_test_harness::{ADMINISTRATOR, PASSWORD, Redactions, on_each_engine};
use serde_json::json;

use crate::server;

#[on_each_engine]
async fn session() {
    let server = server();
    let mut raw = server.raw();
    let mut session = vec![
        raw.post(
            "/auth/sign_in",
            &json!({"username": ADMINISTRATOR, "password": PASSWORD}),
        )
        .await,
    ];
    raw.set_token(session[0].json()["access_token"].as_str().unwrap());

    session.push(raw.get("/auth/user", &[]).await);
    session.push(
        raw.post(
            "/network",
            &json!({"private_ipv4": "10.0.0.2", "web_domain": "pbx.example.com"}),
        )
        .await,
    );
    session.push(raw.get("/network", &[]).await);
    let rule = json!({"cidr": "192.0.2.77/24", "target": "DENY", "expire_at": "2090-01-01T01:00:00+01:00", "description": "scanner"});
    let created = raw.post("/ip_filters", &rule).await;
    let path = format!("/ip_filters/{}", created.json()["id"].as_str().unwrap());
    session.push(created);
    session.push(
        raw.post("/ip_filters", &json!({"cidr": "2001:db8::1", "target": "ACCEPT"}))
            .await,
    );
    session.push(
        raw.get(
            "/ip_filters",
            &[("filter", "target eq 'DENY' and startswith(cidr,'192.')")],
        )
        .await,
    );
    session.push(raw.get("/ip_filters", &[("orderby", "cidr desc"), ("top", "1")]).await);
    session.push(raw.post(&path, &json!({"expire_at": null})).await);
    session.push(raw.get(&path, &[]).await);
    session.push(raw.get("/ip_filters/export", &[]).await);
    session.push(raw.post_empty(&format!("{path}/destroy")).await);
    session.push(raw.get(&path, &[]).await);
    session.push(raw.post_empty("/auth/sign_out").await);
    session.push(raw.get("/auth/user", &[]).await);

    let mut redactions = Redactions::default();
    let text: Vec<String> = session
        .iter()
        .map(|exchange| redactions.apply(&exchange.transcript()))
        .collect();
    insta::allow_duplicates! {
        insta::assert_snapshot!(text.join("\n"));
    }
}
