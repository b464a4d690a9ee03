//! `/admin/notification`: the settings of mail, and mail that really arrives.

use pbx_client::types::{MailServerAuth, MailServerType, TestEmail, UpdateNotificationSettings};
use pbx_client::{Client, Field};
use pbx_test_harness::smtp::{HOST, PASSWORD, Smtp, Tls, USERNAME};
use pbx_test_harness::{Exchange, Raw, Server, on_each_engine};
use serde_json::{Value, json};

use crate::{server, start};

/// A server that trusts that mail server's certificate.
fn trusting(smtp: &Smtp) -> Server {
    smtp.trusted_by(start()).ready()
}

/// The settings of a mail server, to be changed further.
fn settings(smtp: &Smtp) -> Value {
    json!({
        "type": "SMTP", "server": HOST, "port": smtp.port, "username": USERNAME, "password": PASSWORD,
        "enable_tls_ssl": false,
    })
}

async fn save(raw: &Raw, settings: &Value) {
    let saved = raw.post("/admin/notification", settings).await;
    assert_eq!(saved.status, 200, "{}", saved.body);
}

async fn send(raw: &Raw) -> Exchange {
    let letter = json!({"recipient": "alice@example.com", "subject": "Grüße", "content": "It works.\n"});
    raw.post("/admin/notification/test_email", &letter).await
}

#[on_each_engine]
async fn settings_start_with_the_documented_defaults() {
    let server = server();
    let expected = json!({
        "type": null, "server": null, "port": null, "reply_to": null, "username": null, "auth": "AUTO",
        "enable_tls_ssl": true, "enable_starttls_auto": false, "recipients": null, "enable_tenant_access": true,
        "hard_disk_threshold": null, "notify_hard_disk_exceeded_threshold": false, "cpu_threshold": null,
        "notify_cpu_exceeded_threshold": false, "memory_threshold": null, "notify_memory_exceeded_threshold": false,
        "notify_ip_blocked": false, "notify_license_limited": false, "notify_service_disconnected": false,
        "notify_push_certs_update_failed": false,
    });
    let raw = server.raw_signed_in().await;
    assert_eq!(raw.get("/admin/notification", &[]).await.json(), expected);
}

#[on_each_engine]
async fn an_update_merges_and_the_password_is_never_shown_nor_readable_in_the_database() {
    let server = server();
    let client = server.client().await;
    let update = async |body| {
        client
            .update_system_notification_settings()
            .body(body)
            .send()
            .await
            .unwrap()
    };
    update(UpdateNotificationSettings {
        type_: Field::Value(MailServerType::Smtp),
        server: Field::Value("mail.example.com".to_owned()),
        port: Field::Value(465),
        username: Field::Value(USERNAME.to_owned()),
        password: Field::Value(PASSWORD.into()),
        auth: Field::Value(MailServerAuth::Plain),
        recipients: Field::Value("a@example.com; b@example.com;c@example.com".to_owned()),
        ..UpdateNotificationSettings::default()
    })
    .await;
    update(UpdateNotificationSettings {
        cpu_threshold: Field::Value(87.5),
        notify_cpu_exceeded_threshold: Field::Value(true),
        auth: Field::Null,
        ..UpdateNotificationSettings::default()
    })
    .await;
    let settings = client
        .get_system_notification_settings()
        .send()
        .await
        .unwrap()
        .into_inner();
    assert_eq!(settings.server.as_deref(), Some("mail.example.com"));
    assert_eq!(
        settings.recipients.as_deref(),
        Some("a@example.com,b@example.com,c@example.com")
    );
    assert_eq!((settings.cpu_threshold, settings.port), (Some(87.5), Some(465)));
    assert_eq!(settings.auth, Some(MailServerAuth::Auto));
    let raw = server.raw_signed_in().await;
    let shown = raw.get("/admin/notification", &[]).await;
    assert!(shown.json().get("password").is_none() && !shown.body.contains(PASSWORD));

    let start = server.how();
    server.terminate();
    let stored = start.stored();
    assert!(!stored.windows(PASSWORD.len()).any(|bytes| bytes == PASSWORD.as_bytes()));
}

#[on_each_engine]
async fn a_mail_server_needs_its_port_and_an_account_unless_it_trusts_us() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let refused = async |body: Value| {
        let answer = raw.post("/admin/notification", &body).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        errors
            .iter()
            .map(|error| error["detail"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        refused(json!({"type": "SMTP"})).await,
        ["body#/server required", "body#/username required"]
    );
    assert_eq!(
        refused(json!({"server": "mail.example.com", "port": 0})).await,
        ["body#/port required", "body#/username required"]
    );
    assert_eq!(
        refused(json!({"server": "smtp://mail"})).await[0],
        "body#/server format"
    );
    let sixteen = vec!["a@example.com"; 16].join(",");
    assert_eq!(refused(json!({"recipients": sixteen})).await.len(), 1);
    assert_eq!(
        refused(json!({"recipients": "a@example.com,,b@example.com"}))
            .await
            .len(),
        1
    );
    assert_eq!(refused(json!({"cpu_threshold": 101})).await.len(), 1);

    save(&raw, &json!({"cpu_threshold": 0})).await;
    save(
        &raw,
        &json!({"server": "mail.example.com", "port": 25, "auth": "DISABLE"}),
    )
    .await;
    assert_eq!(refused(json!({"auth": "LOGIN"})).await, ["body#/username required"]);
    save(&raw, &json!({"type": null, "server": null, "port": null, "auth": null})).await;
}

/// One way to hand mail over, and how the mail server sees it.
struct Way {
    tls: Tls,
    offered: &'static [&'static str],
    settings: Value,
    used: Option<&'static str>,
}

async fn arrives(way: Way) {
    let mut smtp = Smtp::start(way.tls, way.offered).await;
    let server = trusting(&smtp);
    let raw = server.raw_signed_in().await;
    save(&raw, &settings(&smtp)).await;
    save(&raw, &way.settings).await;
    let sent = send(&raw).await;
    assert_eq!((sent.status, sent.body.as_str()), (200, ""));
    let mail = smtp.received().await;
    assert_eq!(mail.encrypted, way.tls != Tls::Never);
    assert_eq!(mail.authenticated.as_deref(), way.used);
    assert!(mail.from.contains(&format!("<{USERNAME}>")), "{}", mail.from);
    assert_eq!(mail.to, ["TO:<alice@example.com>"]);
    assert!(mail.data.contains("Subject: =?utf-8?"), "{}", mail.data);
    assert!(mail.data.contains("\n\nIt works.\n"), "{}", mail.data);
}

#[on_each_engine]
async fn mail_arrives_as_plain_text_with_each_kind_of_authentication() {
    let ways: [(&[&str], &str, Option<&str>); 4] = [
        (&["PLAIN", "LOGIN"], "LOGIN", Some("LOGIN")),
        (&["LOGIN", "PLAIN"], "PLAIN", Some("PLAIN")),
        (&["LOGIN"], "AUTO", Some("LOGIN")),
        (&[], "DISABLE", None),
    ];
    for (offered, auth, used) in ways {
        let settings = json!({"auth": auth});
        arrives(Way {
            tls: Tls::Never,
            offered,
            settings,
            used,
        })
        .await;
    }
}

#[on_each_engine]
async fn mail_arrives_encrypted_from_the_start() {
    arrives(Way {
        tls: Tls::FromTheStart,
        offered: &["PLAIN"],
        settings: json!({"enable_tls_ssl": true}),
        used: Some("PLAIN"),
    })
    .await;
}

#[on_each_engine]
async fn mail_arrives_encrypted_by_starttls() {
    for required in [true, false] {
        arrives(Way {
            tls: Tls::OnRequest,
            offered: &["LOGIN"],
            settings: json!({"enable_tls_ssl": required, "enable_starttls_auto": true}),
            used: Some("LOGIN"),
        })
        .await;
    }
}

async fn test_email(client: &Client, recipient: &str) -> Result<(), pbx_client::Error> {
    let letter = TestEmail::new(recipient, "subject", "content");
    let sent = client.send_global_notification_test_email().body(letter).send().await;
    sent.map(drop)
}

#[on_each_engine]
async fn without_a_saved_server_nothing_is_tried() {
    let server = server();
    let error = test_email(&server.client().await, "alice@example.com")
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 400);
    assert!(error.has_code("NO_MAIL_SERVER"), "{error:?}");
}

#[on_each_engine]
async fn what_goes_wrong_is_told_in_the_words_of_the_mail_server() {
    let mut smtp = Smtp::start(Tls::Never, &["PLAIN"]).await;
    let server = trusting(&smtp);
    let (raw, client) = (server.raw_signed_in().await, server.client().await);
    save(&raw, &settings(&smtp)).await;
    let refused = test_email(&client, "nobody@example.com").await.unwrap_err();
    assert!(refused.has_code("UNKNOWN"), "{refused:?}");
    assert!(format!("{refused:?}").contains("no such mailbox"), "{refused:?}");

    save(&raw, &json!({"password": "wrong"})).await;
    let answer = send(&raw).await;
    let detail = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert!(
        answer.status == 400 && detail.contains("535") && detail.contains("bad credentials"),
        "{detail}"
    );
    assert!(!answer.body.contains("wrong") && !answer.body.contains(PASSWORD));
    assert!(smtp.is_empty());

    let bad = test_email(&client, "alice@-.example").await.unwrap_err();
    assert!(bad.has_code("VALIDATE_FAILED"), "{bad:?}");
    save(&raw, &json!({"type": "GMAIL"})).await;
    let answer = send(&raw).await;
    assert!(answer.status == 400 && answer.body.contains("OAuth"), "{}", answer.body);
}

#[on_each_engine]
async fn no_password_goes_to_a_server_that_is_not_the_right_one() {
    // Its certificate is trusted by nobody.
    let mut smtp = Smtp::start(Tls::FromTheStart, &["PLAIN"]).await;
    let server = server();
    let raw = server.raw_signed_in().await;
    save(&raw, &settings(&smtp)).await;
    save(&raw, &json!({"enable_tls_ssl": true})).await;
    let answer = send(&raw).await;
    assert_eq!((answer.status, answer.codes()), (400, vec!["UNKNOWN".to_owned()]));
    assert!(answer.body.contains("certificate"), "{}", answer.body);
    assert!(smtp.is_empty());

    // One that takes the offer of STARTTLS away gets nothing either.
    let mut smtp = Smtp::start(Tls::Never, &["PLAIN"]).await;
    save(&raw, &json!({"port": smtp.port, "enable_starttls_auto": true})).await;
    assert_eq!(send(&raw).await.status, 400);
    assert!(smtp.is_empty());
}
