//! The picture of a tenant, a file of its own.

use super::Tenant;
use crate::domain::document::Check;
use crate::domain::{Error, Id};
use crate::store::Tx;

/// Tells `check` whether the picture is a file of the tenant.
pub(super) fn check(tx: &mut Tx<'_>, check: &mut Check<'_>, before: &Tenant, after: &Tenant) -> Result<(), Error> {
    let file = &after.profile.avatar_file_id;
    if *file == before.profile.avatar_file_id {
        return Ok(());
    }
    let Some(file) = file else { return Ok(()) };
    let known = match file.parse() {
        Ok(file_id) => is_file(tx, after.id, file_id)?,
        Err(_) => false,
    };
    if !known {
        check.refuse(
            "avatar_file_id",
            "unknown",
            "must be the id of a file in the file library",
        );
    }
    Ok(())
}

/// Whether that is a file that the tenant may show.
fn is_file(_tx: &mut Tx<'_>, _tenant_id: Id, _file_id: Id) -> Result<bool, Error> {
    // There is no operation that brings a file, so that no id is one.
    Ok(false)
}
