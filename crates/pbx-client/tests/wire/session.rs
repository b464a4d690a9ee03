//! Signing in and renewing the session.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use jiff::SignedDuration;
use pbx_client::{Attempt, ClientBuilder, Credentials, Error, Session, SignInMethod};
use serde_json::json;

use crate::tokens::{Clock, Sessions, administrator};
use crate::{Reply, Server};

#[tokio::test]
async fn first_call_signs_in_once() {
    let sessions = Arc::new(Sessions::default());
    let server = sessions.server().await;
    let client = server.builder().credentials(administrator()).build().unwrap();
    assert_eq!(client.session().current(), None);
    client.list_ip_rules().send().await.unwrap();
    client.list_ip_rules().send().await.unwrap();
    let lines: Vec<_> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(
        lines,
        ["POST /api/auth/sign_in", "GET /api/ip_filters", "GET /api/ip_filters"]
    );
    assert_eq!(
        server.requests()[0].json(),
        json!({"username": "admin", "password": "right"})
    );
    assert_eq!(server.requests()[0].header("authorization"), None);
    assert_eq!(server.last().header("authorization"), Some("Bearer A1"));
    let debug = format!("{client:?} {:?} {:?}", client.session(), client.session().current());
    assert!(!debug.contains("A1") && !debug.contains("R1"), "{debug}");
}

#[tokio::test]
async fn anonymous_operations_do_not_sign_in() {
    let server = Arc::new(Sessions::default()).server().await;
    let client = server.builder().credentials(administrator()).build().unwrap();
    let body = pbx_client::types::SignIn::new("admin", "right");
    client.sign_in().body(body).send().await.unwrap();
    assert_eq!(server.count("POST /api/auth/sign_in"), 1);
    assert_eq!(server.last().header("authorization"), None);
}

#[tokio::test]
async fn concurrent_calls_refresh_an_expired_token_once() {
    for by_clock in [true, false] {
        let clock = Clock::default();
        let sessions = Arc::new(Sessions::default());
        let server = sessions.server().await;
        let builder = clock.configure(server.builder().credentials(administrator()));
        let client = builder.connect().await.unwrap();
        if by_clock {
            clock.advance(3600);
        } else {
            // A token that the server revoked before it expired.
            let broken = Session::new("A0").with_refresh_token("R1");
            drop(client);
            let tasks = tasks(server.builder().session(broken).build().unwrap(), 50).await;
            assert!(tasks.iter().all(Result::is_ok), "{tasks:?}");
            assert_eq!(server.count("POST /api/auth/refresh_token"), 1);
            continue;
        }
        let tasks = tasks(client, 50).await;
        assert!(tasks.iter().all(Result::is_ok), "{tasks:?}");
        assert_eq!(server.count("POST /api/auth/refresh_token"), 1);
        assert_eq!(server.count("POST /api/auth/sign_in"), 1);
        assert_eq!(server.count("GET"), 50);
    }
}

async fn tasks(client: pbx_client::Client, number: usize) -> Vec<Result<(), Error>> {
    let tasks: Vec<_> = (0..number)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.list_ip_rules().send().await.map(drop) })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

#[tokio::test]
async fn token_is_refreshed_before_it_expires() {
    let clock = Clock::default();
    let sessions = Arc::new(Sessions::default());
    let server = sessions.server().await;
    let client = clock
        .configure(server.builder().credentials(administrator()))
        .connect()
        .await
        .unwrap();
    clock.advance(1739);
    client.list_ip_rules().send().await.unwrap();
    assert_eq!(server.count("POST /api/auth/refresh_token"), 0);
    clock.advance(1);
    client.list_ip_rules().send().await.unwrap();
    assert_eq!(server.count("POST /api/auth/refresh_token"), 1);
    let session = client.session().current().unwrap();
    assert_eq!(session.expires_at, Some(clock.now() + SignedDuration::from_secs(1800)));
}

#[tokio::test]
async fn dropped_waiter_does_not_lose_the_refresh() {
    let clock = Clock::default();
    let sessions = Arc::new(Sessions::default());
    let server = sessions.server().await;
    let client = clock
        .configure(server.builder().credentials(administrator()))
        .connect()
        .await
        .unwrap();
    clock.advance(3600);
    let mut call = Box::pin(client.list_ip_rules().send());
    while server.count("POST /api/auth/refresh_token") == 0 {
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        tokio::task::yield_now().await;
    }
    drop(call);
    client.list_ip_rules().send().await.unwrap();
    assert_eq!(server.count("POST /api/auth/refresh_token"), 1);
    assert_eq!(server.count("POST /api/auth/sign_in"), 1);
}

#[tokio::test]
async fn session_that_cannot_be_refreshed_signs_in_again() {
    let sessions = Arc::new(Sessions {
        rejects_refresh: true,
        ..Sessions::default()
    });
    let server = sessions.server().await;
    let stale = Session::new("old").with_refresh_token("older");
    let client = server
        .builder()
        .session(stale.clone())
        .credentials(administrator())
        .build()
        .unwrap();
    client.list_ip_rules().send().await.unwrap();
    let lines: Vec<_> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(
        lines,
        [
            "GET /api/ip_filters",
            "POST /api/auth/refresh_token",
            "POST /api/auth/sign_in",
            "GET /api/ip_filters"
        ]
    );

    // Without credentials the call fails, and the refresh token is used once.
    let server = sessions.server().await;
    let client = server.builder().session(stale).build().unwrap();
    let attempts = async || match client.list_ip_rules().send().await.unwrap_err() {
        Error::Authentication { attempted, .. } => attempted,
        other => panic!("{other}"),
    };
    assert_eq!(attempts().await, Attempt::RefreshToken);
    assert_eq!(attempts().await, Attempt::AccessToken);
    assert_eq!(server.count("POST /api/auth/refresh_token"), 1);
}

#[tokio::test]
async fn authentication_error_names_the_attempt() {
    let server = Arc::new(Sessions::default()).server().await;
    let attempted =
        async |builder: ClientBuilder| match builder.build().unwrap().list_ip_rules().send().await.unwrap_err() {
            Error::Authentication { attempted, response } => (attempted, response.status().as_u16()),
            other => panic!("{other}"),
        };
    assert_eq!(attempted(server.builder()).await, (Attempt::NoToken, 401));
    assert_eq!(
        attempted(server.builder().token("wrong")).await,
        (Attempt::AccessToken, 401)
    );
    let wrong = Credentials::system("admin", "wrong");
    assert_eq!(
        attempted(server.builder().credentials(wrong)).await,
        (Attempt::Credentials, 400)
    );

    // A server that rejects its own tokens.
    let server = Server::start(|request| match request.line.contains("sign_in") {
        true => Reply::json(200, r#"{"access_token":"A","expires_in":1800}"#),
        false => Reply::json(401, ""),
    })
    .await;
    let builder = server.builder().credentials(administrator());
    assert_eq!(attempted(builder).await, (Attempt::RenewedToken, 401));
    assert_eq!(server.count("POST"), 2);
}

#[tokio::test]
async fn streamed_body_is_not_sent_twice() {
    let sessions = Arc::new(Sessions::default());
    let server = sessions.server().await;
    let client = server
        .builder()
        .session(Session::new("stale"))
        .credentials(administrator())
        .build()
        .unwrap();
    let upload = || {
        let parts = futures_util::stream::iter([Ok::<_, std::io::Error>("content")]);
        let upload = client.complete_blob_upload().id("1").port_sip_upload_token("t");
        upload.body(pbx_client::reqwest::Body::wrap_stream(parts)).send()
    };
    let error = upload().await.unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Authentication {
                attempted: Attempt::StreamedBody,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(server.count("POST /api/auth/sign_in"), 0);
    // The next call renews the session.
    upload().await.unwrap();
    assert_eq!(server.count("POST /api/auth/sign_in"), 1);
}

#[tokio::test]
async fn stored_session_is_continued() {
    let clock = Clock::default();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let sessions = Arc::new(Sessions::default());
    let server = sessions.server().await;
    let keeper = Arc::clone(&kept);
    let builder = server
        .builder()
        .credentials(administrator())
        .on_session_change(move |session| {
            let text = session.map(|session| serde_json::to_string(session).unwrap());
            keeper.lock().unwrap().push(text);
        });
    let client = clock.configure(builder).connect().await.unwrap();
    client.session().switch_tenant("7").await.unwrap();
    clock.advance(3600);
    client.list_ip_rules().send().await.unwrap();
    let texts: Vec<_> = kept.lock().unwrap().clone();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[0].as_deref().unwrap().contains("R1") && texts[1].as_deref().unwrap().contains("\"7\""));
    let last: Session = serde_json::from_str(texts[2].as_deref().unwrap()).unwrap();
    assert_eq!(Some(&last), client.session().current().as_ref());
    assert_eq!(last.tenant.as_deref(), Some("7"));

    let other = clock.configure(server.builder().session(last)).build().unwrap();
    other.list_ip_rules().send().await.unwrap();
    clock.advance(1790);
    other.list_ip_rules().send().await.unwrap();
    assert_eq!(server.count("POST /api/auth/sign_in"), 1);
    assert_eq!(server.count("POST /api/auth/refresh_token"), 2);

    client.session().sign_out().await.unwrap();
    assert_eq!(kept.lock().unwrap().last(), Some(&None));
}

#[tokio::test]
async fn new_session_returns_to_the_tenant() {
    let sessions = Arc::new(Sessions {
        rejects_refresh: true,
        ..Sessions::default()
    });
    let server = sessions.server().await;
    let client = server.builder().credentials(administrator()).build().unwrap();
    client.session().switch_tenant("7").await.unwrap();
    assert_eq!(server.count("POST /api/tenants/switch?id=7"), 1);
    // The server revoked the session, and with it the tenant.
    sessions.issue(0);
    *sessions.tenant.lock().unwrap() = None;
    client.list_ip_rules().send().await.unwrap();
    assert_eq!(server.count("POST /api/auth/sign_in"), 2);
    assert_eq!(sessions.tenant.lock().unwrap().as_deref(), Some("7"));
    client.session().leave_tenant().await.unwrap();
    assert_eq!(server.last().line, "POST /api/tenants/switch");
    assert_eq!(client.session().current().unwrap().tenant, None);
}

#[tokio::test]
async fn sign_in_fails_if_the_tenant_is_gone() {
    let issued = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let token = format!("Bearer A{}", issued.load(Ordering::SeqCst));
        match request.line.split_once("/api").unwrap().1 {
            "/auth/sign_in" => {
                let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
                Reply::json(200, &json!({"access_token": format!("A{number}")}).to_string())
            }
            "/tenants/switch?id=7" if token == "Bearer A1" => Reply::with(200, "", b""),
            // The tenant was deleted before the second session.
            "/tenants/switch?id=7" => Reply::json(404, r#"{"errors":[{"code":"NOT_FOUND","message":"tenant"}]}"#),
            "/auth/sign_out" => Reply::with(200, "", b""),
            _ => Reply::json(401, ""),
        }
    })
    .await;
    let client = server.builder().credentials(administrator()).build().unwrap();
    client.session().switch_tenant("7").await.unwrap();
    let error = client.list_ip_rules().send().await.unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error}");
    assert_eq!(server.last().line, "POST /api/auth/sign_out");
    assert_eq!(server.last().header("authorization"), Some("Bearer A2"));
}

#[tokio::test]
async fn oauth_is_used_for_older_servers() {
    let server = Server::start(|request| match request.line.as_str() {
        "POST /api/login/oauth/token" if request.body.contains("grant_type=password") => {
            Reply::json(200, r#"{"access_token":"A1","refresh_token":"R1","expires_in":1800}"#)
        }
        "POST /api/login/oauth/token" => Reply::json(200, r#"{"access_token":"A2","expires_in":1800}"#),
        "POST /api/login/oauth/revoke" => Reply::with(200, "", b""),
        "GET /api/ip_filters" => Reply::json(200, "{}"),
        _ => Reply::with(404, "content-type: text/html\r\n", b"<html>404</html>"),
    })
    .await;
    let clock = Clock::default();
    let credentials = Credentials::tenant_user("alice", "p&w", "acme.example.com");
    let client = clock
        .configure(server.builder().credentials(credentials))
        .connect()
        .await
        .unwrap();
    let request = server.last();
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(
        request.body,
        "grant_type=password&username=alice&password=p%26w&scope=all\
         &client_id=9d806019-75b2-4b3d-bb8b-f5a3a412cc0a&domain=acme.example.com"
    );
    clock.advance(3600);
    client.list_ip_rules().send().await.unwrap();
    client.session().sign_out().await.unwrap();
    // A missing operation is requested once.
    assert_eq!(server.count("POST /api/auth/"), 1);
    assert_eq!(server.last().line, "POST /api/login/oauth/revoke");
    assert_eq!(server.last().header("authorization"), Some("Bearer A2"));

    let json = server
        .builder()
        .credentials(administrator())
        .sign_in_method(SignInMethod::Json);
    let error = json.connect().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 404);
}

#[tokio::test]
async fn unknown_domain_is_an_authentication_error() {
    let body = r#"{"errors":[{"code":"NOT_FOUND","message":"domain not found"}]}"#;
    let server = Server::replying(Reply::json(404, body)).await;
    let user = || server.builder().credentials(Credentials::tenant_user("a", "b", "c"));
    for builder in [user(), user().sign_in_method(SignInMethod::OAuth)] {
        let error = builder.connect().await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::Authentication {
                    attempted: Attempt::Credentials,
                    ..
                }
            ),
            "{error}"
        );
        assert!(error.to_string().contains("domain not found"), "{error}");
    }
}

/// This server has another error code for it; `tests/server/second_factor.rs` signs in.
#[tokio::test]
async fn vendors_refusal_of_a_code_is_an_authentication_error() {
    let server = Server::start(|request| match request.line.as_str() {
        "POST /api/auth/sign_in" => Reply::json(200, r#"{"two_factor_enabled":true,"token":"T"}"#),
        "POST /api/auth/verify_otp" => {
            Reply::json(400, r#"{"errors":[{"code":"UNAUTHORIZED","message":"wrong code"}]}"#)
        }
        _ => Reply::json(401, ""),
    })
    .await;
    let client = server.builder().credentials(administrator()).build().unwrap();
    let Err(Error::SecondFactor(factor)) = client.list_ip_rules().send().await else {
        panic!("the server requires a second factor");
    };
    assert!(!format!("{factor:?}").contains("\"T\""));
    let wrong = client.session().verify_code(&factor, "000000").await.unwrap_err();
    assert!(matches!(wrong, Error::Authentication { .. }), "{wrong}");
}

#[tokio::test]
async fn invalid_sign_in_responses_are_errors() {
    for (body, word) in [
        ("{}", "neither"),
        (r#"{"access_token":""}"#, "neither"),
        ("<html>", "JSON"),
        ("[]", "type"),
    ] {
        let server = Server::replying(Reply::json(200, body)).await;
        let error = server
            .builder()
            .credentials(administrator())
            .connect()
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Unexpected { .. }), "{body}: {error}");
        assert!(error.to_string().contains(word), "{error}");
    }
    let server = Server::replying(Reply::json(200, r#"{"access_token":"a\nb"}"#)).await;
    let error = server
        .builder()
        .credentials(administrator())
        .connect()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Configuration(_)), "{error}");
    // An invalid lifetime does not cause repeated sign-ins.
    for lifetime in ["0", "-5", "9223372036854775807", "\"\"", "null", "1e300"] {
        let body = format!(r#"{{"access_token":"A","expires_in":{lifetime}}}"#);
        let server = Server::replying(Reply::json(200, &body)).await;
        let client = server.builder().credentials(administrator()).connect().await.unwrap();
        client.list_ip_rules().send().await.unwrap();
        assert_eq!(server.count("POST"), 1, "{lifetime}");
    }
}

#[tokio::test]
async fn failed_refresh_is_ignored_while_the_token_is_valid() {
    let clock = Clock::default();
    let server = Server::start(|request| match request.line.contains("refresh") {
        true => Reply::json(503, ""),
        false => Reply::json(200, "{}"),
    })
    .await;
    let session = Session::new("A")
        .with_refresh_token("R")
        .with_expiry(clock.now() + SignedDuration::from_secs(50));
    let client = clock.configure(server.builder().session(session)).build().unwrap();
    client.list_ip_rules().send().await.unwrap();
    client.list_ip_rules().send().await.unwrap();
    assert_eq!(server.count("POST /api/auth/refresh_token"), 1);
    clock.advance(10);
    client.list_ip_rules().send().await.unwrap();
    assert_eq!(server.count("POST /api/auth/refresh_token"), 2);
    clock.advance(40);
    let error = client.list_ip_rules().send().await.unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error}");
}

#[tokio::test]
async fn refresh_whose_response_was_lost_is_sent_once_more() {
    for (seconds, lost, refreshes) in [(0, 1, 2), (0, 2, 2), (5, 1, 1)] {
        let clock = Clock::default();
        let (sent, slow) = (AtomicUsize::new(0), clock.clone());
        let server = Server::start(move |request| match request.line.contains("refresh") {
            true if sent.fetch_add(1, Ordering::SeqCst) < lost => {
                slow.advance(seconds);
                Reply::Nothing
            }
            true => Reply::json(200, r#"{"access_token":"A2","refresh_token":"R2","expires_in":1800}"#),
            false => Reply::json(200, r#"{"items":[]}"#),
        })
        .await;
        let expired = Session::new("A1").with_refresh_token("R1").with_expiry(clock.now());
        let client = clock.configure(server.builder().session(expired)).build().unwrap();
        let called = client.list_ip_rules().send().await;
        assert_eq!(server.count("POST /api/auth/refresh_token"), refreshes);
        match lost < refreshes {
            true => assert_eq!(server.last().header("authorization"), Some("Bearer A2")),
            // The next call presents the token again.
            false => assert!(matches!(called, Err(Error::Transport(_))), "{called:?}"),
        }
    }
}
