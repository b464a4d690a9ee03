//! What administrators are to be told by mail, and when they were.

use jiff::Timestamp;
use sea_query::{Asterisk, Expr, ExprTrait, Func, OnConflict, Order, Query};

use super::error::StoreError;
use super::row::time;
use super::tx::Tx;
use crate::domain::alerts::{Cause, Event};

/// Whether anything is to be told.
pub fn any(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let select = Query::select().column("cause").from("alert_events").limit(1).to_owned();
    Ok(tx.first(&select, |_| Ok(()))?.is_some())
}

/// From when on there may be a mail about that.
pub fn next_at(tx: &mut Tx<'_>, cause: Cause) -> Result<Option<Timestamp>, StoreError> {
    let select = Query::select()
        .column("next_at")
        .from("alerts")
        .and_where(Expr::col("cause").eq(cause.as_str()))
        .to_owned();
    tx.first(&select, |row| row.get(0))
}

/// No mail about that before then.
pub fn set_next_at(tx: &mut Tx<'_>, cause: Cause, at: Timestamp) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("alerts")
        .columns(["cause", "next_at"])
        .values_panic([cause.as_str().into(), time(at).into()]);
    insert.on_conflict(OnConflict::column("cause").update_column("next_at").to_owned());
    tx.execute(&insert).map(drop)
}

/// The next mail tells this, in place of what it would have told of the same subject.
pub fn put(tx: &mut Tx<'_>, cause: Cause, event: &Event) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("alert_events")
        .columns(["cause", "subject", "at", "detail", "taken"])
        .values_panic([
            cause.as_str().into(),
            event.subject.clone().into(),
            time(event.at).into(),
            event.detail.clone().into(),
            false.into(),
        ]);
    let again = OnConflict::columns(["cause", "subject"])
        .update_columns(["at", "detail", "taken"])
        .to_owned();
    insert.on_conflict(again);
    tx.execute(&insert).map(drop)
}

/// The newest events of a cause, the newest first, and how many there are altogether. All of them count as taken.
pub fn take(tx: &mut Tx<'_>, cause: Cause, limit: u64) -> Result<(Vec<Event>, i64), StoreError> {
    let mut update = Query::update();
    update
        .table("alert_events")
        .value("taken", true)
        .and_where(Expr::col("cause").eq(cause.as_str()));
    tx.execute(&update)?;
    let count = Query::select()
        .expr(Func::count(Expr::col(Asterisk)))
        .from("alert_events")
        .and_where(Expr::col("cause").eq(cause.as_str()))
        .to_owned();
    let select = Query::select()
        .columns(["subject", "at", "detail"])
        .from("alert_events")
        .and_where(Expr::col("cause").eq(cause.as_str()))
        .order_by("at", Order::Desc)
        .order_by("subject", Order::Asc)
        .limit(limit)
        .to_owned();
    let events = tx.all(&select, |row| {
        Ok(Event {
            subject: row.get(0)?,
            at: row.get(1)?,
            detail: row.get(2)?,
        })
    })?;
    Ok((events, tx.first(&count, |row| row.get(0))?.unwrap_or(0)))
}

/// What was taken has been told.
pub fn delete_taken(tx: &mut Tx<'_>, cause: Cause) -> Result<(), StoreError> {
    delete(tx, cause, Some(Expr::col("taken").eq(true)))
}

/// There is nothing to tell of that subject any more.
pub fn delete_subject(tx: &mut Tx<'_>, cause: Cause, subject: &str) -> Result<(), StoreError> {
    delete(tx, cause, Some(Expr::col("subject").eq(subject)))
}

/// What was that time or earlier is not worth telling any more.
pub fn delete_before(tx: &mut Tx<'_>, cause: Cause, before: Timestamp) -> Result<(), StoreError> {
    delete(tx, cause, Some(Expr::col("at").lte(time(before))))
}

/// Nothing about that is told.
pub fn delete_all(tx: &mut Tx<'_>, cause: Cause) -> Result<(), StoreError> {
    delete(tx, cause, None)
}

fn delete(tx: &mut Tx<'_>, cause: Cause, which: Option<Expr>) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("alert_events")
        .and_where(Expr::col("cause").eq(cause.as_str()));
    if let Some(which) = which {
        delete.and_where(which);
    }
    tx.execute(&delete).map(drop)
}
