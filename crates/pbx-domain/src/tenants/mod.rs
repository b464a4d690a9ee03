//! Tenants: the organizations that use this installation, each isolated from the others.

pub(crate) mod codes;
pub mod e164;
pub mod events;
pub mod office_hours;
pub mod status;
pub mod tenant;
