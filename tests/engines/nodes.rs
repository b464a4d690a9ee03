//! Two servers on one PostgreSQL: what one of them changes holds on the other with its next request.

use futures_util::future::join_all;
use pbx_tests::{ADMINISTRATOR, Engine, PASSWORD, Raw, Server, Start};
use serde_json::{Value, json};

use crate::PROGRAM;

/// Two servers that started at the same time on an empty database.
fn two_nodes() -> Option<(Server, Server)> {
    let start = Start::on(Engine::Postgres, PROGRAM)?;
    let beside = start.beside();
    let other = std::thread::spawn(move || beside.ready());
    Some((start.ready(), other.join().unwrap()))
}

/// The same caller on the other node.
fn same_caller(caller: &Raw, node: &Server) -> Raw {
    let mut there = node.raw();
    there.sign_in_with(caller.token().unwrap());
    there
}

async fn tokens(node: &Server) -> Value {
    let body = json!({"username": ADMINISTRATOR, "password": PASSWORD});
    node.raw().post("/auth/sign_in", &body).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_holds_and_ends_on_both() {
    let Some((one, other)) = two_nodes() else { return };
    for _ in 0..5 {
        let here = one.raw_signed_in().await;
        let there = same_caller(&here, &other);
        assert_eq!(there.get("/auth/user", &[]).await.status, 200);
        there.post_empty("/login/oauth/revoke").await;
        assert_eq!(here.get("/auth/user", &[]).await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_good_for_one_use_on_all_nodes_together() {
    let Some((one, other)) = two_nodes() else { return };
    for _ in 0..5 {
        let body = json!({"refresh_token": tokens(&one).await["refresh_token"]});
        let nodes = [one.raw(), other.raw(), one.raw(), other.raw()];
        let answers = join_all(nodes.iter().map(|node| node.post("/auth/refresh_token", &body))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_setting_holds_at_once() {
    let Some((one, other)) = two_nodes() else { return };
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    for last in 1..10 {
        let address = format!("10.0.0.{last}");
        assert_eq!(
            here.post("/network", &json!({"private_ipv4": address})).await.status,
            200
        );
        assert_eq!(
            there.get("/network", &[]).await.json()["private_ipv4"],
            address.as_str()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_look_before_they_write_hold_across_nodes() {
    let Some((one, other)) = two_nodes() else { return };
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    // One range, many writers on both.
    let body = json!({"cidr": "203.0.113.0/24", "target": "DENY"});
    let answers = join_all((0..20).map(|number| [&here, &there][number % 2].post("/ip_filters", &body))).await;
    let of_status = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((of_status(200), of_status(409)), (1, 19));

    // One document, different members from both: none is lost.
    here.post("/network", &json!({"private_ipv4": "10.0.0.2"})).await;
    for round in 0..5 {
        let bodies = [
            json!({"web_domain": format!("pbx{round}.example.com")}),
            json!({"public_ipv4": format!("198.51.100.{round}")}),
            json!({"primary_dns_server": format!("192.0.2.{round}")}),
            json!({"secondary_dns_server": format!("192.0.3.{round}")}),
        ];
        let writes = bodies.iter().enumerate();
        let answers = join_all(writes.map(|(number, body)| [&here, &there][number % 2].post("/network", body))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        let network = here.get("/network", &[]).await.json();
        for body in bodies {
            let (name, value) = body.as_object().unwrap().iter().next().unwrap();
            assert_eq!(&network[name], value, "{name}");
        }
    }
}
