//! Sessions: refreshes whose response was lost, the earlier forms of signing in and out, and the login status.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use pbx_client::types::SignIn;
use pbx_test_harness::{ADMINISTRATOR, Exchange, PASSWORD, Raw, Server, on_each_engine};
use serde_json::{Value, json};

use crate::audit::audit;
use crate::{server, start};

async fn sign_in(raw: &Raw) -> Value {
    let body = json!({"username": ADMINISTRATOR, "password": PASSWORD});
    raw.post("/auth/sign_in", &body).await.json()
}

async fn refresh(raw: &Raw, tokens: &Value) -> Exchange {
    let body = json!({"refresh_token": tokens["refresh_token"]});
    raw.post("/auth/refresh_token", &body).await
}

async fn is_signed_in(server: &Server, tokens: &Value) -> bool {
    let mut raw = server.raw();
    raw.set_token(tokens["access_token"].as_str().unwrap());
    raw.get("/auth/user", &[]).await.status == 200
}

fn pair(tokens: &Value) -> [&Value; 2] {
    [&tokens["access_token"], &tokens["refresh_token"]]
}

#[on_each_engine]
async fn lost_response_to_refresh_is_given_again() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let raw = server.raw();
    let first = sign_in(&raw).await;
    // The clock runs on, on a busy machine by more than the requests take.
    let now = Timestamp::now();
    clock.set(now);
    let second = refresh(&raw, &first).await.json();
    clock.set(now + SignedDuration::from_secs(5));
    let again = refresh(&raw, &first).await;
    assert_eq!(again.status, 200, "{}", again.body);
    let again = again.json();
    assert_eq!(pair(&again), pair(&second));
    // It expires when the tokens that were lost expire.
    let seconds = again["expires_in"].as_i64().unwrap();
    assert!((1700..=1795).contains(&seconds), "{seconds}");
    // In the other form as well.
    clock.set(now);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first["refresh_token"].as_str().unwrap()),
    ];
    assert_eq!(
        pair(&raw.post_form("/login/oauth/token", &form).await.json()),
        pair(&second)
    );
    for tokens in [&first, &second] {
        assert!(is_signed_in(&server, tokens).await);
    }
    // The new token works once, and so does its successor.
    let third = refresh(&raw, &second).await.json();
    assert_ne!(pair(&third), pair(&second));
    assert!(is_signed_in(&server, &third).await);
    // A late repeat of the first refresh: its successor was used, so its response has arrived.
    clock.set(now);
    let late = refresh(&raw, &first).await;
    assert_eq!((late.status, late.codes()), (400, vec!["UNKNOWN".to_owned()]));
    assert!(is_signed_in(&server, &third).await);
}

#[on_each_engine]
async fn repeated_refresh_ends_session_after_grace_and_from_other_sources() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let (raw, thief) = (server.raw_from("127.0.0.2"), server.raw_from("127.0.0.3"));

    let first = sign_in(&raw).await;
    let second = refresh(&raw, &first).await.json();
    let stolen = refresh(&thief, &first).await;
    assert_eq!((stolen.status, stolen.codes()), (400, vec!["UNKNOWN".to_owned()]));
    assert!(!is_signed_in(&server, &second).await);
    assert_eq!(refresh(&raw, &first).await.status, 400);

    let first = sign_in(&raw).await;
    let second = refresh(&raw, &first).await.json();
    clock.advance(SignedDuration::from_secs(10));
    assert_eq!(refresh(&raw, &first).await.status, 400);
    assert!(!is_signed_in(&server, &second).await);

    let entries = audit(&server.start(), &[]);
    assert_eq!(entries.iter().filter(|entry| entry["action"] == "LOGOUT").count(), 2);
}

#[on_each_engine]
async fn refresh_is_not_given_again_to_accounts_that_were_disabled() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let dealer = json!({"name": "north", "password": PASSWORD, "level": "RESELLER"});
    let id = administrator.post("/dealers", &dealer).await.json()["id"].clone();
    let id = id.as_str().unwrap();
    let raw = server.raw();
    let body = json!({"username": "north", "password": PASSWORD});
    let first = raw.post("/auth/sign_in", &body).await.json();
    assert_eq!(refresh(&raw, &first).await.status, 200);
    let disabled = administrator
        .post(&format!("/dealers/{id}"), &json!({"enabled": false}))
        .await;
    assert_eq!(disabled.status, 200);
    assert_eq!(refresh(&raw, &first).await.status, 400);
}

#[on_each_engine]
async fn concurrent_refreshes_get_the_same_tokens() {
    let server = server();
    let raw = server.raw();
    for _ in 0..3 {
        let tokens = sign_in(&raw).await;
        let responses = join_all((0..8).map(|_| refresh(&raw, &tokens))).await;
        let first = responses[0].json();
        for response in &responses {
            assert_eq!((response.status, pair(&response.json())), (200, pair(&first)));
        }
        assert!(is_signed_in(&server, &first).await);
    }
}

/// The key file is all that a restarted server, or another node, needs.
#[on_each_engine]
async fn refresh_is_given_again_after_restart_and_rotation_of_the_key() {
    let (start, clock) = start().with_clock();
    let path = start.directory().join("keys");
    let start = start.with_arguments(&["--key-file", path.to_str().unwrap()]);
    let server = start.ready();
    let raw = server.raw_from("127.0.0.2");
    let first = sign_in(&raw).await;
    let now = Timestamp::now();
    clock.set(now);
    let second = refresh(&raw, &first).await.json();
    server.terminate();
    let keys = std::fs::read_to_string(&path).unwrap();
    assert!(keys.lines().nth(1).unwrap().starts_with("1 "), "the ID of the key");
    let rotated = format!("2026-12 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n{keys}");
    std::fs::write(&path, rotated).unwrap();
    let server = start.ready();
    let raw = server.raw_from("127.0.0.2");
    clock.set(now);
    assert_eq!(pair(&refresh(&raw, &first).await.json()), pair(&second));
    let third = refresh(&raw, &second).await.json();
    assert!(is_signed_in(&server, &third).await);
}

#[on_each_engine]
async fn login_status_shows_the_presented_token() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    assert_eq!(server.raw().get("/login", &[]).await.status, 401);
    let raw = server.raw_signed_in().await;
    let before: Timestamp = raw.get("/login", &[]).await.json()["expires_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    clock.advance(SignedDuration::from_secs(600));
    let status = raw.get("/login", &[]).await;
    assert_eq!(status.status, 200);
    let status = status.json();
    assert_eq!(
        (&status["access_token"], &status["role"]),
        (&json!(raw.token().unwrap()), &json!("SystemAdmin"))
    );
    let after: Timestamp = status["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(before, after);
    let seconds = status["expires_in"].as_i64().unwrap();
    assert!((1..=1200).contains(&seconds), "{seconds}");
    let tenant = server.tenant("acme.example.com").await;
    let switched = server.raw_in(&tenant).await;
    assert_eq!(switched.get("/login", &[]).await.json()["role"], "Admin");
    clock.advance(SignedDuration::from_secs(1200));
    assert_eq!(raw.get("/login", &[]).await.status, 401);
}

#[on_each_engine]
async fn earlier_forms_sign_in_and_out() {
    let server = server();
    let anonymous = server.anonymous();
    let body = SignIn::new(ADMINISTRATOR, PASSWORD);
    let tokens = anonymous.login().body(body).send().await.unwrap().into_inner();
    let mut raw = server.raw();
    raw.set_token(tokens.access_token.unwrap().expose());
    assert_eq!(raw.get("/login", &[]).await.status, 200);
    let signed_out = raw.post_empty("/logout").await;
    assert_eq!((signed_out.status, signed_out.body.as_str()), (204, ""));
    assert_eq!(raw.get("/login", &[]).await.status, 401);
    assert_eq!(raw.post_empty("/logout").await.status, 401);

    let wrong = json!({"username": ADMINISTRATOR, "password": "wrong"});
    let refused = server.raw().post("/login", &wrong).await;
    assert_eq!(
        (refused.status, refused.codes()),
        (400, vec!["UNAUTHORIZED".to_owned()])
    );
    let unknown = json!({"username": ADMINISTRATOR, "password": PASSWORD, "domain": "unknown.example.com"});
    assert_eq!(server.raw().post("/login", &unknown).await.status, 404);
}

#[on_each_engine]
async fn qr_is_accepted_as_false_only() {
    let server = server();
    let raw = server.raw();
    let body = json!({"username": ADMINISTRATOR, "password": PASSWORD});
    assert_eq!(raw.post("/auth/sign_in?qr=false", &body).await.status, 200);
    let refused = raw.post("/auth/sign_in?qr=true", &body).await;
    assert_eq!(
        (refused.status, refused.codes()),
        (400, vec!["VALIDATE_FAILED".to_owned()])
    );
    assert!(
        refused.body.contains("QR code") && refused.body.contains("query#/qr"),
        "{}",
        refused.body
    );
    assert_eq!(raw.post("/auth/sign_in?qr=maybe", &body).await.status, 400);
}

#[on_each_engine]
async fn callers_without_a_tenant_are_asked_to_switch() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let dealer = json!({"name": "north", "password": PASSWORD, "level": "RESELLER"});
    assert_eq!(administrator.post("/dealers", &dealer).await.status, 201);
    let dealer = server.raw_as("north", PASSWORD, None).await;
    for session in [&administrator, &dealer] {
        for path in ["/tenant", "/tenant/balance", "/holidays", "/voicemail", "/users"] {
            let refused = session.get(path, &[]).await;
            assert_eq!(
                (refused.status, refused.codes()),
                (403, vec!["FORBIDDEN".to_owned()]),
                "{path}"
            );
            assert!(
                refused.body.contains("POST /tenants/switch"),
                "{path}: {}",
                refused.body
            );
        }
    }
    // Switching would not help.
    let refused = dealer.get("/network", &[]).await;
    assert!(
        refused.body.contains("Your role does not allow this operation."),
        "{}",
        refused.body
    );
    let tenant = server.tenant("acme.example.com").await;
    let switched = server.raw_in(&tenant).await;
    assert_eq!(switched.get("/tenant", &[]).await.status, 200);
    let user = json!({
        "name": "anna", "password": PASSWORD, "email": "anna@example.com", "display_name": "Anna", "role": "StandardUser",
        "extension_number": "101", "extension_password": "Ph0ne-secret",
    });
    assert_eq!(switched.post("/users", &user).await.status, 201);
    let anna = server.raw_as("anna", PASSWORD, Some("acme.example.com")).await;
    let refused = anna.get("/tenant", &[]).await;
    assert!(
        refused.body.contains("Your role does not allow this operation."),
        "{}",
        refused.body
    );
}
