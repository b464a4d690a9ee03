//! Two servers on one PostgreSQL: a change on one applies on the other.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use pbx_test_harness::{
    ADMINISTRATOR, Authority, Clock, Engine, Exchange, PASSWORD, Raw, Server, Start, der, handshake,
};
use serde_json::{Value, json};

/// Two servers that started at the same time on an empty database.
pub(crate) fn two_nodes() -> Option<(Server, Server)> {
    let (one, other, _) = two_nodes_with_a_clock()?;
    Some((one, other))
}

/// Returns two nodes and their common clock.
pub(crate) fn two_nodes_with_a_clock() -> Option<(Server, Server, Clock)> {
    let (start, clock) = Start::on(Engine::Postgres)?.with_clock();
    let another_node = start.another_node();
    let other = std::thread::spawn(move || another_node.ready());
    Some((start.ready(), other.join().unwrap(), clock))
}

/// The maximal staleness of a node's cache.
pub(crate) const MAX_STALENESS: SignedDuration = SignedDuration::from_secs(1);

/// Returns the same caller on another node.
pub(crate) fn same_caller(caller: &Raw, node: &Server) -> Raw {
    let mut there = node.raw();
    there.set_token(caller.token().unwrap());
    there
}

async fn tokens(node: &Server) -> Value {
    let body = json!({"username": ADMINISTRATOR, "password": PASSWORD});
    node.raw().post("/auth/sign_in", &body).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn session_is_valid_and_ends_on_both_nodes() {
    let Some((one, other, clock)) = two_nodes_with_a_clock() else {
        return;
    };
    for _ in 0..5 {
        let here = one.raw_signed_in().await;
        let there = same_caller(&here, &other);
        assert_eq!(here.get("/auth/user", &[]).await.status, 200);
        assert_eq!(there.get("/auth/user", &[]).await.status, 200);
        there.post_empty("/login/oauth/revoke").await;
        assert_eq!(there.get("/auth/user", &[]).await.status, 401, "at once");
        clock.advance(MAX_STALENESS);
        assert_eq!(here.get("/auth/user", &[]).await.status, 401, "within a second");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_token_gets_the_same_tokens_on_both_nodes() {
    let Some((one, other)) = two_nodes() else { return };
    for _ in 0..5 {
        let body = json!({"refresh_token": tokens(&one).await["refresh_token"]});
        let nodes = [one.raw(), other.raw(), one.raw(), other.raw()];
        let responses = join_all(nodes.iter().map(|node| node.post("/auth/refresh_token", &body))).await;
        let pair = |response: &Exchange| ["access_token", "refresh_token"].map(|name| response.json()[name].clone());
        for response in &responses {
            assert_eq!(response.status, 200, "{}", response.body);
            assert_eq!(pair(response), pair(&responses[0]));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_setting_applies_at_once_and_on_other_node_within_a_second() {
    let Some((one, other, clock)) = two_nodes_with_a_clock() else {
        return;
    };
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    for last in 1..10 {
        let address = format!("10.0.0.{last}");
        assert_eq!(
            here.post("/network", &json!({"private_ipv4": address})).await.status,
            200
        );
        let shown = async |node: &Raw| node.get("/network", &[]).await.json()["private_ipv4"].clone();
        assert_eq!(shown(&here).await, address.as_str());
        clock.advance(MAX_STALENESS);
        assert_eq!(shown(&there).await, address.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uniqueness_and_merges_hold_across_nodes() {
    let Some((one, other, clock)) = two_nodes_with_a_clock() else {
        return;
    };
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    // One CIDR, many writers on both.
    let body = json!({"cidr": "203.0.113.0/24", "target": "DENY"});
    let responses = join_all((0..20).map(|number| [&here, &there][number % 2].post("/ip_filters", &body))).await;
    let of_status = |status| responses.iter().filter(|response| response.status == status).count();
    assert_eq!((of_status(200), of_status(409)), (1, 19));

    // One document, different properties from both: none is lost.
    here.post("/network", &json!({"private_ipv4": "10.0.0.2"})).await;
    for round in 0..5 {
        let bodies = [
            json!({"web_domain": format!("pbx{round}.example.com")}),
            json!({"public_ipv4": format!("198.51.100.{round}")}),
            json!({"primary_dns_server": format!("192.0.2.{round}")}),
            json!({"secondary_dns_server": format!("192.0.3.{round}")}),
        ];
        let writes = bodies.iter().enumerate();
        let responses = join_all(writes.map(|(number, body)| [&here, &there][number % 2].post("/network", body))).await;
        assert!(responses.iter().all(|response| response.status == 200));
        clock.advance(MAX_STALENESS);
        let network = here.get("/network", &[]).await.json();
        for body in bodies {
            let (name, value) = body.as_object().unwrap().iter().next().unwrap();
            assert_eq!(&network[name], value, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_of_one_document_on_both_nodes_all_succeed() {
    let Some((one, other)) = two_nodes() else { return };
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    let writes = (0..200u8).map(|number| {
        let node = [&here, &there][usize::from(number) % 2];
        async move {
            node.post(
                "/network",
                &json!({"private_ipv4": format!("10.0.0.{}", number % 50 + 2)}),
            )
            .await
            .status
        }
    });
    assert_eq!(join_all(writes).await, [200; 200]);
}

/// What a node does once a second is done within this time, however busy the machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn transport_is_opened_and_closed_on_both_nodes() {
    let Some(start) = Start::on(Engine::Postgres) else {
        return;
    };
    // On Linux, all of 127.0.0.0/8 is this machine, so that it can be two.
    let [low, high, ..] = std::process::id().to_le_bytes();
    let address = |node: u8| format!("127.{}.{low}.{}", 128 | (high & 63), node);
    let one = start.clone().with_arguments(&["--sip-listen", &address(1)]).ready();
    let other = start
        .another_node()
        .with_arguments(&["--sip-listen", &address(2)])
        .ready();
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    let is_open = |node: u8, port: u16| std::net::TcpStream::connect((address(node), port)).is_ok();
    assert!(is_open(1, 5063) && is_open(2, 5063), "of a fresh install");

    let created = here
        .post("/transports", &json!({"protocol": "TCP", "port": 15_063}))
        .await;
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let status = format!("/transports/{id}/status");
    assert_eq!(here.get(&status, &[]).await.json()["status"], "ACTIVATED");
    let followed = async || {
        while there.get(&status, &[]).await.json()["status"] != "ACTIVATED" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, followed()).await.unwrap();
    assert!(is_open(1, 15_063) && is_open(2, 15_063));

    assert_eq!(
        there
            .post(&format!("/transports/{id}"), &json!({"port": 15_064}))
            .await
            .status,
        200
    );
    assert!(is_open(2, 15_064) && !is_open(2, 15_063));
    tokio::time::timeout(SOON, wait_until(|| is_open(1, 15_064) && !is_open(1, 15_063)))
        .await
        .unwrap();

    assert_eq!(here.post_empty(&format!("/transports/{id}/destroy")).await.status, 204);
    assert!(!is_open(1, 15_064));
    tokio::time::timeout(SOON, wait_until(|| !is_open(2, 15_064)))
        .await
        .unwrap();
}

#[cfg(target_os = "linux")]
async fn wait_until(state: impl Fn() -> bool) {
    while !state() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn last_transport_survives_concurrent_deletions_across_nodes() {
    let Some((one, other)) = two_nodes() else { return };
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    for round in 0..5_u16 {
        let body = |port: u16| json!({"protocol": "UDP", "port": port});
        let (first, second) = (body(20_000 + 2 * round), body(20_001 + 2 * round));
        here.post("/transports", &first).await;
        here.post("/transports", &second).await;
        let list = here.get("/transports", &[]).await.json();
        let ids = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap());
        let paths: Vec<String> = ids.map(|id| format!("/transports/{id}/destroy")).collect();
        let responses = join_all(
            paths
                .iter()
                .enumerate()
                .map(|(number, path)| [&here, &there][number % 2].post_empty(path)),
        );
        let responses = responses.await;
        let of_status = |status| responses.iter().filter(|response| response.status == status).count();
        assert_eq!((of_status(204), of_status(409)), (paths.len() - 1, 1));
        assert_eq!(here.get("/transports", &[]).await.json()["count"], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_certificate_is_served_by_both_nodes() {
    let Some(start) = Start::on(Engine::Postgres) else {
        return;
    };
    let start = start.with_arguments(&["--tls-listen", "127.0.0.1:0"]);
    let (one, other) = (start.ready(), start.another_node().ready());
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    let own = here.get("/key", &[]).await.json()["crt"].as_str().unwrap().to_owned();
    assert_eq!(
        there.get("/key", &[]).await.json()["crt"],
        own.as_str(),
        "the first node created it for both"
    );
    let address = |server: &Server| {
        let base = server.secure_base().strip_prefix("https://").unwrap();
        base.strip_suffix("/api")
            .unwrap()
            .parse::<std::net::SocketAddr>()
            .unwrap()
    };
    for node in [&one, &other] {
        assert_eq!(handshake(address(node), &own, None).await.unwrap(), der(&own));
    }
    let root = Authority::new("root");
    let leaf = root.issue("pbx");
    let changed = here.post("/key", &json!({"crt": leaf.crt, "key": leaf.key})).await;
    assert_eq!(changed.status, 204);
    let followed = async {
        while handshake(address(&other), &root.pem, None).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, followed).await.unwrap();
    assert_eq!(handshake(address(&one), &root.pem, None).await.unwrap(), der(&leaf.crt));
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_of_branch_hold_across_nodes() {
    let Some((one, other)) = two_nodes() else { return };
    let administrator = one.raw_signed_in().await;
    let password = "Sell-t3nants";
    let body =
        json!({"name": "north", "level": "DISTRIBUTOR", "password": password, "max_tenants": 4, "max_extensions": 5});
    let dealer = administrator.post("/dealers", &body).await;
    assert_eq!(dealer.status, 201, "{}", dealer.body);
    let here = one.raw_as("north", password, None).await;
    let nodes = [&here, &same_caller(&here, &other)];
    let tenants: Vec<Value> = (0..12)
        .map(|number| tenant(&format!("t{number}.example.com")))
        .collect();
    let posts = tenants.iter().enumerate();
    let responses = join_all(posts.map(|(turn, body)| nodes[turn % 2].post("/tenants", body))).await;
    let of_status =
        |responses: &[Exchange], status| responses.iter().filter(|response| response.status == status).count();
    assert_eq!((of_status(&responses, 201), of_status(&responses, 409)), (4, 8));

    // Sessions of one dealer, one on each node and switched into a tenant.
    let created: Vec<_> = responses.iter().filter(|response| response.status == 201).collect();
    let there = other.raw_as("north", password, None).await;
    let sessions = [&here, &there];
    for (session, tenant) in sessions.iter().zip(&created) {
        let id = tenant.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(
            session.post_empty(&format!("/tenants/switch?id={id}")).await.status,
            200
        );
    }
    let users: Vec<Value> = (100..112)
        .map(|number| {
            json!({
                "name": format!("u{number}"), "password": "Call-m3-back", "email": "u@example.com", "display_name": "U",
                "role": "StandardUser", "extension_number": number.to_string(), "extension_password": "Ph0ne-secret",
            })
        })
        .collect();
    let posts = users.iter().enumerate();
    let responses = join_all(posts.map(|(turn, body)| sessions[turn % 2].post("/users", body))).await;
    assert_eq!((of_status(&responses, 201), of_status(&responses, 409)), (5, 7));
    let status = here.get("/dealer/status", &[]).await.json();
    assert_eq!(
        (&status["current_tenants"], &status["current_users"]),
        (&json!(4), &json!(5))
    );
}

/// The required properties of a tenant.
pub(crate) fn tenant(domain: &str) -> Value {
    json!({"name": domain, "domain": domain, "timezone": "Europe/Berlin", "currency": "EUR", "region": "DEU"})
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_consistent_across_nodes() {
    let Some((one, other)) = two_nodes() else { return };
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    // One domain, many creations on both.
    let body = tenant("one.example.com");
    let responses = join_all((0..20).map(|number| [&here, &there][number % 2].post("/tenants", &body))).await;
    let of_status = |status| responses.iter().filter(|response| response.status == status).count();
    assert_eq!((of_status(201), of_status(409)), (1, 19));

    // Concurrent updates of different properties of one tenant on both nodes: none is lost.
    let id = here.post("/tenants", &tenant("two.example.com")).await.json()["id"].clone();
    let path = format!("/tenants/{}", id.as_str().unwrap());
    let properties = [
        "max_ring_groups",
        "max_call_queues",
        "log_retention",
        "temp_file_retention",
    ];
    for round in 1..5 {
        let bodies = properties.map(|name| json!({name: round, "office_hours": {"sunday": {"enabled": true}}}));
        let writes = bodies.iter().enumerate();
        let responses = join_all(writes.map(|(number, body)| [&here, &there][number % 2].post(&path, body))).await;
        assert!(responses.iter().all(|response| response.status == 200));
        let shown = [here.get(&path, &[]).await.json(), there.get(&path, &[]).await.json()];
        assert!(
            properties
                .iter()
                .all(|name| shown[0][*name] == round && shown[1][*name] == round)
        );
    }
}

/// Returns the counts of all tenants and of those of a region, for each caller.
async fn counts(callers: [&Raw; 2]) -> Vec<[i64; 2]> {
    let counts = callers.map(async |caller| {
        let mut counts = [0; 2];
        for (length, query) in counts.iter_mut().zip([&[][..], &[("filter", "region eq 'AUT'")]]) {
            let query = [&[("top", "1")], query].concat();
            *length = caller.get("/tenants", &query).await.json()["count"].as_i64().unwrap();
        }
        counts
    });
    join_all(counts).await
}

#[tokio::test(flavor = "multi_thread")]
async fn list_length_is_current_on_both_nodes() {
    let Some((one, other)) = two_nodes() else { return };
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    let nodes = [&here, &there];
    let mut there_are = [0, 0];
    for number in 0..12 {
        let caller = nodes[number % 2];
        let created = caller
            .post("/tenants", &tenant(&format!("t{number}.example.com")))
            .await;
        there_are[0] += 1;
        assert_eq!(counts(nodes).await, [there_are; 2], "created");
        let path = format!("/tenants/{}", created.json()["id"].as_str().unwrap());
        assert_eq!(caller.post(&path, &json!({"region": "AUT"})).await.status, 200);
        there_are[1] += 1;
        assert_eq!(counts(nodes).await, [there_are; 2], "changed");
        if number % 3 == 0 {
            let gone = caller.post_empty(&format!("{path}/destroy")).await;
            assert_eq!(gone.status, 204);
            there_are = there_are.map(|length| length - 1);
            assert_eq!(counts(nodes).await, [there_are; 2], "removed");
        }
    }
    // Concurrent creations commit in any order while both nodes are asked.
    let bodies: Vec<Value> = (0..40)
        .map(|number| tenant(&format!("p{number}.example.com")))
        .collect();
    let creators = bodies.iter().enumerate().map(async |(number, body)| {
        assert_eq!(nodes[number % 2].post("/tenants", body).await.status, 201);
        counts(nodes).await
    });
    join_all(creators).await;
    there_are[0] += 40;
    assert_eq!(counts(nodes).await, [there_are; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_session_follows_tenant_on_both_nodes() {
    let Some((one, other)) = two_nodes() else { return };
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    let id = here.post("/tenants", &tenant("one.example.com")).await.json()["id"].clone();
    let id = id.as_str().unwrap();
    for _ in 0..3 {
        assert_eq!(here.post_empty(&format!("/tenants/switch?id={id}")).await.status, 200);
        wait_for_role(&there, "Admin").await;
        assert_eq!(there.post_empty("/tenants/switch").await.status, 200);
        wait_for_role(&here, "SystemAdmin").await;
    }
    assert_eq!(here.post_empty(&format!("/tenants/switch?id={id}")).await.status, 200);
    wait_for_role(&there, "Admin").await;
    assert_eq!(there.post_empty(&format!("/tenants/{id}/destroy")).await.status, 204);
    wait_for_role(&here, "SystemAdmin").await;
}

/// Polls until the session has that role: a cached session is at most a second old.
async fn wait_for_role(caller: &Raw, role: &str) {
    let asked = async { while caller.get("/auth/user", &[]).await.json()["role"] != role {} };
    let late = tokio::time::timeout(Duration::from_secs(10), asked).await;
    assert!(late.is_ok(), "the session does not get the role {role}");
}
