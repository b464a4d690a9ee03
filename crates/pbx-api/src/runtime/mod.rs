//! The handwritten part, which is the same for every operation. It is a separate module because the root of the crate has a module
//! for each resource, and a future resource may have any name.

pub mod api;
mod body_budget;
pub mod input;
mod message;
pub mod operation;
pub mod precondition;
pub mod problem;
pub mod request_id;
pub mod response;
mod schema_violations;
pub mod schemas;
pub mod server;
