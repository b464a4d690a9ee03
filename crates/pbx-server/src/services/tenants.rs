//! Operations on a tenant that several resources share: `/tenants`, `/tenant`, and those of its users and trunks.

use pbx_domain::audit::{Entry, Object};
use pbx_domain::document::Check;
use pbx_domain::files::{Owner, UNKNOWN_FILE};
use pbx_domain::session::Visibility;
use pbx_domain::tenants::tenant::{Tenant, TenantDetails, domain_taken, not_found, seal_secrets};
use pbx_domain::{Error, Id, disk};
use pbx_store::{OnConstraint, Tx, files, providers, sessions, tenants as queries};
use serde_json::{Map, Value};

use super::context::Context;

/// The kind of caller that updates a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editor {
    /// A system administrator or dealer.
    Manager(Visibility),
    /// The tenant's own administrator, or a caller that has switched to the tenant.
    OwnAdministrator,
}

/// Merges the sent properties into the tenant, as for documents. A tenant that becomes disabled is closed at once: the sessions
/// of its users end.
///
/// # Errors
///
/// [`Error::NotFound`] if the editor cannot see the tenant; [`Error::Invalid`] with every violated rule; [`Error::Conflict`] if
/// another tenant or a trunk has the SIP domain.
pub async fn update(context: &Context, editor: Editor, id: Id, mut sent: Map<String, Value>) -> Result<(), Error> {
    seal_secrets(&context.vault, id, &mut sent)?;
    let vault = context.vault.clone();
    context
        .write(move |tx| {
            if let Editor::Manager(visibility) = editor {
                check_visible(tx, visibility, id)?;
            }
            let before = existing(tx, id)?;
            let properties = before.properties()?;
            let mut check = Check::new(&vault);
            let mut after = before.merged(&properties, &sent, &mut check)?;
            after.normalize_and_validate(&mut check)?;
            if let Editor::Manager(_) = editor {
                after.check_cdr_event_unchanged(&mut check, before.settings.cdr_event.enabled);
            }
            validate_caller_ids(tx, &mut check, &before, &after)?;
            validate_avatar(tx, &mut check, &before, &after)?;
            check.finish()?;
            if before.profile.domain != after.profile.domain {
                check_no_trunk_registers(tx, &after.profile.domain)?;
            }
            queries::update(tx, &after).on_constraint(queries::UNIQUE_DOMAIN, domain_taken)?;
            if before.profile.enabled && !after.profile.enabled {
                sessions::delete_by_tenant(tx, id)?;
            }
            let entry = Entry::update(Object::Tenant, id).between(&properties, &after.properties()?);
            Ok(entry.with(()))
        })
        .await
}

/// Checks that the tenant exists and is visible to the caller.
pub fn check_visible(tx: &mut Tx<'_>, visibility: Visibility, id: Id) -> Result<(), Error> {
    if queries::is_visible(tx, visibility, id)? {
        Ok(())
    } else {
        Err(not_found())
    }
}

/// Returns the tenant with this ID.
pub fn existing(tx: &mut Tx<'_>, id: Id) -> Result<Tenant, Error> {
    queries::by_id(tx, id)?.ok_or_else(not_found)
}

/// Returns the tenant with this ID, with its avatar and its used disk space.
pub fn details(tx: &mut Tx<'_>, id: Id) -> Result<TenantDetails, Error> {
    let tenant = existing(tx, id)?;
    let avatar_id = tenant.profile.avatar_file_id.iter();
    let avatar_id = avatar_id.filter_map(|id| id.parse().ok()).collect();
    Ok(TenantDetails {
        avatar: files::by_ids(tx, avatar_id)?.into_iter().next(),
        used_disk_quota: disk::format(files::used(tx, id)?),
        tenant,
    })
}

/// Checks that no trunk registers for the SIP domain: it must not be mistaken for a tenant.
pub fn check_no_trunk_registers(tx: &mut Tx<'_>, domain: &str) -> Result<(), Error> {
    if providers::registers(tx, domain)? {
        return Err(Error::Conflict {
            code: "CONFLICT",
            message: "A trunk registers for this SIP domain.".to_owned(),
        });
    }
    Ok(())
}

/// Removes a tenant's outbound caller IDs of a trunk that is no longer assigned to it. Returns `false` if there were none.
pub fn remove_caller_ids(tx: &mut Tx<'_>, tenant_id: Id, provider_id: Id) -> Result<bool, Error> {
    let mut tenant = existing(tx, tenant_id)?;
    let caller_ids = &mut tenant.settings.outbound_caller_ids;
    let (before, provider_id) = (caller_ids.len(), provider_id.to_string());
    caller_ids.retain(|caller_id| caller_id.provider_id != provider_id);
    if tenant.settings.outbound_caller_ids.len() == before {
        return Ok(false);
    }
    queries::update(tx, &tenant)?;
    Ok(true)
}

/// Records in `check` every outbound caller ID of a trunk that is not assigned to the tenant. The trunks of an unchanged list
/// are: removing an assignment removes its caller IDs as well ([`remove_caller_ids`]).
fn validate_caller_ids(tx: &mut Tx<'_>, check: &mut Check<'_>, before: &Tenant, after: &Tenant) -> Result<(), Error> {
    let (before, caller_ids) = (
        &before.settings.outbound_caller_ids,
        &after.settings.outbound_caller_ids,
    );
    if before == caller_ids {
        return Ok(());
    }
    for (index, caller_id) in caller_ids.iter().enumerate() {
        let assigned = match caller_id.provider_id.parse() {
            Ok(provider_id) => providers::assignee(tx, provider_id, after.id)?.is_some(),
            Err(_) => false,
        };
        if !assigned {
            let name = format!("outbound_caller_ids/{index}/provider_id");
            let message = "must be the id of a trunk that is assigned to the tenant";
            check.record(&name, "unknown", message);
        }
    }
    Ok(())
}

/// Records in `check` an avatar that is not a file of the tenant.
fn validate_avatar(tx: &mut Tx<'_>, check: &mut Check<'_>, before: &Tenant, after: &Tenant) -> Result<(), Error> {
    let file = &after.profile.avatar_file_id;
    if *file == before.profile.avatar_file_id {
        return Ok(());
    }
    let Some(file) = file else { return Ok(()) };
    let exists = match file.parse() {
        Ok(id) => files::by_id(tx, Owner::Tenant(after.id), id)?.is_some(),
        Err(_) => false,
    };
    if !exists {
        check.record("avatar_file_id", "unknown", UNKNOWN_FILE);
    }
    Ok(())
}
