//! What a tenant has in the file library: its picture, and what all its files take.

use std::collections::HashMap;

use super::{Tenant, TenantSummary};
use crate::domain::document::Check;
use crate::domain::files::{self, File, Owner};
use crate::domain::{Error, Id};
use crate::store::{Tx, files as queries};

/// What a tenant has in the file library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Its picture.
    pub avatar: Option<File>,
    /// What all of them take: a number and its unit.
    pub used: String,
}

impl Files {
    pub(super) fn of(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Self, Error> {
        let avatar = known(tenant.profile.avatar_file_id.as_deref());
        Ok(Self {
            avatar: match avatar {
                Some(id) => queries::by_id(tx, Owner::Tenant(tenant.id), id)?,
                None => None,
            },
            used: files::used(tx, tenant.id)?,
        })
    }
}

/// A tenant as it is shown by itself.
#[derive(Debug)]
pub struct Shown {
    /// The tenant.
    pub tenant: Tenant,
    /// What it has in the file library.
    pub files: Files,
}

/// A tenant as it is shown in a list.
#[derive(Debug)]
pub struct Listed {
    /// The tenant.
    pub tenant: TenantSummary,
    /// Its picture.
    pub avatar: Option<File>,
}

/// The tenants of a page with their pictures.
pub(super) fn of_page(tx: &mut Tx<'_>, tenants: Vec<TenantSummary>) -> Result<Vec<Listed>, Error> {
    let id = |tenant: &TenantSummary| known(tenant.profile.avatar_file_id.as_deref());
    let ids: Vec<Id> = tenants.iter().filter_map(id).collect();
    let files = queries::by_ids(tx, &ids)?;
    let mut files: HashMap<Id, File> = files.into_iter().map(|file| (file.id, file)).collect();
    let listed = |tenant| Listed {
        avatar: id(&tenant).and_then(|id| files.remove(&id)),
        tenant,
    };
    Ok(tenants.into_iter().map(listed).collect())
}

fn known(id: Option<&str>) -> Option<Id> {
    id?.parse().ok()
}

/// Tells `check` whether the picture is a file of the tenant.
pub(super) fn check(tx: &mut Tx<'_>, check: &mut Check<'_>, before: &Tenant, after: &Tenant) -> Result<(), Error> {
    let file = &after.profile.avatar_file_id;
    if *file == before.profile.avatar_file_id || file.is_none() {
        return Ok(());
    }
    let known = match known(file.as_deref()) {
        Some(file) => queries::by_id(tx, Owner::Tenant(after.id), file)?.is_some(),
        None => false,
    };
    if !known {
        check.refuse("avatar_file_id", "unknown", files::UNKNOWN_FILE);
    }
    Ok(())
}
