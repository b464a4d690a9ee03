//! The table of the numbers of failed sign-ins per source.

use ipnet::IpNet;
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, OnConflict, Query};

use crate::error::StoreError;
use crate::row::value;
use crate::table::{delete as delete_rows, get, is};
use crate::tx::Tx;

const TABLE: &str = "sign_in_failures";
const SOURCE: &str = "source";
const FAILURES: &str = "failures";
const SINCE: &str = "since";

/// Counts a failure. Returns the number of failures of the source.
pub fn increment(tx: &mut Tx<'_>, source: &IpNet, now: Timestamp) -> Result<i64, StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table(TABLE)
        .columns([SOURCE, FAILURES, SINCE])
        .values_panic([value(source).into(), 1_i64.into(), value(&now).into()]);
    // In one statement, so that no failure is lost when nodes count concurrently.
    let more = Expr::col((TABLE, FAILURES)).add(1_i64);
    insert.on_conflict(OnConflict::column(SOURCE).value(FAILURES, more).to_owned());
    tx.execute(&insert)?;
    Ok(get(tx, TABLE, FAILURES, is(SOURCE, source))?.unwrap_or(0))
}

/// Deletes the count of a source.
pub fn delete(tx: &mut Tx<'_>, source: &IpNet) -> Result<(), StoreError> {
    delete_rows(tx, TABLE, is(SOURCE, source)).map(drop)
}

/// Deletes the counts whose first failure was at this time or earlier.
pub fn delete_before(tx: &mut Tx<'_>, before: Timestamp) -> Result<(), StoreError> {
    delete_rows(tx, TABLE, Expr::col(SINCE).lte(value(&before))).map(drop)
}
