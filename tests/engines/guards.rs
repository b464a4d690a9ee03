//! Two servers on one PostgreSQL: an address that one refuses is refused by the other within a second.

use jiff::SignedDuration;
use pbx_test_harness::{ADMINISTRATOR, Clock, Engine, PASSWORD, Raw, Server, Start};
use serde_json::json;

use crate::nodes::SOON;

fn two_nodes() -> Option<(Server, Server, Clock)> {
    let (start, clock) = Start::on(Engine::Postgres)?.with_clock();
    let (one, other) = (start.ready(), start.another_node().ready());
    Some((one, other, clock))
}

async fn sign_in(raw: &Raw, password: &str) -> u16 {
    let body = json!({"username": ADMINISTRATOR, "password": password});
    raw.post("/auth/sign_in", &body).await.status
}

/// Polls until requests get that status: a node reads the rules of others in the background, however busy the machine.
async fn becomes(raw: &Raw, status: u16) {
    let polled = async { while raw.get("/network", &[]).await.status != status {} };
    tokio::time::timeout(SOON, polled).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_created_on_one_node_applies_on_other_within_a_second() {
    let Some((one, other, clock)) = two_nodes() else { return };
    let admin = one.raw_signed_in().await;
    let (here, there) = (one.raw_from("127.0.0.2"), other.raw_from("127.0.0.2"));
    // The other node has cached the rules just now.
    assert_eq!(there.get("/network", &[]).await.status, 401);
    let rule = json!({"cidr": "127.0.0.2", "target": "DENY"});
    let id = admin.post("/ip_filters", &rule).await.json()["id"].clone();
    assert_eq!(here.get("/network", &[]).await.status, 403);
    clock.advance(SignedDuration::from_secs(1));
    becomes(&there, 403).await;

    let path = format!("/ip_filters/{}/destroy", id.as_str().unwrap());
    admin.post_empty(&path).await;
    assert_eq!(here.get("/network", &[]).await.status, 401);
    clock.advance(SignedDuration::from_secs(1));
    becomes(&there, 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_ins_are_counted_across_nodes() {
    let Some((one, other, _clock)) = two_nodes() else {
        return;
    };
    let (here, there) = (one.raw_from("127.0.0.2"), other.raw_from("127.0.0.2"));
    let guesses = (0..12).map(|turn| sign_in(if turn % 2 == 0 { &here } else { &there }, "wrong"));
    let statuses = futures_util::future::join_all(guesses).await;
    let of = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((of(400), of(403)), (6, 6));
    // Neither node needs to have loaded the rule before it checks a password.
    assert_eq!(
        (sign_in(&here, PASSWORD).await, sign_in(&there, PASSWORD).await),
        (403, 403)
    );
}
