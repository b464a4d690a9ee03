//! Signing out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pbx_client::{Attempt, Error, Session};

use crate::Server;
use crate::tokens::{Clock, Sessions, administrator};

#[tokio::test]
async fn client_stays_signed_out() {
    let server = Arc::new(Sessions::default()).server().await;
    let client = server.builder().credentials(administrator()).connect().await.unwrap();
    client.session().sign_out().await.unwrap();
    assert_eq!(server.last().line, "POST /api/auth/sign_out");
    assert_eq!(server.last().header("authorization"), Some("Bearer A1"));
    assert_eq!(client.session().current(), None);
    let error = client.clone().list_ip_rules().send().await.unwrap_err();
    assert!(matches!(
        error,
        Error::Authentication {
            attempted: Attempt::NoToken,
            ..
        }
    ));
    client.session().sign_out().await.unwrap();
    assert_eq!(server.count("POST /api/auth/sign_out"), 1);
    client.session().sign_in().await.unwrap();
    client.list_ip_rules().send().await.unwrap();
}

#[tokio::test]
async fn session_with_expired_token_is_signed_out() {
    let sessions = Arc::new(Sessions::default());
    let server = sessions.server().await;
    sessions.issue(1800);
    // Only the server knows that the token expired.
    let kept = Session::new("A0").with_refresh_token("R1");
    let client = server.builder().session(kept).build().unwrap();
    client.session().sign_out().await.unwrap();
    let lines: Vec<_> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(
        lines,
        [
            "POST /api/auth/sign_out",
            "POST /api/auth/refresh_token",
            "POST /api/auth/sign_out"
        ]
    );
    assert_eq!(server.last().header("authorization"), Some("Bearer A2"));
    assert_eq!(sessions.issued.load(Ordering::SeqCst), 3, "the tokens still work");
    assert_eq!(client.session().current(), None);

    // A session that the server has revoked need not be signed out.
    let kept = Session::new("A0").with_refresh_token("R0");
    let client = server.builder().session(kept).build().unwrap();
    client.session().sign_out().await.unwrap();
}

#[tokio::test]
async fn tokens_renewed_during_sign_out_are_revoked() {
    let clock = Clock::default();
    let server = Arc::new(Sessions::default()).server().await;
    let builder = clock.configure(server.builder().credentials(administrator()));
    let client = builder.connect().await.unwrap();
    clock.advance(3600);
    let other = client.clone();
    let session = client.session();
    let (listed, ended) = tokio::join!(other.list_ip_rules().send(), session.sign_out());
    ended.unwrap();
    drop(listed);
    assert_eq!(server.count("POST /api/auth/refresh_token"), 1);
    let last = server.requests();
    let last = last
        .iter()
        .rfind(|request| request.line == "POST /api/auth/sign_out")
        .unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer A2"));
}

#[tokio::test]
async fn failed_sign_out_discards_the_tokens() {
    let server = Server::start(|_| crate::Reply::with(503, "", b"")).await;
    let kept = Session::new("A1").with_refresh_token("R1");
    let client = server.builder().session(kept).build().unwrap();
    let error = client.session().sign_out().await.unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error}");
    assert_eq!(client.session().current(), None);
}
