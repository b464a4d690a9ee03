//! Queries of the numbers of failed sign-ins per source.

use ipnet::IpNet;
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, OnConflict, Query};

use crate::error::StoreError;
use crate::row::time;
use crate::tx::Tx;

/// Counts a failure. Returns the number of failures of the source.
pub fn increment(tx: &mut Tx<'_>, source: &IpNet, now: Timestamp) -> Result<i64, StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("sign_in_failures")
        .columns(["source", "failures", "since"])
        .values_panic([source.to_string().into(), 1_i64.into(), time(now).into()]);
    // In one statement, so that no failure is lost when nodes count concurrently.
    let more = Expr::col(("sign_in_failures", "failures")).add(1_i64);
    insert.on_conflict(OnConflict::column("source").value("failures", more).to_owned());
    tx.execute(&insert)?;
    let select = Query::select()
        .column("failures")
        .from("sign_in_failures")
        .and_where(Expr::col("source").eq(source.to_string()))
        .to_owned();
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}

/// Deletes the count of a source.
pub fn delete(tx: &mut Tx<'_>, source: &IpNet) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("sign_in_failures")
        .and_where(Expr::col("source").eq(source.to_string()));
    tx.execute(&delete).map(drop)
}

/// Deletes the counts whose first failure was at this time or earlier.
pub fn delete_before(tx: &mut Tx<'_>, before: Timestamp) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("sign_in_failures")
        .and_where(Expr::col("since").lte(time(before)));
    tx.execute(&delete).map(drop)
}
