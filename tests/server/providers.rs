//! `/providers`: trunks, and their DID numbers by tenant.

use futures_util::future::join_all;
use pbx_client::types::{
    AssignProvider, CreateProvider, CreateTenant, Provider, ProviderId, TransportProtocol, TrunkMode, UpdateProvider,
};
use pbx_client::{Client, Field};
use pbx_test_harness::on_each_engine;
use serde_json::json;

use crate::server;

async fn create(client: &Client, name: &str) -> ProviderId {
    let body = CreateProvider::new(name, TrunkMode::IpAuth, "sip.example.net");
    let created = client.create_provider().body(body).send().await.unwrap();
    assert_eq!(created.status(), 201);
    created.into_inner().id.unwrap()
}

async fn show(client: &Client, id: &ProviderId) -> Provider {
    client.show_provider().id(id).send().await.unwrap().into_inner()
}

/// Returns the status.
async fn assign(client: &Client, id: &ProviderId, tenant: &str, numbers: &str) -> u16 {
    let body = AssignProvider::new(numbers);
    let response = client
        .assign_provider()
        .id(id)
        .tenant_id(tenant)
        .body(body)
        .send()
        .await;
    response.map_or_else(
        |error| error.status().unwrap().as_u16(),
        |response| response.status().as_u16(),
    )
}

async fn unassign(client: &Client, id: &ProviderId, tenant: &str) -> u16 {
    let response = client.destroy_provider_assignee().id(id).tenant_id(tenant).send().await;
    response.map_or_else(
        |error| error.status().unwrap().as_u16(),
        |response| response.status().as_u16(),
    )
}

/// Returns the tenants and their numbers.
async fn assignees(client: &Client, id: &ProviderId) -> Vec<(String, String)> {
    let list = client
        .list_provider_assignees()
        .id(id)
        .send()
        .await
        .unwrap()
        .into_inner();
    let items = list.items.into_iter();
    items
        .map(|item| (item.tenant_id.unwrap().into(), item.did_numbers.unwrap()))
        .collect()
}

#[on_each_engine]
async fn trunk_is_created_shown_updated_and_deleted() {
    let server = server();
    let client = server.client().await;
    let id = create(&client, "Carrier").await;
    let expected = Provider {
        id: Some(id.clone()),
        name: Some("Carrier".to_owned()),
        enabled: Some(true),
        auth_mode: Some(TrunkMode::IpAuth),
        auth_id: None,
        transport: Some(TransportProtocol::Udp),
        hostname: Some("sip.example.net".to_owned()),
        port: Some(5060),
        concurrency: None,
    };
    assert_eq!(show(&client, &id).await, expected);

    let update = UpdateProvider {
        transport: Field::Value(TransportProtocol::Tls),
        port: Field::Value(5061),
        hostname: Field::Value("SIP2.Example.NET".to_owned()),
        concurrency: Field::Value(30),
        ..UpdateProvider::default()
    };
    client.update_provider().id(&id).body(update).send().await.unwrap();
    let updated = Provider {
        transport: Some(TransportProtocol::Tls),
        port: Some(5061),
        hostname: Some("sip2.example.net".to_owned()),
        concurrency: Some(30),
        ..expected.clone()
    };
    assert_eq!(show(&client, &id).await, updated);
    let cleared = UpdateProvider {
        transport: Field::Null,
        port: Field::Null,
        concurrency: Field::Null,
        ..UpdateProvider::default()
    };
    client.update_provider().id(&id).body(cleared).send().await.unwrap();
    let hostname = updated.hostname;
    assert_eq!(show(&client, &id).await, Provider { hostname, ..expected });

    assert_eq!(client.destroy_provider().id(&id).send().await.unwrap().status(), 204);
    for gone in [
        client.show_provider().id(&id).send().await.map(drop),
        client.destroy_provider().id(&id).send().await.map(drop),
        client.list_provider_assignees().id(&id).send().await.map(drop),
    ] {
        assert_eq!(gone.unwrap_err().status().unwrap(), 404);
    }
}

#[on_each_engine]
async fn list_is_filtered_searched_and_sorted() {
    let server = server();
    let client = server.client().await;
    for name in ["Alpha", "beta", "Gamma"] {
        create(&client, name).await;
    }
    let names = async |filter: Option<&str>, search: Option<&str>| {
        let mut list = client.list_providers().orderby("name desc");
        if let Some(filter) = filter {
            list = list.filter(filter);
        }
        if let Some(search) = search {
            list = list.search(search);
        }
        let page = list.send().await.unwrap().into_inner();
        let names: Vec<_> = page.items.into_iter().map(|item| item.name.unwrap()).collect();
        assert_eq!(page.count, Some(names.len() as i64));
        names
    };
    assert_eq!(names(None, None).await, ["beta", "Gamma", "Alpha"]);
    assert_eq!(names(Some("name gt 'B'"), None).await, ["beta", "Gamma"]);
    assert_eq!(names(Some("port ne 5060"), None).await, [""; 0]);
    assert_eq!(names(None, Some("MM or alp")).await, ["Gamma", "Alpha"]);
}

#[on_each_engine]
async fn did_numbers_of_trunk_are_assigned_to_one_tenant() {
    let server = server();
    let client = server.client().await;
    let (one, other) = (
        server.tenant("one.example.com").await,
        server.tenant("other.example.com").await,
    );
    let (trunk, other_trunk) = (create(&client, "Trunk").await, create(&client, "Beside").await);

    assert_eq!(assign(&client, &trunk, &one, "1000-2000; 3000").await, 204);
    let held = client
        .check_provider_assignee()
        .id(&trunk)
        .tenant_id(&one)
        .send()
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (held.did_numbers.as_deref(), held.concurrency),
        (Some("1000-2000;3000"), None)
    );
    for overlapping in ["2000-3000", "3000", "1500", "999;1000", "1000-5000", "1999-2001"] {
        assert_eq!(assign(&client, &trunk, &other, overlapping).await, 409, "{overlapping}");
    }
    assert_eq!(
        assignees(&client, &trunk).await,
        [(one.clone(), "1000-2000;3000".to_owned())]
    );
    assert_eq!(
        assign(&client, &other_trunk, &other, "1000-2000").await,
        204,
        "of another trunk"
    );
    assert_eq!(assign(&client, &trunk, &other, "2001-2999;10000").await, 204);

    // Assigning again replaces: the previous numbers are free.
    assert_eq!(assign(&client, &trunk, &one, "1500-1600").await, 204);
    assert_eq!(assign(&client, &trunk, &other, "1000-1499;1601-3000").await, 204);

    assert_eq!(unassign(&client, &trunk, &one).await, 204);
    assert_eq!(unassign(&client, &trunk, &one).await, 404);
    assert_eq!(
        assignees(&client, &trunk).await,
        [(other.clone(), "1000-1499;1601-3000".to_owned())]
    );
    let unassigned = client.check_provider_assignee().id(&trunk).tenant_id(&one).send().await;
    assert_eq!(unassigned.unwrap_err().status().unwrap(), 404);
    for (id, tenant) in [(trunk.as_str(), "1"), ("1", one.as_str()), (trunk.as_str(), "x")] {
        assert_eq!(assign(&client, &id.into(), tenant, "7").await, 404);
    }
}

#[on_each_engine]
async fn invalid_did_numbers_are_rejected() {
    let server = server();
    let tenant = server.tenant("one.example.com").await;
    let trunk = create(&server.client().await, "Trunk").await;
    let raw = server.raw_signed_in().await;
    for (numbers, detail) in [
        ("0123", "pattern"),
        ("+4930", "pattern"),
        ("1000-", "pattern"),
        ("2000-1000", "range"),
        ("999-1000", "range"),
        ("1234567890123456", "pattern"),
        ("1-3;2", "unique"),
    ] {
        let body = json!({"did_numbers": numbers});
        let response = raw.post(&format!("/providers/{trunk}/assignees/{tenant}"), &body).await;
        assert_eq!(
            (response.status, response.codes()),
            (400, vec!["VALIDATE_FAILED".to_owned()]),
            "{numbers}"
        );
        let found = response.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
        assert!(
            found.starts_with(&format!("body#/did_numbers {detail}")),
            "{numbers}: {found}"
        );
    }
}

#[on_each_engine]
async fn assigned_trunk_cannot_be_deleted_and_assignments_end_with_tenant() {
    let server = server();
    let client = server.client().await;
    let tenant = server.tenant("one.example.com").await;
    let trunk = create(&client, "Trunk").await;
    assert_eq!(assign(&client, &trunk, &tenant, "1000").await, 204);
    let refused = client.destroy_provider().id(&trunk).send().await.unwrap_err();
    assert_eq!(refused.status().unwrap(), 409);
    assert_eq!(show(&client, &trunk).await.id, Some(trunk.clone()));

    client.delete_tenant().id(&tenant).send().await.unwrap();
    assert!(assignees(&client, &trunk).await.is_empty());
    client.destroy_provider().id(&trunk).send().await.unwrap();
}

#[on_each_engine]
async fn trunk_cannot_register_for_domain_of_tenant() {
    let server = server();
    let client = server.client().await;
    server.tenant("one.example.com").await;
    let create = async |hostname: &str, mode| {
        let body = CreateProvider::new("Trunk", mode, hostname);
        client
            .create_provider()
            .body(body)
            .send()
            .await
            .map(|created| created.into_inner().id.unwrap())
    };
    let refused = create("ONE.example.com", TrunkMode::AcceptRegister).await.unwrap_err();
    assert_eq!(refused.status().unwrap(), 409);
    let id = create("one.example.com", TrunkMode::IpAuth).await.unwrap();
    let update = UpdateProvider {
        auth_mode: Field::Value(TrunkMode::AcceptRegister),
        ..UpdateProvider::default()
    };
    let refused = client.update_provider().id(&id).body(update).send().await.unwrap_err();
    assert_eq!(refused.status().unwrap(), 409);
    assert_eq!(show(&client, &id).await.auth_mode, Some(TrunkMode::IpAuth));

    // Nor may a tenant take the domain for which a trunk registers.
    create("two.example.com", TrunkMode::AcceptRegister).await.unwrap();
    let new = CreateTenant::new("Two", "TWO.example.com", "Europe/Berlin", "EUR", "DEU");
    let refused = client.create_tenant().body(new).send().await.unwrap_err();
    assert_eq!(refused.status().unwrap(), 409);
}

#[on_each_engine]
async fn trunk_credentials_are_never_returned() {
    let server = server();
    let caller = server.raw_signed_in().await;
    let secret = "Tr4nk-to-the-w0rld";
    let mut body = json!({
        "name": "Carrier", "auth_mode": "REGISTER_AUTH", "hostname": "sip.example.net", "auth_id": "4930123",
        "password": secret,
    });
    let created = caller.post("/providers", &body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = format!("/providers/{}", created.json()["id"].as_str().unwrap());
    let shown = caller.get(&path, &[]).await;
    assert_eq!(shown.json()["auth_id"], "4930123");
    for seen in [shown.body, caller.get("/providers", &[]).await.body] {
        assert!(!seen.contains("password") && !seen.contains(secret), "{seen}");
    }

    // An account at a host belongs to one trunk; at another host it is another account.
    assert_eq!(caller.post("/providers", &body).await.status, 409);
    body["hostname"] = json!("sip.example.org");
    let other = caller.post("/providers", &body).await.json()["id"].clone();
    let moved = json!({"hostname": "SIP.example.net"});
    let other = format!("/providers/{}", other.as_str().unwrap());
    assert_eq!(caller.post(&other, &moved).await.status, 409);

    // The password is deleted with the account.
    body["auth_id"] = json!(null);
    assert_eq!(caller.post("/providers", &body).await.status, 400);
    assert_eq!(caller.post(&path, &json!({"auth_id": null})).await.status, 400);
    let changed = "An0ther-secret";
    assert_eq!(caller.post(&path, &json!({"password": changed})).await.status, 200);
    let cleared = json!({"auth_id": null, "password": null});
    assert_eq!(caller.post(&other, &cleared).await.status, 200);
    let stored = server.start().dump();
    for secret in [secret, changed] {
        let found = stored.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "a password is stored in clear");
    }
}

#[on_each_engine]
async fn one_of_concurrent_assignments_of_number_succeeds() {
    let server = server();
    let client = server.client().await;
    let trunk = create(&client, "Trunk").await;
    let mut tenants = Vec::new();
    for index in 0..8 {
        tenants.push(server.tenant(&format!("t{index}.example.com")).await);
    }
    for round in 1..6 {
        // Each range shares one number with every other.
        let middle = round * 1000 + 500;
        let claims = tenants.iter().enumerate().map(|(index, tenant)| {
            let numbers = format!("{}-{}", middle - index as i64, middle + 7 - index as i64);
            let (client, trunk) = (&client, &trunk);
            async move { assign(client, trunk, tenant, &numbers).await }
        });
        let mut statuses = join_all(claims).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409, 409, 409, 409, 409, 409, 409]);
        let held = assignees(&client, &trunk).await;
        assert_eq!(held.len(), 1);
        assert_eq!(unassign(&client, &trunk, &held[0].0).await, 204);
    }
}
