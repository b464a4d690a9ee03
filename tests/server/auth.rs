//! Signing in and out, as JSON and as OAuth 2.0.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{server, start};
use pbx_test_harness::{ADMINISTRATOR, PASSWORD, on_each_engine};

#[on_each_engine]
async fn generated_client_signs_in_and_out() {
    let server = server();
    let client = server.client().await;
    let user = client.retrieve_signed_in_user().send().await.unwrap().into_inner();
    assert_eq!(user.role.as_deref(), Some("SystemAdmin"));
    client.sign_out().send().await.unwrap();
    let error = client.retrieve_signed_in_user().send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 401);
    assert!(error.has_code("UNAUTHORIZED"));
}

#[on_each_engine]
async fn json_and_oauth_sign_in_return_documented_tokens() {
    let server = server();
    let raw = server.raw();
    let form = [
        ("grant_type", "password"),
        ("username", ADMINISTRATOR),
        ("password", PASSWORD),
        ("scope", "all"),
        ("client_id", "9d806019-75b2-4b3d-bb8b-f5a3a412cc0a"),
    ];
    let responses = [
        raw.post(
            "/auth/sign_in",
            &json!({"username": ADMINISTRATOR, "password": PASSWORD}),
        )
        .await,
        raw.post_form("/login/oauth/token", &form).await,
    ];
    for response in responses {
        let tokens = response.json();
        assert_eq!(
            (response.status, &tokens["expires_in"], &tokens["token_type"]),
            (200, &json!(1800), &json!("Bearer"))
        );
        for name in ["access_token", "refresh_token"] {
            let token = tokens[name].as_str().unwrap();
            assert_eq!(token.len(), 48);
            assert!(
                token
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            );
        }
        let mut raw = raw.clone();
        raw.set_token(tokens["access_token"].as_str().unwrap());
        assert_eq!(raw.get("/auth/user", &[]).await.json()["role"], "SystemAdmin");
    }
}

#[on_each_engine]
async fn unknown_name_and_wrong_password_get_same_response() {
    let server = server();
    let raw = server.raw();
    let mut responses = Vec::new();
    for (username, password) in [("nobody", PASSWORD), (ADMINISTRATOR, "wrong"), ("nobody", "wrong")] {
        responses.push(
            raw.post("/auth/sign_in", &json!({"username": username, "password": password}))
                .await,
        );
        let form = [
            ("grant_type", "password"),
            ("username", username),
            ("password", password),
        ];
        responses.push(raw.post_form("/login/oauth/token", &form).await);
    }
    for response in responses {
        assert_eq!(response.status, 400);
        let expected = json!({"errors": [{"code": "UNAUTHORIZED", "message": "Login failed, authentication error"}]});
        assert_eq!(response.json(), expected);
    }
}

#[on_each_engine]
async fn names_ignore_case_and_passwords_do_not() {
    let server = server();
    let raw = server.raw();
    let sign_in = async |username: &str, password: &str| {
        raw.post("/auth/sign_in", &json!({"username": username, "password": password}))
            .await
            .status
    };
    assert_eq!(sign_in("ADMIN", PASSWORD).await, 200);
    assert_eq!(sign_in("admin", &PASSWORD.to_uppercase()).await, 400);
}

#[on_each_engine]
async fn unknown_domain_is_404_and_empty_domain_is_ignored() {
    let server = server();
    let raw = server.raw();
    let sign_in = async |domain: &str| {
        let body = json!({"username": ADMINISTRATOR, "password": PASSWORD, "domain": domain});
        raw.post("/auth/sign_in", &body).await.status
    };
    assert_eq!(sign_in("unknown.example.com").await, 404);
    assert_eq!(sign_in("").await, 200);
}

#[on_each_engine]
async fn refresh_token_rotates_and_reuse_revokes_session() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let raw = server.raw();
    let sign_in = raw
        .post(
            "/auth/sign_in",
            &json!({"username": ADMINISTRATOR, "password": PASSWORD}),
        )
        .await
        .json();
    let first = sign_in["refresh_token"].as_str().unwrap();

    let json_form = raw.post("/auth/refresh_token", &json!({"refresh_token": first})).await;
    assert_eq!((json_form.status, &json_form.json()["expires_in"]), (200, &json!(1800)));
    let tokens = json_form.json();
    let second = tokens["refresh_token"].as_str().unwrap();
    let oauth = raw
        .post_form(
            "/login/oauth/token",
            &[("grant_type", "refresh_token"), ("refresh_token", second)],
        )
        .await;
    assert_eq!(oauth.status, 200);
    let newest = oauth.json();

    let refused = json!({"errors": [{"code": "UNKNOWN", "message": "unknown error"}]});
    let mut signed_in = raw.clone();
    signed_in.set_token(newest["access_token"].as_str().unwrap());
    assert_eq!(signed_in.get("/auth/user", &[]).await.status, 200);
    clock.advance(SignedDuration::from_secs(10));
    let reuse = raw.post("/auth/refresh_token", &json!({"refresh_token": first})).await;
    assert_eq!((reuse.status, reuse.json()), (400, refused.clone()));
    // The token may have been stolen: reuse revokes the session.
    assert_eq!(signed_in.get("/auth/user", &[]).await.status, 401);
    let newest = newest["refresh_token"].as_str().unwrap();
    let after = raw
        .post_form(
            "/login/oauth/token",
            &[("grant_type", "refresh_token"), ("refresh_token", newest)],
        )
        .await;
    assert_eq!((after.status, after.json()), (400, refused));
}

#[on_each_engine]
async fn tokens_expire() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let mut raw = server.raw();
    let sign_in = json!({"username": ADMINISTRATOR, "password": PASSWORD});
    let tokens = raw.post("/auth/sign_in", &sign_in).await.json();
    let text = |tokens: &Value, name: &str| tokens[name].as_str().unwrap().to_owned();
    raw.set_token(&text(&tokens, "access_token"));
    clock.advance(SignedDuration::from_secs(1790));
    assert_eq!(raw.get("/auth/user", &[]).await.status, 200);
    clock.advance(SignedDuration::from_secs(10));
    let output = raw.get("/auth/user", &[]).await;
    assert_eq!(
        (output.status, output.header("www-authenticate")),
        (401, Some("Bearer error=\"invalid_token\""))
    );

    // The refresh token outlives the access token; the lifetime of each starts when it is issued.
    clock.advance(SignedDuration::from_hours(20 * 24));
    let refresh = async |tokens: &Value| {
        let body = json!({"refresh_token": text(tokens, "refresh_token")});
        raw.post("/auth/refresh_token", &body).await
    };
    let second = refresh(&tokens).await.json();
    clock.advance(SignedDuration::from_hours(20 * 24));
    let third = refresh(&second).await.json();
    let mut renewed = raw.clone();
    renewed.set_token(&text(&third, "access_token"));
    assert_eq!(renewed.get("/auth/user", &[]).await.status, 200);
    clock.advance(SignedDuration::from_hours(30 * 24 + 1));
    let output = refresh(&third).await;
    assert_eq!((output.status, output.codes()), (400, vec!["UNKNOWN".to_owned()]));
}

#[on_each_engine]
async fn revocation_ends_only_the_session_of_the_token() {
    let server = server();
    let (one, other) = (server.raw_signed_in().await, server.raw_signed_in().await);
    let revoked = one.post_empty("/login/oauth/revoke").await;
    assert_eq!((revoked.status, revoked.body.as_str()), (200, ""));
    assert_eq!(one.get("/auth/user", &[]).await.status, 401);
    assert_eq!(other.get("/auth/user", &[]).await.status, 200);
}

#[on_each_engine]
async fn missing_or_altered_token_is_401() {
    let server = server();
    let signed_in = server.raw_signed_in().await;
    let token = signed_in.token().unwrap();
    let missing = server.raw().get("/network", &[]).await;
    assert_eq!(
        (missing.status, missing.header("www-authenticate")),
        (401, Some("Bearer"))
    );
    for wrong in [
        &token[1..],
        &token.to_lowercase(),
        "x",
        &format!("{token}A"),
        &"A".repeat(48),
    ] {
        let mut raw = server.raw();
        raw.set_token(wrong);
        let response = raw.get("/network", &[]).await;
        assert_eq!(response.status, 401);
        assert_eq!(
            response.header("www-authenticate"),
            Some("Bearer error=\"invalid_token\"")
        );
    }
}

#[on_each_engine]
async fn log_and_database_contain_no_secret() {
    let server = server();
    let start = server.start().with_arguments(&["--log", "trace"]);
    drop(server);
    let server = start.ready();
    let raw = server.raw();
    let tokens = raw
        .post(
            "/auth/sign_in",
            &json!({"username": ADMINISTRATOR, "password": PASSWORD}),
        )
        .await
        .json();
    let refreshed = raw
        .post(
            "/auth/refresh_token",
            &json!({"refresh_token": tokens["refresh_token"]}),
        )
        .await
        .json();
    raw.post(
        "/auth/sign_in",
        &json!({"username": ADMINISTRATOR, "password": "wr0ng-pass"}),
    )
    .await;
    let output = server.terminate();
    let database = start.dump();
    let mut secrets = vec![PASSWORD, "wr0ng-pass"];
    for set in [&tokens, &refreshed] {
        secrets.extend(["access_token", "refresh_token"].map(|name| set[name].as_str().unwrap()));
    }
    assert!(output.stderr.contains("SIGTERM"), "there is a log");
    for secret in secrets {
        assert!(!output.stderr.contains(secret), "in the log");
        assert!(
            !database.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()),
            "in the database"
        );
    }
}
