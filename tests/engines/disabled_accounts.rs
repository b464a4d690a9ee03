//! Two servers on one PostgreSQL: disabling or deleting an account ends its sessions at once on that node, and
//! within a second on the other.

use jiff::SignedDuration;
use pbx_test_harness::{Raw, Server};
use serde_json::{Value, json};

use crate::nodes::{MAX_STALENESS, same_caller, tenant, two_nodes_with_a_clock};

const ACCOUNTS_PASSWORD: &str = "S3cret-sessions";

/// Two nodes, and an administrator on the first.
struct Nodes {
    one: Server,
    other: Server,
    clock: pbx_test_harness::Clock,
    administrator: Raw,
}

impl Nodes {
    async fn start() -> Option<Self> {
        let (one, other, clock) = two_nodes_with_a_clock()?;
        let administrator = one.raw_signed_in().await;
        Some(Self {
            one,
            other,
            clock,
            administrator,
        })
    }

    async fn created(&self, path: &str, body: &Value) -> String {
        let created = self.administrator.post(path, body).await;
        assert_eq!(created.status, 201, "{}", created.body);
        created.json()["id"].as_str().unwrap().to_owned()
    }

    /// Creates a tenant with a user called anna; the administrator is switched into it.
    async fn tenant_with_anna(&self, domain: &str) -> (String, String) {
        let tenant = self.created("/tenants", &tenant(domain)).await;
        let switched = self
            .administrator
            .post_empty(&format!("/tenants/switch?id={tenant}"))
            .await;
        assert_eq!(switched.status, 200);
        let anna = json!({
            "name": "anna", "password": ACCOUNTS_PASSWORD, "role": "Admin", "email": "anna@example.com", "display_name": "Anna",
            "extension_number": "101", "extension_password": ACCOUNTS_PASSWORD,
        });
        let anna = self.created("/users", &anna).await;
        (tenant, anna)
    }

    /// Signs an account in, sends the request, and asserts that the session ends: at once here, within a second there.
    async fn ends(&self, name: &str, domain: Option<&str>, path: &str, body: Option<Value>) {
        let body_of = |session: &Value| json!({"refresh_token": session["refresh_token"]});
        let credentials = json!({"username": name, "password": ACCOUNTS_PASSWORD, "domain": domain});
        let session = self.other.raw().post("/auth/sign_in", &credentials).await.json();
        let mut there = self.other.raw();
        there.set_token(session["access_token"].as_str().unwrap());
        let here = same_caller(&there, &self.one);
        for node in [&here, &there] {
            assert_eq!(node.get("/auth/user", &[]).await.status, 200, "{path}");
        }
        let done = match &body {
            Some(body) => self.administrator.post(path, body).await,
            None => self.administrator.post_empty(path).await,
        };
        assert!([200, 204].contains(&done.status), "{path}: {}", done.body);
        assert_eq!(here.get("/auth/user", &[]).await.status, 401, "{path}: at once");
        self.clock.advance(MAX_STALENESS);
        assert_eq!(
            there.get("/auth/user", &[]).await.status,
            401,
            "{path}: within a second"
        );
        let refreshed = self.other.raw().post("/auth/refresh_token", &body_of(&session)).await;
        assert_eq!(refreshed.status, 400, "{path}: {}", refreshed.body);

        // Enabling the account again does not restore the session.
        if body.is_some() {
            let enabled = self.administrator.post(path, &json!({"enabled": true})).await;
            assert_eq!(enabled.status, 200, "{}", enabled.body);
            self.clock.advance(SignedDuration::from_secs(2));
            for node in [&here, &there] {
                assert_eq!(node.get("/auth/user", &[]).await.status, 401, "{path}: enabled again");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_or_deleted_tenant_signs_its_users_out() {
    let Some(nodes) = Nodes::start().await else { return };
    let domain = "one.example.com";
    let (tenant, _) = nodes.tenant_with_anna(domain).await;
    let path = format!("/tenants/{tenant}");
    nodes
        .ends("anna", Some(domain), &path, Some(json!({"enabled": false})))
        .await;
    nodes.ends("anna", Some(domain), &format!("{path}/destroy"), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_or_deleted_user_is_signed_out_alone() {
    let Some(nodes) = Nodes::start().await else { return };
    let domain = "one.example.com";
    let (_, anna) = nodes.tenant_with_anna(domain).await;
    let bert = json!({
        "name": "bert", "password": ACCOUNTS_PASSWORD, "role": "Admin", "email": "bert@example.com", "display_name": "Bert",
        "extension_number": "102", "extension_password": ACCOUNTS_PASSWORD,
    });
    nodes.created("/users", &bert).await;
    let unaffected = nodes.other.raw_as("bert", ACCOUNTS_PASSWORD, Some(domain)).await;
    let path = format!("/users/{anna}");
    nodes
        .ends("anna", Some(domain), &path, Some(json!({"enabled": false})))
        .await;
    nodes.ends("anna", Some(domain), &format!("{path}/destroy"), None).await;
    assert_eq!(unaffected.get("/auth/user", &[]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_or_deleted_dealer_is_signed_out_alone() {
    let Some(nodes) = Nodes::start().await else { return };
    let dealer = |name: &str, level: &str| json!({"name": name, "level": level, "password": ACCOUNTS_PASSWORD});
    let north = nodes.created("/dealers", &dealer("north", "DISTRIBUTOR")).await;
    let distributor = nodes.one.raw_as("north", ACCOUNTS_PASSWORD, None).await;
    let below = distributor.post("/dealers", &dealer("below", "RESELLER")).await.json()["id"].clone();
    let unaffected = nodes.other.raw_as("below", ACCOUNTS_PASSWORD, None).await;
    let path = format!("/dealers/{north}");
    nodes.ends("north", None, &path, Some(json!({"enabled": false}))).await;
    assert_eq!(unaffected.get("/dealer", &[]).await.status, 200);
    let below = format!("/dealers/{}/destroy", below.as_str().unwrap());
    nodes.ends("below", None, &below, None).await;
    nodes.ends("north", None, &format!("{path}/destroy"), None).await;
}
