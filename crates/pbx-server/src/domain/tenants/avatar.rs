//! The picture of a tenant, a file of its own.

use std::collections::HashMap;

use pbx_types::list::Page;

use super::{Tenant, TenantSummary};
use crate::domain::document::Check;
use crate::domain::files::{File, Owner, UNKNOWN_FILE};
use crate::domain::{Error, Id};
use crate::store::{Tx, files as queries};

/// Tells `check` whether the picture is a file of the tenant.
pub(super) fn check(tx: &mut Tx<'_>, check: &mut Check<'_>, before: &Tenant, after: &Tenant) -> Result<(), Error> {
    let file = &after.profile.avatar_file_id;
    if *file == before.profile.avatar_file_id {
        return Ok(());
    }
    let Some(file) = file else { return Ok(()) };
    let known = match file.parse() {
        Ok(id) => queries::by_id(tx, Owner::Tenant(after.id), id)?.is_some(),
        Err(_) => false,
    };
    if !known {
        check.refuse("avatar_file_id", "unknown", UNKNOWN_FILE);
    }
    Ok(())
}

/// The picture of a tenant, if it has one.
pub(super) fn of(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Option<File>, Error> {
    let id = tenant
        .profile
        .avatar_file_id
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    Ok(queries::by_ids(tx, id)?.into_iter().next())
}

/// Each tenant of a page with its picture.
pub(super) fn beside(tx: &mut Tx<'_>, page: Page<TenantSummary>) -> Result<Page<(TenantSummary, Option<File>)>, Error> {
    let id = |tenant: &TenantSummary| tenant.profile.avatar_file_id.as_deref().and_then(|id| id.parse().ok());
    let found = queries::by_ids(tx, page.items.iter().filter_map(id).collect())?;
    let mut pictures: HashMap<Id, File> = found.into_iter().map(|file| (file.id, file)).collect();
    let items = page.items.into_iter().map(|tenant| {
        let picture = id(&tenant).and_then(|id| pictures.remove(&id));
        (tenant, picture)
    });
    Ok(Page {
        count: page.count,
        items: items.collect(),
    })
}
