//! The table of accounts: those of system administrators and dealers, which belong to no tenant, and those of users.

use jiff::Timestamp;
use pbx_domain::Id;
use pbx_domain::kind::{self, Tenant};
use pbx_domain::session::{Account, Role};
use pbx_types::record::{ID, Record as _};
use sea_query::{Expr, ExprTrait, Query};

use crate::error::StoreError;
use crate::row::value;
use crate::table::{Assignment, TENANT_ID, assignments, exists, insert as insert_row, is, update};
use crate::tx::Tx;
use crate::{password_resets, second_factors};

/// The unique key over the lower-case names of accounts that belong to no tenant.
pub const UNIQUE_NAME: &str = "accounts_name_key";

/// The unique key over the lower-case names within a tenant.
pub const UNIQUE_NAME_IN_TENANT: &str = "accounts_tenant_id_name_key";

pub(super) const ACCOUNTS: &str = "accounts";
pub(super) const ROLE: &str = "role";
pub(super) const NAME: &str = "name";
pub(super) const ENABLED: &str = "enabled";
pub(super) const CREATED_AT: &str = "created_at";
pub(super) const PASSWORD_FORCE_RESET: &str = "password_force_reset";
const NAME_KEY: &str = "name_key";

/// Returns the account with this name, compared without case: a user of the tenant, or an account that belongs to no tenant.
pub fn by_name(tx: &mut Tx<'_>, tenant_id: Option<Id<Tenant>>, name: &str) -> Result<Option<Account>, StoreError> {
    let tenant = match tenant_id {
        None => Expr::col(TENANT_ID).is_null(),
        Some(id) => is(TENANT_ID, &id),
    };
    first(tx, is(NAME_KEY, &name_key(name)).and(tenant))
}

/// Returns the account with this ID.
pub fn by_id(tx: &mut Tx<'_>, id: Id<kind::Account>) -> Result<Option<Account>, StoreError> {
    first(tx, is(ID, &id))
}

fn first(tx: &mut Tx<'_>, condition: Expr) -> Result<Option<Account>, StoreError> {
    let mut select = Query::select();
    select
        .columns(Account::COLUMNS.iter().map(|column| column.name))
        .from(ACCOUNTS)
        .and_where(condition);
    tx.first(&select, |row| row.record(ACCOUNTS, 0))
}

/// Returns `true` if there is an account with this role.
pub fn exists_with_role(tx: &mut Tx<'_>, role: Role) -> Result<bool, StoreError> {
    exists(tx, ACCOUNTS, is(ROLE, &role))
}

/// Returns `true` if all tenants together have more users than this number. Counts no further than necessary.
pub fn has_more_users_than(tx: &mut Tx<'_>, number: u32) -> Result<bool, StoreError> {
    let beyond = Query::select()
        .column(ID)
        .from(ACCOUNTS)
        .and_where(Expr::col(TENANT_ID).is_not_null())
        .limit(1)
        .offset(number.into())
        .to_owned();
    Ok(tx.first(&beyond, |_| Ok(()))?.is_some())
}

/// Inserts an account. A name that is taken violates [`UNIQUE_NAME`] or [`UNIQUE_NAME_IN_TENANT`].
pub fn insert(tx: &mut Tx<'_>, account: &Account, now: Timestamp) -> Result<(), StoreError> {
    let more = [(NAME_KEY, name_key(&account.name).into()), (CREATED_AT, value(&now))];
    insert_row(tx, ACCOUNTS, assignments(account).chain(more))
}

/// Renames an account. A name that is taken violates [`UNIQUE_NAME`] or [`UNIQUE_NAME_IN_TENANT`].
pub fn rename(tx: &mut Tx<'_>, id: Id<kind::Account>, name: &str) -> Result<(), StoreError> {
    set(tx, id, [(NAME, name.into()), (NAME_KEY, name_key(name).into())])
}

/// Sets the password of an account, which its owner need not change. Ends the sign-ins that wait for a second factor, and the link to
/// set a new password: they belong to the old one.
pub fn set_password(tx: &mut Tx<'_>, id: Id<kind::Account>, hash: &str) -> Result<(), StoreError> {
    second_factors::delete_by_account(tx, id)?;
    password_resets::delete_by_account(tx, id)?;
    set(
        tx,
        id,
        [("password_hash", hash.into()), (PASSWORD_FORCE_RESET, false.into())],
    )
}

/// Sets whether the account's owner must change the password before any other operation.
pub fn set_password_force_reset(tx: &mut Tx<'_>, id: Id<kind::Account>, force_reset: bool) -> Result<(), StoreError> {
    set(tx, id, [(PASSWORD_FORCE_RESET, force_reset.into())])
}

/// Enables or disables signing in. The caller of this function ends the sessions of a disabled account.
pub fn set_enabled(tx: &mut Tx<'_>, id: Id<kind::Account>, enabled: bool) -> Result<(), StoreError> {
    set(tx, id, [(ENABLED, enabled.into())])
}

fn set<const N: usize>(tx: &mut Tx<'_>, id: Id<kind::Account>, columns: [Assignment; N]) -> Result<(), StoreError> {
    update(tx, ACCOUNTS, columns, is(ID, &id)).map(drop)
}

/// Deletes an account with its sessions and everything else that belongs to it.
pub fn delete(tx: &mut Tx<'_>, id: Id<kind::Account>) -> Result<(), StoreError> {
    crate::table::delete(tx, ACCOUNTS, is(ID, &id)).map(drop)
}

fn name_key(name: &str) -> String {
    name.to_lowercase()
}
