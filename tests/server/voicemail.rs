//! `/voicemail`.

use futures_util::future::join_all;
use pbx_client::types::{UpdateVoicemailServer, VoicemailServer};
use pbx_client::{Client, Field};
use pbx_test_harness::{PASSWORD, on_each_engine};
use serde_json::json;

use crate::server;

async fn show(client: &Client) -> VoicemailServer {
    client.show_voicemail_server().send().await.unwrap().into_inner()
}

fn with_number(number: &str) -> UpdateVoicemailServer {
    UpdateVoicemailServer {
        extension_number: Field::Value(number.to_owned()),
        ..UpdateVoicemailServer::default()
    }
}

async fn status(client: &Client, body: UpdateVoicemailServer) -> u16 {
    match client.update_voicemail_server().body(body).send().await {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.status().unwrap().as_u16(),
    }
}

#[on_each_engine]
async fn new_tenant_has_documented_defaults_and_update_merges() {
    let server = server();
    let client = server.client_in(&server.tenant("one.example.com").await).await;
    let fresh = VoicemailServer {
        extension_number: Some("777".to_owned()),
        retain_days: Some(30),
        min_seconds: Some(1),
    };
    assert_eq!(show(&client).await, fresh);

    let update = UpdateVoicemailServer {
        retain_days: Field::Value(0),
        ..with_number("8000")
    };
    assert_eq!(status(&client, update).await, 200);
    let changed = VoicemailServer {
        extension_number: Some("8000".to_owned()),
        retain_days: Some(0),
        ..fresh.clone()
    };
    assert_eq!(show(&client).await, changed);

    let cleared = UpdateVoicemailServer {
        extension_number: Field::Null,
        retain_days: Field::Null,
        min_seconds: Field::Null,
    };
    assert_eq!(status(&client, cleared).await, 200);
    assert_eq!(show(&client).await, fresh);
}

#[on_each_engine]
async fn settings_of_tenants_are_separate() {
    let server = server();
    let (one, other) = (
        server.client_in(&server.tenant("one.example.com").await).await,
        server.client_in(&server.tenant("other.example.com").await).await,
    );
    assert_eq!(status(&one, with_number("8000")).await, 200);
    assert_eq!(show(&other).await.extension_number.as_deref(), Some("777"));
    // The same number in another tenant is no conflict.
    assert_eq!(status(&other, with_number("8000")).await, 200);
}

#[on_each_engine]
async fn number_in_use_within_tenant_is_409() {
    let server = server();
    let client = server.client_in(&server.tenant("one.example.com").await).await;
    for number in ["666", "555", "888"] {
        let update = UpdateVoicemailServer {
            retain_days: Field::Value(7),
            ..with_number(number)
        };
        assert_eq!(status(&client, update).await, 409, "{number}");
    }
    assert_eq!(
        show(&client).await.retain_days,
        Some(30),
        "a rejected update changes nothing"
    );
    // Its own number is no conflict.
    assert_eq!(status(&client, with_number("777")).await, 200);
}

#[on_each_engine]
async fn invalid_number_and_negative_values_are_rejected() {
    let server = server();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    for number in ["x123", "12", "12 3", "+4930123", &"1".repeat(65)] {
        let response = raw.post("/voicemail", &json!({"extension_number": number})).await;
        assert_eq!(
            (response.status, response.codes()[0].as_str()),
            (400, "VALIDATE_FAILED"),
            "{number}"
        );
    }
    let response = raw
        .post("/voicemail", &json!({"retain_days": -1, "min_seconds": -1}))
        .await;
    assert_eq!((response.status, response.codes().len()), (400, 2));
}

#[on_each_engine]
async fn callers_without_tenant_are_forbidden() {
    let server = server();
    let raw = server.raw_signed_in().await;
    assert_eq!(raw.get("/voicemail", &[]).await.status, 403);
    assert_eq!(raw.post("/voicemail", &json!({"min_seconds": 2})).await.status, 403);
}

#[on_each_engine]
async fn one_of_concurrent_claims_to_number_succeeds() {
    let server = server();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let user = |at: usize| {
        json!({
            "name": format!("user-{at}"), "password": PASSWORD, "email": "u@example.com", "display_name": "U",
            "role": "StandardUser", "extension_number": "8000", "extension_password": PASSWORD,
        })
    };
    let voicemail = json!({"extension_number": "8000"});
    let claims = (0..12).map(|at| {
        let (raw, voicemail, user) = (&raw, &voicemail, user(at));
        async move {
            match at % 2 {
                0 => raw.post("/voicemail", voicemail).await,
                _ => raw.post("/users", &user).await,
            }
        }
    });
    let responses = join_all(claims).await;
    let of = |status: u16, from: usize| {
        responses
            .iter()
            .skip(from)
            .step_by(2)
            .filter(|response| response.status == status)
            .count()
    };
    // Setting the present number again is no conflict.
    let held = (of(200, 0), of(201, 1), of(409, 0), of(409, 1));
    assert!(matches!(held, (6, 0, 0, 6) | (0, 1, 6, 5)), "{held:?} {responses:?}");
    let shown = raw.get("/voicemail", &[]).await.json();
    assert_eq!(shown["extension_number"] == "8000", held.0 == 6);
}

#[on_each_engine]
async fn concurrent_updates_reserve_one_number() {
    let server = server();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let bodies: Vec<_> = (0..20)
        .map(|at| json!({"extension_number": format!("80{at:02}")}))
        .collect();
    let responses = join_all(bodies.iter().map(|body| raw.post("/voicemail", body))).await;
    assert!(responses.iter().all(|response| response.status == 200), "{responses:?}");
    let last = raw.get("/voicemail", &[]).await.json();
    // Every number but the last one is free again, and so is 777.
    for body in bodies.iter().chain([&json!({"extension_number": "777"})]) {
        assert_eq!(raw.post("/voicemail", body).await.status, 200, "{body} after {last}");
    }
}
