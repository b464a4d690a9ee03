//! The plain statements, once for all tables: [`Table`] lists, shows, inserts, updates and deletes records.

use std::marker::PhantomData;

use pbx_domain::kind::{Kind, Tenant};
use pbx_domain::{Error, Id, Stored};
use pbx_types::list::{ListQuery, Page};
use pbx_types::record::{Column, ID, Record};
use sea_query::{Asterisk, Expr, ExprTrait, Func, Order, Query, SelectStatement, Value};

use crate::error::StoreError;
use crate::list;
use crate::list::List;
use crate::row::{Row, bind, value};
use crate::tx::Tx;

/// The table of tenants.
pub(super) const TENANTS: &str = "tenants";

/// The column with the tenant of a row.
pub(super) const TENANT_ID: &str = "tenant_id";

/// A column with its value.
pub(super) type Assignment = (&'static str, Value);

/// A table of records of the type `T`, each with an ID. Its statements apply to a scope of the type `S`, such as one tenant.
///
/// Every statement requires the scope, so that none can omit the condition that isolates tenants: the rows outside of it do not exist.
pub struct Table<T: 'static, S: 'static = ()> {
    /// The name in the schema.
    pub(super) name: &'static str,
    /// The fields, indexes and change log that its list queries use.
    pub(super) list: List,
    /// Returns further columns that are computed from a record.
    pub(super) computed: fn(&T, S) -> Vec<Assignment>,
    /// Marks the type parameters as used.
    pub(super) types: PhantomData<fn(S) -> T>,
}

/// The part of a table that a statement applies to.
pub trait Scope: Copy {
    /// Returns the condition on the rows in the scope; `None` if all are.
    fn condition(self) -> Option<Expr>;

    /// Returns the columns that place a new row in the scope.
    fn columns(self) -> Vec<(&'static str, Value)>;
}

/// All rows, of a table of the system.
impl Scope for () {
    fn condition(self) -> Option<Expr> {
        None
    }

    fn columns(self) -> Vec<Assignment> {
        Vec::new()
    }
}

/// The rows of a tenant.
impl Scope for Id<Tenant> {
    fn condition(self) -> Option<Expr> {
        Some(is(TENANT_ID, &self))
    }

    fn columns(self) -> Vec<Assignment> {
        vec![(TENANT_ID, value(&self))]
    }
}

impl<T: Record, S: Scope> Table<T, S> {
    /// Creates a table of this name, whose lists are short and have no indexes.
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            list: List::short(T::FIELDS),
            computed: |_, _| Vec::new(),
            types: PhantomData,
        }
    }

    /// Returns one page of the records.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as for every function here.
    pub fn page(&self, tx: &mut Tx<'_>, scope: S, query: &ListQuery) -> Result<Page<Stored<T>>, StoreError> {
        list::page(tx, self.select(scope), &self.list, query, |row| self.read(row))
    }

    /// Returns all records, the oldest first.
    pub fn all(&self, tx: &mut Tx<'_>, scope: S) -> Result<Vec<Stored<T>>, StoreError> {
        tx.all(self.select(scope).order_by(ID, Order::Asc), |row| self.read(row))
    }

    /// Returns the record with this ID.
    pub fn by_id(&self, tx: &mut Tx<'_>, scope: S, id: Id<T>) -> Result<Option<Stored<T>>, StoreError> {
        self.first(tx, scope, is(ID, &id))
    }

    /// Returns the record with this ID.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub fn existing(&self, tx: &mut Tx<'_>, scope: S, id: Id<T>) -> Result<Stored<T>, Error>
    where
        T: Kind,
    {
        self.by_id(tx, scope, id)?.ok_or_else(Id::<T>::not_found)
    }

    /// Returns the only record that satisfies a condition.
    pub(super) fn first(&self, tx: &mut Tx<'_>, scope: S, condition: Expr) -> Result<Option<Stored<T>>, StoreError> {
        tx.first(self.select(scope).and_where(condition), |row| self.read(row))
    }

    /// Inserts a record.
    pub fn insert(&self, tx: &mut Tx<'_>, scope: S, id: Id<T>, record: &T) -> Result<(), StoreError> {
        let columns = [(ID, value(&id))].into_iter().chain(scope.columns());
        insert(tx, self.name, columns.chain(self.assignments(scope, record)))
    }

    /// Replaces the record with this ID. Returns `false` if there is none.
    pub fn update(&self, tx: &mut Tx<'_>, scope: S, id: Id<T>, record: &T) -> Result<bool, StoreError> {
        let condition = within(scope, is(ID, &id));
        Ok(update(tx, self.name, self.assignments(scope, record), condition)? > 0)
    }

    /// Deletes the record with this ID. Returns `false` if there was none.
    pub fn delete(&self, tx: &mut Tx<'_>, scope: S, id: Id<T>) -> Result<bool, StoreError> {
        Ok(delete(tx, self.name, within(scope, is(ID, &id)))? > 0)
    }

    /// Selects the records of every scope, with the columns that [`read`](Self::read) expects.
    pub(super) fn select_all(&self) -> SelectStatement {
        let columns = T::COLUMNS.iter().map(|column| column.name);
        let mut select = Query::select();
        select.columns([ID].into_iter().chain(columns)).from(self.name);
        select
    }

    /// Selects the records in the scope.
    pub(super) fn select(&self, scope: S) -> SelectStatement {
        let mut select = self.select_all();
        if let Some(condition) = scope.condition() {
            select.and_where(condition);
        }
        select
    }

    /// Reads a row of [`select_all`](Self::select_all).
    pub(super) fn read(&self, row: &Row<'_>) -> Result<Stored<T>, StoreError> {
        Ok(Stored {
            id: row.get(0)?,
            value: row.record(self.name, 1)?,
        })
    }

    fn assignments(&self, scope: S, record: &T) -> impl Iterator<Item = Assignment> {
        assignments(record).chain((self.computed)(record, scope))
    }
}

/// Restricts a condition to a scope.
pub(super) fn within(scope: impl Scope, condition: Expr) -> Expr {
    match scope.condition() {
        None => condition,
        Some(scope) => scope.and(condition),
    }
}

/// Returns the condition that a column has this value.
pub(super) fn is<T: Column>(column: &'static str, expected: &T) -> Expr {
    Expr::col(column).eq(value(expected))
}

/// Returns the columns of a record with their values.
pub(super) fn assignments<T: Record>(record: &T) -> impl Iterator<Item = Assignment> {
    let columns = T::COLUMNS.iter().zip(record.to_cells());
    columns.map(|(column, cell)| (column.name, bind(column.storage, cell)))
}

/// Inserts one row.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    table: &'static str,
    columns: impl IntoIterator<Item = Assignment>,
) -> Result<(), StoreError> {
    let (columns, values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let mut insert = Query::insert();
    insert
        .into_table(table)
        .columns(columns)
        .values_panic(values.into_iter().map(Expr::from));
    tx.execute(&insert).map(drop)
}

/// Updates the rows that satisfy a condition. Returns their number.
pub(super) fn update(
    tx: &mut Tx<'_>,
    table: &'static str,
    columns: impl IntoIterator<Item = Assignment>,
    condition: Expr,
) -> Result<usize, StoreError> {
    let columns = columns.into_iter().map(|(column, value)| (column, value.into()));
    let mut update = Query::update();
    update.table(table).values(columns).and_where(condition);
    tx.execute(&update)
}

/// Deletes the rows that satisfy a condition. Returns their number.
pub(super) fn delete(tx: &mut Tx<'_>, table: &'static str, condition: Expr) -> Result<usize, StoreError> {
    let mut delete = Query::delete();
    delete.from_table(table).and_where(condition);
    tx.execute(&delete)
}

/// Returns the value of a column in the first row that satisfies a condition.
pub(super) fn get<T: Column>(
    tx: &mut Tx<'_>,
    table: &'static str,
    column: &'static str,
    condition: Expr,
) -> Result<Option<T>, StoreError> {
    let mut select = Query::select();
    select.column(column).from(table).and_where(condition).limit(1);
    tx.first(&select, |row| row.get(0))
}

/// Returns `true` if a row satisfies a condition.
pub(super) fn exists(tx: &mut Tx<'_>, table: &'static str, condition: Expr) -> Result<bool, StoreError> {
    let mut select = Query::select();
    select.expr(Expr::value(1)).from(table).and_where(condition).limit(1);
    Ok(tx.first(&select, |_| Ok(()))?.is_some())
}

/// Counts the rows that satisfy a condition.
pub(super) fn count(tx: &mut Tx<'_>, table: &'static str, condition: Option<Expr>) -> Result<i64, StoreError> {
    let mut select = Query::select();
    select.expr(Func::count(Expr::col(Asterisk))).from(table);
    if let Some(condition) = condition {
        select.and_where(condition);
    }
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}
