//! Queries of accounts: those of system administrators and dealers, which belong to no tenant, and those of users.

use jiff::Timestamp;
use pbx_domain::Id;
use pbx_domain::session::{Account, Role};
use sea_query::{Expr, ExprTrait, Query};

use crate::error::StoreError;
use crate::row::time;
use crate::tx::Tx;

/// The unique key over the lower-case names of accounts that belong to no tenant.
pub const UNIQUE_NAME: &str = "accounts_name_key";

/// The unique key over the lower-case names within a tenant.
pub const UNIQUE_NAME_IN_TENANT: &str = "accounts_tenant_id_name_key";

/// Returns the account with this name, compared without case: a user of the tenant, or an account that belongs to no tenant.
pub fn by_name(tx: &mut Tx<'_>, tenant_id: Option<Id>, name: &str) -> Result<Option<Account>, StoreError> {
    let tenant = match tenant_id {
        None => Expr::col("tenant_id").is_null(),
        Some(id) => Expr::col("tenant_id").eq(id.stored()),
    };
    first(tx, Expr::col("name_key").eq(name_key(name)).and(tenant))
}

/// Returns the account with this ID.
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Account>, StoreError> {
    first(tx, Expr::col("id").eq(id.stored()))
}

fn first(tx: &mut Tx<'_>, condition: Expr) -> Result<Option<Account>, StoreError> {
    let select = Query::select()
        .columns(["id", "role", "name", "password_hash", "enabled", "tenant_id"])
        .from("accounts")
        .and_where(condition)
        .to_owned();
    tx.first(&select, |row| {
        Ok(Account {
            id: row.get(0)?,
            role: role(&row.get::<String>(1)?)?,
            name: row.get(2)?,
            password_hash: row.get(3)?,
            enabled: row.get(4)?,
            tenant_id: row.get(5)?,
        })
    })
}

/// Returns `true` if there is an account with this role.
pub fn exists_with_role(tx: &mut Tx<'_>, role: Role) -> Result<bool, StoreError> {
    let select = Query::select()
        .column("id")
        .from("accounts")
        .and_where(Expr::col("role").eq(role.as_str()))
        .limit(1)
        .to_owned();
    Ok(tx.first(&select, |_| Ok(()))?.is_some())
}

/// Returns `true` if all tenants together have more users than this number. Counts no further than necessary.
pub fn has_more_users_than(tx: &mut Tx<'_>, number: u32) -> Result<bool, StoreError> {
    let beyond = Query::select()
        .column("id")
        .from("accounts")
        .and_where(Expr::col("tenant_id").is_not_null())
        .limit(1)
        .offset(number.into())
        .to_owned();
    Ok(tx.first(&beyond, |_| Ok(()))?.is_some())
}

/// Inserts an account. A name that is taken violates [`UNIQUE_NAME`] or [`UNIQUE_NAME_IN_TENANT`].
pub fn insert(tx: &mut Tx<'_>, account: &Account, now: Timestamp) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("accounts")
        .columns([
            "id",
            "role",
            "name",
            "name_key",
            "password_hash",
            "enabled",
            "tenant_id",
            "created_at",
        ])
        .values_panic([
            account.id.stored().into(),
            account.role.as_str().into(),
            account.name.clone().into(),
            name_key(&account.name).into(),
            account.password_hash.clone().into(),
            account.enabled.into(),
            account.tenant_id.map(Id::stored).into(),
            time(now).into(),
        ]);
    tx.execute(&insert).map(drop)
}

/// Renames an account. A name that is taken violates [`UNIQUE_NAME`] or [`UNIQUE_NAME_IN_TENANT`].
pub fn rename(tx: &mut Tx<'_>, id: Id, name: &str) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("accounts")
        .value("name", name)
        .value("name_key", name_key(name))
        .and_where(Expr::col("id").eq(id.stored()));
    tx.execute(&update).map(drop)
}

/// Sets the password of an account, which its owner need not change.
pub fn set_password(tx: &mut Tx<'_>, id: Id, hash: &str) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("accounts")
        .value("password_hash", hash)
        .value("password_force_reset", false)
        .and_where(Expr::col("id").eq(id.stored()));
    tx.execute(&update).map(drop)
}

/// Sets whether the account's owner must change the password before any other operation.
pub fn set_password_force_reset(tx: &mut Tx<'_>, id: Id, force_reset: bool) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("accounts")
        .value("password_force_reset", force_reset)
        .and_where(Expr::col("id").eq(id.stored()));
    tx.execute(&update).map(drop)
}

/// Enables or disables signing in. The caller of this function ends the sessions of a disabled account.
pub fn set_enabled(tx: &mut Tx<'_>, id: Id, enabled: bool) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("accounts")
        .value("enabled", enabled)
        .and_where(Expr::col("id").eq(id.stored()));
    tx.execute(&update).map(drop)
}

/// Deletes an account with its sessions and everything else that belongs to it.
pub fn delete(tx: &mut Tx<'_>, id: Id) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete.from_table("accounts").and_where(Expr::col("id").eq(id.stored()));
    tx.execute(&delete).map(drop)
}

/// Parses a stored role.
pub(super) fn role(stored: &str) -> Result<Role, StoreError> {
    stored
        .parse()
        .map_err(|()| StoreError::Engine(format!("{stored:?} is not a role")))
}

fn name_key(name: &str) -> String {
    name.to_lowercase()
}
