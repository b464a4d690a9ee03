//! A release of the vendor that adds properties and a value of an enum and changes defaults goes through with one hand-written line
//! for each at most: most changes need none. The release is made up. It is applied to a copy of the workspace, whose server then runs
//! on fresh databases and on those of the present server.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "what fails here fails the test; clippy does not recognize helpers"
)]

mod pages;
mod release;
mod workspace;

use std::path::Path;
use std::process::Command;

use pbx_test_harness::{Raw, Server, Start};
use serde_json::{Value, json};
use xtask::diff;

use crate::release::{ENUM_VALUE, RELEASE};

async fn show(raw: &Raw, path: &str) -> Value {
    let response = raw.get(path, &[]).await;
    assert_eq!(response.status, 200, "{path}: {}", response.body);
    response.json()
}

async fn update(raw: &Raw, path: &str, body: Value) {
    let response = raw.post(path, &body).await;
    assert_eq!(response.status, 200, "{path} {body}: {}", response.body);
}

/// Returns the values of properties.
fn values<const N: usize>(object: &Value, names: [&str; N]) -> [Value; N] {
    names.map(|name| {
        object
            .get(name)
            .unwrap_or_else(|| panic!("{name} is missing: {object}"))
            .clone()
    })
}

async fn settings(raw: &Raw) -> [Value; 2] {
    values(&show(raw, "/admin/settings").await, ["enable_rport", "flow_timer"])
}

async fn tenant(raw: &Raw, path: &str) -> [Value; 2] {
    values(
        &show(raw, path).await,
        ["enable_call_waiting", "contact_update_interval"],
    )
}

fn stop(server: Server) -> Start {
    let start = server.start();
    assert!(server.terminate().status.success());
    start
}

#[test]
fn compiler_names_the_line_that_an_enum_value_needs() {
    let release = &*RELEASE;
    let errors = release
        .rejection
        .lines()
        .filter(|line| line.contains("error["))
        .collect::<Vec<_>>();
    let [error] = errors[..] else {
        panic!("{}", release.rejection)
    };
    let place = error.strip_prefix(&format!("{}:", ENUM_VALUE.file));
    let place = place.unwrap_or_else(|| panic!("{error}"));
    assert!(place.contains("`MailServerAuth::CramMd5` not covered"), "{error}");
    let number: usize = place.split(':').next().expect("a line").parse().expect("its number");
    let text = release.workspace.read(ENUM_VALUE.file);
    let lines: Vec<&str> = text.lines().skip(number - 1).collect();
    assert!(lines[0].contains("match self.auth {"), "{error}");
    let added = lines.iter().position(|line| *line == ENUM_VALUE.text);
    assert!(added.expect("the line") < 10, "the line is in that match");
}

#[tokio::test]
async fn fresh_install_has_the_new_properties_and_defaults() {
    let server = Start::new().with_program(&RELEASE.server).ready();
    let raw = server.raw_signed_in().await;
    assert_eq!(settings(&raw).await, [json!(true), json!(30)]);
    update(&raw, "/admin/settings", json!({"enable_rport": false, "flow_timer": 7})).await;
    assert_eq!(settings(&raw).await, [json!(false), json!(7)]);
    update(
        &raw,
        "/admin/settings",
        json!({"enable_rport": null, "flow_timer": null}),
    )
    .await;
    assert_eq!(settings(&raw).await, [json!(true), json!(30)]);

    update(&raw, "/admin/notification", json!({"auth": "CRAM_MD5"})).await;
    assert_eq!(show(&raw, "/admin/notification").await["auth"], "CRAM_MD5");

    let path = format!("/tenants/{}", server.tenant("new.example.com").await);
    assert_eq!(tenant(&raw, &path).await, [json!(true), json!(360)]);
    update(&raw, &path, json!({"enable_call_waiting": false})).await;
    assert_eq!(tenant(&raw, &path).await, [json!(false), json!(360)]);
    update(&raw, &path, json!({"enable_call_waiting": null})).await;
    assert_eq!(tenant(&raw, &path).await, [json!(true), json!(360)]);
}

#[tokio::test]
async fn upgraded_install_keeps_its_defaults_and_survives_a_downgrade() {
    let server = Start::new().ready();
    let path = format!("/tenants/{}", server.tenant("old.example.com").await);
    let present = stop(server);

    let server = present.clone().with_program(&RELEASE.server).ready();
    let raw = server.raw_signed_in().await;
    assert_eq!(settings(&raw).await, [json!(true), json!(0)]);
    assert_eq!(tenant(&raw, &path).await, [json!(true), json!(720)]);
    let new = format!("/tenants/{}", server.tenant("new.example.com").await);
    assert_eq!(tenant(&raw, &new).await, [json!(true), json!(360)]);
    update(&raw, "/admin/settings", json!({"enable_rport": false})).await;
    update(&raw, &path, json!({"enable_call_waiting": false})).await;
    let newer = stop(server);

    let server = present.ready();
    let raw = server.raw_signed_in().await;
    let shown = show(&raw, "/admin/settings").await;
    assert_eq!((shown.get("enable_rport"), &shown["flow_timer"]), (None, &json!(0)));
    update(&raw, "/admin/settings", json!({"flow_timer": 5})).await;
    update(&raw, &path, json!({"contact_update_interval": 60})).await;
    stop(server);

    let server = newer.ready();
    let raw = server.raw_signed_in().await;
    assert_eq!(settings(&raw).await, [json!(false), json!(5)]);
    assert_eq!(tenant(&raw, &path).await, [json!(false), json!(60)]);
    assert_eq!(tenant(&raw, &new).await, [json!(true), json!(360)]);
}

#[tokio::test]
async fn column_of_a_table_needs_a_migration_and_nothing_else() {
    let server = Start::new().ready();
    let id = server.tenant("old.example.com").await;
    let raw = server.raw_in(&id).await;
    let mut body = json!({
        "name": "Christmas", "region": "DEU", "consecutive": false, "every_year": true,
        "month_start": 12, "day_start": 25, "month_end": 12, "day_end": 25,
    });
    let create = async |raw: &Raw, body: &Value| {
        let created = raw.post("/holidays", body).await;
        assert_eq!(created.status, 201, "{}", created.body);
        format!("/holidays/{}", created.json()["id"].as_str().expect("an ID"))
    };
    let old = create(&raw, &body).await;
    let start = stop(server);

    let server = start.with_program(&RELEASE.server_with_column).ready();
    let raw = server.raw_in(&id).await;
    assert_eq!(show(&raw, &old).await["announce"], true);
    update(&raw, &old, json!({"announce": false})).await;
    assert_eq!(show(&raw, &old).await["announce"], false);
    body["announce"] = json!(true);
    let new = create(&raw, &body).await;
    assert_eq!(show(&raw, &new).await["announce"], true);
    let matching = raw.get("/holidays", &[("filter", "announce eq false")]).await.json();
    assert_eq!(matching["count"], 1, "{matching}");
    assert_eq!(matching["items"][0]["announce"], false);
    update(&raw, &old, json!({"announce": null})).await;
    assert_eq!(show(&raw, &old).await["announce"], true);
}

#[test]
fn command_offers_the_new_property_and_value() {
    let help = |arguments: &[&str]| {
        let output = Command::new(&RELEASE.command).args(arguments).arg("--help").output();
        String::from_utf8(output.expect("the command").stdout).expect("UTF-8")
    };
    let settings = help(&["admin", "settings", "update"]);
    assert!(settings.contains("--enable-rport"), "{settings}");
    let notifications = help(&["admin", "notifications", "update"]);
    assert!(notifications.contains("CRAM_MD5"), "{notifications}");
}

#[test]
fn comparison_reports_changed_initial_values() {
    let specs = |workspace: &Path| workspace.join("specs").to_str().expect("UTF-8").to_owned();
    let options = diff::Options {
        old: Some(specs(&workspace::present())),
        new: Some(specs(&RELEASE.workspace.path(""))),
        ..Default::default()
    };
    let mut out = Vec::new();
    diff::run(&workspace::present(), &options, false, &mut out).expect("a comparison");
    let report = String::from_utf8(out).expect("UTF-8");
    let changed = report.lines().filter(|line| line.ends_with(" [initial-changed]"));
    let changed: Vec<&str> = changed.map(str::trim).collect();
    let expected = [
        "risky       initial value of `AdminSettings.flow_timer` changed from `0` to `30` [initial-changed]",
        "risky       initial value of `CurrentTenant.contact_update_interval` changed from `720` to `360` [initial-changed]",
        "risky       initial value of `Tenant.contact_update_interval` changed from `720` to `360` [initial-changed]",
    ];
    assert_eq!(changed, expected, "{report}");
}
