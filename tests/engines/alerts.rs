//! Two servers on one PostgreSQL send one alert mail, not two.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pbx_test_harness::smtp::{HOST, Mail, PASSWORD, Smtp, Tls, USERNAME};
use pbx_test_harness::{Engine, Start};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn one_node_sends_the_hourly_alert() {
    let Some(start) = Start::on(Engine::Postgres) else {
        return;
    };
    let (start, clock) = start.with_clock();
    let mut smtp = Smtp::start(Tls::Off, &["PLAIN"]).await;
    let (one, _other) = (start.ready(), start.another_node().ready());
    let settings = json!({
        "type": "SMTP", "server": HOST, "port": smtp.port, "username": USERNAME, "password": PASSWORD,
        "enable_tls_ssl": false, "recipients": "ops@example.com",
        "hard_disk_threshold": 0.01, "notify_hard_disk_exceeded_threshold": true,
    });
    let raw = one.raw_signed_in().await;
    assert_eq!(raw.post("/admin/notification", &settings).await.status, 200);
    let mut last = None;
    for _ in 0..4 {
        // Both nodes check twice an hour.
        clock.advance(SignedDuration::from_mins(30));
        let at = time_of_check(&smtp.next_mail().await);
        if let Some(last) = last.replace(at) {
            assert!(at.duration_since(last) >= SignedDuration::from_hours(1), "{last} {at}");
        }
        clock.advance(SignedDuration::from_mins(30));
    }
    assert!(smtp.is_empty());
}

/// Returns the time of the check.
fn time_of_check(mail: &Mail) -> Timestamp {
    assert_eq!(mail.header("Subject"), "PBX: hard disk nearly full");
    let text = mail.text();
    let (time, _) = text.split_once(" UTC  ").unwrap();
    let time = time.lines().last().unwrap();
    DateTime::strptime("%Y-%m-%d %H:%M:%S", time)
        .unwrap()
        .to_zoned(TimeZone::UTC)
        .unwrap()
        .timestamp()
}
