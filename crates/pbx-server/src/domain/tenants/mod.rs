//! Tenants: who uses this system. What a tenant is, is in [`tenant`]; here is what can be done with one.

mod avatar;
pub mod caller_ids;
pub mod designation;
pub mod e164;
pub mod events;
mod lists;
pub mod office_hours;
pub mod status;
pub mod tenant;

use pbx_types::list::{FieldKind, ListField, ListQuery, Page};
use serde_json::{Map, Value};

use self::events::WebhookSecrets;
pub use self::tenant::{Profile, Settings, Tenant, TenantSummary};
use super::audit::{Entry, Object};
use super::document::{self, Check};
use super::files::{self, File};
use super::session::Visibility;
use super::vault::Vault;
use super::webhook::{self, Event};
use super::{Error, Id, IdSource, clock, dealers, numbers};
use crate::store::{Changes, OnConstraint, Store, Tx, providers, sessions, tenants as queries};
use crate::webhook::Sender;

/// What a list of tenants can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField {
        name: "id",
        kind: FieldKind::Id,
    },
    ListField {
        name: "name",
        kind: FieldKind::Text,
    },
    ListField {
        name: "domain",
        kind: FieldKind::Text,
    },
    ListField {
        name: "website",
        kind: FieldKind::Text,
    },
    ListField {
        name: "timezone",
        kind: FieldKind::Text,
    },
    ListField {
        name: "currency",
        kind: FieldKind::Text,
    },
    ListField {
        name: "region",
        kind: FieldKind::Text,
    },
    ListField {
        name: "enabled",
        kind: FieldKind::Boolean,
    },
    ListField {
        name: "max_extensions",
        kind: FieldKind::Integer,
    },
    ListField {
        name: "max_concurrent_calls",
        kind: FieldKind::Integer,
    },
    ListField {
        name: "created_at",
        kind: FieldKind::Time,
    },
];

/// Who changes a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Somebody who manages tenants.
    Manager(Visibility),
    /// Its own administrator, or whoever acts as that.
    Itself,
}

/// A tenant as it is created: everything but what the server adds, and the secrets of its webhooks still in clear.
#[derive(Debug)]
pub struct NewTenant {
    /// What lists show.
    pub profile: Profile,
    /// All else.
    pub settings: Settings,
    /// For `cdr_event`.
    pub cdr_event: WebhookSecrets,
    /// For `extension_event`.
    pub extension_event: WebhookSecrets,
}

/// A tenant with what others keep of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The tenant.
    pub tenant: Tenant,
    /// Its picture.
    pub avatar: Option<File>,
    /// What its files take, e.g. `12MB`.
    pub used_disk_quota: String,
}

/// One page of the tenants within reach, each with its picture.
pub async fn list(
    store: &Store,
    visibility: Visibility,
    query: ListQuery,
) -> Result<Page<(TenantSummary, Option<File>)>, Error> {
    store
        .scan(move |tx| {
            let page = queries::page(tx, visibility, &query)?;
            avatar::beside(tx, page)
        })
        .await
}

/// Adds a tenant with its service numbers. One that a dealer adds is that dealer's.
pub async fn create(
    store: &Changes,
    ids: &IdSource,
    vault: &Vault,
    visibility: Visibility,
    new: NewTenant,
) -> Result<Id, Error> {
    let mut tenant = Tenant {
        id: ids.next(),
        created_at: clock::now(),
        profile: new.profile,
        settings: new.settings,
    };
    let id = tenant.id;
    let place = |member: &str| tenant::secret_place(id, member);
    let Settings {
        cdr_event,
        extension_event,
        ..
    } = &mut tenant.settings;
    cdr_event.seal(vault, new.cdr_event, |member| place(&format!("cdr_event.{member}")))?;
    extension_event.seal(vault, new.extension_event, |member| {
        place(&format!("extension_event.{member}"))
    })?;
    let mut check = Check::new(vault);
    tenant.normalize_and_validate(&mut check)?;
    only_itself_switches_calls(&mut check, By::Manager(visibility), false, &tenant);
    check.finish()?;
    store
        .write(move |tx| {
            not_a_trunks(tx, &tenant.profile.domain)?;
            queries::insert(tx, &tenant).on_constraint(queries::UNIQUE_DOMAIN, domain_taken)?;
            numbers::begin(tx, tenant.id)?;
            if let Visibility::Branch(dealer_id) = visibility {
                dealers::room_for_tenant(tx, dealer_id)?;
                queries::designate(tx, tenant.id, dealer_id)?;
            }
            let members = tenant.members()?;
            let set = members.into_iter().filter(|(_, value)| !value.is_null());
            Ok(Entry::create(Object::Tenant, tenant.id)
                .fields(set.map(|(name, _)| name))
                .with(tenant.id))
        })
        .await
}

/// The tenant of that id, if it is within reach.
pub async fn show(store: &Store, visibility: Visibility, id: Id) -> Result<Shown, Error> {
    store
        .read(move |tx| {
            within(tx, visibility, id)?;
            shown(tx, id)
        })
        .await
}

/// The tenant that the caller acts in.
pub async fn show_current(store: &Store, id: Id) -> Result<Shown, Error> {
    store.read(move |tx| shown(tx, id)).await
}

/// Merges the members that were sent, as [`document::update`] does for other documents.
///
/// A tenant that is disabled is closed at once: the sessions of its users end.
pub async fn update(store: &Changes, vault: &Vault, by: By, id: Id, mut sent: Map<String, Value>) -> Result<(), Error> {
    document::seal(vault, &mut sent, tenant::SECRETS, |member| {
        tenant::secret_place(id, member)
    })?;
    let vault = vault.clone();
    store
        .write(move |tx| {
            if let By::Manager(visibility) = by {
                within(tx, visibility, id)?;
            }
            let before = existing(tx, id)?;
            let members = before.members()?;
            let mut check = Check::new(&vault);
            let mut after = before.merged(&members, &sent, &mut check)?;
            after.normalize_and_validate(&mut check)?;
            only_itself_switches_calls(&mut check, by, before.settings.cdr_event.enabled, &after);
            caller_ids::check(tx, &mut check, &before, &after)?;
            avatar::check(tx, &mut check, &before, &after)?;
            check.finish()?;
            if before.profile.domain != after.profile.domain {
                not_a_trunks(tx, &after.profile.domain)?;
            }
            queries::update(tx, &after).on_constraint(queries::UNIQUE_DOMAIN, domain_taken)?;
            if before.profile.enabled && !after.profile.enabled {
                sessions::delete_of_tenant(tx, id)?;
            }
            Ok(Entry::update(Object::Tenant, id)
                .between(&members, &after.members()?)
                .with(()))
        })
        .await
}

/// Sends an event that reports nothing to where the tenant wants such events, whether they are switched on or not.
pub async fn send_test(store: &Store, vault: &Vault, sender: &Sender, id: Id, event: Event) -> Result<(), Error> {
    let settings = show_current(store, id).await?.tenant.settings;
    let webhook = match event {
        Event::Cdr => settings.cdr_event,
        Event::Extension => settings.extension_event,
    };
    let place = |member: &str| tenant::secret_place(id, &format!("{}.{member}", event.as_str()));
    webhook::send_test(store, sender, id, event, webhook.receiver(vault, place)?).await
}

/// Forgets which tenants were changed long ago.
pub async fn forget_changes(store: &Store) -> Result<(), Error> {
    store
        .write_unaudited(|tx| Ok::<_, Error>(queries::forget_changes(tx)?))
        .await
}

/// Removes a tenant with everything that is its own.
pub async fn destroy(store: &Changes, visibility: Visibility, id: Id) -> Result<(), Error> {
    store
        .write(move |tx| {
            within(tx, visibility, id)?;
            queries::delete(tx, id)?;
            Ok(Entry::delete(Object::Tenant, id).with(()))
        })
        .await
}

/// That the tenant is there, for whoever has that reach.
pub fn within(tx: &mut Tx<'_>, visibility: Visibility, id: Id) -> Result<(), Error> {
    if queries::is_within(tx, visibility, id)? {
        Ok(())
    } else {
        Err(not_found())
    }
}

/// There is no tenant of that id, or none that the caller may know of.
pub fn not_found() -> Error {
    Error::NotFound { what: "tenant" }
}

/// The tenant of that id.
pub fn existing(tx: &mut Tx<'_>, id: Id) -> Result<Tenant, Error> {
    queries::by_id(tx, id)?.ok_or_else(not_found)
}

fn shown(tx: &mut Tx<'_>, id: Id) -> Result<Shown, Error> {
    let tenant = existing(tx, id)?;
    Ok(Shown {
        avatar: avatar::of(tx, &tenant)?,
        used_disk_quota: files::used(tx, id)?,
        tenant,
    })
}

/// A trunk that registers for a domain must not be mistaken for a tenant.
fn not_a_trunks(tx: &mut Tx<'_>, domain: &str) -> Result<(), Error> {
    if providers::registers(tx, domain)? {
        return Err(Error::Conflict {
            code: "CONFLICT",
            message: "A trunk registers for this SIP domain.".to_owned(),
        });
    }
    Ok(())
}

fn domain_taken() -> Error {
    Error::Conflict {
        code: "CONFLICT",
        message: "Another tenant has this SIP domain.".to_owned(),
    }
}

/// Records of its calls leave a tenant only if its own administrator says so. Whoever manages tenants may prepare where they
/// would go.
fn only_itself_switches_calls(check: &mut Check<'_>, by: By, before: bool, after: &Tenant) {
    if matches!(by, By::Manager(_)) && after.settings.cdr_event.enabled != before {
        let message = "can be changed by the tenant's own administrator only (`POST /tenant`)";
        check.inside("cdr_event", |check| check.refuse("enabled", "tenant", message));
    }
}
