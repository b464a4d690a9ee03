//! What is the same for every operation, by hand. It stands in a module of its own because the crate's root has a module for
//! each resource, and nobody knows what the next one will be called.

mod api;
mod choice;
mod input;
mod operation;
mod patch;
pub mod preset;
mod problem;
mod request_id;
mod respond;
mod schemas;
mod secret;
mod server;
mod timestamp;
mod violation;

pub use api::{Api, Call, RequestInfo};
pub use choice::UnknownValue;
pub use input::Input;
pub use operation::{Check, Content, Kind, Operation, Parameter};
pub use patch::{Field, Patch};
pub use problem::{ErrorEntry, Problem};
pub use request_id::RequestId;
pub use respond::{Answer, bytes, empty, header, json};
pub use schemas::Schemas;
pub use secret::Secret;
pub use server::{Resource, Server};
pub use timestamp::{NotATime, Timestamp};
pub use violation::{Place, Violation};
