//! Queries of alerts: the queue of events to report to administrators by mail, and the earliest time of the next mail.

use jiff::Timestamp;
use pbx_domain::alerts::{Cause, Event};
use sea_query::{Asterisk, Expr, ExprTrait, Func, OnConflict, Order, Query};

use crate::error::StoreError;
use crate::row::time;
use crate::tx::Tx;

/// Returns `true` if any event is queued.
pub fn any(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let select = Query::select().column("cause").from("alert_events").limit(1).to_owned();
    Ok(tx.first(&select, |_| Ok(()))?.is_some())
}

/// Returns the earliest time of the next mail about a cause.
pub fn next_at(tx: &mut Tx<'_>, cause: Cause) -> Result<Option<Timestamp>, StoreError> {
    let select = Query::select()
        .column("next_at")
        .from("alerts")
        .and_where(Expr::col("cause").eq(cause.as_str()))
        .to_owned();
    tx.first(&select, |row| row.get(0))
}

/// Sets the earliest time of the next mail about a cause.
pub fn set_next_at(tx: &mut Tx<'_>, cause: Cause, at: Timestamp) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("alerts")
        .columns(["cause", "next_at"])
        .values_panic([cause.as_str().into(), time(at).into()]);
    insert.on_conflict(OnConflict::column("cause").update_column("next_at").to_owned());
    tx.execute(&insert).map(drop)
}

/// Queues an event in place of the queued one with the same subject.
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
    let replace = OnConflict::columns(["cause", "subject"])
        .update_columns(["at", "detail", "taken"])
        .to_owned();
    insert.on_conflict(replace);
    tx.execute(&insert).map(drop)
}

/// Returns the newest events of a cause, the newest first, and the number of all of them. Marks all of them as taken.
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

/// Deletes the taken events: a mail has reported them.
pub fn delete_taken(tx: &mut Tx<'_>, cause: Cause) -> Result<(), StoreError> {
    delete(tx, cause, Some(Expr::col("taken").eq(true)))
}

/// Deletes the event of a subject.
pub fn delete_subject(tx: &mut Tx<'_>, cause: Cause, subject: &str) -> Result<(), StoreError> {
    delete(tx, cause, Some(Expr::col("subject").eq(subject)))
}

/// Deletes the events of that time or earlier.
pub fn delete_before(tx: &mut Tx<'_>, cause: Cause, before: Timestamp) -> Result<(), StoreError> {
    delete(tx, cause, Some(Expr::col("at").lte(time(before))))
}

/// Deletes every event of a cause.
pub fn delete_all(tx: &mut Tx<'_>, cause: Cause) -> Result<(), StoreError> {
    delete(tx, cause, None)
}

fn delete(tx: &mut Tx<'_>, cause: Cause, condition: Option<Expr>) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("alert_events")
        .and_where(Expr::col("cause").eq(cause.as_str()));
    if let Some(condition) = condition {
        delete.and_where(condition);
    }
    tx.execute(&delete).map(drop)
}
