//! Reserving the numbers of a tenant, for users and for the voicemail server.

use pbx_domain::kind::Tenant;
use pbx_domain::numbers::{NumberKind, number_taken};
use pbx_domain::{Error, Id};
use pbx_store::{OnConstraint, Tx, numbers as queries};

/// Reserves a number for an object of that kind.
///
/// # Errors
///
/// [`Error::Conflict`] if anything else of the tenant has the number.
pub fn reserve(tx: &mut Tx<'_>, tenant_id: Id<Tenant>, number: &str, kind: NumberKind) -> Result<(), Error> {
    queries::insert(tx, tenant_id, &[(number, kind)]).on_constraint(queries::UNIQUE_NUMBER, || number_taken(number))
}

/// Reserves a number for the one object of that kind that a tenant has, and releases its previous number.
///
/// # Errors
///
/// [`Error::Conflict`] if anything else of the tenant has the number.
pub fn renumber(tx: &mut Tx<'_>, tenant_id: Id<Tenant>, number: &str, kind: NumberKind) -> Result<(), Error> {
    let updated = queries::update_number(tx, tenant_id, number, kind);
    if updated.on_constraint(queries::UNIQUE_NUMBER, || number_taken(number))? {
        Ok(())
    } else {
        reserve(tx, tenant_id, number, kind)
    }
}
