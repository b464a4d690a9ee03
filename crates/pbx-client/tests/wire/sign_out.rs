//! Signing out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pbx_client::{Attempt, Error, Session};

use crate::Server;
use crate::tokens::{Clock, Sessions, administrator};

#[tokio::test]
async fn who_signs_out_stays_out() {
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
async fn a_session_whose_token_is_over_is_ended_all_the_same() {
    let sessions = Arc::new(Sessions::default());
    let server = sessions.server().await;
    sessions.give(1800);
    // By the clock of neither, nor by what the program knows: the server alone knows that the token is over.
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
    assert_eq!(sessions.given.load(Ordering::SeqCst), 3, "the tokens still work");
    assert_eq!(client.session().current(), None);

    // What the server has forgotten needs no end.
    let kept = Session::new("A0").with_refresh_token("R0");
    let client = server.builder().session(kept).build().unwrap();
    client.session().sign_out().await.unwrap();
}

#[tokio::test]
async fn tokens_that_come_while_one_signs_out_are_ended_too() {
    let clock = Clock::default();
    let server = Arc::new(Sessions::default()).server().await;
    let builder = clock.of(server.builder().credentials(administrator()));
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
async fn a_server_that_cannot_be_told_is_an_error_and_the_tokens_are_gone() {
    let server = Server::start(|_| crate::Reply::with(503, "", b"")).await;
    let kept = Session::new("A1").with_refresh_token("R1");
    let client = server.builder().session(kept).build().unwrap();
    let error = client.session().sign_out().await.unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error}");
    assert_eq!(client.session().current(), None);
}
