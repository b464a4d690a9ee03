//! The table of users of tenants, together with their accounts.

use pbx_domain::Id;
use pbx_domain::kind::{self, Tenant};
use pbx_domain::users::{FIELDS, StoredUser, User};
use pbx_domain::vault::Sealed;
use pbx_types::list::{ListQuery, Page};
use pbx_types::record::{ID, Record as _};
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use crate::accounts::{ACCOUNTS, CREATED_AT, ENABLED, NAME, ROLE};
use crate::error::StoreError;
use crate::list;
use crate::list::List;
use crate::row::{Row, value};
use crate::table::{
    Assignment, Scope as _, TENANT_ID, assignments, count, get, insert as insert_row, is, update as set,
};
use crate::tx::Tx;

const USERS: &str = "users";

/// The columns of a user that are those of its account.
const OF_ACCOUNT: [&str; 5] = [ID, NAME, ROLE, ENABLED, CREATED_AT];

const LIST: List = List::short(FIELDS);

/// Returns one page of a tenant's users.
pub fn page(tx: &mut Tx<'_>, tenant_id: Id<Tenant>, query: &ListQuery) -> Result<Page<StoredUser>, StoreError> {
    list::page(tx, select(tenant_id), &LIST, query, read)
}

/// Returns the user with this ID, if it is one of the tenant.
pub fn by_id(tx: &mut Tx<'_>, tenant_id: Id<Tenant>, id: Id<kind::User>) -> Result<Option<StoredUser>, StoreError> {
    tx.first(select(tenant_id).and_where(is(ID, &id)), read)
}

/// Returns the e-mail address of the user with this account; `None` if it has none. The outer `None` means that the account is no
/// user's.
pub fn email(tx: &mut Tx<'_>, id: Id<kind::Account>) -> Result<Option<Option<String>>, StoreError> {
    get(tx, USERS, "email", is(ID, &id))
}

/// Counts the users of a tenant.
pub fn count_in_tenant(tx: &mut Tx<'_>, tenant_id: Id<Tenant>) -> Result<i64, StoreError> {
    count(tx, ACCOUNTS, tenant_id.condition())
}

/// Inserts a user, whose account exists.
pub fn insert(tx: &mut Tx<'_>, user: &StoredUser, extension_password: &Sealed) -> Result<(), StoreError> {
    let further = [(ID, value(&user.id)), ("extension_password", value(extension_password))];
    insert_row(tx, USERS, own_columns(&user.user).chain(further))
}

/// Stores the properties of a user, except for those of its account.
pub fn update(tx: &mut Tx<'_>, id: Id<kind::User>, user: &User) -> Result<(), StoreError> {
    set(tx, USERS, own_columns(user), is(ID, &id)).map(drop)
}

/// Returns the columns that are not those of the account.
fn own_columns(user: &User) -> impl Iterator<Item = Assignment> {
    assignments(user).filter(|(column, _)| !OF_ACCOUNT.contains(column))
}

/// Selects the users of a tenant, with the columns that the API shows.
fn select(tenant_id: Id<Tenant>) -> SelectStatement {
    let columns = User::COLUMNS.iter().map(|column| column.name);
    let (mut inner, mut outer) = (Query::select(), Query::select());
    for column in [ID, CREATED_AT].into_iter().chain(columns) {
        let table = if OF_ACCOUNT.contains(&column) { ACCOUNTS } else { USERS };
        inner.expr_as(Expr::col((table, column)), column);
        outer.column(column);
    }
    inner
        .from(ACCOUNTS)
        .inner_join(USERS, Expr::col((USERS, ID)).equals((ACCOUNTS, ID)))
        .and_where(Expr::col((ACCOUNTS, TENANT_ID)).eq(value(&tenant_id)));
    outer.from_subquery(inner, "tenants_users").to_owned()
}

fn read(row: &Row<'_>) -> Result<StoredUser, StoreError> {
    Ok(StoredUser {
        id: row.get(0)?,
        created_at: row.get(1)?,
        user: row.record(USERS, 2)?,
    })
}
