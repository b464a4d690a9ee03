//! Hostile clients and a stalled database: everyone else is served meanwhile, and SIGTERM ends the server.
//!
//! Each test starts a server with its default limits, measures the requests of two bystanders while nothing else happens, lets the
//! attack begin, and measures the same requests again ([`Scene`]). Not one may fail or exceed its deadline. The ratio of the two is
//! printed, for information; `tests/bench/hostile.sh` measures it with a release build.
//!
//! Everything is bounded and stays on the loopback interface: attackers come from 127.0.2.0/24, bystanders from other addresses. One
//! test runs at a time, because thousands of sockets would compete with those of another.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not recognize")]
#![expect(
    clippy::disallowed_methods,
    reason = "latencies are measured with the time of the machine"
)]

mod bystanders;
mod connections;
mod crowd;
mod events;
mod postgres;
mod process;
mod scans;
mod scene;
mod sign_ins;
mod writes;

use pbx_test_harness::{Server, Start, selected};
use serde_json::json;

use scene::Scene;

/// Returns how to start a fresh server.
fn start() -> Start {
    Start::on(selected()).unwrap()
}

/// The password of the administrators of tenants.
const TENANT_PASSWORD: &str = "Call-m3-back";

/// Creates a tenant with an administrator; returns the tenant's ID and an access token of that administrator.
async fn hostile_tenant(server: &Server) -> (String, String) {
    let domain = "hostile.example.com";
    let tenant = server.tenant(domain).await;
    let body = json!({
        "name": "mallory", "password": TENANT_PASSWORD, "email": "mallory@example.com", "display_name": "Mallory",
        "role": "Admin", "extension_number": "101", "extension_password": "Ph0ne-secret",
    });
    let created = server.raw_in(&tenant).await.post("/users", &body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    (tenant, tenant_token(server).await)
}

/// Signs the administrator of [`hostile_tenant`] in; returns an access token.
async fn tenant_token(server: &Server) -> String {
    let raw = server
        .raw_as("mallory", TENANT_PASSWORD, Some("hostile.example.com"))
        .await;
    raw.token().unwrap().to_owned()
}
