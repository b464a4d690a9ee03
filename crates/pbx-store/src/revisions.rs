//! Numbers that grow with every change to a table of which nodes hold a copy.

use sea_query::{Expr, ExprTrait, OnConflict, Query};

use crate::error::StoreError;
use crate::tx::Tx;

/// The present one; 0 before the first change.
pub(super) fn current(tx: &mut Tx<'_>, table: &'static str) -> Result<i64, StoreError> {
    let select = Query::select()
        .column("value")
        .from("revisions")
        .and_where(Expr::col("name").eq(table))
        .to_owned();
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}

/// The next one, from the moment on when this transaction is committed.
pub(super) fn advance(tx: &mut Tx<'_>, table: &'static str) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("revisions")
        .columns(["name", "value"])
        .values_panic([table.into(), 1_i64.into()]);
    let next = Expr::col(("revisions", "value")).add(1_i64);
    insert.on_conflict(OnConflict::column("name").value("value", next).to_owned());
    tx.execute(&insert).map(drop)
}
