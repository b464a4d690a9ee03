//! Quotas of a branch of three levels beside another dealer, and of a tenant that both have.

use std::fmt::Write as _;

use pbx_domain::session::Visibility;
use pbx_store::tenants;

use super::*;
use crate::testing::TestStore;

const DISTRIBUTOR: i64 = 1;
const RESELLER: i64 = 3;
const OTHER: i64 = 4;

/// Inserts dealers 1 above 2 above 3, and 4 apart from them. Tenant 11 belongs to 1, 13 to 3, 14 to 4, and 15 to both 3 and 4;
/// 13 has two users and 15 has one.
async fn insert_branches(fixture: &TestStore) {
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
    fixture.database.sql(&sql, &sql);
    let designated = fixture.store.write_unaudited(|tx| {
        for (tenant, dealer) in [(11, 1), (13, 3), (14, 4), (15, 3), (15, 4)] {
            tenants::designate(tx, id(tenant), id(dealer))?;
        }
        Ok::<_, Error>(())
    });
    designated.await.unwrap();
}

/// Runs a check with other limits of some dealers, `(id, max_tenants, max_extensions)`, and returns the message of a refusal.
async fn checked(
    fixture: &TestStore,
    limits: &'static [(i64, i32, i32)],
    check: fn(&mut Tx<'_>) -> Result<(), Error>,
) -> Result<(), String> {
    // Always ends in an error, which rolls back, so that every check finds the same branches.
    let outcome = fixture.store.write_unaudited(move |tx| {
        for &(dealer, max_tenants, max_extensions) in limits {
            let mut dealer = dealers::by_id(tx, Visibility::System, id(dealer))?.unwrap();
            dealer.value.max_tenants = max_tenants;
            dealer.value.max_extensions = max_extensions;
            dealers::update(tx, dealer.id, &dealer)?;
        }
        let checked = check(tx);
        Err::<(), Error>(checked.err().unwrap_or(Error::Forbidden))
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

fn id<T>(number: i64) -> Id<T> {
    Id::from_stored(number)
}

#[tokio::test]
async fn branch_counts_against_every_dealer_above_and_a_shared_tenant_once() {
    for fixture in TestStore::on_every_engine() {
        insert_branches(&fixture).await;
        let counts = |dealer: i64| {
            fixture.store.read(move |tx| {
                Ok::<_, Error>((
                    dealers::count_tenants(tx, id(dealer))?,
                    dealers::count_users(tx, id(dealer))?,
                ))
            })
        };
        assert_eq!(counts(DISTRIBUTOR).await.unwrap(), (3, 3));
        assert_eq!(counts(2).await.unwrap(), (2, 3));
        assert_eq!(counts(RESELLER).await.unwrap(), (2, 3));
        assert_eq!(counts(OTHER).await.unwrap(), (2, 1));
    }
}

#[tokio::test]
async fn removed_designation_leaves_the_tenant_to_other_designated_branches() {
    for fixture in TestStore::on_every_engine() {
        insert_branches(&fixture).await;
        let removed = fixture.store.write_unaudited(|tx| {
            tenants::designate(tx, id(13), id(DISTRIBUTOR))?;
            tenants::remove_designation(tx, id(13), id(RESELLER))?;
            tenants::remove_designation(tx, id(15), id(RESELLER))?;
            let mut have = Vec::new();
            for dealer in [DISTRIBUTOR, 2, RESELLER, OTHER] {
                have.push([13, 15].map(|tenant| dealers::has_tenant_in_branch(tx, id(dealer), id(tenant))));
            }
            Ok::<_, Error>(have)
        });
        let have: Vec<_> = removed
            .await
            .unwrap()
            .into_iter()
            .map(|pair| pair.map(Result::unwrap))
            .collect();
        assert_eq!(have, [[true, false], [false, false], [false, false], [false, true]]);
    }
}

#[tokio::test]
async fn quota_of_any_dealer_above_refuses_one_more_tenant() {
    for fixture in TestStore::on_every_engine() {
        insert_branches(&fixture).await;
        let for_tenant = |tx: &mut Tx<'_>| check_new_tenant(tx, id(RESELLER));
        assert_eq!(checked(&fixture, &[], for_tenant).await, Ok(()));
        assert_eq!(
            checked(&fixture, &[(1, 4, 0), (2, 3, 0), (3, 3, 0)], for_tenant).await,
            Ok(())
        );
        let own = checked(&fixture, &[(3, 2, 100)], for_tenant).await.unwrap_err();
        assert!(
            own.starts_with("This dealer may not have more tenants (`max_tenants`)"),
            "{own}"
        );
        for above in [[(1, 3, 100)].as_slice(), &[(2, 0, 100)]] {
            let above = checked(&fixture, above, for_tenant).await.unwrap_err();
            assert!(
                above.starts_with("A dealer above this one may not have more tenants"),
                "{above}"
            );
        }
        // The quota of another branch does not matter.
        assert_eq!(checked(&fixture, &[(4, 0, 0)], for_tenant).await, Ok(()));
    }
}

#[tokio::test]
async fn designation_counts_for_dealers_that_do_not_have_the_tenant_yet() {
    for fixture in TestStore::on_every_engine() {
        insert_branches(&fixture).await;
        // 13 is below 1 already, and new for 4 with both of its users.
        let above = |tx: &mut Tx<'_>| check_designation(tx, id(DISTRIBUTOR), id(13));
        assert_eq!(checked(&fixture, &[(1, 0, 0)], above).await, Ok(()));
        let other = |tx: &mut Tx<'_>| check_designation(tx, id(OTHER), id(13));
        assert_eq!(checked(&fixture, &[(4, 3, 3)], other).await, Ok(()));
        let tenants = checked(&fixture, &[(4, 2, 3)], other).await.unwrap_err();
        assert!(tenants.contains("`max_tenants`"), "{tenants}");
        let users = checked(&fixture, &[(4, 3, 2)], other).await.unwrap_err();
        assert!(users.contains("`max_extensions`"), "{users}");
        // A tenant without users adds none to any dealer.
        let empty = |tx: &mut Tx<'_>| check_designation(tx, id(OTHER), id(11));
        assert_eq!(checked(&fixture, &[(4, 3, 0)], empty).await, Ok(()));
    }
}

#[tokio::test]
async fn user_counts_for_every_dealer_of_the_tenant_and_all_above() {
    for fixture in TestStore::on_every_engine() {
        insert_branches(&fixture).await;
        let shared = |tx: &mut Tx<'_>| check_new_user(tx, id(15));
        assert_eq!(
            checked(&fixture, &[(1, 0, 4), (3, 0, 4), (4, 0, 2)], shared).await,
            Ok(())
        );
        for full in [[(1, 9, 3)].as_slice(), &[(2, 9, 0)], &[(3, 9, 3)], &[(4, 9, 1)]] {
            assert!(checked(&fixture, full, shared).await.is_err(), "{full:?}");
        }
        let apart = |tx: &mut Tx<'_>| check_new_user(tx, id(14));
        assert_eq!(checked(&fixture, &[(1, 0, 0)], apart).await, Ok(()));
    }
}
