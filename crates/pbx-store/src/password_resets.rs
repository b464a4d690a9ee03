//! The table of links to set a new password: at most one for each account.

use jiff::Timestamp;
use pbx_domain::Id;
use pbx_domain::kind::Account;
use pbx_domain::token::TokenHash;
use sea_query::{Expr, ExprTrait, OnConflict, Query};

use crate::error::StoreError;
use crate::row::value;
use crate::table::{delete as delete_rows, get, is};
use crate::tx::Tx;

const TABLE: &str = "password_resets";
const ACCOUNT_ID: &str = "account_id";
const HASH: &str = "hash";
const EXPIRES_AT: &str = "expires_at";

/// Stores the link of an account, replacing the one before.
pub fn replace(
    tx: &mut Tx<'_>,
    account_id: Id<Account>,
    hash: &TokenHash,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table(TABLE)
        .columns([ACCOUNT_ID, HASH, EXPIRES_AT])
        .values_panic([
            value(&account_id).into(),
            hash.to_bytes().into(),
            value(&expires_at).into(),
        ])
        .on_conflict(
            OnConflict::column(ACCOUNT_ID)
                .update_columns([HASH, EXPIRES_AT])
                .to_owned(),
        );
    tx.execute(&insert).map(drop)
}

/// Returns the account of the link with this token, unless it has expired.
pub fn account_of(tx: &mut Tx<'_>, hash: &TokenHash, now: Timestamp) -> Result<Option<Id<Account>>, StoreError> {
    let valid = Expr::col(HASH)
        .eq(hash.to_bytes())
        .and(Expr::col(EXPIRES_AT).gt(value(&now)));
    get(tx, TABLE, ACCOUNT_ID, valid)
}

/// Deletes the link of an account.
pub fn delete_by_account(tx: &mut Tx<'_>, account_id: Id<Account>) -> Result<(), StoreError> {
    delete_rows(tx, TABLE, is(ACCOUNT_ID, &account_id)).map(drop)
}

/// Deletes at most `limit` expired links. Returns the number of deleted rows.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp, limit: u64) -> Result<usize, StoreError> {
    let expired = Query::select()
        .column(ACCOUNT_ID)
        .from(TABLE)
        .and_where(Expr::col(EXPIRES_AT).lte(value(&now)))
        .limit(limit)
        .to_owned();
    delete_rows(tx, TABLE, Expr::col(ACCOUNT_ID).in_subquery(expired))
}
