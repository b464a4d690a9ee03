//! Sending alerts from several nodes, on both engines.

use pbx_types::admin::{MailServerAuth, MailServerType};

use super::*;
use crate::adapters::resolver::Resolver;
use crate::testing::TestStore;

fn settings() -> Notification {
    Notification {
        r#type: Some(MailServerType::Smtp),
        server: Some("mail.example.com".to_owned()),
        port: Some(25),
        recipients: Some("a@example.com".to_owned()),
        memory_threshold: Some(90.0),
        notify_memory_exceeded_threshold: true,
        notify_ip_blocked: true,
        ..Notification::default()
    }
}

async fn save(store: &Store, settings: Notification) {
    let saved = store.write_unaudited(move |tx| Ok::<_, Error>(settings::save(tx, &settings)?));
    saved.await.unwrap();
}

fn reading(host: &str, memory: f64) -> Option<Reading> {
    Some(Reading {
        host: host.to_owned(),
        disk: None,
        cpu: None,
        memory: Some(memory),
    })
}

async fn block(store: &Store, address: &str) {
    let event = Event {
        subject: address.to_owned(),
        at: clock::now(),
        detail: "blocked".to_owned(),
    };
    queue_separately(store, Cause::IpBlocked, event).await;
}

/// Returns the causes of the mails to send now, with the subjects of each.
async fn claimed(store: &Store, reading: Option<Reading>) -> Vec<(Cause, Vec<String>)> {
    let claims = claim(store, reading).await.unwrap();
    let subjects = |claim: Alert| {
        let mut subjects: Vec<String> = claim.events.into_iter().map(|event| event.subject).collect();
        subjects.sort();
        (claim.cause, subjects)
    };
    claims.into_iter().map(subjects).collect()
}

/// Ends the hour without mails.
async fn an_hour_later(store: &Store) {
    let over = |tx: &mut Tx<'_>| {
        for &cause in Cause::ALL {
            alerts::set_next_at(tx, cause, clock::now())?;
        }
        Ok::<_, Error>(())
    };
    store.write_unaudited(over).await.unwrap();
}

#[test]
fn a_cause_is_enabled_by_its_switch_its_threshold_and_a_mail_server() {
    let trigger = |change: fn(&mut Notification)| {
        let mut settings = settings();
        change(&mut settings);
        Cause::Memory.trigger(&settings)
    };
    assert_eq!(trigger(|_| ()), Some(Trigger::Threshold(90.0)));
    assert_eq!(trigger(|it| it.notify_memory_exceeded_threshold = false), None);
    assert_eq!(trigger(|it| it.memory_threshold = Some(0.0)), None);
    assert_eq!(trigger(|it| it.memory_threshold = None), None);
    assert_eq!(trigger(|it| it.server = None), None);
    assert_eq!(trigger(|it| it.recipients = None), None);
    assert_eq!(Cause::IpBlocked.trigger(&settings()), Some(Trigger::Events));
    assert_eq!(Cause::LicenseLimited.trigger(&settings()), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_mail_lists_every_machine_at_or_above_the_threshold() {
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        save(store, settings()).await;
        assert_eq!(claimed(store, reading("one", 89.9)).await, []);
        let first = claimed(store, reading("one", 90.0)).await;
        assert_eq!(first, [(Cause::Memory, vec!["one".to_owned()])]);
        for (host, used) in [("one", 95.0), ("two", 95.0), ("three", 95.0), ("three", 10.0)] {
            assert_eq!(claimed(store, reading(host, used)).await, [], "within the hour");
        }
        an_hour_later(store).await;
        let second = claimed(store, None).await;
        assert_eq!(second, [(Cause::Memory, vec!["one".to_owned(), "two".to_owned()])]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_nodes_one_sends() {
    for fixture in TestStore::on_every_engine() {
        save(&fixture.store, settings()).await;
        for _ in 0..5 {
            an_hour_later(&fixture.store).await;
            let looks = (0..8).map(|node| {
                let store = fixture.store.clone();
                tokio::spawn(async move { claimed(&store, reading(&format!("node{node}"), 95.0)).await.len() })
            });
            let mut sent = 0;
            for look in looks.collect::<Vec<_>>() {
                sent += look.await.unwrap();
            }
            assert_eq!(sent, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_within_the_hour_are_reported_once_by_the_next_mail() {
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        save(store, settings()).await;
        block(store, "192.0.2.1/32").await;
        assert_eq!(claimed(store, None).await.len(), 1);
        // The mail is on its way when the next ones come.
        block(store, "192.0.2.2/32").await;
        let sent = |tx: &mut Tx<'_>| Ok::<_, Error>(alerts::delete_taken(tx, Cause::IpBlocked)?);
        store.write_unaudited(sent).await.unwrap();
        block(store, "192.0.2.3/32").await;
        assert_eq!(claimed(store, None).await, []);
        an_hour_later(store).await;
        let both = ["192.0.2.2/32", "192.0.2.3/32"].map(str::to_owned).to_vec();
        assert_eq!(claimed(store, None).await, [(Cause::IpBlocked, both.clone())]);
        // It was not confirmed as sent: the next mail reports it again.
        an_hour_later(store).await;
        assert_eq!(claimed(store, None).await, [(Cause::IpBlocked, both)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_truncated_and_counted() {
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        save(store, settings()).await;
        for number in 0..60 {
            block(store, &format!("192.0.2.{number}/32")).await;
        }
        let claims = claim(store, None).await.unwrap();
        assert_eq!((claims[0].events.len(), claims[0].count), (50, 60));
        assert_eq!(claims[0].events[0].subject, "192.0.2.59/32", "the newest are listed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_disabled_causes_are_dropped() {
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        block(store, "192.0.2.1/32").await;
        save(store, settings()).await;
        assert_eq!(claimed(store, None).await, [], "it was disabled then");
        block(store, "192.0.2.2/32").await;
        let off = Notification {
            notify_ip_blocked: false,
            ..settings()
        };
        save(store, off).await;
        assert_eq!(claimed(store, None).await, []);
        save(store, settings()).await;
        assert_eq!(claimed(store, None).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_readings_are_dropped() {
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        save(store, settings()).await;
        let long_ago = Event {
            subject: "gone".to_owned(),
            at: clock::now() - MAX_AGE,
            detail: "95 %".to_owned(),
        };
        queue_separately(store, Cause::Memory, long_ago).await;
        assert_eq!(claimed(store, None).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_not_sent_is_retried_before_the_hour_is_over() {
    let vault = crate::testing::vault();
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        // Bound and not listening, so that connections are refused, and no other program takes the port.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let away = Notification {
            server: Some("127.0.0.1".to_owned()),
            port: Some(socket.local_addr().unwrap().port()),
            auth: MailServerAuth::Disable,
            enable_tls_ssl: false,
            ..settings()
        };
        save(store, away).await;
        block(store, "192.0.2.1/32").await;
        send_due(store, &vault, &Mailer::new(Resolver::new(1, 1)), None)
            .await
            .unwrap();
        let next = store.read(|tx| Ok::<_, Error>(alerts::next_at(tx, Cause::IpBlocked)?));
        let next = next.await.unwrap().unwrap();
        let now = clock::now();
        assert!(next > now && next <= now + RETRY_AFTER, "{next}");
        an_hour_later(store).await;
        assert_eq!(claimed(store, None).await.len(), 1, "it is not lost");
    }
}
