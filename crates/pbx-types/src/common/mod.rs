//! What the generated types are made of, the same for all of them. It stands in a module of its own because the crate's root has
//! a module for each resource, and the names of future resources are not known.

pub mod defaults;
pub mod patch;
pub mod secret;
pub mod string_enum;
pub mod timestamp;
pub mod violation;
