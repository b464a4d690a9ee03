//! Queries of holidays.

use pbx_domain::Id;
use pbx_domain::holidays::{FIELDS, Holiday};
use pbx_types::list::{ListQuery, Page};
use sea_query::{Expr, ExprTrait, Query, SelectStatement, Value};

use crate::error::StoreError;
use crate::list;
use crate::list::List;
use crate::row::Row;
use crate::tx::Tx;

const TABLE: &str = "holidays";

const LIST: List = List {
    indexed: &["id", "name", "region", "year_start"],
    ..List::short(FIELDS)
};

/// Returns one page of the tenant's holidays.
pub fn page(tx: &mut Tx<'_>, tenant_id: Id, query: &ListQuery) -> Result<Page<Holiday>, StoreError> {
    list::page(tx, select(tenant_id), &LIST, query, read)
}

/// Returns the tenant's holiday with this ID.
pub fn by_id(tx: &mut Tx<'_>, tenant_id: Id, id: Id) -> Result<Option<Holiday>, StoreError> {
    tx.first(select(tenant_id).and_where(Expr::col("id").eq(id.stored())), read)
}

/// Inserts a holiday. Violates `foreign_key` if the tenant does not exist.
pub fn insert(tx: &mut Tx<'_>, tenant_id: Id, holiday: &Holiday) -> Result<(), StoreError> {
    let columns = FIELDS.iter().map(|field| field.name).chain(["tenant_id"]);
    let values = values(holiday).into_iter().chain([tenant_id.stored().into()]);
    let mut insert = Query::insert();
    insert
        .into_table(TABLE)
        .columns(columns)
        .values_panic(values.map(Expr::from));
    tx.execute(&insert).map(drop)
}

/// Replaces the holiday with the same ID.
pub fn update(tx: &mut Tx<'_>, tenant_id: Id, holiday: &Holiday) -> Result<(), StoreError> {
    let columns = FIELDS.iter().map(|field| field.name);
    let values = values(holiday).into_iter().map(Expr::from);
    let mut update = Query::update();
    update
        .table(TABLE)
        .values(columns.zip(values))
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .and_where(Expr::col("id").eq(holiday.id.stored()));
    tx.execute(&update).map(drop)
}

/// Deletes a holiday. Returns `false` if there was none.
pub fn delete(tx: &mut Tx<'_>, tenant_id: Id, id: Id) -> Result<bool, StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table(TABLE)
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .and_where(Expr::col("id").eq(id.stored()));
    Ok(tx.execute(&delete)? > 0)
}

fn select(tenant_id: Id) -> SelectStatement {
    Query::select()
        .columns(FIELDS.iter().map(|field| field.name))
        .from(TABLE)
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .to_owned()
}

/// Returns the values of the columns, in the order of [`FIELDS`].
fn values(holiday: &Holiday) -> [Value; 15] {
    let number = |number: i32| Value::from(i64::from(number));
    let optional = |number: Option<i32>| Value::from(number.map(i64::from));
    [
        holiday.id.stored().into(),
        holiday.name.clone().into(),
        holiday.region.clone().into(),
        holiday.consecutive.into(),
        holiday.every_year.into(),
        optional(holiday.year_start),
        optional(holiday.year_end),
        number(holiday.month_start),
        number(holiday.month_end),
        number(holiday.day_start),
        number(holiday.day_end),
        number(holiday.hour_start),
        number(holiday.hour_end),
        number(holiday.minute_start),
        number(holiday.minute_end),
    ]
}

/// Reads a row with the columns in the order of [`FIELDS`].
fn read(row: &Row<'_>) -> Result<Holiday, StoreError> {
    let unreadable = |_| StoreError::Engine("a stored holiday has an unreadable number".to_owned());
    let number = |index| row.get::<i64>(index)?.try_into().map_err(unreadable);
    let optional = |index| {
        let number: Option<i64> = row.get(index)?;
        number.map(i32::try_from).transpose().map_err(unreadable)
    };
    Ok(Holiday {
        id: row.get(0)?,
        name: row.get(1)?,
        region: row.get(2)?,
        consecutive: row.get(3)?,
        every_year: row.get(4)?,
        year_start: optional(5)?,
        year_end: optional(6)?,
        month_start: number(7)?,
        month_end: number(8)?,
        day_start: number(9)?,
        day_end: number(10)?,
        hour_start: number(11)?,
        hour_end: number(12)?,
        minute_start: number(13)?,
        minute_end: number(14)?,
    })
}
