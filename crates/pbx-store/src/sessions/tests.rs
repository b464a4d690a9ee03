//! Bounds of the sessions of an account and of the tokens of a session.

use jiff::SignedDuration;
use pbx_domain::session::{Account as StoredAccount, Role};

use super::*;
use crate::accounts;
use crate::familiar_sources;
use crate::testing::TestStore;

const START: Timestamp = Timestamp::UNIX_EPOCH;
const ACCOUNT: Id<Account> = Id::from_stored(7);
const SESSION: Id<kind::Session> = Id::from_stored(1);

fn after(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

fn source(number: u8) -> IpNet {
    std::net::IpAddr::from([192, 0, 2, number]).into()
}

fn count(tx: &mut Tx<'_>, table: &'static str) -> Result<i64, StoreError> {
    crate::table::count(tx, table, None)
}

fn hash(kind: TokenKind, number: i64) -> TokenHash {
    TokenHash::new(&format!("{} {number}", kind.as_str()))
}

fn insert_account(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let account = StoredAccount {
        id: ACCOUNT,
        role: Role::SystemAdmin,
        name: "admin".to_owned(),
        password_hash: String::new(),
        enabled: true,
        tenant_id: None,
    };
    accounts::insert(tx, &account, START)
}

/// Issues the tokens of the refresh with that number, as the server does.
fn refresh(tx: &mut Tx<'_>, number: i64) -> Result<(), StoreError> {
    let now = after(number);
    if number > 0 {
        mark_used(tx, &hash(TokenKind::Refresh, number - 1), now, &source(1))?;
        extend(tx, SESSION, now, after(number + 1000))?;
    }
    for kind in TokenKind::ALL {
        insert_token(tx, SESSION, *kind, &hash(*kind, number), after(number + 1000))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshes_keep_the_newest_tokens_of_each_kind() {
    for fixture in TestStore::on_every_engine() {
        let checked = fixture.store.write_unaudited(|tx| {
            insert_account(tx)?;
            insert(tx, SESSION, ACCOUNT, START, after(1000))?;
            for number in 0..40 {
                refresh(tx, number)?;
            }
            assert_eq!(count(tx, TOKENS)?, 16);
            let used = |tx: &mut Tx<'_>, number| {
                let token = refresh_token(tx, &hash(TokenKind::Refresh, number))?;
                Ok::<_, StoreError>(token.map(|token| token.used.map(|used| (used.at, used.source))))
            };
            assert_eq!(used(tx, 39)?, Some(None));
            let first_use = (after(33), Some(source(1)));
            assert_eq!(used(tx, 32)?, Some(Some(first_use)), "its second use is still a theft");
            assert_eq!(used(tx, 31)?, None);
            let valid = |tx: &mut Tx<'_>, number| by_access_token(tx, &hash(TokenKind::Access, number), after(50));
            assert!(valid(tx, 32)?.is_some() && valid(tx, 31)?.is_none());
            // Also when the clock was set back.
            mark_used(tx, &hash(TokenKind::Refresh, 39), after(10), &source(1))?;
            extend(tx, SESSION, after(10), after(1010))?;
            insert_token(
                tx,
                SESSION,
                TokenKind::Access,
                &hash(TokenKind::Access, 99),
                after(1010),
            )?;
            assert!(valid(tx, 99)?.is_some());
            Ok::<_, StoreError>(())
        });
        checked.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_that_were_not_used_for_the_longest_time_end_first() {
    for fixture in TestStore::on_every_engine() {
        let checked = fixture.store.write_unaudited(|tx| {
            insert_account(tx)?;
            for number in 0..10 {
                insert(tx, Id::from_stored(number), ACCOUNT, START, after(100 + number))?;
            }
            extend(tx, Id::from_stored(0), START, after(500))?;
            delete_least_recent(tx, ACCOUNT, 3)?;
            let select = Query::select()
                .column(ID)
                .from(SESSIONS)
                .order_by(ID, Order::Asc)
                .to_owned();
            let left: Vec<i64> = tx.all(&select, |row| row.get(0))?;
            assert_eq!(left, [0, 8, 9]);
            Ok::<_, StoreError>(())
        });
        checked.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_sessions_and_tokens_are_deleted_in_batches() {
    for fixture in TestStore::on_every_engine() {
        let checked = fixture.store.write_unaudited(|tx| {
            insert_account(tx)?;
            for number in 0..7 {
                let id = Id::from_stored(number);
                insert(tx, id, ACCOUNT, START, after(10))?;
                insert_token(tx, id, TokenKind::Access, &hash(TokenKind::Access, number), after(5))?;
            }
            assert_eq!(delete_expired(tx, after(4), 3)?, 0);
            assert_eq!(delete_expired(tx, after(5), 3)?, 3, "tokens alone");
            assert_eq!(
                delete_expired(tx, after(10), 100)?,
                7,
                "sessions, and their tokens with them"
            );
            assert_eq!((count(tx, SESSIONS)?, count(tx, TOKENS)?), (0, 0));
            Ok::<_, StoreError>(())
        });
        checked.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn familiar_sources_of_an_account_are_bounded() {
    for fixture in TestStore::on_every_engine() {
        let checked = fixture.store.write_unaudited(|tx| {
            insert_account(tx)?;
            for number in 0..70 {
                familiar_sources::record(tx, ACCOUNT, &source(number), after(number.into()))?;
            }
            familiar_sources::record(tx, ACCOUNT, &source(69), after(500))?;
            let at = |tx: &mut Tx<'_>, number| {
                Ok::<_, StoreError>(familiar_sources::familiarity(tx, Some(ACCOUNT), &source(number))?.0)
            };
            assert_eq!(at(tx, 5)?, None, "64 are left");
            assert_eq!((at(tx, 6)?, at(tx, 69)?), (Some(after(6)), Some(after(500))));
            assert!(familiar_sources::familiarity(tx, None, &source(69))?.0.is_none());
            // Those before the last 30 days are deleted.
            familiar_sources::record(tx, ACCOUNT, &source(1), after(30 * 86_400 + 100))?;
            assert_eq!((at(tx, 60)?, at(tx, 69)?), (None, Some(after(500))));
            Ok::<_, StoreError>(())
        });
        checked.await.unwrap();
    }
}
