//! Alert mails to administrators.
//!
//! The clock is set ahead instead of waiting. Causes are mailed in a fixed order (disk, CPU, memory, addresses): the mail of the
//! next cause shows that one was not sent.

use jiff::SignedDuration;
use pbx_test_harness::smtp::{HOST, Mail, PASSWORD, Smtp, Tls, USERNAME};
use pbx_test_harness::{Raw, Server, on_each_engine};
use serde_json::{Value, json};

use crate::start;

/// The interval of the checks.
const CHECK_INTERVAL: SignedDuration = SignedDuration::from_secs(30);

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Saves the mail server and further settings. Usage of any disk and memory is above 0.01 %.
async fn save(server: &Server, smtp: &Smtp, more: Value) {
    let mut settings = json!({
        "type": "SMTP", "server": HOST, "port": smtp.port, "username": USERNAME, "password": PASSWORD,
        "enable_tls_ssl": false, "recipients": "ops@example.com;boss@example.com",
    });
    let properties = settings.as_object_mut().unwrap();
    properties.extend(more.as_object().unwrap().clone());
    let raw = server.raw_signed_in().await;
    assert_eq!(raw.post("/admin/notification", &settings).await.status, 200);
}

fn disk() -> Value {
    json!({"hard_disk_threshold": 0.01, "notify_hard_disk_exceeded_threshold": true})
}

fn memory() -> Value {
    json!({"memory_threshold": 0.01, "notify_memory_exceeded_threshold": true})
}

fn subject(mail: &Mail) -> &str {
    mail.header("Subject")
}

/// Asserts that the mail contains that string.
fn assert_contains(mail: &Mail, text: &str) {
    assert!(mail.text().contains(text), "{}", mail.data);
}

/// Locks the client's address out.
async fn lock_out(client: &Raw) {
    let mut statuses = Vec::new();
    for number in 0..6 {
        // Too many failures with one account would be slowed down.
        let body = json!({"username": format!("guess{number}"), "password": "wrong"});
        statuses.push(client.post("/auth/sign_in", &body).await.status);
    }
    statuses.push(client.get("/network", &[]).await.status);
    assert_eq!(statuses, [400, 400, 400, 400, 400, 400, 403]);
}

#[on_each_engine]
async fn threshold_alert_is_sent_once_an_hour_across_restarts() {
    let mut smtp = Smtp::start(Tls::Off, &["PLAIN"]).await;
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let raw = server.raw_signed_in().await;
    raw.post(
        "/network",
        &json!({"private_ipv4": "10.0.0.2", "web_domain": "pbx.example.com"}),
    )
    .await;
    save(&server, &smtp, disk()).await;
    clock.advance(CHECK_INTERVAL);
    let mail = smtp.next_mail().await;
    assert_eq!(subject(&mail), "PBX pbx.example.com: hard disk nearly full");
    assert_eq!(mail.to, ["TO:<ops@example.com>", "TO:<boss@example.com>"]);
    assert!(mail.from.contains(USERNAME), "{}", mail.from);
    assert_contains(&mail, "the threshold is 0.01 %");
    assert_contains(&mail, "What to do: free disk space");

    save(&server, &smtp, memory()).await;
    clock.advance(MINUTE * 59);
    assert_eq!(
        subject(&smtp.next_mail().await),
        "PBX pbx.example.com: memory nearly used up"
    );
    server.terminate();
    let server = start.ready();
    clock.advance(MINUTE);
    assert_eq!(
        subject(&smtp.next_mail().await),
        "PBX pbx.example.com: hard disk nearly full"
    );
    clock.advance(MINUTE * 59);
    assert_eq!(
        subject(&smtp.next_mail().await),
        "PBX pbx.example.com: memory nearly used up"
    );
    assert!(smtp.is_empty());
    drop(server);
}

#[on_each_engine]
async fn disabled_alert_or_missing_threshold_sends_nothing() {
    let mut smtp = Smtp::start(Tls::Off, &["PLAIN"]).await;
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let quiet = json!({
        "hard_disk_threshold": 0, "notify_hard_disk_exceeded_threshold": true,
        "cpu_threshold": 0.001, "notify_cpu_exceeded_threshold": false,
    });
    save(&server, &smtp, quiet).await;
    save(&server, &smtp, memory()).await;
    clock.advance(CHECK_INTERVAL);
    assert_eq!(subject(&smtp.next_mail().await), "PBX: memory nearly used up");
    assert!(smtp.is_empty());
}

#[on_each_engine]
async fn cpu_alert_is_sent() {
    let mut smtp = Smtp::start(Tls::Off, &["PLAIN"]).await;
    let (start, clock) = start().with_clock();
    let server = start.ready();
    save(
        &server,
        &smtp,
        json!({"cpu_threshold": 0.001, "notify_cpu_exceeded_threshold": true}),
    )
    .await;
    let raw = server.raw();
    // Until it has been busy for one measurement.
    let mail = loop {
        tokio::select! {
            mail = smtp.next_mail() => break mail,
            _ = raw.get("/auth/user", &[]) => clock.advance(CHECK_INTERVAL),
        }
    };
    assert_eq!(subject(&mail), "PBX: CPU busy");
    assert_contains(&mail, "the threshold is 0.001 %");
}

#[on_each_engine]
async fn blocked_addresses_are_listed_in_one_mail_an_hour() {
    let mut smtp = Smtp::start(Tls::Off, &["PLAIN"]).await;
    let (start, clock) = start().with_clock();
    let server = start.ready();
    save(&server, &smtp, json!({"notify_ip_blocked": true})).await;
    lock_out(&server.raw_from("127.0.0.2")).await;
    clock.advance(CHECK_INTERVAL);
    let mail = smtp.next_mail().await;
    assert_eq!(subject(&mail), "PBX: IP address blocked");
    assert_contains(&mail, "127.0.0.2/32: 6 sign-ins failed, blocked until ");

    save(&server, &smtp, memory()).await;
    lock_out(&server.raw_from("127.0.0.3")).await;
    lock_out(&server.raw_from("127.0.0.4")).await;
    clock.advance(MINUTE * 58);
    assert_eq!(subject(&smtp.next_mail().await), "PBX: memory nearly used up");
    clock.advance(MINUTE * 2);
    let mail = smtp.next_mail().await;
    assert_eq!(subject(&mail), "PBX: IP address blocked");
    let listed = [2, 3, 4].map(|last| mail.text().contains(&format!("127.0.0.{last}/32")));
    assert_eq!(listed, [false, true, true], "{}", mail.data);
}

#[on_each_engine]
async fn refused_recipient_spoils_nothing() {
    let mut smtp = Smtp::start(Tls::Off, &["PLAIN"]).await;
    let (start, clock) = start().with_clock();
    let server = start.ready();
    // The mail server has no mailbox of `nobody`, and supports no address that is not ASCII.
    let recipients = "ops@example.com,nobody@example.com,b@[192.0.2.1],müller@example.com,boss@example.com";
    let mut settings = memory();
    settings["recipients"] = json!(recipients);
    save(&server, &smtp, settings).await;
    clock.advance(CHECK_INTERVAL);
    let mail = smtp.next_mail().await;
    assert_eq!(subject(&mail), "PBX: memory nearly used up");
    let accepted = ["TO:<ops@example.com>", "TO:<b@[192.0.2.1]>", "TO:<boss@example.com>"];
    assert_eq!(mail.to, accepted);
    // The alert counts as sent: the next one is of the next hour.
    clock.advance(MINUTE * 61);
    assert_eq!(smtp.next_mail().await.to, accepted);
    assert!(smtp.is_empty());
    let log = server.terminate().stderr;
    for refused in [
        "nobody@example.com",
        "no such mailbox",
        "müller@example.com",
        "SMTPUTF8",
    ] {
        assert!(log.contains(refused), "{refused} is not in {log}");
    }
}
