//! The mails that tell administrators what needs them: when they are sent, and when not.
//!
//! The clock is put ahead in place of waiting. That a mail is not sent is shown by the one that comes in its place: causes are
//! told in a fixed order, disk, CPU, memory, addresses.

use jiff::SignedDuration;
use pbx_test_harness::smtp::{HOST, PASSWORD, Received, Smtp, Tls, USERNAME};
use pbx_test_harness::{ADMINISTRATOR, Raw, Server, on_each_engine};
use serde_json::{Value, json};

use crate::start;

/// How often the server looks.
const LOOK: SignedDuration = SignedDuration::from_secs(30);

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Saves the mail server and what it is to be used for. Any disk and memory are used by more than a ten-thousandth.
async fn save(server: &Server, smtp: &Smtp, more: Value) {
    let mut settings = json!({
        "type": "SMTP", "server": HOST, "port": smtp.port, "username": USERNAME, "password": PASSWORD,
        "enable_tls_ssl": false, "recipients": "ops@example.com;boss@example.com",
    });
    let members = settings.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    let raw = server.raw_signed_in().await;
    assert_eq!(raw.post("/admin/notification", &settings).await.status, 200);
}

fn disk() -> Value {
    json!({"hard_disk_threshold": 0.01, "notify_hard_disk_exceeded_threshold": true})
}

fn memory() -> Value {
    json!({"memory_threshold": 0.01, "notify_memory_exceeded_threshold": true})
}

fn subject(mail: &Received) -> &str {
    mail.header("Subject")
}

/// What the mail must say.
fn says(mail: &Received, text: &str) {
    assert!(mail.text().contains(text), "{}", mail.data);
}

/// Locks that address out.
async fn lock_out(client: &Raw) {
    let body = json!({"username": ADMINISTRATOR, "password": "wrong"});
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(client.post("/auth/sign_in", &body).await.status);
    }
    statuses.push(client.get("/network", &[]).await.status);
    assert_eq!(statuses, [400, 400, 400, 400, 400, 400, 403]);
}

#[on_each_engine]
async fn a_threshold_is_told_once_an_hour_and_a_restart_changes_nothing_about_that() {
    let mut smtp = Smtp::start(Tls::Never, &["PLAIN"]).await;
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let raw = server.raw_signed_in().await;
    raw.post(
        "/network",
        &json!({"private_ipv4": "10.0.0.2", "web_domain": "pbx.example.com"}),
    )
    .await;
    save(&server, &smtp, disk()).await;
    clock.advance(LOOK);
    let mail = smtp.received().await;
    assert_eq!(subject(&mail), "PBX pbx.example.com: hard disk nearly full");
    assert_eq!(mail.to, ["TO:<ops@example.com>", "TO:<boss@example.com>"]);
    assert!(mail.from.contains(USERNAME), "{}", mail.from);
    says(&mail, "the threshold is 0.01 %");
    says(&mail, "What to do: make room");

    save(&server, &smtp, memory()).await;
    clock.advance(MINUTE * 59);
    assert_eq!(
        subject(&smtp.received().await),
        "PBX pbx.example.com: memory nearly used up"
    );
    server.terminate();
    let server = start.ready();
    clock.advance(MINUTE);
    assert_eq!(
        subject(&smtp.received().await),
        "PBX pbx.example.com: hard disk nearly full"
    );
    clock.advance(MINUTE * 59);
    assert_eq!(
        subject(&smtp.received().await),
        "PBX pbx.example.com: memory nearly used up"
    );
    assert!(smtp.is_empty());
    drop(server);
}

#[on_each_engine]
async fn what_is_switched_off_or_has_no_threshold_is_not_told() {
    let mut smtp = Smtp::start(Tls::Never, &["PLAIN"]).await;
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let quiet = json!({
        "hard_disk_threshold": 0, "notify_hard_disk_exceeded_threshold": true,
        "cpu_threshold": 0.001, "notify_cpu_exceeded_threshold": false,
    });
    save(&server, &smtp, quiet).await;
    save(&server, &smtp, memory()).await;
    clock.advance(LOOK);
    assert_eq!(subject(&smtp.received().await), "PBX: memory nearly used up");
    assert!(smtp.is_empty());
}

#[on_each_engine]
async fn a_busy_processor_is_told() {
    let mut smtp = Smtp::start(Tls::Never, &["PLAIN"]).await;
    let (start, clock) = start().with_clock();
    let server = start.ready();
    save(
        &server,
        &smtp,
        json!({"cpu_threshold": 0.001, "notify_cpu_exceeded_threshold": true}),
    )
    .await;
    let raw = server.raw();
    // Until it has been busy for as long as it takes to measure that.
    let mail = loop {
        tokio::select! {
            mail = smtp.received() => break mail,
            _ = raw.get("/auth/user", &[]) => clock.advance(LOOK),
        }
    };
    assert_eq!(subject(&mail), "PBX: CPU busy");
    says(&mail, "the threshold is 0.001 %");
}

#[on_each_engine]
async fn addresses_that_were_blocked_are_told_by_name_and_gathered_for_an_hour() {
    let mut smtp = Smtp::start(Tls::Never, &["PLAIN"]).await;
    let (start, clock) = start().with_clock();
    let server = start.ready();
    save(&server, &smtp, json!({"notify_ip_blocked": true})).await;
    lock_out(&server.raw_from("127.0.0.2")).await;
    clock.advance(LOOK);
    let mail = smtp.received().await;
    assert_eq!(subject(&mail), "PBX: IP address blocked");
    says(&mail, "127.0.0.2/32: 6 sign-ins failed, blocked until ");

    save(&server, &smtp, memory()).await;
    lock_out(&server.raw_from("127.0.0.3")).await;
    lock_out(&server.raw_from("127.0.0.4")).await;
    clock.advance(MINUTE * 58);
    assert_eq!(subject(&smtp.received().await), "PBX: memory nearly used up");
    clock.advance(MINUTE * 2);
    let mail = smtp.received().await;
    assert_eq!(subject(&mail), "PBX: IP address blocked");
    let told = [2, 3, 4].map(|last| mail.text().contains(&format!("127.0.0.{last}/32")));
    assert_eq!(told, [false, true, true], "{}", mail.data);
}
