//! Two servers on one PostgreSQL: a DID number of a trunk belongs to one tenant, a SIP domain to one tenant or trunk.

use futures_util::future::join_all;
use pbx_test_harness::{Exchange, Raw};
use serde_json::{Value, json};

use crate::nodes::{same_caller, tenant, two_nodes};

fn of_status(responses: &[Exchange], status: u16) -> usize {
    responses.iter().filter(|response| response.status == status).count()
}

fn trunk(name: &str, mode: &str, hostname: &str) -> Value {
    json!({"name": name, "auth_mode": mode, "hostname": hostname})
}

async fn created(caller: &Raw, path: &str, body: &Value) -> String {
    let created = caller.post(path, body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    created.json()["id"].as_str().unwrap().to_owned()
}

/// Returns the number ranges of the trunk's tenants, sorted.
async fn held(caller: &Raw, trunk: &str) -> Vec<(i64, i64)> {
    let list = caller.get(&format!("/providers/{trunk}/assignees"), &[]).await.json();
    let mut ranges = Vec::new();
    for item in list["items"].as_array().unwrap() {
        for range in item["did_numbers"].as_str().unwrap().split(';') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            ranges.push((first.parse().unwrap(), last.parse().unwrap()));
        }
    }
    ranges.sort_unstable();
    ranges
}

#[tokio::test(flavor = "multi_thread")]
async fn did_number_is_assigned_once_across_nodes() {
    let Some((one, other)) = two_nodes() else { return };
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    let nodes = [&here, &there];
    let id = created(&here, "/providers", &trunk("Trunk", "IP_AUTH", "sip.example.net")).await;
    let mut tenants = Vec::new();
    for number in 0..8 {
        tenants.push(created(&here, "/tenants", &tenant(&format!("t{number}.example.com"))).await);
    }
    let path = |tenant: &str| format!("/providers/{id}/assignees/{tenant}");

    // All want the number in the middle: one gets it.
    for round in 1..4 {
        let middle = round * 1000 + 500;
        let claims = tenants.iter().enumerate().map(|(turn, tenant)| {
            let turn = turn as i64;
            let body = json!({"did_numbers": format!("{}-{}", middle - turn, middle + 7 - turn)});
            let path = path(tenant);
            async move { nodes[turn as usize % 2].post(&path, &body).await }
        });
        let responses = join_all(claims).await;
        assert_eq!((of_status(&responses, 204), of_status(&responses, 409)), (1, 7));
        let ranges = held(&there, &id).await;
        assert_eq!(ranges.len(), 1);
        for tenant in &tenants {
            there.post_empty(&format!("{}/destroy", path(tenant))).await;
        }
        assert_eq!(held(&here, &id).await, []);
    }

    // All move between four ranges repeatedly: no two ever overlap.
    for round in 0..6 {
        let moves = tenants.iter().enumerate().map(|(turn, tenant)| {
            let first = 2000 + 100 * ((turn + round) % 4);
            let body = json!({"did_numbers": format!("{first}-{};{}", first + 150, 9000 + turn)});
            let path = path(tenant);
            async move { nodes[turn % 2].post(&path, &body).await }
        });
        let responses = join_all(moves).await;
        assert_eq!(of_status(&responses, 204) + of_status(&responses, 409), 8);
        let ranges = held(&here, &id).await;
        assert!(
            !ranges.is_empty() && ranges.windows(2).all(|pair| pair[0].1 < pair[1].0),
            "{ranges:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn domain_is_unique_among_tenants_and_trunks_across_nodes() {
    let Some((one, other)) = two_nodes() else { return };
    let here = one.raw_signed_in().await;
    let there = same_caller(&here, &other);
    let nodes = [&here, &there];
    let mut tenants = Vec::new();
    for number in 0..6 {
        tenants.push(created(&here, "/tenants", &tenant(&format!("t{number}.example.com"))).await);
    }
    for round in 0..4 {
        // All move to one domain, which a new tenant and a new trunk also want.
        let domain = format!("Wanted{round}.example.com");
        let moves = tenants.iter().enumerate().map(|(turn, tenant)| {
            let (path, body) = (format!("/tenants/{tenant}"), json!({"domain": domain}));
            async move { nodes[turn % 2].post(&path, &body).await }
        });
        let (fresh, registers) = (tenant(&domain), trunk("Trunk", "ACCEPT_REGISTER", &domain));
        let (moved, created, trunk) = tokio::join!(
            join_all(moves),
            there.post("/tenants", &fresh),
            here.post("/providers", &registers)
        );
        let mut responses = moved;
        responses.extend([created, trunk]);
        let taken = of_status(&responses, 200) + of_status(&responses, 201);
        assert_eq!((taken, of_status(&responses, 409)), (1, 7), "{responses:?}");
    }
}
