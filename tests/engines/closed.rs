//! Two servers on one PostgreSQL: who is disabled or removed on one is signed out there at once, and on the other within a second.

use jiff::SignedDuration;
use pbx_test_harness::{Raw, Server};
use serde_json::{Value, json};

use crate::nodes::{REMEMBERED, same_caller, tenant, two_nodes_with_a_clock};

const THEIRS: &str = "S3cret-sessions";

/// One node, the other, and an administrator on the first.
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

    async fn made(&self, path: &str, body: &Value) -> String {
        let made = self.administrator.post(path, body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// A tenant, and a user of it called anna; the administrator is switched into it.
    async fn tenant_with_anna(&self, domain: &str) -> (String, String) {
        let tenant = self.made("/tenants", &tenant(domain)).await;
        let switched = self
            .administrator
            .post_empty(&format!("/tenants/switch?id={tenant}"))
            .await;
        assert_eq!(switched.status, 200);
        let anna = json!({
            "name": "anna", "password": THEIRS, "role": "Admin", "email": "anna@example.com", "display_name": "Anna",
            "extension_number": "101", "extension_password": THEIRS,
        });
        let anna = self.made("/users", &anna).await;
        (tenant, anna)
    }

    /// Signs somebody in, does that, and finds the session ended here at once and there within a second, for good.
    async fn ends(&self, name: &str, domain: Option<&str>, path: &str, body: Option<Value>) {
        let body_of = |session: &Value| json!({"refresh_token": session["refresh_token"]});
        let credentials = json!({"username": name, "password": THEIRS, "domain": domain});
        let session = self.other.raw().post("/auth/sign_in", &credentials).await.json();
        let mut there = self.other.raw();
        there.sign_in_with(session["access_token"].as_str().unwrap());
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
        self.clock.advance(REMEMBERED);
        assert_eq!(
            there.get("/auth/user", &[]).await.status,
            401,
            "{path}: within a second"
        );
        let refreshed = self.other.raw().post("/auth/refresh_token", &body_of(&session)).await;
        assert_eq!(refreshed.status, 400, "{path}: {}", refreshed.body);

        // What was disabled comes back, and the session does not.
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
async fn the_users_of_a_tenant_are_out_with_it() {
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
async fn a_user_is_out_and_the_others_stay() {
    let Some(nodes) = Nodes::start().await else { return };
    let domain = "one.example.com";
    let (_, anna) = nodes.tenant_with_anna(domain).await;
    let bert = json!({
        "name": "bert", "password": THEIRS, "role": "Admin", "email": "bert@example.com", "display_name": "Bert",
        "extension_number": "102", "extension_password": THEIRS,
    });
    nodes.made("/users", &bert).await;
    let beside = nodes.other.raw_as("bert", THEIRS, Some(domain)).await;
    let path = format!("/users/{anna}");
    nodes
        .ends("anna", Some(domain), &path, Some(json!({"enabled": false})))
        .await;
    nodes.ends("anna", Some(domain), &format!("{path}/destroy"), None).await;
    assert_eq!(beside.get("/auth/user", &[]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dealer_is_out_and_those_below_it_stay() {
    let Some(nodes) = Nodes::start().await else { return };
    let dealer = |name: &str, level: &str| json!({"name": name, "level": level, "password": THEIRS});
    let north = nodes.made("/dealers", &dealer("north", "DISTRIBUTOR")).await;
    let distributor = nodes.one.raw_as("north", THEIRS, None).await;
    let below = distributor.post("/dealers", &dealer("below", "RESELLER")).await.json()["id"].clone();
    let beside = nodes.other.raw_as("below", THEIRS, None).await;
    let path = format!("/dealers/{north}");
    nodes.ends("north", None, &path, Some(json!({"enabled": false}))).await;
    assert_eq!(beside.get("/dealer", &[]).await.status, 200);
    let below = format!("/dealers/{}/destroy", below.as_str().unwrap());
    nodes.ends("below", None, &below, None).await;
    nodes.ends("north", None, &format!("{path}/destroy"), None).await;
}
