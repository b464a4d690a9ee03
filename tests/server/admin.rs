//! `/admin`: status, the administrator's account and the settings. Mail is in `admin_notification.rs`.

use jiff::{SignedDuration, Timestamp};
use pbx_client::Field;
use pbx_client::types::{AutoAnswerAlertInfo, ChangePassword, ChangeUsername, CongestionMetric, UpdateAdminSettings};
use pbx_test_harness::{ADMINISTRATOR, PASSWORD, initial, on_each_engine};
use serde_json::json;

use crate::server;

#[on_each_engine]
async fn fresh_server_has_no_license_and_24_hours_without_calls() {
    let server = server();
    let status = server.raw_signed_in().await.get("/admin/status", &[]).await.json();
    let mut without_hours = status.clone();
    without_hours["calls_in_24_hours"].take();
    assert_eq!(
        without_hours,
        json!({
            "version": env!("CARGO_PKG_VERSION"), "news": null, "license_key": null, "license_type": null,
            "maintenance_expires_at": null, "max_concurrent_calls": 3, "licensed_users": 10, "current_users": 0,
            "online_users": 0, "current_tenants": 0, "current_dealers": 0, "current_calls": 0, "current_trunks": 0,
            "current_conference_servers": 0, "current_media_servers": 0, "current_call_queue_servers": 0,
            "current_ivr_servers": 0, "calls_in_24_hours": null,
        })
    );
    let hours = status["calls_in_24_hours"].as_array().unwrap();
    let times: Vec<Timestamp> = hours
        .iter()
        .map(|hour| hour["time"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(times.len(), 24);
    assert!(hours.iter().all(|hour| hour["count"] == 0));
    assert!(
        times
            .windows(2)
            .all(|pair| pair[1].duration_since(pair[0]) == SignedDuration::from_hours(1)),
        "hourly, oldest first"
    );
    let age = Timestamp::now().duration_since(times[23]);
    assert!(!age.is_negative() && age < SignedDuration::from_hours(2), "{age}");
}

#[on_each_engine]
async fn settings_default_to_documented_values() {
    let server = server();
    let settings = server.raw_signed_in().await.get("/admin/settings", &[]).await.json();
    assert_eq!(settings, initial("AdminSettings"));
}

#[on_each_engine]
async fn settings_update_merges_and_null_restores_default() {
    let server = server();
    let client = server.client().await;
    let update = async |body| client.update_admin_settings().body(body).send().await;
    let first = UpdateAdminSettings {
        user_agent: Field::Value("Bell".to_owned()),
        flow_timer: Field::Value(25),
        congestion_management_metric: Field::Value(CongestionMetric::TimeDepth),
        auto_answer_alert_info_header: Field::Value(AutoAnswerAlertInfo::AlertAutoAnswer),
        trace_server_host: Field::Value("trace.example.com".to_owned()),
        trace_server_port: Field::Value(9060),
        custom_options: Field::Value("{\"a\": 1}".to_owned()),
        ..UpdateAdminSettings::default()
    };
    update(first).await.unwrap();
    let second = UpdateAdminSettings {
        user_agent: Field::Null,
        enable_prack: Field::Value(true),
        trace_server_host: Field::Value(String::new()),
        ..UpdateAdminSettings::default()
    };
    update(second).await.unwrap();

    let start = server.start();
    server.terminate();
    let server = start.ready();
    let client = server.client().await;
    let settings = client.retrieve_admin_settings().send().await.unwrap().into_inner();
    assert_eq!(settings.user_agent.as_deref(), Some("PortSIP UC"));
    assert_eq!((settings.flow_timer, settings.enable_prack), (Some(25), Some(true)));
    assert_eq!(settings.congestion_management_metric, Some(CongestionMetric::TimeDepth));
    assert_eq!(
        settings.auto_answer_alert_info_header,
        Some(AutoAnswerAlertInfo::AlertAutoAnswer)
    );
    assert_eq!(
        (settings.trace_server_host, settings.trace_server_port),
        (None, Some(9060))
    );
    assert_eq!(settings.custom_options.as_deref(), Some("{\"a\": 1}"));
}

#[on_each_engine]
async fn settings_out_of_range_are_all_reported_and_not_stored() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let bad = json!({
        "session_timer_duration": 89, "register_expiration_time": 3601, "sip_barrier_1_packets": -1,
        "flow_timer": 7, "congestion_management_metric": "LENGTH",
    });
    let refused = raw.post("/admin/settings", &bad).await;
    assert_eq!((refused.status, refused.codes().len()), (400, 4), "{}", refused.body);
    let no_json = raw
        .post("/admin/settings", &json!({"flow_timer": 7, "custom_options": "a=1"}))
        .await;
    assert_eq!(
        (no_json.status, no_json.codes()),
        (400, vec!["VALIDATE_FAILED".to_owned()])
    );
    assert!(no_json.body.contains("body#/custom_options format"), "{}", no_json.body);
    assert_ne!(raw.get("/admin/settings", &[]).await.json()["flow_timer"], 7);
}

#[on_each_engine]
async fn signing_key_matches_certificate_and_is_never_returned() {
    let pair = || {
        let pair = rcgen::generate_simple_self_signed(["shaken.example.com".to_owned()]).unwrap();
        (pair.cert.pem(), pair.signing_key.serialize_pem())
    };
    let ((certificate, key), (_, other)) = (pair(), pair());
    let server = server();
    let raw = server.raw_signed_in().await;
    let post = async |body| raw.post("/admin/settings", &body).await.status;
    assert_eq!(post(json!({"stir_shaken_cert": certificate})).await, 400, "no key");
    assert_eq!(
        post(json!({"stir_shaken_cert": certificate, "stir_shaken_key": other})).await,
        400
    );
    assert_eq!(
        post(json!({"stir_shaken_cert": certificate, "stir_shaken_key": key})).await,
        200
    );
    let settings = raw.get("/admin/settings", &[]).await.json();
    assert_eq!(
        (&settings["stir_shaken_cert"], &settings["stir_shaken_key"]),
        (&json!(certificate), &json!("********"))
    );
    // The whole response may be sent back.
    assert_eq!(post(settings.clone()).await, 200);
    assert_eq!(
        post(json!({"stir_shaken_cert": null})).await,
        400,
        "the key is still stored"
    );
    assert_eq!(
        post(json!({"stir_shaken_cert": null, "stir_shaken_key": null})).await,
        200
    );

    assert_eq!(post(settings).await, 400, "the mask is not a key");
    let start = server.start();
    server.terminate();
    let stored = start.dump();
    let line = key.lines().nth(1).unwrap().as_bytes();
    assert!(!stored.windows(line.len()).any(|bytes| bytes == line));
}

#[on_each_engine]
async fn administrator_keeps_session_after_username_change() {
    let server = server();
    let client = server.client().await;
    let rename = async |name: &str| {
        client
            .change_system_admin_username()
            .body(ChangeUsername::new(name))
            .send()
            .await
    };
    rename("Root").await.unwrap();
    client.retrieve_admin_settings().send().await.unwrap();
    pbx_test_harness::sign_in(server.base(), "ROOT", PASSWORD, None)
        .await
        .unwrap();
    assert!(
        pbx_test_harness::sign_in(server.base(), ADMINISTRATOR, PASSWORD, None)
            .await
            .is_err()
    );
    rename("root").await.unwrap();
    for bad in ["", ".root", "root.", "ro ot", "röot"] {
        let error = rename(bad).await.unwrap_err();
        assert_eq!(error.status().unwrap(), 400, "{bad:?}");
    }
}

#[on_each_engine]
async fn password_change_revokes_other_sessions_and_old_password() {
    let server = server();
    let client = server.client().await;
    let other = server.client().await;
    let change = async |old: &str, new: &str| {
        let body = ChangePassword::new(old, new);
        client.reset_system_admin_password().body(body).send().await
    };
    let wrong = change("not-the-0ne", "N3w-password").await.unwrap_err();
    assert_eq!(wrong.status().unwrap(), 400);
    assert!(format!("{wrong:?}").contains("old_password"), "{wrong:?}");
    for weak in [
        "short-7",
        "no-digits-here",
        "x1234-Ymp7",
        "Admin-7531",
        &"x7-".repeat(11),
    ] {
        let refused = change(PASSWORD, weak).await.unwrap_err();
        assert!(refused.has_code("VALIDATE_FAILED"), "{weak}: {refused:?}");
    }
    other.retrieve_admin_settings().send().await.unwrap();

    change(PASSWORD, "N3w-password").await.unwrap();
    client.retrieve_admin_settings().send().await.unwrap();
    let output = other.retrieve_admin_settings().send().await.unwrap_err();
    assert_eq!(output.status().unwrap(), 401);
    assert!(
        pbx_test_harness::sign_in(server.base(), ADMINISTRATOR, PASSWORD, None)
            .await
            .is_err()
    );
    pbx_test_harness::sign_in(server.base(), ADMINISTRATOR, "N3w-password", None)
        .await
        .unwrap();
}

#[on_each_engine]
async fn one_of_concurrent_password_changes_succeeds() {
    let server = server();
    let client = server.client().await;
    let changes = (0..4).map(|number| {
        let body = ChangePassword::new(PASSWORD, format!("N3w-password-{number}"));
        client.reset_system_admin_password().body(body).send()
    });
    let outcomes = futures_util::future::join_all(changes).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}
