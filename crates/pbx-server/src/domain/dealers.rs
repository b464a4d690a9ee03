//! Dealers: who sells tenants, in three levels, and how much each branch may have.

mod level;
mod quotas;

pub use self::level::Level;
pub use self::quotas::{Quota, room_for_tenant, room_for_user, room_to_designate};
use super::Error;

/// There is no dealer of that id, or none that the caller may know of.
pub fn not_found() -> Error {
    Error::NotFound { what: "dealer" }
}
