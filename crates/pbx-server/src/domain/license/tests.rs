//! What a licence allows, and what happens beyond that.

use jiff::SignedDuration;

use super::key::tests::{license, pair};
use super::*;
use crate::domain::Id;
use crate::domain::audit::{Actor, Audited};
use crate::domain::session::{Account, Role};
use crate::domain::vault::tests::vault;
use crate::store::testing::TestStore;

/// Stores a licence as if it had been good when it came.
async fn give(store: &Store, licensing: &Licensing, key: &str) {
    let stored = Stored {
        license_key: Some(licensing.vault.seal(PLACE, key).unwrap()),
    };
    let save = move |tx: &mut Tx<'_>| Ok::<_, Error>(settings::save(tx, &stored)?);
    store.write_unaudited(save).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_that_is_over_is_shown_and_allows_nothing_more() {
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        let (issuer, verifier) = pair();
        let over = License {
            expires_at: Some(Timestamp::UNIX_EPOCH),
            ..license()
        };
        let key = issuer.issue(&over).unwrap();
        let licensing = Licensing::new(vault(), Some(verifier));
        give(store, &licensing, &key).await;
        let licensed = current(store, &licensing).await.unwrap();
        assert_eq!((licensed.limits, licensed.license), (Limits::UNLICENSED, Some(over)));
        assert_eq!(licensed.masked_key, Some(mask(&key)));
        // Another seller's key, or nobody's: it says nothing either.
        for verifier in [None, Some(pair().1)] {
            let licensing = Licensing {
                verifier,
                ..licensing.clone()
            };
            let licensed = current(store, &licensing).await.unwrap();
            assert_eq!((licensed.limits, licensed.license), (Limits::UNLICENSED, None));
        }
    }
}

#[test]
fn a_mask_shows_the_tail() {
    assert_eq!(mask("abcdefgh"), "********efgh");
    assert_eq!(mask("ab"), "********ab");
}

/// A tenant for the users of a test.
async fn tenant(fixture: &TestStore) -> Id {
    let insert = "INSERT INTO tenants (id, name, domain, domain_key, timezone, currency, region, enabled, max_extensions, \
                  max_concurrent_calls, created_at) \
                  VALUES (7, 'One', 'one', 'one', 'UTC', 'EUR', 'DEU', TRUE, 10, 10, 0)";
    fixture.place.sql(insert, insert);
    Id::from_stored(7)
}

/// Adds a user the way an operation does.
async fn add(store: &Store, licensing: &Licensing, tenant_id: Option<Id>, number: i64) -> Result<(), Error> {
    let licensing = licensing.clone();
    let account = Account {
        id: Id::from_stored(100 + number),
        role: Role::StandardUser,
        name: format!("user{number}"),
        password_hash: String::new(),
        enabled: true,
        tenant_id,
    };
    let added = Changes::new(store, Actor::system())
        .write(move |tx| {
            accounts::insert(tx, &account, clock::now())?;
            check_users(tx, &licensing)?;
            Ok(Audited::nothing(()))
        })
        .await;
    tell(store, added).await
}

/// How many of those are added when all are tried at once, and with which code the others are refused.
async fn added(store: &Store, licensing: &Licensing, tenant_id: Id, numbers: std::ops::Range<i64>) -> usize {
    let adding = numbers.map(|number| {
        let (store, licensing) = (store.clone(), licensing.clone());
        tokio::spawn(async move { add(&store, &licensing, Some(tenant_id), number).await })
    });
    let mut count = 0;
    for outcome in adding.collect::<Vec<_>>() {
        match outcome.await.unwrap() {
            Ok(()) => count += 1,
            Err(Error::Conflict { code: LIMITED, .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_added_up_to_the_limit_however_many_are_at_once() {
    for fixture in TestStore::on_every_engine() {
        let (store, tenant_id) = (&fixture.store, tenant(&fixture).await);
        let (issuer, verifier) = pair();
        let licensing = Licensing::new(vault(), Some(verifier));
        assert_eq!(
            added(store, &licensing, tenant_id, 0..14).await,
            10,
            "without a licence"
        );
        let more = License {
            limits: Limits { users: 13, calls: 3 },
            ..license()
        };
        give(store, &licensing, &issuer.issue(&more).unwrap()).await;
        assert_eq!(added(store, &licensing, tenant_id, 20..26).await, 3);
        let over = License {
            expires_at: Some(clock::now() - SignedDuration::from_secs(1)),
            limits: Limits { users: 500, calls: 3 },
            ..license()
        };
        give(store, &licensing, &issuer.issue(&over).unwrap()).await;
        assert_eq!(
            added(store, &licensing, tenant_id, 30..32).await,
            0,
            "a licence that is over"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_are_told_of_a_refusal() {
    for fixture in TestStore::on_every_engine() {
        let (store, tenant_id) = (&fixture.store, tenant(&fixture).await);
        let licensing = Licensing::new(vault(), None);
        let settings = crate::domain::admin::notification::Notification {
            server: Some("mail.example.com".to_owned()),
            recipients: Some("a@example.com".to_owned()),
            notify_license_limited: true,
            ..Default::default()
        };
        let save = move |tx: &mut Tx<'_>| Ok::<_, Error>(settings::save(tx, &settings)?);
        store.write_unaudited(save).await.unwrap();
        let noted = async || {
            let any = store.read(|tx| Ok::<_, Error>(crate::store::alerts::any(tx)?));
            any.await.unwrap()
        };
        assert_eq!(added(store, &licensing, tenant_id, 0..10).await, 10);
        assert!(!noted().await);
        assert_eq!(added(store, &licensing, tenant_id, 10..11).await, 0);
        assert!(noted().await);
    }
}
