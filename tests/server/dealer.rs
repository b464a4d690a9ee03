//! `/dealer`: a dealer's own account.

use pbx_client::Field;
use pbx_client::types::{ChangePassword, UpdateCurrentDealer};
use pbx_test_harness::on_each_engine;
use serde_json::json;

use super::dealers::{DEALERS_PASSWORD, dealer, signed_in};
use crate::server;

#[on_each_engine]
async fn dealer_reads_and_updates_own_profile() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let id = dealer(&administrator, "north", "DISTRIBUTOR").await;
    let client = pbx_test_harness::sign_in(server.base(), "north", DEALERS_PASSWORD, None)
        .await
        .unwrap();
    let body = UpdateCurrentDealer {
        display_name: Field::Value("North Ltd".to_owned()),
        email: Field::Value("north@example.com".to_owned()),
        ..UpdateCurrentDealer::default()
    };
    client.update_current_dealer().body(body).send().await.unwrap();
    let body = UpdateCurrentDealer {
        email: Field::Null,
        ..UpdateCurrentDealer::default()
    };
    client.update_current_dealer().body(body).send().await.unwrap();
    let session = signed_in(&server, "north").await;
    assert_eq!(
        session.get("/dealer", &[]).await.json(),
        json!({
            "id": id, "enabled": true, "level": "DISTRIBUTOR", "name": "north", "email": null, "display_name": "North Ltd",
            "website": null, "phone": null, "address": null, "description": null, "max_tenants": 100,
            "max_extensions": 50_000,
        })
    );
    for property in [
        json!({"max_tenants": 200}),
        json!({"max_extensions": 1}),
        json!({"enabled": false}),
        json!({"level": "RESELLER"}),
        json!({"tenant_full_access": true}),
        json!({"name": "south"}),
    ] {
        assert_eq!(session.post("/dealer", &property).await.status, 400, "{property}");
    }
}

#[on_each_engine]
async fn other_roles_are_forbidden() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    for path in ["/dealer", "/dealer/status"] {
        assert_eq!(administrator.get(path, &[]).await.status, 403);
    }
    assert_eq!(
        administrator
            .post("/dealer/username", &json!({"name": "x"}))
            .await
            .status,
        403
    );
}

#[on_each_engine]
async fn status_counts_branch() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let id = dealer(&administrator, "north", "DISTRIBUTOR").await;
    administrator
        .post(
            &format!("/dealers/{id}"),
            &json!({"max_tenants": 7, "max_extensions": 9}),
        )
        .await;
    let session = signed_in(&server, "north").await;
    dealer(&session, "middle", "SUB_DISTRIBUTOR").await;
    dealer(&signed_in(&server, "middle").await, "low", "RESELLER").await;
    dealer(&administrator, "elsewhere", "RESELLER").await;
    assert_eq!(
        session.get("/dealer/status", &[]).await.json(),
        json!({
            "version": env!("CARGO_PKG_VERSION"), "max_dealers": 7, "current_dealers": 2, "max_users": 9, "current_users": 0,
            "max_tenants": 7, "current_tenants": 0,
        })
    );
    assert_eq!(
        administrator.get("/admin/status", &[]).await.json()["current_dealers"],
        4
    );
}

#[on_each_engine]
async fn password_change_requires_old_password_and_keeps_session() {
    let server = server();
    dealer(&server.raw_signed_in().await, "north", "RESELLER").await;
    let client = pbx_test_harness::sign_in(server.base(), "north", DEALERS_PASSWORD, None)
        .await
        .unwrap();
    let other = signed_in(&server, "north").await;
    let change = async |old: &str, new: &str| {
        let body = ChangePassword::new(old, new);
        client.reset_current_dealer_password().body(body).send().await
    };
    assert_eq!(
        change("wrong", "N3w-password").await.unwrap_err().status().unwrap(),
        400
    );
    let weak = change(DEALERS_PASSWORD, "north-7531").await.unwrap_err();
    assert!(weak.has_code("VALIDATE_FAILED"));
    assert_eq!(other.get("/dealer", &[]).await.status, 200);
    change(DEALERS_PASSWORD, "N3w-password").await.unwrap();
    client.retrieve_current_dealer().send().await.unwrap();
    assert_eq!(other.get("/dealer", &[]).await.status, 401);
    server.raw_as("north", "N3w-password", None).await;
}
