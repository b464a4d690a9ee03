//! Queries of users of tenants, together with their accounts.

use pbx_domain::Id;
use pbx_domain::users::{FIELDS, User, UserSettings};
use pbx_domain::vault::Sealed;
use pbx_types::list::{ListQuery, Page};
use sea_query::{Asterisk, Expr, ExprTrait, Func, Query, SelectStatement};

use crate::error::StoreError;
use crate::list::List;
use crate::row::Row;
use crate::tx::Tx;
use crate::{accounts, list};

const LIST: List = List::short(FIELDS);

/// Returns one page of a tenant's users.
pub fn page(tx: &mut Tx<'_>, tenant_id: Id, query: &ListQuery) -> Result<Page<User>, StoreError> {
    list::page(tx, select(tenant_id), &LIST, query, read)
}

/// Returns the user with this ID, if it is one of the tenant.
pub fn by_id(tx: &mut Tx<'_>, tenant_id: Id, id: Id) -> Result<Option<User>, StoreError> {
    tx.first(select(tenant_id).and_where(Expr::col("id").eq(id.stored())), read)
}

/// Counts the users of a tenant.
pub fn count_in_tenant(tx: &mut Tx<'_>, tenant_id: Id) -> Result<i64, StoreError> {
    let select = Query::select()
        .expr(Func::count(Expr::col(Asterisk)))
        .from("accounts")
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .to_owned();
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}

/// Inserts a user, whose account exists.
pub fn insert(tx: &mut Tx<'_>, user: &User, extension_password: &Sealed) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("users")
        .columns(["id", "email", "display_name", "extension_number", "extension_password"])
        .values_panic([
            user.id.stored().into(),
            user.settings.email.clone().into(),
            user.settings.display_name.clone().into(),
            user.extension_number.clone().into(),
            extension_password.clone().into_stored().into(),
        ]);
    tx.execute(&insert).map(drop)
}

/// Stores the settings of a user, except for those of its account.
pub fn update(tx: &mut Tx<'_>, user: &User) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("users")
        .value("email", user.settings.email.clone())
        .value("display_name", user.settings.display_name.clone())
        .and_where(Expr::col("id").eq(user.id.stored()));
    tx.execute(&update).map(drop)
}

/// Selects the users of a tenant, with the columns that the API shows.
fn select(tenant_id: Id) -> SelectStatement {
    let columns = [
        ("accounts", "id"),
        ("accounts", "name"),
        ("accounts", "role"),
        ("accounts", "enabled"),
        ("accounts", "created_at"),
        ("users", "email"),
        ("users", "display_name"),
        ("users", "extension_number"),
    ];
    let mut inner = Query::select();
    for column in columns {
        inner.expr_as(Expr::col(column), column.1);
    }
    inner
        .from("accounts")
        .inner_join("users", Expr::col(("users", "id")).equals(("accounts", "id")))
        .and_where(Expr::col(("accounts", "tenant_id")).eq(tenant_id.stored()));
    Query::select()
        .columns(columns.map(|(_, name)| name))
        .from_subquery(inner, "tenants_users")
        .to_owned()
}

fn read(row: &Row<'_>) -> Result<User, StoreError> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        role: accounts::role(&row.get::<String>(2)?)?,
        created_at: row.get(4)?,
        extension_number: row.get(7)?,
        settings: UserSettings {
            enabled: row.get(3)?,
            email: row.get(5)?,
            display_name: row.get(6)?,
        },
    })
}
