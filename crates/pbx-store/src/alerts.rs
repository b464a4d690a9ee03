//! The tables of alerts: the queue of events to report to administrators by mail, and the earliest time of the next mail.

use jiff::Timestamp;
use pbx_domain::alerts::{Cause, Event};
use sea_query::{Expr, ExprTrait, OnConflict, Order, Query};

use crate::error::StoreError;
use crate::row::value;
use crate::table::{count, exists, get, update};
use crate::tx::Tx;

const EVENTS: &str = "alert_events";
const ALERTS: &str = "alerts";
const CAUSE: &str = "cause";
const SUBJECT: &str = "subject";
const AT: &str = "at";
const DETAIL: &str = "detail";
const TAKEN: &str = "taken";
const NEXT_AT: &str = "next_at";

/// Returns `true` if any event is queued.
pub fn any(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    exists(tx, EVENTS, Expr::value(true))
}

/// Returns the earliest time of the next mail about a cause.
pub fn next_at(tx: &mut Tx<'_>, cause: Cause) -> Result<Option<Timestamp>, StoreError> {
    get(tx, ALERTS, NEXT_AT, is_about(cause))
}

/// Sets the earliest time of the next mail about a cause.
pub fn set_next_at(tx: &mut Tx<'_>, cause: Cause, at: Timestamp) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table(ALERTS)
        .columns([CAUSE, NEXT_AT])
        .values_panic([cause.as_str().into(), value(&at).into()]);
    insert.on_conflict(OnConflict::column(CAUSE).update_column(NEXT_AT).to_owned());
    tx.execute(&insert).map(drop)
}

/// Queues an event in place of the queued one with the same subject.
pub fn put(tx: &mut Tx<'_>, cause: Cause, event: &Event) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table(EVENTS)
        .columns([CAUSE, SUBJECT, AT, DETAIL, TAKEN])
        .values_panic([
            cause.as_str().into(),
            event.subject.clone().into(),
            value(&event.at).into(),
            event.detail.clone().into(),
            false.into(),
        ]);
    let replace = OnConflict::columns([CAUSE, SUBJECT])
        .update_columns([AT, DETAIL, TAKEN])
        .to_owned();
    insert.on_conflict(replace);
    tx.execute(&insert).map(drop)
}

/// Returns the newest events of a cause, the newest first, and the number of all of them. Marks all of them as taken.
pub fn take(tx: &mut Tx<'_>, cause: Cause, limit: u64) -> Result<(Vec<Event>, i64), StoreError> {
    update(tx, EVENTS, [(TAKEN, true.into())], is_about(cause))?;
    let select = Query::select()
        .columns([SUBJECT, AT, DETAIL])
        .from(EVENTS)
        .and_where(is_about(cause))
        .order_by(AT, Order::Desc)
        .order_by(SUBJECT, Order::Asc)
        .limit(limit)
        .to_owned();
    let events = tx.all(&select, |row| {
        Ok(Event {
            subject: row.get(0)?,
            at: row.get(1)?,
            detail: row.get(2)?,
        })
    })?;
    Ok((events, count(tx, EVENTS, Some(is_about(cause)))?))
}

/// Deletes the taken events: a mail has reported them.
pub fn delete_taken(tx: &mut Tx<'_>, cause: Cause) -> Result<(), StoreError> {
    delete(tx, cause, Some(Expr::col(TAKEN).eq(true)))
}

/// Deletes the event of a subject.
pub fn delete_subject(tx: &mut Tx<'_>, cause: Cause, subject: &str) -> Result<(), StoreError> {
    delete(tx, cause, Some(Expr::col(SUBJECT).eq(subject)))
}

/// Deletes the events of that time or earlier.
pub fn delete_before(tx: &mut Tx<'_>, cause: Cause, before: Timestamp) -> Result<(), StoreError> {
    delete(tx, cause, Some(Expr::col(AT).lte(value(&before))))
}

/// Deletes every event of a cause.
pub fn delete_all(tx: &mut Tx<'_>, cause: Cause) -> Result<(), StoreError> {
    delete(tx, cause, None)
}

fn delete(tx: &mut Tx<'_>, cause: Cause, condition: Option<Expr>) -> Result<(), StoreError> {
    let condition = condition.into_iter().fold(is_about(cause), Expr::and);
    crate::table::delete(tx, EVENTS, condition).map(drop)
}

fn is_about(cause: Cause) -> Expr {
    Expr::col(CAUSE).eq(cause.as_str())
}
