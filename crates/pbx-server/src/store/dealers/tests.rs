//! What counts against whom: a branch of three levels beside another dealer, and a tenant that both have.

use std::fmt::Write as _;

use super::*;
use crate::domain::Error;
use crate::domain::dealers::{room_for_tenant, room_for_user, room_to_designate};
use crate::store::tenants;
use crate::store::testing::TestStore;

const DISTRIBUTOR: i64 = 1;
const RESELLER: i64 = 3;
const OTHER: i64 = 4;

/// Dealers 1 above 2 above 3, and 4 for itself. Tenant 11 is of 1, 13 of 3, 14 of 4, and 15 of both 3 and 4; 13 has two users
/// and 15 one.
async fn branch(fixture: &TestStore) {
    let mut sql = String::new();
    for (id, parent) in [(1, "NULL"), (2, "1"), (3, "2"), (4, "NULL")] {
        let _ = writeln!(
            sql,
            "INSERT INTO accounts (id, role, name, name_key, password_hash, enabled, created_at)
                 VALUES ({id}, 'Dealer', 'd{id}', 'd{id}', '', true, 0);
             INSERT INTO dealers (id, parent_id, level, max_tenants, max_extensions, tenant_full_access)
                 VALUES ({id}, {parent}, 'RESELLER', 100, 100, true);"
        );
    }
    for (above, below) in [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3), (4, 4)] {
        let _ = writeln!(sql, "INSERT INTO dealer_branches VALUES ({above}, {below});");
    }
    for (tenant, users) in [(11, 0), (13, 2), (14, 0), (15, 1)] {
        let _ = writeln!(
            sql,
            "INSERT INTO tenants (id, name, domain, domain_key, timezone, currency, region, enabled, max_extensions,
                 max_concurrent_calls, created_at)
                 VALUES ({tenant}, 't', '{tenant}', '{tenant}', 'UTC', 'USD', 'USA', true, 9, 9, 0);"
        );
        for user in 0..users {
            let _ = writeln!(
                sql,
                "INSERT INTO accounts (id, role, name, name_key, password_hash, enabled, created_at, tenant_id)
                     VALUES ({tenant}{user}, 'StandardUser', 'u{user}', 'u{user}', '', true, 0, {tenant});"
            );
        }
    }
    fixture.place.sql(&sql, &sql);
    let designated = fixture.store.write_unaudited(|tx| {
        for (tenant, dealer) in [(11, 1), (13, 3), (14, 4), (15, 3), (15, 4)] {
            tenants::designate(tx, id(tenant), id(dealer))?;
        }
        Ok::<_, StoreError>(())
    });
    designated.await.unwrap();
}

/// What a dealer of that branch may do once somebody has other limits.
async fn asked(
    fixture: &TestStore,
    limits: &'static [(i64, i64, i64)],
    question: fn(&mut Tx<'_>) -> Result<(), Error>,
) -> Result<(), String> {
    // Undone by the error, so that every question finds the branch as it was.
    let outcome = fixture.store.write_unaudited(move |tx| {
        for (id, max_tenants, max_extensions) in limits {
            let mut update = Query::update();
            update
                .table("dealers")
                .value("max_tenants", *max_tenants)
                .value("max_extensions", *max_extensions)
                .and_where(Expr::col("id").eq(*id));
            tx.execute(&update)?;
        }
        let answer = question(tx);
        Err::<(), Error>(answer.err().unwrap_or(Error::Forbidden))
    });
    match outcome.await.unwrap_err() {
        Error::Forbidden => Ok(()),
        Error::Conflict { code, message } => {
            assert_eq!(code, "DEALER_QUOTA_EXCEEDED");
            Err(message)
        }
        error => panic!("{error:?}"),
    }
}

fn id(number: i64) -> Id {
    Id::from_stored(number)
}

#[tokio::test]
async fn a_branch_counts_against_every_dealer_above_and_a_shared_tenant_once() {
    for fixture in TestStore::on_every_engine() {
        branch(&fixture).await;
        let counts = |dealer: i64| {
            fixture
                .store
                .read(move |tx| Ok::<_, StoreError>((count_tenants(tx, id(dealer))?, count_users(tx, id(dealer))?)))
        };
        assert_eq!(counts(DISTRIBUTOR).await.unwrap(), (3, 3));
        assert_eq!(counts(2).await.unwrap(), (2, 3));
        assert_eq!(counts(RESELLER).await.unwrap(), (2, 3));
        assert_eq!(counts(OTHER).await.unwrap(), (2, 1));
    }
}

#[tokio::test]
async fn a_tenant_that_is_taken_from_a_dealer_stays_with_those_that_have_it_otherwise() {
    for fixture in TestStore::on_every_engine() {
        branch(&fixture).await;
        let taken = fixture.store.write_unaudited(|tx| {
            tenants::designate(tx, id(13), id(DISTRIBUTOR))?;
            tenants::remove(tx, id(13), id(RESELLER))?;
            tenants::remove(tx, id(15), id(RESELLER))?;
            let mut have = Vec::new();
            for dealer in [DISTRIBUTOR, 2, RESELLER, OTHER] {
                have.push([13, 15].map(|tenant| owns(tx, id(dealer), id(tenant))));
            }
            Ok::<_, StoreError>(have)
        });
        let have: Vec<_> = taken
            .await
            .unwrap()
            .into_iter()
            .map(|pair| pair.map(Result::unwrap))
            .collect();
        assert_eq!(have, [[true, false], [false, false], [false, false], [false, true]]);
    }
}

#[tokio::test]
async fn the_limit_of_any_dealer_above_stops_one_more() {
    for fixture in TestStore::on_every_engine() {
        branch(&fixture).await;
        let for_tenant = |tx: &mut Tx<'_>| room_for_tenant(tx, id(RESELLER));
        assert_eq!(asked(&fixture, &[], for_tenant).await, Ok(()));
        assert_eq!(
            asked(&fixture, &[(1, 4, 0), (2, 3, 0), (3, 3, 0)], for_tenant).await,
            Ok(())
        );
        let own = asked(&fixture, &[(3, 2, 100)], for_tenant).await.unwrap_err();
        assert!(
            own.starts_with("This dealer may not have more tenants (`max_tenants`)"),
            "{own}"
        );
        for above in [[(1, 3, 100)].as_slice(), &[(2, 0, 100)]] {
            let above = asked(&fixture, above, for_tenant).await.unwrap_err();
            assert!(
                above.starts_with("A dealer above this one may not have more tenants"),
                "{above}"
            );
        }
        // What the limit of another branch is does not matter.
        assert_eq!(asked(&fixture, &[(4, 0, 0)], for_tenant).await, Ok(()));
    }
}

#[tokio::test]
async fn a_designated_tenant_counts_for_those_that_do_not_have_it_yet() {
    for fixture in TestStore::on_every_engine() {
        branch(&fixture).await;
        // 13 is below 1 already, and new for 4 with both of its users.
        let above = |tx: &mut Tx<'_>| room_to_designate(tx, id(DISTRIBUTOR), id(13));
        assert_eq!(asked(&fixture, &[(1, 0, 0)], above).await, Ok(()));
        let other = |tx: &mut Tx<'_>| room_to_designate(tx, id(OTHER), id(13));
        assert_eq!(asked(&fixture, &[(4, 3, 3)], other).await, Ok(()));
        let tenants = asked(&fixture, &[(4, 2, 3)], other).await.unwrap_err();
        assert!(tenants.contains("`max_tenants`"), "{tenants}");
        let users = asked(&fixture, &[(4, 3, 2)], other).await.unwrap_err();
        assert!(users.contains("`max_extensions`"), "{users}");
        // A tenant without users makes nobody have more of them.
        let empty = |tx: &mut Tx<'_>| room_to_designate(tx, id(OTHER), id(11));
        assert_eq!(asked(&fixture, &[(4, 3, 0)], empty).await, Ok(()));
    }
}

#[tokio::test]
async fn a_user_counts_for_every_dealer_of_the_tenant_and_all_above() {
    for fixture in TestStore::on_every_engine() {
        branch(&fixture).await;
        let shared = |tx: &mut Tx<'_>| room_for_user(tx, id(15));
        assert_eq!(
            asked(&fixture, &[(1, 0, 4), (3, 0, 4), (4, 0, 2)], shared).await,
            Ok(())
        );
        for full in [[(1, 9, 3)].as_slice(), &[(2, 9, 0)], &[(3, 9, 3)], &[(4, 9, 1)]] {
            assert!(asked(&fixture, full, shared).await.is_err(), "{full:?}");
        }
        let apart = |tx: &mut Tx<'_>| room_for_user(tx, id(14));
        assert_eq!(asked(&fixture, &[(1, 0, 0)], apart).await, Ok(()));
    }
}
