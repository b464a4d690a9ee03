//! Dealers: who sells tenants, in three levels.

mod level;

pub use self::level::Level;
use super::{Error, Id};
use crate::store::Tx;

/// Whether a dealer may have one tenant more, one that is new and has no users.
#[expect(clippy::unnecessary_wraps, reason = "asks the store once there are dealers")]
pub fn room_for_tenant(_tx: &mut Tx<'_>, _dealer_id: Id) -> Result<(), Error> {
    Ok(())
}

/// Whether a dealer may have that tenant too, with the users that it has.
#[expect(clippy::unnecessary_wraps, reason = "asks the store once there are dealers")]
pub fn room_to_designate(_tx: &mut Tx<'_>, _dealer_id: Id, _tenant_id: Id) -> Result<(), Error> {
    Ok(())
}

/// There is no dealer of that id, or none that the caller may know of.
pub fn not_found() -> Error {
    Error::NotFound { what: "dealer" }
}
