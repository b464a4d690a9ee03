//! The handwritten types that all generated types share. They are in a separate module because the root of the crate has a module
//! for each resource, and a future resource may have any name.

pub mod defaults;
pub mod network;
pub mod opaque_id;
pub mod patch;
pub mod secret;
pub mod string_enum;
pub mod timestamp;
pub mod violation;
