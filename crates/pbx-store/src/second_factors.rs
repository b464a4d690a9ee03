//! The tables of sign-ins that wait for the code of a second factor, and of the counts of codes for each account.

use jiff::{SignedDuration, Timestamp};
use pbx_domain::Id;
use pbx_domain::kind::Account;
use pbx_domain::second_factor::{COUNT_PERIOD, MAX_PENDING};
use pbx_domain::token::TokenHash;
use pbx_domain::vault::Sealed;
use sea_query::{Expr, ExprTrait, OnConflict, Order, Query};

use crate::error::StoreError;
use crate::row::value;
use crate::table::{count, delete as delete_rows, insert as insert_row, is, update};
use crate::tx::Tx;

const TABLE: &str = "second_factors";
const COUNTS: &str = "second_factor_counts";
const HASH: &str = "hash";
const ACCOUNT_ID: &str = "account_id";
const EXPIRES_AT: &str = "expires_at";
const CODE: &str = "code";
const SENT_AT: &str = "sent_at";
const FAILURES: &str = "failures";
const SINCE: &str = "since";
const SENDS: &str = "sends";

/// The condition of the index `tenant_settings_second_factor`, word for word: the engines use it only then.
const REQUIRES_SECOND_FACTOR: &str = r#"name = 'tenant' AND value LIKE '%"enable_two_factor_authentication":true%'"#;

/// A sign-in that waits for a code.
pub struct PendingSignIn {
    /// The account, whose password was verified.
    pub account_id: Id<Account>,
    /// The code, if one was sent, and the time at which it was.
    pub code: Option<(Sealed, Timestamp)>,
    /// The number of wrong codes.
    pub failures: i64,
}

/// The codes of an account within the current period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// The beginning of the period.
    pub since: Timestamp,
    /// The number of codes that were sent.
    pub sends: i64,
    /// The number of wrong codes.
    pub failures: i64,
}

/// Inserts a sign-in without a code. Deletes the oldest of the account beyond [`MAX_PENDING`].
pub fn insert(
    tx: &mut Tx<'_>,
    hash: &TokenHash,
    account_id: Id<Account>,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let newest = Query::select()
        .column(HASH)
        .from(TABLE)
        .and_where(is(ACCOUNT_ID, &account_id))
        .order_by(EXPIRES_AT, Order::Desc)
        .limit(MAX_PENDING - 1)
        .to_owned();
    let beyond = is(ACCOUNT_ID, &account_id).and(Expr::col(HASH).not_in_subquery(newest));
    delete_rows(tx, TABLE, beyond)?;
    let columns = [
        (HASH, hash.to_bytes().into()),
        (ACCOUNT_ID, value(&account_id)),
        (EXPIRES_AT, value(&expires_at)),
        (FAILURES, 0_i64.into()),
    ];
    insert_row(tx, TABLE, columns)
}

/// Returns the sign-in with this token, unless it has expired.
pub fn by_token(tx: &mut Tx<'_>, hash: &TokenHash, now: Timestamp) -> Result<Option<PendingSignIn>, StoreError> {
    let select = Query::select()
        .columns([ACCOUNT_ID, CODE, SENT_AT, FAILURES])
        .from(TABLE)
        .and_where(has(hash))
        .and_where(Expr::col(EXPIRES_AT).gt(value(&now)))
        .to_owned();
    tx.first(&select, |row| {
        Ok(PendingSignIn {
            account_id: row.get(0)?,
            code: row.get::<Option<Sealed>>(1)?.zip(row.get::<Option<Timestamp>>(2)?),
            failures: row.get(3)?,
        })
    })
}

/// Stores the code of a sign-in, replacing the one before.
pub fn set_code(tx: &mut Tx<'_>, hash: &TokenHash, code: &Sealed, now: Timestamp) -> Result<(), StoreError> {
    update(tx, TABLE, [(CODE, value(code)), (SENT_AT, value(&now))], has(hash)).map(drop)
}

/// Stores the number of wrong codes of a sign-in.
pub fn set_failures(tx: &mut Tx<'_>, hash: &TokenHash, failures: i64) -> Result<(), StoreError> {
    update(tx, TABLE, [(FAILURES, failures.into())], has(hash)).map(drop)
}

/// Deletes the sign-in with this token.
pub fn delete(tx: &mut Tx<'_>, hash: &TokenHash) -> Result<(), StoreError> {
    delete_rows(tx, TABLE, has(hash)).map(drop)
}

/// Deletes the sign-ins of an account, whose codes were mailed to an address that it no longer has. The counts stay.
pub fn delete_sign_ins(tx: &mut Tx<'_>, account_id: Id<Account>) -> Result<(), StoreError> {
    delete_rows(tx, TABLE, is(ACCOUNT_ID, &account_id)).map(drop)
}

/// Deletes the sign-ins and the counts of an account.
pub(super) fn delete_by_account(tx: &mut Tx<'_>, account_id: Id<Account>) -> Result<(), StoreError> {
    for table in [TABLE, COUNTS] {
        delete_rows(tx, table, is(ACCOUNT_ID, &account_id))?;
    }
    Ok(())
}

/// Returns the counts of an account; those of an earlier period are zero.
pub fn counts(tx: &mut Tx<'_>, account_id: Id<Account>, now: Timestamp) -> Result<Counts, StoreError> {
    let select = Query::select()
        .columns([SINCE, SENDS, FAILURES])
        .from(COUNTS)
        .and_where(is(ACCOUNT_ID, &account_id))
        .and_where(Expr::col(SINCE).gt(value(&before(now, COUNT_PERIOD))))
        .to_owned();
    let counts = tx.first(&select, |row| {
        Ok(Counts {
            since: row.get(0)?,
            sends: row.get(1)?,
            failures: row.get(2)?,
        })
    })?;
    Ok(counts.unwrap_or(Counts {
        since: now,
        sends: 0,
        failures: 0,
    }))
}

/// Stores the counts of an account.
pub fn set_counts(tx: &mut Tx<'_>, account_id: Id<Account>, counts: Counts) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table(COUNTS)
        .columns([ACCOUNT_ID, SINCE, SENDS, FAILURES])
        .values_panic([
            value(&account_id).into(),
            value(&counts.since).into(),
            counts.sends.into(),
            counts.failures.into(),
        ])
        .on_conflict(
            OnConflict::column(ACCOUNT_ID)
                .update_columns([SINCE, SENDS, FAILURES])
                .to_owned(),
        );
    tx.execute(&insert).map(drop)
}

/// Deletes at most `limit` expired sign-ins and as many counts of earlier periods. Returns the number of deleted rows.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp, limit: u64) -> Result<usize, StoreError> {
    let mut deleted = 0;
    for (table, key, time, until) in [
        (TABLE, HASH, EXPIRES_AT, now),
        (COUNTS, ACCOUNT_ID, SINCE, before(now, COUNT_PERIOD)),
    ] {
        let expired = Query::select()
            .column(key)
            .from(table)
            .and_where(Expr::col(time).lte(value(&until)))
            .limit(limit)
            .to_owned();
        deleted += delete_rows(tx, table, Expr::col(key).in_subquery(expired))?;
    }
    Ok(deleted)
}

/// Counts the tenants whose users need a second factor.
pub fn count_tenants(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    count(tx, "tenant_settings", Some(Expr::cust(REQUIRES_SECOND_FACTOR)))
}

fn has(hash: &TokenHash) -> Expr {
    Expr::col(HASH).eq(hash.to_bytes())
}

fn before(now: Timestamp, period: SignedDuration) -> Timestamp {
    now.saturating_sub(period).unwrap_or(Timestamp::MIN)
}
