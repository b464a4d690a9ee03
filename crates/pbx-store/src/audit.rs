//! Queries of the audit log. Entries are never updated, and are deleted after the retention period that the operator configures.

use jiff::Timestamp;
use pbx_domain::audit::{Actor, Entry, Record};
use sea_query::{Expr, ExprTrait, Order, Query};

use crate::error::StoreError;
use crate::row::time;
use crate::tx::Tx;

const COLUMNS: [&str; 10] = [
    "at",
    "action",
    "object_type",
    "object_id",
    "fields",
    "account_id",
    "account_name",
    "role",
    "address",
    "request_id",
];

/// Inserts an entry.
pub fn insert(tx: &mut Tx<'_>, actor: &Actor, entry: &Entry, now: Timestamp) -> Result<(), StoreError> {
    let account = entry.account.as_ref().or(actor.account.as_ref());
    let fields = serde_json::to_string(&entry.fields)
        .map_err(|error| StoreError::Engine(format!("field names cannot be serialized: {error}")))?;
    let mut insert = Query::insert();
    insert.into_table("audit").columns(COLUMNS).values_panic([
        time(now).into(),
        entry.action.as_str().into(),
        entry.object.as_str().into(),
        entry.id.clone().into(),
        fields.into(),
        account.map(|account| account.id.stored()).into(),
        account.map(|account| account.name.clone()).into(),
        account.map(|account| account.role).into(),
        actor.address.map(|address| address.to_string()).into(),
        actor.request_id.clone().into(),
    ]);
    tx.execute(&insert).map(drop)
}

/// Deletes the oldest entries before that time, at most `limit`. Returns the number of deleted entries.
pub fn delete_before(tx: &mut Tx<'_>, before: Timestamp, limit: u64) -> Result<usize, StoreError> {
    let oldest = Query::select()
        .column("id")
        .from("audit")
        .and_where(Expr::col("at").lt(time(before)))
        .order_by("at", Order::Asc)
        .limit(limit)
        .to_owned();
    let mut delete = Query::delete();
    delete
        .from_table("audit")
        .and_where(Expr::col("id").in_subquery(oldest));
    tx.execute(&delete)
}

/// Returns at most `limit` of the entries at or after `since`, the oldest first. `after` is the cursor: the time and the ID of the last
/// entry of the previous page.
pub fn page(
    tx: &mut Tx<'_>,
    since: Option<Timestamp>,
    after: (Timestamp, i64),
    limit: u64,
) -> Result<Vec<Record>, StoreError> {
    let (at, id) = after;
    let mut select = Query::select()
        .column("id")
        .columns(COLUMNS)
        .from("audit")
        .and_where(
            Expr::col("at")
                .gt(time(at))
                .or(Expr::col("at").eq(time(at)).and(Expr::col("id").gt(id))),
        )
        .order_by("at", Order::Asc)
        .order_by("id", Order::Asc)
        .limit(limit)
        .to_owned();
    if let Some(since) = since {
        select.and_where(Expr::col("at").gte(time(since)));
    }
    tx.all(&select, |row| {
        let fields: String = row.get(5)?;
        Ok(Record {
            id: row.get(0)?,
            at: row.get(1)?,
            action: row.get(2)?,
            object_type: row.get(3)?,
            object_id: row.get(4)?,
            fields: serde_json::from_str(&fields)
                .map_err(|error| StoreError::Engine(format!("stored field names cannot be parsed: {error}")))?,
            account_id: row.get::<Option<i64>>(6)?.map(|id| id.to_string()),
            account_name: row.get(7)?,
            role: row.get(8)?,
            address: row.get(9)?,
            request_id: row.get(10)?,
        })
    })
}
