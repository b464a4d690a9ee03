//! Operations on a tenant that several resources share: `/tenants`, `/tenant`, and those of its users and trunks.

use pbx_domain::audit::{Entry, Object};
use pbx_domain::check::Check;
use pbx_domain::files::{File, Owner, UNKNOWN_FILE};
use pbx_domain::kind;
use pbx_domain::providers::Provider;
use pbx_domain::session::Visibility;
use pbx_domain::state::{self, Apply, Rules as _};
use pbx_domain::tenants::tenant::{StoredTenant, Tenant, TenantDetails, domain_taken, seal_prefix};
use pbx_domain::vault::Vault;
use pbx_domain::{Error, Id, disk};
use pbx_store::files::FILES;
use pbx_store::{OnConstraint, Tx, files, providers, sessions, tenants as queries};

use super::context::Context;
use super::second_factor;

/// The kind of caller that updates a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editor {
    /// A system administrator or dealer.
    Manager(Visibility),
    /// The tenant's own administrator, or a caller that has switched to the tenant.
    OwnAdministrator,
}

/// Applies a JSON Merge Patch to the tenant. A tenant that becomes disabled is closed at once: the sessions of its users end.
///
/// # Errors
///
/// [`Error::NotFound`] if the editor cannot see the tenant; [`Error::Invalid`] with every violated rule; [`Error::Conflict`] if
/// another tenant or a trunk has the SIP domain.
pub async fn update<P>(context: &Context, editor: Editor, id: Id<kind::Tenant>, patch: P) -> Result<(), Error>
where
    Tenant: Apply<P>,
    P: Clone + Send + 'static,
{
    let vault = context.vault.clone();
    let prepare = move |tx: &mut Tx<'_>| Update::new(tx, &vault, editor, id, patch.clone());
    let vault = context.vault.clone();
    let by = context.actor().account.as_ref().map(|account| account.id);
    let early = context.read(prepare.clone()).await?;
    context
        .write(move |tx| {
            let late;
            let Update { before, after, changed } = if queries::is_unchanged(tx, &early.before)? {
                // What else the update depends on may have changed.
                if let Editor::Manager(visibility) = editor {
                    check_visible(tx, visibility, id)?;
                }
                let seal_prefix = seal_prefix(id);
                let mut check = Check::new(&vault, &seal_prefix);
                validate_references(tx, &mut check, &early.before, &early.after)?;
                check.finish()?;
                &early
            } else {
                late = prepare(tx)?;
                &late
            };
            if before.profile.domain != after.profile.domain {
                check_no_trunk_registers(tx, &after.profile.domain)?;
            }
            if after.settings.enable_two_factor_authentication && !before.settings.enable_two_factor_authentication {
                second_factor::check_can_be_required(tx, by)?;
            }
            queries::update(tx, after).on_constraint(queries::UNIQUE_DOMAIN, domain_taken)?;
            if before.profile.enabled && !after.profile.enabled {
                sessions::delete_by_tenant(tx, id)?;
            }
            Ok(Entry::update(Object::Tenant, id)
                .named(after.profile.name.clone())
                .fields(changed.clone())
                .with(()))
        })
        .await
}

/// An update of a tenant. It is prepared before the transaction that stores it, and again there only if the tenant has changed since:
/// parsing, validating and writing its settings takes longer than storing them, and SQLite has one thread that writes.
struct Update {
    before: StoredTenant,
    after: StoredTenant,
    /// The names of the changed properties.
    changed: Vec<String>,
}

impl Update {
    /// Applies a patch to the stored tenant and validates the result.
    fn new<P>(tx: &mut Tx<'_>, vault: &Vault, editor: Editor, id: Id<kind::Tenant>, patch: P) -> Result<Self, Error>
    where
        Tenant: Apply<P>,
    {
        if let Editor::Manager(visibility) = editor {
            check_visible(tx, visibility, id)?;
        }
        let before = existing(tx, id)?;
        let seal_prefix = seal_prefix(id);
        let mut check = Check::new(vault, &seal_prefix);
        let mut after = before.tenant.clone();
        after.apply(patch, &Tenant::default(), &mut check)?;
        // What `GET` shows can be sent back, even if an earlier release had other rules.
        if after != before.tenant {
            after.normalize_and_validate(&mut check)?;
            state::tolerate_stored(&mut check, &before.tenant, &after)?;
        }
        if let Editor::Manager(_) = editor {
            after.check_cdr_event_unchanged(&mut check, before.settings.cdr_event.enabled);
        }
        validate_references(tx, &mut check, &before, &after)?;
        check.finish()?;
        let (after, changed) = before.replaced(after)?;
        Ok(Self { before, after, changed })
    }
}

/// Records in `check` every property that names an object which the tenant does not have.
fn validate_references(
    tx: &mut Tx<'_>,
    check: &mut Check<'_>,
    before: &StoredTenant,
    after: &Tenant,
) -> Result<(), Error> {
    validate_caller_ids(tx, check, before, after)?;
    validate_avatar(tx, check, before, after)
}

/// Checks that the tenant exists and is visible to the caller.
pub fn check_visible(tx: &mut Tx<'_>, visibility: Visibility, id: Id<kind::Tenant>) -> Result<(), Error> {
    id.require(queries::is_visible(tx, visibility, id)?)
}

/// Returns the tenant with this ID.
pub fn existing(tx: &mut Tx<'_>, id: Id<kind::Tenant>) -> Result<StoredTenant, Error> {
    queries::by_id(tx, id)?.ok_or_else(Id::<kind::Tenant>::not_found)
}

/// Returns the tenant with this ID, with its avatar and its used disk space.
pub fn details(tx: &mut Tx<'_>, id: Id<kind::Tenant>) -> Result<TenantDetails, Error> {
    let tenant = existing(tx, id)?;
    Ok(TenantDetails {
        avatar: avatar(tx, &tenant)?,
        used_disk_quota: disk::format(files::used(tx, id)?),
        tenant,
    })
}

/// Returns the file of a tenant's avatar.
pub fn avatar(tx: &mut Tx<'_>, tenant: &StoredTenant) -> Result<Option<File>, Error> {
    let id = tenant.settings.avatar_file_id.iter();
    let id = id.filter_map(|id| Id::parse(id).ok()).collect();
    Ok(files::by_ids(tx, id)?.into_iter().next().map(|file| file.value))
}

/// Checks that no trunk registers for the SIP domain: it must not be mistaken for a tenant.
pub fn check_no_trunk_registers(tx: &mut Tx<'_>, domain: &str) -> Result<(), Error> {
    if providers::registers(tx, domain)? {
        return Err(Error::conflict("A trunk registers for this SIP domain."));
    }
    Ok(())
}

/// Removes a tenant's outbound caller IDs of a trunk that is no longer assigned to it. Returns `false` if there were none.
pub fn remove_caller_ids(
    tx: &mut Tx<'_>,
    tenant_id: Id<kind::Tenant>,
    provider_id: Id<Provider>,
) -> Result<bool, Error> {
    let before = existing(tx, tenant_id)?;
    let mut after = before.tenant.clone();
    let (caller_ids, provider_id) = (&mut after.settings.outbound_caller_ids, provider_id.api());
    caller_ids.retain(|caller_id| caller_id.provider_id != provider_id);
    if after == before.tenant {
        return Ok(false);
    }
    queries::update(tx, &before.replaced(after)?.0)?;
    Ok(true)
}

/// Records in `check` every outbound caller ID of a trunk that is not assigned to the tenant. The trunks of an unchanged list
/// are: removing an assignment removes its caller IDs as well ([`remove_caller_ids`]).
fn validate_caller_ids(
    tx: &mut Tx<'_>,
    check: &mut Check<'_>,
    before: &StoredTenant,
    after: &Tenant,
) -> Result<(), Error> {
    let caller_ids = &after.settings.outbound_caller_ids;
    if *caller_ids == before.settings.outbound_caller_ids {
        return Ok(());
    }
    let provider_ids: Vec<_> = caller_ids
        .iter()
        .map(|caller_id| Id::parse(&caller_id.provider_id).ok())
        .collect();
    let assigned = providers::assigned_to(tx, before.id, &provider_ids.iter().copied().flatten().collect())?;
    for (index, provider_id) in provider_ids.iter().enumerate() {
        if provider_id.is_none_or(|provider_id| !assigned.contains(&provider_id)) {
            let name = format!("outbound_caller_ids/{index}/provider_id");
            let message = "must be the id of a trunk that is assigned to the tenant";
            check.record(&name, "unknown", message);
        }
    }
    Ok(())
}

/// Records in `check` an avatar that is not a file of the tenant.
fn validate_avatar(tx: &mut Tx<'_>, check: &mut Check<'_>, before: &StoredTenant, after: &Tenant) -> Result<(), Error> {
    let file = &after.settings.avatar_file_id;
    if *file == before.settings.avatar_file_id {
        return Ok(());
    }
    let Some(file) = file else { return Ok(()) };
    let exists = match Id::parse(file) {
        Ok(id) => FILES.by_id(tx, Owner::Tenant(before.id), id)?.is_some(),
        Err(_) => false,
    };
    if !exists {
        check.record("avatar_file_id", "unknown", UNKNOWN_FILE);
    }
    Ok(())
}
