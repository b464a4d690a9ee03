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

fn numbered(number: &str) -> UpdateVoicemailServer {
    UpdateVoicemailServer {
        extension_number: Field::Value(number.to_owned()),
        ..UpdateVoicemailServer::default()
    }
}

async fn status(client: &Client, body: UpdateVoicemailServer) -> u16 {
    match client.update_voicemail_server().body(body).send().await {
        Ok(answer) => answer.status().as_u16(),
        Err(error) => error.status().unwrap().as_u16(),
    }
}

#[on_each_engine]
async fn a_new_tenant_has_the_documented_server_and_an_update_changes_what_it_names() {
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
        ..numbered("8000")
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
async fn each_tenant_has_its_own() {
    let server = server();
    let (one, other) = (
        server.client_in(&server.tenant("one.example.com").await).await,
        server.client_in(&server.tenant("other.example.com").await).await,
    );
    assert_eq!(status(&one, numbered("8000")).await, 200);
    assert_eq!(show(&other).await.extension_number.as_deref(), Some("777"));
    // The number of another tenant is in nobody's way.
    assert_eq!(status(&other, numbered("8000")).await, 200);
}

#[on_each_engine]
async fn a_number_that_something_else_of_the_tenant_has_is_a_conflict() {
    let server = server();
    let client = server.client_in(&server.tenant("one.example.com").await).await;
    for number in ["666", "555", "888"] {
        let update = UpdateVoicemailServer {
            retain_days: Field::Value(7),
            ..numbered(number)
        };
        assert_eq!(status(&client, update).await, 409, "{number}");
    }
    assert_eq!(
        show(&client).await.retain_days,
        Some(30),
        "a refused update changes nothing"
    );
    // Its own number is none.
    assert_eq!(status(&client, numbered("777")).await, 200);
}

#[on_each_engine]
async fn what_is_no_number_or_less_than_nothing_is_refused() {
    let server = server();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    for number in ["x123", "12", "12 3", "+4930123", "", &"1".repeat(65)] {
        let answer = raw.post("/voicemail", &json!({"extension_number": number})).await;
        assert_eq!(
            (answer.status, answer.codes()[0].as_str()),
            (400, "VALIDATE_FAILED"),
            "{number}"
        );
    }
    let answer = raw
        .post("/voicemail", &json!({"retain_days": -1, "min_seconds": -1}))
        .await;
    assert_eq!((answer.status, answer.codes().len()), (400, 2));
}

#[on_each_engine]
async fn nobody_without_a_tenant_has_one() {
    let server = server();
    let raw = server.raw_signed_in().await;
    assert_eq!(raw.get("/voicemail", &[]).await.status, 403);
    assert_eq!(raw.post("/voicemail", &json!({"min_seconds": 2})).await.status, 403);
}

#[on_each_engine]
async fn of_parallel_claims_to_a_number_one_holds() {
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
    let answers = join_all(claims).await;
    let of = |status: u16, from: usize| {
        answers
            .iter()
            .skip(from)
            .step_by(2)
            .filter(|answer| answer.status == status)
            .count()
    };
    // Who already has the number may ask for it again.
    let held = (of(200, 0), of(201, 1), of(409, 0), of(409, 1));
    assert!(matches!(held, (6, 0, 0, 6) | (0, 1, 6, 5)), "{held:?} {answers:?}");
    let shown = raw.get("/voicemail", &[]).await.json();
    assert_eq!(shown["extension_number"] == "8000", held.0 == 6);
}

#[on_each_engine]
async fn parallel_updates_leave_one_number_taken() {
    let server = server();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let bodies: Vec<_> = (0..20)
        .map(|at| json!({"extension_number": format!("80{at:02}")}))
        .collect();
    let answers = join_all(bodies.iter().map(|body| raw.post("/voicemail", body))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let last = raw.get("/voicemail", &[]).await.json();
    // Every number but the last one is free again, and so is 777.
    for body in bodies.iter().chain([&json!({"extension_number": "777"})]) {
        assert_eq!(raw.post("/voicemail", body).await.status, 200, "{body} after {last}");
    }
}
