//! Dealers: who sells tenants, in three levels, and how much each branch may have.
//!
//! A dealer knows of those below it and of no other: whatever it asks of somebody else is answered as for an id that does not
//! exist. Name and level are what a dealer was made with; it never moves to another parent.

mod level;
mod quotas;

use pbx_types::list::{FieldKind, ListField, ListQuery, Page};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::account::{check, name_taken, password_faults, reserved};
use super::audit::{Audited, Entry, Object};
use super::merge::merged;
use super::password::{Password, Passwords};
use super::password_policy::PasswordPolicy;
use super::session::{Account, Role, Visibility};
use super::{Error, Id, IdSource, clock};
use crate::store::{Changes, OnConstraint, Store, Tx, accounts, dealers as queries, sessions};

pub use self::level::Level;
pub use self::quotas::{Quota, room_for_tenant, room_for_user, room_to_designate};

/// What a list of dealers can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField::new("id", FieldKind::Id),
    ListField::new("enabled", FieldKind::Boolean),
    ListField::new("level", FieldKind::Text),
    ListField::new("name", FieldKind::Text),
    ListField::new("email", FieldKind::Text),
    ListField::new("display_name", FieldKind::Text),
    ListField::new("website", FieldKind::Text),
    ListField::new("phone", FieldKind::Text),
    ListField::new("address", FieldKind::Text),
    ListField::new("description", FieldKind::Text),
    ListField::new("max_tenants", FieldKind::Integer),
    ListField::new("max_extensions", FieldKind::Integer),
    ListField::new("tenant_full_access", FieldKind::Boolean),
];

/// A dealer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dealer {
    /// Its id, which is that of its account.
    pub id: Id,
    /// The name that it signs in with.
    pub name: String,
    /// How far up it is.
    pub level: Level,
    /// All that can be changed.
    pub settings: DealerSettings,
}

/// What of a dealer can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct DealerSettings {
    pub enabled: bool,
    pub email: Option<String>,
    pub display_name: Option<String>,
    pub website: Option<String>,
    pub phone: Option<String>,
    pub address: Option<String>,
    pub description: Option<String>,
    pub max_tenants: i64,
    pub max_extensions: i64,
    pub tenant_full_access: bool,
}

impl Default for DealerSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            email: None,
            display_name: None,
            website: None,
            phone: None,
            address: None,
            description: None,
            max_tenants: 100,
            max_extensions: 50_000,
            tenant_full_access: true,
        }
    }
}

/// A dealer to be.
#[derive(Debug, Clone)]
pub struct NewDealer {
    /// What it will sign in with.
    pub name: String,
    /// And with what password.
    pub password: Password,
    /// How far up it will be.
    pub level: Level,
    /// The rest.
    pub settings: DealerSettings,
}

/// What a dealer and all below it have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holdings {
    /// The dealers below it.
    pub dealers: i64,
    /// Tenants, each once.
    pub tenants: i64,
    /// Users of those tenants.
    pub users: i64,
}

/// One page of the dealers in reach.
pub async fn list(store: &Store, visibility: Visibility, query: ListQuery) -> Result<Page<Dealer>, Error> {
    store.scan(move |tx| Ok(queries::page(tx, visibility, &query)?)).await
}

/// Adds a dealer below whoever makes it.
pub async fn create(
    store: &Changes,
    ids: &IdSource,
    passwords: &Passwords,
    visibility: Visibility,
    new: NewDealer,
) -> Result<Id, Error> {
    let maker = match visibility {
        Visibility::System => None,
        // Its level never changes, so that it is right in the transaction below as well.
        Visibility::Branch(id) => Some(store.read(move |tx| own(tx, id)).await?),
    };
    if maker.as_ref().is_some_and(|maker| maker.level >= new.level) {
        let message = "A dealer may only make dealers of the levels below its own.";
        return Err(Error::Barred { message });
    }
    let mut violations = password_faults(&PasswordPolicy::SYSTEM, "password", &new.password, &new.name);
    violations.extend(reserved(Role::Dealer, &new.name));
    check(violations)?;
    let account = Account {
        id: ids.next(),
        role: Role::Dealer,
        name: new.name,
        password_hash: passwords.hash(new.password).await?,
        enabled: new.settings.enabled,
        tenant_id: None,
    };
    let (level, settings) = (new.level, new.settings);
    let parent_id = maker.map(|maker| maker.id);
    store
        .write(move |tx| {
            let mut settings = settings.clone();
            if let Some(parent_id) = parent_id {
                let maker = own(tx, parent_id)?;
                settings.tenant_full_access = full_access(&maker, settings.tenant_full_access);
            }
            let dealer = Dealer {
                id: account.id,
                name: account.name.clone(),
                level,
                settings,
            };
            accounts::insert(tx, &account, clock::now()).on_constraint(accounts::UNIQUE_NAME, name_taken)?;
            queries::insert(tx, &dealer, parent_id)?;
            let given = members(&dealer.settings).filter(|(_, value)| !value.is_null());
            let names = given.map(|(name, _)| name);
            let entry = Entry::create(Object::Dealer, dealer.id).fields(["name", "password", "level"]);
            Ok(entry.fields(names).with(dealer.id))
        })
        .await
}

/// The dealer of that id.
pub async fn show(store: &Store, visibility: Visibility, id: Id) -> Result<Dealer, Error> {
    store.read(move |tx| existing(tx, visibility, id)).await
}

/// Merges the members that were sent. A dealer that is disabled by it is signed out; its tenants go on.
pub async fn update(store: &Changes, visibility: Visibility, id: Id, sent: Map<String, Value>) -> Result<(), Error> {
    store
        .write(move |tx| {
            let before = existing(tx, visibility, id)?;
            let mut settings: DealerSettings = merged(&before.settings, &sent)?;
            if let Visibility::Branch(maker) = visibility
                && sent.contains_key("tenant_full_access")
            {
                let maker = own(tx, maker)?;
                settings.tenant_full_access = match maker.level {
                    Level::Distributor => full_access(&maker, settings.tenant_full_access),
                    _ => before.settings.tenant_full_access,
                };
            }
            save(tx, before, settings)
        })
        .await
}

/// Gives a dealer another password without asking for the old one, and ends its sessions.
pub async fn reset_password(
    store: &Changes,
    passwords: &Passwords,
    visibility: Visibility,
    id: Id,
    new: Password,
) -> Result<(), Error> {
    let dealer = show(store, visibility, id).await?;
    check(password_faults(&PasswordPolicy::SYSTEM, "password", &new, &dealer.name))?;
    let hash = passwords.hash(new).await?;
    store
        .write(move |tx| {
            existing(tx, visibility, id)?;
            accounts::set_password(tx, id, &hash)?;
            sessions::delete_of(tx, id)?;
            Ok(Entry::update(Object::Dealer, id).fields(["password"]).with(()))
        })
        .await
}

/// Removes a dealer that has neither dealers nor tenants.
pub async fn destroy(store: &Changes, visibility: Visibility, id: Id) -> Result<(), Error> {
    store
        .write(move |tx| {
            existing(tx, visibility, id)?;
            accounts::delete(tx, id).on_constraint("foreign_key", || Error::Conflict {
                code: "CONFLICT",
                message: "This dealer has dealers below it or tenants: these have to go first.".to_owned(),
            })?;
            Ok(Entry::delete(Object::Dealer, id).with(()))
        })
        .await
}

/// The dealer of that account.
pub async fn current(store: &Store, id: Id) -> Result<Dealer, Error> {
    store.read(move |tx| own(tx, id)).await
}

/// Merges what a dealer says of itself.
pub async fn update_current(store: &Changes, id: Id, sent: Map<String, Value>) -> Result<(), Error> {
    store
        .write(move |tx| {
            let before = own(tx, id)?;
            let settings = merged(&before.settings, &sent)?;
            save(tx, before, settings)
        })
        .await
}

/// A dealer, and what it has together with all below it.
pub async fn status(store: &Store, id: Id) -> Result<(Dealer, Holdings), Error> {
    store
        .scan(move |tx| Ok((own(tx, id)?, queries::holdings(tx, id)?)))
        .await
}

/// There is no dealer of that id, or none that the caller may know of.
pub fn not_found() -> Error {
    Error::NotFound { what: "dealer" }
}

fn save(tx: &mut Tx<'_>, before: Dealer, settings: DealerSettings) -> Result<Audited<()>, Error> {
    let id = before.id;
    let entry = Entry::update(Object::Dealer, id).between(&before.settings, &settings);
    if before.settings.enabled && !settings.enabled {
        sessions::delete_of(tx, id)?;
    }
    accounts::set_enabled(tx, id, settings.enabled)?;
    queries::update(tx, &Dealer { settings, ..before })?;
    Ok(entry.with(()))
}

/// What becomes of `tenant_full_access` that a dealer sets for one below: only that of a distributor counts, and nobody gives what
/// it does not have. Otherwise it is as for the dealer itself.
fn full_access(maker: &Dealer, given: bool) -> bool {
    let own = maker.settings.tenant_full_access;
    if maker.level == Level::Distributor {
        given && own
    } else {
        own
    }
}

fn existing(tx: &mut Tx<'_>, visibility: Visibility, id: Id) -> Result<Dealer, Error> {
    queries::by_id(tx, visibility, id)?.ok_or_else(not_found)
}

/// A signed-in dealer. One that was removed in the meantime has no session.
fn own(tx: &mut Tx<'_>, id: Id) -> Result<Dealer, Error> {
    queries::by_id(tx, Visibility::System, id)?.ok_or(Error::Unauthorized)
}

fn members(settings: &DealerSettings) -> impl Iterator<Item = (String, Value)> {
    let members = match serde_json::to_value(settings) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    members.into_iter()
}
