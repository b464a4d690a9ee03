//! Queries of IP rules. Expired ones are left out, from the time that [`shown_until`] says.

use ipnet::IpNet;
use jiff::Timestamp;
use pbx_domain::Id;
use pbx_domain::ip_filters::{FIELDS, IpRule, shown_until};
use pbx_types::list::{ListQuery, Page};
use sea_query::{Cond, Expr, ExprTrait, Query, SelectStatement, Value};

use crate::error::StoreError;
use crate::list::List;
use crate::row::{Row, optional_time, time};
use crate::tx::Tx;
use crate::{list, revisions};

pub(super) const TABLE: &str = "ip_filters";

/// The unique key over the address range, host bits cleared.
pub const UNIQUE_CIDR: &str = "ip_filters_cidr";

const LIST: List = List::short(FIELDS);

/// Returns one page of the rules that have not expired.
pub fn page(tx: &mut Tx<'_>, query: &ListQuery, now: Timestamp) -> Result<Page<IpRule>, StoreError> {
    list::page(tx, select(now), &LIST, query, read)
}

/// Returns all rules that have not expired, oldest first.
pub fn all(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<IpRule>, StoreError> {
    tx.all(select(now).order_by("id", sea_query::Order::Asc), read)
}

/// Returns the rule with this ID, unless it has expired.
pub fn by_id(tx: &mut Tx<'_>, id: Id, now: Timestamp) -> Result<Option<IpRule>, StoreError> {
    tx.first(select(now).and_where(Expr::col("id").eq(id.stored())), read)
}

/// Returns the rule for exactly this range, unless it has expired.
pub fn by_range(tx: &mut Tx<'_>, range: &IpNet, now: Timestamp) -> Result<Option<IpRule>, StoreError> {
    tx.first(select(now).and_where(Expr::col("cidr").eq(range.to_string())), read)
}

/// Returns the revision of the rules, which grows with every rule that is created, updated or deleted.
pub fn revision(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    revisions::current(tx, TABLE)
}

/// Inserts a rule. Violates [`UNIQUE_CIDR`] if its range has one.
pub fn insert(tx: &mut Tx<'_>, rule: &IpRule, now: Timestamp) -> Result<(), StoreError> {
    let [cidr, target, expire_at, description, shown_until] = values(rule, now);
    let mut insert = Query::insert();
    insert
        .into_table(TABLE)
        .columns(["id", "cidr", "target", "expire_at", "description", "lapses_at"])
        .values_panic([
            rule.id.stored().into(),
            cidr.into(),
            target.into(),
            expire_at.into(),
            description.into(),
            shown_until.into(),
        ]);
    tx.execute(&insert)?;
    revisions::increment(tx, TABLE)
}

/// Replaces the rule with the same ID. Violates [`UNIQUE_CIDR`] if another rule has its range.
pub fn update(tx: &mut Tx<'_>, rule: &IpRule, now: Timestamp) -> Result<(), StoreError> {
    let [cidr, target, expire_at, description, shown_until] = values(rule, now);
    let mut update = Query::update();
    update
        .table(TABLE)
        .value("cidr", cidr)
        .value("target", target)
        .value("expire_at", expire_at)
        .value("description", description)
        .value("lapses_at", shown_until)
        .and_where(Expr::col("id").eq(rule.id.stored()));
    tx.execute(&update)?;
    revisions::increment(tx, TABLE)
}

/// Deletes a rule. Returns `false` if there was none.
pub fn delete(tx: &mut Tx<'_>, id: Id) -> Result<bool, StoreError> {
    let mut delete = Query::delete();
    delete.from_table(TABLE).and_where(Expr::col("id").eq(id.stored()));
    let found = tx.execute(&delete)? > 0;
    revisions::increment(tx, TABLE)?;
    Ok(found)
}

/// Deletes the rule for exactly this range, if there is one.
pub fn delete_range(tx: &mut Tx<'_>, range: &IpNet) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table(TABLE)
        .and_where(Expr::col("cidr").eq(range.to_string()));
    tx.execute(&delete)?;
    revisions::increment(tx, TABLE)
}

/// Deletes expired rules. Runs before every change, so that an expired rule does not conflict with it.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table(TABLE)
        .and_where(Expr::col("lapses_at").lte(time(now)));
    tx.execute(&delete).map(drop)
}

fn select(now: Timestamp) -> SelectStatement {
    let not_expired = Cond::any()
        .add(Expr::col("lapses_at").is_null())
        .add(Expr::col("lapses_at").gt(time(now)));
    Query::select()
        .columns(["id", "cidr", "target", "expire_at", "description"])
        .from(TABLE)
        .cond_where(not_expired)
        .to_owned()
}

fn values(rule: &IpRule, now: Timestamp) -> [Value; 5] {
    [
        rule.cidr.to_string().into(),
        rule.target.as_str().into(),
        optional_time(rule.expire_at),
        rule.description.clone().into(),
        optional_time(shown_until(rule.expire_at, now)),
    ]
}

fn read(row: &Row<'_>) -> Result<IpRule, StoreError> {
    let unreadable = |column: &str| StoreError::Engine(format!("a stored IP rule has an unreadable {column}"));
    Ok(IpRule {
        id: row.get(0)?,
        cidr: row.get::<String>(1)?.parse().map_err(|_| unreadable("cidr"))?,
        target: row.get::<String>(2)?.parse().map_err(|()| unreadable("target"))?,
        expire_at: row.get(3)?,
        description: row.get(4)?,
    })
}
