//! Users of tenants: who they are, what they may do within the tenant, and how many of them there may be.
//!
//! All administrators of a tenant may be disabled or removed: whoever is above the tenant switches into it.

use jiff::Timestamp;
use pbx_types::list::{FieldKind, ListField, ListQuery, Page};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::account::{check, name_taken, password_faults, policy_of, reserved};
use super::audit::{Entry, Object};
use super::license::{self, Licensing};
use super::merge::merged;
use super::numbers::{self, Kind as NumberKind};
use super::password::{Password, Passwords};
use super::session::{Account, Role};
use super::tenants::Tenant;
use super::vault::Vault;
use super::{Error, Id, IdSource, clock, dealers};
use crate::store::{Changes, OnConstraint, Store, Tx, accounts, sessions, tenants, users as queries};

/// What a list of users can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField::new("id", FieldKind::Id),
    ListField::new("name", FieldKind::Text),
    ListField::new("enabled", FieldKind::Boolean),
    ListField::new("email", FieldKind::Text),
    ListField::new("display_name", FieldKind::Text),
    ListField::new("role", FieldKind::Text),
    ListField::new("extension_number", FieldKind::Text),
    ListField::new("created_at", FieldKind::Time),
];

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id, which is that of its account.
    pub id: Id,
    /// The name that it signs in with.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The number of its extension.
    pub extension_number: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// All that can be changed.
    pub settings: UserSettings,
}

/// What of a user can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct UserSettings {
    pub enabled: bool,
    pub email: Option<String>,
    pub display_name: Option<String>,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            email: None,
            display_name: None,
        }
    }
}

/// A user to be.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// What it will sign in with.
    pub name: String,
    /// And with what password.
    pub password: Password,
    /// What it may do.
    pub role: Role,
    /// The number of its extension.
    pub extension_number: String,
    /// What its phones register with.
    pub extension_password: Password,
    /// The rest.
    pub settings: UserSettings,
}

/// One page of a tenant's users.
pub async fn list(store: &Store, tenant_id: Id, query: ListQuery) -> Result<Page<User>, Error> {
    store.scan(move |tx| Ok(queries::page(tx, tenant_id, &query)?)).await
}

/// What is needed to make an account.
#[derive(Clone, Copy)]
pub struct Makers<'a> {
    /// Gives the id.
    pub ids: &'a IdSource,
    /// Hashes the password.
    pub passwords: &'a Passwords,
    /// Seals the extension's.
    pub vault: &'a Vault,
    /// Says how many users there may be.
    pub licensing: &'a Licensing,
}

/// Adds a user to a tenant.
pub async fn create(store: &Changes, makers: Makers<'_>, tenant_id: Id, new: NewUser) -> Result<Id, Error> {
    let policy = store.read(move |tx| policy_of(tx, Some(tenant_id))).await?;
    let mut violations = password_faults(&policy, "password", &new.password, &new.name);
    violations.extend(password_faults(
        &policy,
        "extension_password",
        &new.extension_password,
        &new.name,
    ));
    violations.extend(reserved(new.role, &new.name));
    check(violations)?;
    let account = Account {
        id: makers.ids.next(),
        role: new.role,
        name: new.name,
        password_hash: makers.passwords.hash(new.password).await?,
        enabled: new.settings.enabled,
        tenant_id: Some(tenant_id),
    };
    let user = User {
        id: account.id,
        name: account.name.clone(),
        role: account.role,
        extension_number: new.extension_number,
        created_at: clock::now(),
        settings: new.settings,
    };
    let extension_password = makers.vault.seal(&place(user.id), new.extension_password.reveal())?;
    let licensing = makers.licensing.clone();
    let created = store
        .write(move |tx| {
            let tenant = room(tx, tenant_id)?;
            accounts::insert(tx, &account, user.created_at)
                .on_constraint(accounts::UNIQUE_NAME_IN_TENANT, name_taken)?;
            accounts::demand_new_password(tx, user.id, tenant.settings.password_force_reset)?;
            numbers::take(tx, tenant_id, &user.extension_number, NumberKind::Extension)?;
            queries::insert(tx, &user, &extension_password)?;
            license::check_users(tx, &licensing)?;
            let entry = Entry::create(Object::User, user.id);
            let always = [
                "name",
                "password",
                "role",
                "extension_number",
                "extension_password",
                "enabled",
            ];
            let settings = &user.settings;
            let given = [
                settings.email.as_ref().map(|_| "email"),
                settings.display_name.as_ref().map(|_| "display_name"),
            ];
            Ok(entry.fields(always).fields(given.into_iter().flatten()).with(user.id))
        })
        .await;
    license::tell(store, created).await
}

/// The user of that id.
pub async fn show(store: &Store, tenant_id: Id, id: Id) -> Result<User, Error> {
    store.read(move |tx| existing(tx, tenant_id, id)).await
}

/// Merges the members that were sent. A user who is disabled by it is signed out.
pub async fn update(store: &Changes, tenant_id: Id, id: Id, sent: Map<String, Value>) -> Result<(), Error> {
    store
        .write(move |tx| {
            let before = existing(tx, tenant_id, id)?;
            let settings = merged(&before.settings, &sent)?;
            let entry = Entry::update(Object::User, id).between(&before.settings, &settings);
            if before.settings.enabled && !settings.enabled {
                sessions::delete_of(tx, id)?;
            }
            accounts::set_enabled(tx, id, settings.enabled)?;
            queries::update(tx, &User { settings, ..before })?;
            Ok(entry.with(()))
        })
        .await
}

/// Gives a user another password without asking for the old one, and ends its sessions.
pub async fn reset_password(
    store: &Changes,
    passwords: &Passwords,
    tenant_id: Id,
    id: Id,
    new: Password,
) -> Result<(), Error> {
    let (user, policy) = store
        .read(move |tx| {
            let user = existing(tx, tenant_id, id)?;
            Ok::<_, Error>((user, policy_of(tx, Some(tenant_id))?))
        })
        .await?;
    check(password_faults(&policy, "password", &new, &user.name))?;
    let hash = passwords.hash(new).await?;
    store
        .write(move |tx| {
            existing(tx, tenant_id, id)?;
            accounts::set_password(tx, id, &hash)?;
            let demanded = tenant(tx, tenant_id)?.settings.password_force_reset;
            accounts::demand_new_password(tx, id, demanded)?;
            sessions::delete_of(tx, id)?;
            Ok(Entry::update(Object::User, id).fields(["password"]).with(()))
        })
        .await
}

/// Removes a user. Its number is free again.
pub async fn destroy(store: &Changes, tenant_id: Id, id: Id) -> Result<(), Error> {
    store
        .write(move |tx| {
            let user = existing(tx, tenant_id, id)?;
            numbers::release(tx, tenant_id, &user.extension_number)?;
            accounts::delete(tx, id)?;
            Ok(Entry::delete(Object::User, id).with(()))
        })
        .await
}

/// There is no user of that id in the tenant.
pub fn not_found() -> Error {
    Error::NotFound { what: "user" }
}

/// The tenant, if it and the dealers above it may have one user more.
fn room(tx: &mut Tx<'_>, tenant_id: Id) -> Result<Tenant, Error> {
    let tenant = tenant(tx, tenant_id)?;
    let allowed = tenant.profile.max_extensions;
    if queries::count_of(tx, tenant_id)? >= allowed.into() {
        return Err(Error::Conflict {
            code: "TENANT_QUOTA_EXCEEDED",
            message: format!("This tenant may have no more than {allowed} users (`max_extensions`)."),
        });
    }
    dealers::room_for_user(tx, tenant_id)?;
    Ok(tenant)
}

fn tenant(tx: &mut Tx<'_>, id: Id) -> Result<Tenant, Error> {
    tenants::by_id(tx, id)?.ok_or_else(super::tenants::not_found)
}

fn existing(tx: &mut Tx<'_>, tenant_id: Id, id: Id) -> Result<User, Error> {
    queries::by_id(tx, tenant_id, id)?.ok_or_else(not_found)
}

/// Where the password of a user's extension is, to the vault.
fn place(id: Id) -> String {
    format!("users.{id}.extension_password")
}
