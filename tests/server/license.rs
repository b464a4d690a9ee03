//! `/license`, with keys that the program issues.

use jiff::{SignedDuration, Timestamp};
use pbx_client::Client;
use pbx_client::types::UpdateLicense;
use pbx_test_harness::{Output, Server, Start, on_each_engine};
use serde_json::json;

use crate::{server, start};

/// Runs `pbx-server license`.
fn license(start: &Start, arguments: &[&str]) -> Output {
    start.run("license", arguments)
}

fn create_keys(start: &Start, name: &str) {
    let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
    let created = license(start, &["new-keys", "--private-key", &private, "--public-key", &public]);
    assert!(created.status.success(), "{created:?}");
}

pub(crate) fn issue(start: &Start, arguments: &[&str]) -> String {
    let usual = [
        "issue",
        "--private-key",
        "seller.key",
        "--holder",
        "Example Ltd",
        "--users",
        "500",
        "--calls",
        "50",
    ];
    let issued = license(start, &[&usual, arguments].concat());
    assert!(issued.status.success(), "{issued:?}");
    issued.stdout.trim().to_owned()
}

/// Starts a server that accepts licenses signed with `seller.key` in its directory.
pub(crate) fn licensed_server() -> Server {
    let start = start();
    create_keys(&start, "seller");
    start.with_arguments(&["--license-public-key", "seller.pub"]).ready()
}

async fn install(client: &Client, key: &str) -> Result<(), String> {
    let installed = client.update_license().body(UpdateLicense::new(key)).send().await;
    installed.map(drop).map_err(|error| {
        assert_eq!(error.status().unwrap(), 400);
        format!("{error:?}")
    })
}

#[on_each_engine]
async fn without_public_key_limits_are_low_and_keys_are_rejected() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let expected = json!({
        "api_version": "22.2", "product_name": "PortSIP PBX", "max_sim_calls": 3, "license_key": null,
        "company_name": null, "contact_email": null,
    });
    assert_eq!(raw.get("/license", &[]).await.json(), expected);
    let refused = raw.post("/license", &json!({"license_key": "x.y"})).await;
    assert_eq!(
        (refused.status, refused.codes()),
        (400, vec!["NO_LICENSE_PUBLIC_KEY".to_owned()])
    );
}

#[on_each_engine]
async fn license_is_stored_encrypted_and_shown_masked() {
    let server = licensed_server();
    let start = server.start();
    let end = Timestamp::now() + SignedDuration::from_hours(24);
    let key = issue(
        &start,
        &[
            "--email",
            "pbx@example.com",
            "--type",
            "Enterprise",
            "--expires",
            &end.to_string(),
        ],
    );
    install(&server.client().await, &format!(" {key}\n")).await.unwrap();
    server.terminate();
    let stored = start.dump();
    assert!(!stored.windows(40).any(|bytes| bytes == &key.as_bytes()[..40]));

    let server = start.ready();
    let client = server.client().await;
    let masked = format!("********{}", &key[key.len() - 4..]);
    let shown = client.show_license().send().await.unwrap().into_inner();
    assert_eq!(shown.license_key.as_deref(), Some(masked.as_str()));
    assert_eq!(shown.company_name.as_deref(), Some("Example Ltd"));
    assert_eq!(shown.contact_email.as_deref(), Some("pbx@example.com"));
    assert_eq!(shown.max_sim_calls, Some(50));
    let status = server.raw_signed_in().await.get("/admin/status", &[]).await.json();
    assert_eq!(
        json!([
            status["license_key"],
            status["license_type"],
            status["maintenance_expires_at"]
        ]),
        json!([masked, "Enterprise", end])
    );
    assert_eq!(
        (&status["max_concurrent_calls"], &status["licensed_users"]),
        (&json!(50), &json!(500))
    );
    // The mask may be sent back.
    install(&client, &masked).await.unwrap();
    assert_eq!(
        client.show_license().send().await.unwrap().into_inner().max_sim_calls,
        Some(50)
    );
}

#[on_each_engine]
async fn invalid_or_expired_key_is_rejected_and_old_one_stays() {
    let server = licensed_server();
    let start = server.start();
    let client = server.client().await;
    let good = issue(&start, &[]);
    install(&client, &good).await.unwrap();

    create_keys(&start, "other");
    let other = license(
        &start,
        &[
            "issue",
            "--private-key",
            "other.key",
            "--holder",
            "Thief",
            "--users",
            "9",
            "--calls",
            "9",
        ],
    );
    let other = other.stdout;
    let expired = issue(&start, &["--expires", "2020-01-01T00:00:00Z"]);
    let (claims, signature) = good.split_once('.').unwrap();
    let swapped = format!("{}.{}", expired.split_once('.').unwrap().0, signature);
    for (bad, rule) in [
        (other.as_str(), "signature"),
        (&expired, "expired"),
        (&swapped, "signature"),
        (claims, "format"),
        ("", "minLength"),
    ] {
        let refused = install(&client, bad).await.unwrap_err();
        assert!(
            refused.contains(&format!("body#/license_key {rule}")),
            "{bad}: {refused}"
        );
    }
    let shown = client.show_license().send().await.unwrap().into_inner();
    assert_eq!(
        (shown.max_sim_calls, shown.company_name.as_deref()),
        (Some(50), Some("Example Ltd"))
    );
}

#[on_each_engine]
async fn license_expires_while_server_runs() {
    let (start, clock) = start().with_clock();
    create_keys(&start, "seller");
    let server = start.with_arguments(&["--license-public-key", "seller.pub"]).ready();
    let client = server.client().await;
    let end = Timestamp::now() + SignedDuration::from_mins(10);
    let key = issue(&server.start(), &["--expires", &end.to_string()]);
    install(&client, &key).await.unwrap();
    let shown = async || client.show_license().send().await.unwrap().into_inner();
    assert_eq!(shown().await.max_sim_calls, Some(50));
    clock.advance(SignedDuration::from_mins(11));
    let over = shown().await;
    assert_eq!(over.max_sim_calls, Some(3));
    assert!(over.license_key.is_some(), "the expired key is still shown");
}

#[on_each_engine]
async fn key_files_are_never_overwritten_and_errors_are_reported() {
    let start = start();
    create_keys(&start, "seller");
    let again = license(
        &start,
        &["new-keys", "--private-key", "seller.key", "--public-key", "x.pub"],
    );
    assert!(!again.status.success());
    assert!(again.stderr.contains("cannot write seller.key"), "{again:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(start.directory().join("seller.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let wrong = license(
        &start,
        &[
            "issue",
            "--private-key",
            "seller.pub",
            "--holder",
            "x",
            "--users",
            "1",
            "--calls",
            "1",
        ],
    );
    assert!(wrong.stderr.contains("not an Ed25519 private key"), "{wrong:?}");
    let refused = start
        .clone()
        .with_arguments(&["--license-public-key", "seller.key"])
        .output();
    assert!(
        refused.stderr.contains("not an Ed25519 public key"),
        "{}",
        refused.stderr
    );
}
