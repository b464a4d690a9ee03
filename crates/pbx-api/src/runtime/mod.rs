//! What is the same for every operation, written by hand. It stands in a module of its own because the crate's root has a module
//! for each resource, and the names of future resources are not known.

pub mod api;
pub mod input;
pub mod operation;
pub mod problem;
pub mod request_id;
pub mod response;
mod schema_violations;
pub mod schemas;
pub mod server;
