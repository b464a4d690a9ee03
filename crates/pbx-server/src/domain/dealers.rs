//! Dealers: who sells tenants, in three levels, and how much each branch may have.

mod quotas;

pub use self::quotas::{Quota, room_for_tenant, room_for_user, room_to_designate};
