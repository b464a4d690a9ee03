//! Revisions of tables that nodes cache: each change of a table increments its revision.

use sea_query::{Expr, ExprTrait, OnConflict, Query};

use crate::error::StoreError;
use crate::tx::Tx;

const REVISIONS: &str = "revisions";
const NAME: &str = "name";
const VALUE: &str = "value";

/// Returns the current revision of a table; 0 before the first change.
pub(super) fn current(tx: &mut Tx<'_>, table: &'static str) -> Result<i64, StoreError> {
    let select = Query::select()
        .column(VALUE)
        .from(REVISIONS)
        .and_where(Expr::col(NAME).eq(table))
        .to_owned();
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}

/// Increments the revision of a table, as part of this transaction.
pub(super) fn increment(tx: &mut Tx<'_>, table: &'static str) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table(REVISIONS)
        .columns([NAME, VALUE])
        .values_panic([table.into(), 1_i64.into()]);
    let next = Expr::col((REVISIONS, VALUE)).add(1_i64);
    insert.on_conflict(OnConflict::column(NAME).value(VALUE, next).to_owned());
    tx.execute(&insert).map(drop)
}
