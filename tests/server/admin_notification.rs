//! `/admin/notification`: mail settings, and mail that is sent with them.

use pbx_client::types::{MailServerAuth, MailServerType, TestEmail, UpdateNotificationSettings};
use pbx_client::{Client, Field};
use pbx_test_harness::smtp::{ADDRESS, HOST, PASSWORD, Smtp, Tls, USERNAME};
use pbx_test_harness::{Exchange, Raw, Server, initial, on_each_engine};
use serde_json::{Value, json};

use crate::{server, start};

/// Starts a server that trusts the certificate of that mail server.
fn server_trusting(smtp: &Smtp) -> Server {
    smtp.trusted_by(start()).ready()
}

/// Returns settings for that mail server.
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
    let message = json!({"recipient": "alice@example.com", "subject": "Grüße", "content": "It works.\n"});
    raw.post("/admin/notification/test_email", &message).await
}

#[on_each_engine]
async fn settings_default_to_documented_values() {
    let server = server();
    let raw = server.raw_signed_in().await;
    assert_eq!(
        raw.get("/admin/notification", &[]).await.json(),
        initial("NotificationSettings")
    );
}

#[on_each_engine]
async fn update_merges_and_password_is_never_returned_or_stored_in_clear() {
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

    let start = server.start();
    server.terminate();
    let stored = start.dump();
    assert!(!stored.windows(PASSWORD.len()).any(|bytes| bytes == PASSWORD.as_bytes()));
}

#[on_each_engine]
async fn mail_server_requires_port_and_account_unless_auth_is_disabled() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let refused = async |body: Value| {
        let response = raw.post("/admin/notification", &body).await;
        assert_eq!(response.status, 400, "{}", response.body);
        let errors = response.json()["errors"].as_array().unwrap().clone();
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
    let malformed = refused(json!({"server": "smtp://mail"})).await;
    assert!(
        malformed
            .iter()
            .any(|detail| detail.starts_with("body#/server pattern "))
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

/// A way to send mail, and what the mail server receives.
struct Delivery {
    tls: Tls,
    offered: &'static [&'static str],
    settings: Value,
    used: Option<&'static str>,
}

async fn assert_delivered(delivery: Delivery) {
    let mut smtp = Smtp::start(delivery.tls, delivery.offered).await;
    let server = server_trusting(&smtp);
    let raw = server.raw_signed_in().await;
    save(&raw, &settings(&smtp)).await;
    save(&raw, &delivery.settings).await;
    let sent = send(&raw).await;
    assert_eq!((sent.status, sent.body.as_str()), (200, ""));
    let mail = smtp.next_mail().await;
    assert_eq!(mail.encrypted, delivery.tls != Tls::Off);
    assert_eq!(mail.authenticated.as_deref(), delivery.used);
    assert!(mail.from.contains(&format!("<{USERNAME}>")), "{}", mail.from);
    assert_eq!(mail.to, ["TO:<alice@example.com>"]);
    assert!(mail.data.contains("Subject: =?utf-8?"), "{}", mail.data);
    assert!(mail.data.contains("\n\nIt works.\n"), "{}", mail.data);
}

#[on_each_engine]
async fn mail_is_sent_with_each_auth_mechanism() {
    let mechanisms: [(&[&str], &str, Option<&str>); 4] = [
        (&["PLAIN", "LOGIN"], "LOGIN", Some("LOGIN")),
        (&["LOGIN", "PLAIN"], "PLAIN", Some("PLAIN")),
        (&["LOGIN"], "AUTO", Some("LOGIN")),
        (&[], "DISABLE", None),
    ];
    for (offered, auth, used) in mechanisms {
        let settings = json!({"auth": auth});
        assert_delivered(Delivery {
            tls: Tls::Off,
            offered,
            settings,
            used,
        })
        .await;
    }
}

#[on_each_engine]
async fn mail_is_sent_over_implicit_tls() {
    assert_delivered(Delivery {
        tls: Tls::Implicit,
        offered: &["PLAIN"],
        settings: json!({"enable_tls_ssl": true}),
        used: Some("PLAIN"),
    })
    .await;
}

#[on_each_engine]
async fn mail_is_sent_over_starttls() {
    for required in [true, false] {
        assert_delivered(Delivery {
            tls: Tls::StartTls,
            offered: &["LOGIN"],
            settings: json!({"enable_tls_ssl": required, "enable_starttls_auto": true}),
            used: Some("LOGIN"),
        })
        .await;
    }
}

async fn test_email(client: &Client, recipient: &str) -> Result<(), pbx_client::Error> {
    let message = TestEmail::new(recipient, "subject", "content");
    let sent = client.send_global_notification_test_email().body(message).send().await;
    sent.map(drop)
}

#[on_each_engine]
async fn test_email_requires_saved_mail_server() {
    let server = server();
    let error = test_email(&server.client().await, "alice@example.com")
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 400);
    assert!(error.has_code("NO_MAIL_SERVER"), "{error:?}");
}

#[on_each_engine]
async fn failure_reports_reply_of_mail_server() {
    let mut smtp = Smtp::start(Tls::Off, &["PLAIN"]).await;
    let server = server_trusting(&smtp);
    let (raw, client) = (server.raw_signed_in().await, server.client().await);
    save(&raw, &settings(&smtp)).await;
    let refused = test_email(&client, "nobody@example.com").await.unwrap_err();
    assert!(refused.has_code("UNKNOWN"), "{refused:?}");
    assert!(format!("{refused:?}").contains("no such mailbox"), "{refused:?}");

    save(&raw, &json!({"password": "wrong"})).await;
    let response = send(&raw).await;
    let detail = response.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert!(
        response.status == 400 && detail.contains("535") && detail.contains("bad credentials"),
        "{detail}"
    );
    assert!(!response.body.contains("wrong") && !response.body.contains(PASSWORD));
    assert!(smtp.is_empty());

    let bad = test_email(&client, "alice@-.example").await.unwrap_err();
    assert!(bad.has_code("VALIDATE_FAILED"), "{bad:?}");
    save(&raw, &json!({"type": "GMAIL"})).await;
    let response = send(&raw).await;
    assert!(
        response.status == 400 && response.body.contains("OAuth"),
        "{}",
        response.body
    );
}

#[on_each_engine]
async fn password_is_not_sent_to_untrusted_server() {
    // Its certificate is not trusted.
    let mut smtp = Smtp::start(Tls::Implicit, &["PLAIN"]).await;
    let server = server();
    let raw = server.raw_signed_in().await;
    save(&raw, &settings(&smtp)).await;
    save(&raw, &json!({"enable_tls_ssl": true})).await;
    let response = send(&raw).await;
    assert_eq!((response.status, response.codes()), (400, vec!["UNKNOWN".to_owned()]));
    assert!(response.body.contains("certificate"), "{}", response.body);
    assert!(smtp.is_empty());

    // Nor does a server that strips STARTTLS from its capabilities get it.
    let mut smtp = Smtp::start(Tls::Off, &["PLAIN"]).await;
    save(&raw, &json!({"port": smtp.port, "enable_starttls_auto": true})).await;
    assert_eq!(send(&raw).await.status, 400);
    assert!(smtp.is_empty());
}

#[on_each_engine]
async fn mail_server_with_an_ip_address_takes_mail() {
    let mut smtp = Smtp::start(Tls::Off, &[]).await;
    let server = server();
    let raw = server.raw_signed_in().await;
    let settings = json!({
        "type": "SMTP", "server": ADDRESS, "port": smtp.port, "auth": "DISABLE", "enable_tls_ssl": false,
    });
    save(&raw, &settings).await;
    let subject = format!("{} {}", "word ".repeat(60), "x".repeat(700));
    let message = json!({"recipient": "alice@[192.0.2.1]", "subject": subject, "content": "It works.\n"});
    let sent = raw.post("/admin/notification/test_email", &message).await;
    assert_eq!((sent.status, sent.body.as_str()), (200, ""));
    let mail = smtp.next_mail().await;
    assert_eq!(mail.hello, "[127.0.0.1]");
    assert_eq!(mail.from, "FROM:<pbx@[127.0.0.1]>");
    assert_eq!(mail.to, ["TO:<alice@[192.0.2.1]>"]);
    assert_eq!(mail.header("From"), "pbx@[127.0.0.1]");
    assert_eq!(mail.header("To"), "alice@[192.0.2.1]");
    let longest = mail.data.lines().map(str::len).max();
    assert!(longest <= Some(78), "{longest:?}");
}

#[on_each_engine]
async fn line_breaks_in_settings_and_subjects_are_refused() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let settings = json!({
        "type": "SMTP", "server": "mail.example.com", "port": 25, "username": "pbx\r\nRCPT TO:<eve@example.com>",
    });
    let refused = raw.post("/admin/notification", &settings).await;
    let details = |response: &Exchange| {
        let errors = response.json()["errors"].as_array().unwrap().clone();
        let details = errors.iter().map(|error| error["detail"].as_str().unwrap().to_owned());
        details.collect::<Vec<_>>()
    };
    assert!(details(&refused)[0].starts_with("body#/username pattern "));
    let message =
        json!({"recipient": "alice@example.com", "subject": "Hello\r\nBcc: eve@example.com", "content": "Hello"});
    let refused = raw.post("/admin/notification/test_email", &message).await;
    assert!(details(&refused)[0].starts_with("body#/subject pattern "));
}
