//! License limits on both engines.

use jiff::{SignedDuration, Timestamp};
use pbx_domain::Id;
use pbx_domain::audit::{Actor, Audited};
use pbx_domain::kind::Tenant;
use pbx_domain::license::key::{Issuer, Verifier, generate_pair};
use pbx_domain::license::{License, Limits};
use pbx_domain::session::{Account, Role};
use pbx_domain::vault::Vault;
use pbx_store::Changes;

use super::*;
use crate::testing::{TestStore, vault};

fn license() -> License {
    License {
        holder: "Example Ltd".to_owned(),
        email: Some("pbx@example.com".to_owned()),
        kind: None,
        limits: Limits { users: 500, calls: 50 },
        expires_at: None,
    }
}

fn pair() -> (Issuer, Verifier) {
    let (private, public) = generate_pair().unwrap();
    (
        Issuer::from_pem(&private).unwrap(),
        Verifier::from_pem(&public).unwrap(),
    )
}

/// Stores a license without checking that it has expired.
async fn store_license(store: &Store, vault: &Vault, key: &str) {
    let stored = StoredLicense {
        license_key: Some(vault.seal("license.license_key", key).unwrap()),
    };
    let save = move |tx: &mut Tx<'_>| Ok::<_, Error>(settings::save(tx, &stored)?);
    store.write_unaudited(save).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_license_is_shown_and_the_unlicensed_limits_apply() {
    for fixture in TestStore::on_every_engine() {
        let (store, vault) = (&fixture.store, vault());
        let (issuer, verifier) = pair();
        let expired = License {
            expires_at: Some(Timestamp::UNIX_EPOCH),
            ..license()
        };
        let key = issuer.issue(&expired).unwrap();
        store_license(store, &vault, &key).await;
        let licensing = Licensing::new(vault.clone(), Some(verifier));
        let licensed = current(store, &licensing).await.unwrap();
        assert_eq!((licensed.limits, licensed.license), (Limits::UNLICENSED, Some(expired)));
        let end = key.get(key.len() - 4..).unwrap();
        assert_eq!(licensed.masked_key, Some(format!("********{end}")));
        // Signed by another seller, or no public key is configured: the license is not shown either.
        for verifier in [None, Some(pair().1)] {
            let licensing = Licensing::new(vault.clone(), verifier);
            let licensed = current(store, &licensing).await.unwrap();
            assert_eq!((licensed.limits, licensed.license), (Limits::UNLICENSED, None));
        }
    }
}

/// Inserts the tenant of the users of a test.
async fn tenant(fixture: &TestStore) -> Id<Tenant> {
    let insert = "INSERT INTO tenants (id, name, domain, domain_key, timezone, currency, region, enabled, max_extensions, \
                  max_concurrent_calls, created_at) \
                  VALUES (7, 'One', 'one', 'one', 'UTC', 'EUR', 'DEU', TRUE, 10, 10, 0)";
    fixture.database.sql(insert, insert);
    Id::from_stored(7)
}

/// Adds a user as an operation does.
async fn add(store: &Store, licensing: &Licensing, tenant_id: Option<Id<Tenant>>, number: i64) -> Result<(), Error> {
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
    report_refusal(store, added).await
}

/// Returns the number of users added by concurrent operations; the others must be refused because of the license.
async fn added(store: &Store, licensing: &Licensing, tenant_id: Id<Tenant>, numbers: std::ops::Range<i64>) -> usize {
    let adding = numbers.map(|number| {
        let (store, licensing) = (store.clone(), licensing.clone());
        tokio::spawn(async move { add(&store, &licensing, Some(tenant_id), number).await })
    });
    let mut count = 0;
    for outcome in adding.collect::<Vec<_>>() {
        match outcome.await.unwrap() {
            Ok(()) => count += 1,
            Err(Error::Conflict {
                code: LICENSE_LIMITED, ..
            }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_operations_add_users_up_to_the_limit() {
    for fixture in TestStore::on_every_engine() {
        let (store, tenant_id) = (&fixture.store, tenant(&fixture).await);
        let (issuer, verifier) = pair();
        let vault = vault();
        let licensing = Licensing::new(vault.clone(), Some(verifier));
        assert_eq!(
            added(store, &licensing, tenant_id, 0..14).await,
            10,
            "without a license"
        );
        let more = License {
            limits: Limits { users: 13, calls: 3 },
            ..license()
        };
        store_license(store, &vault, &issuer.issue(&more).unwrap()).await;
        assert_eq!(added(store, &licensing, tenant_id, 20..26).await, 3);
        let expired = License {
            expires_at: Some(clock::now() - SignedDuration::from_secs(1)),
            limits: Limits { users: 500, calls: 3 },
            ..license()
        };
        store_license(store, &vault, &issuer.issue(&expired).unwrap()).await;
        assert_eq!(
            added(store, &licensing, tenant_id, 30..32).await,
            0,
            "an expired license"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_are_alerted_of_a_refusal() {
    for fixture in TestStore::on_every_engine() {
        let (store, tenant_id) = (&fixture.store, tenant(&fixture).await);
        let licensing = Licensing::new(vault(), None);
        let settings = pbx_domain::admin::notification::Notification {
            server: Some("mail.example.com".to_owned()),
            recipients: Some("a@example.com".to_owned()),
            notify_license_limited: true,
            ..Default::default()
        };
        let save = move |tx: &mut Tx<'_>| Ok::<_, Error>(settings::save(tx, &settings)?);
        store.write_unaudited(save).await.unwrap();
        let queued = async || {
            let any = store.read(|tx| Ok::<_, Error>(pbx_store::alerts::any(tx)?));
            any.await.unwrap()
        };
        assert_eq!(added(store, &licensing, tenant_id, 0..10).await, 10);
        assert!(!queued().await);
        assert_eq!(added(store, &licensing, tenant_id, 10..11).await, 0);
        assert!(queued().await);
    }
}
