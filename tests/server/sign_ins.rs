//! Bounds of sign-ins: pacing, waiting hashes, what is logged and audited, and other checks of a password.

use futures_util::future::join_all;
use jiff::SignedDuration;
use pbx_test_harness::{ADMINISTRATOR, Exchange, PASSWORD, Raw, on_each_engine};
use serde_json::{Value, json};

use crate::audit::audit;
use crate::dealers::{dealer, signed_in as signed_in_as};
use crate::{server, start};

async fn sign_in(raw: &Raw, name: &str, password: &str) -> Exchange {
    let body = json!({"username": name, "password": password});
    raw.post("/auth/sign_in", &body).await
}

/// Checks the headers of a 429; returns the seconds until a retry.
fn retry_after(response: &Exchange, limit: &str) -> i64 {
    assert_eq!(
        (response.status, response.codes()),
        (429, vec!["TOO_MANY_REQUESTS".to_owned()])
    );
    assert_eq!(response.header("x-ratelimit-limit"), Some(limit));
    assert_eq!(response.header("x-ratelimit-remaining"), Some("0"));
    let seconds = |name: &str| response.header(name).unwrap().parse::<i64>().unwrap();
    assert!(seconds("x-ratelimit-reset") >= seconds("retry-after"));
    seconds("retry-after")
}

#[on_each_engine]
async fn guesses_from_many_sources_are_paced_and_lock_nobody_out() {
    // One failure in 20 s: the guesses below take less time than it takes to forget them all.
    let (start, clock) = start().with_arguments(&["--account-failures", "3"]).with_clock();
    let server = start.ready();
    let familiar = server.raw_from("127.0.0.2");
    assert_eq!(sign_in(&familiar, ADMINISTRATOR, PASSWORD).await.status, 200);
    // An account that does not exist is paced as well: a refusal reveals nothing.
    for name in [ADMINISTRATOR, "nobody"] {
        let mut statuses = Vec::new();
        for host in 1..=12 {
            let guess = sign_in(&server.raw_from(&format!("127.0.1.{host}")), name, "wrong").await;
            statuses.push(guess.status);
            if guess.status == 429 {
                assert!((1..=20).contains(&retry_after(&guess, "3")));
            }
        }
        assert_eq!(statuses[..3], [400; 3], "{name}");
        assert!(statuses[3..].contains(&429), "{name}: {statuses:?}");
    }
    // Every source with a recent success signs in meanwhile.
    assert_eq!(sign_in(&familiar, ADMINISTRATOR, PASSWORD).await.status, 200);
    assert_eq!(sign_in(&familiar, "Admin", PASSWORD).await.status, 200);

    // Familiarity is stored, so it survives a restart. Failures are counted in memory.
    server.terminate();
    let server = start.ready();
    for host in 1..=12 {
        sign_in(&server.raw_from(&format!("127.0.2.{host}")), ADMINISTRATOR, "wrong").await;
    }
    assert_eq!(
        sign_in(&server.raw_from("127.0.0.2"), ADMINISTRATOR, PASSWORD)
            .await
            .status,
        200
    );
    clock.advance(SignedDuration::from_secs(60));
    assert_eq!(
        sign_in(&server.raw_from("127.0.0.3"), ADMINISTRATOR, PASSWORD)
            .await
            .status,
        200
    );
}

#[on_each_engine]
async fn waiting_sign_ins_of_one_source_are_bounded() {
    let server = start().with_arguments(&["--hashes-per-source", "2"]).ready();
    let (one, other) = (server.raw_from("127.0.0.2"), server.raw_from("127.0.0.3"));
    let flood = join_all((0..60).map(|_| sign_in(&one, ADMINISTRATOR, PASSWORD)));
    let (flood, served) = tokio::join!(flood, sign_in(&other, ADMINISTRATOR, PASSWORD));
    assert_eq!(served.status, 200);
    let refused: Vec<&Exchange> = flood.iter().filter(|response| response.status == 429).collect();
    assert!(!refused.is_empty());
    for response in refused {
        assert_eq!(retry_after(response, "2"), 1);
    }
    assert!(flood.iter().any(|response| response.status == 200));
}

#[on_each_engine]
async fn failed_sign_ins_are_logged_and_audited_once_per_source_and_account() {
    let server = server();
    let (raw, other) = (server.raw_from("127.0.0.2"), server.raw_from("127.0.0.3"));
    let first = sign_in(&raw, ADMINISTRATOR, "wr0ng-pass").await;
    sign_in(&raw, ADMINISTRATOR, "wr0ng-pass").await;
    sign_in(&other, ADMINISTRATOR, "wr0ng-pass").await;
    sign_in(&raw, "no\u{202e}body", "wr0ng-pass").await;
    sign_in(&raw, &"x".repeat(64), "wr0ng-pass").await;
    let entries = audit(&server.start(), &[]);
    let failures: Vec<&Value> = entries
        .iter()
        .filter(|entry| entry["action"] == "LOGIN_FAILED")
        .collect();
    let of = |entry: &Value| [entry["address"].clone(), entry["object_type"].clone()];
    assert_eq!(failures.len(), 4, "{failures:?}");
    assert_eq!(of(failures[0]), ["127.0.0.2", "USER"]);
    assert_eq!(of(failures[1]), ["127.0.0.3", "USER"]);
    assert_eq!(failures[0]["request_id"].as_str(), first.header("x-request-id"));
    let administrator = &entries.iter().find(|entry| entry["action"] == "CREATE").unwrap()["object_id"];
    assert_eq!(
        (&failures[0]["object_id"], &failures[2]["object_id"]),
        (administrator, &json!("unknown"))
    );
    assert!(failures.iter().all(|entry| entry["account_id"].is_null()));

    let log = server.terminate().stderr;
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("sign-in failed")).collect();
    assert_eq!(lines.len(), 5, "{log}");
    let id = first.header("x-request-id").unwrap();
    for part in ["127.0.0.2", "wrong password", ADMINISTRATOR, id] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    assert!(
        lines[3].contains("unknown name") && lines[3].contains(r"no\u{202e}body"),
        "{}",
        lines[3]
    );
    assert!(!log.contains("wr0ng-pass"));
}

#[on_each_engine]
async fn audited_failures_are_bounded() {
    let server = start().with_arguments(&["--audited-failures", "2"]).ready();
    for host in 2..6 {
        let raw = server.raw_from(&format!("127.0.0.{host}"));
        assert_eq!(sign_in(&raw, ADMINISTRATOR, "wrong").await.status, 400);
    }
    let entries = audit(&server.start(), &[]);
    let failures = entries.iter().filter(|entry| entry["action"] == "LOGIN_FAILED");
    assert_eq!(failures.count(), 2);
    let log = server.terminate().stderr;
    assert_eq!(log.matches("sign-in failed").count(), 4);
    assert_eq!(log.matches("too many failed sign-ins for the audit log").count(), 1);
}

#[on_each_engine]
async fn wrong_old_password_counts_as_failed_sign_in() {
    let server = server();
    let signed_in = server.raw_signed_in().await;
    dealer(&signed_in, "north", "DISTRIBUTOR").await;
    let of_dealer = signed_in_as(&server, "north").await;
    let mut raw = server.raw_from("127.0.0.2");
    let body = json!({"old_password": "not-the-0ne", "new_password": "N3w-password"});
    for (path, session) in [("/admin/password", &signed_in), ("/dealer/password", &of_dealer)] {
        raw.set_token(session.token().unwrap());
        for _ in 0..3 {
            let refused = raw.post(path, &body).await;
            assert_eq!(
                (refused.status, refused.codes()),
                (400, vec!["VALIDATE_FAILED".to_owned()])
            );
        }
    }
    assert_eq!(raw.post("/dealer/password", &body).await.status, 403);
    assert_eq!(
        sign_in(&server.raw_from("127.0.0.2"), ADMINISTRATOR, PASSWORD)
            .await
            .status,
        403
    );
    assert_eq!(signed_in.get("/auth/user", &[]).await.status, 200);
    let entries = audit(&server.start(), &[]);
    let failure = entries.iter().find(|entry| entry["action"] == "LOGIN_FAILED").unwrap();
    assert_eq!(
        (&failure["account_name"], &failure["address"]),
        (&json!("admin"), &json!("127.0.0.2"))
    );
    assert!(server.terminate().stderr.contains("wrong old password"));
}

#[on_each_engine]
async fn old_password_cannot_be_guessed_from_many_sources() {
    let server = start().with_arguments(&["--account-failures", "3"]).ready();
    let signed_in = server.raw_signed_in().await;
    let body = json!({"old_password": "not-the-0ne", "new_password": "N3w-password"});
    let mut statuses = Vec::new();
    for host in 1..=12 {
        let mut raw = server.raw_from(&format!("127.0.1.{host}"));
        raw.set_token(signed_in.token().unwrap());
        statuses.push(raw.post("/admin/password", &body).await.status);
    }
    assert!(statuses[..3] == [400; 3] && statuses.contains(&429), "{statuses:?}");
    // Sign-ins are not affected.
    assert_eq!(
        sign_in(&server.raw_from("127.0.0.9"), ADMINISTRATOR, PASSWORD)
            .await
            .status,
        200
    );
}
