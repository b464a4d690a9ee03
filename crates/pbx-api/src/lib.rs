//! The PBX administration API as Rust traits: implement them, and this crate does everything about HTTP.
//!
//! One module per resource holds its types and one trait with a method per operation (`generated/`, written by
//! `cargo xtask codegen` from the contract). What is here by hand is the same for every operation: [`Server`] routes and
//! answers, [`Api`] asks the implementation who calls and what they may do, [`Problem`] is every failure, [`Patch`] is the
//! body of an update. Nothing here knows a store or a business rule.
//!
//! ```ignore
//! let app = pbx_api::Server::new(Arc::new(my_pbx))
//!     .base_path("/api")
//!     .mount(pbx_api::ip_filters::router())
//!     .build();
//! axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
//! ```

// So that generated code can say `pbx_api::` wherever it is compiled: here, or as a fixture of the tests.
extern crate self as pbx_api;

mod api;
mod choice;
mod generated;
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
mod violation;

pub use api::{Api, Call, RequestInfo};
pub use choice::UnknownValue;
pub use generated::*;
pub use input::Input;
pub use operation::{Check, Content, Kind, Operation, Parameter};
pub use patch::{Field, Patch};
pub use problem::{ErrorEntry, Problem};
pub use request_id::RequestId;
pub use respond::{Answer, bytes, empty, header, json};
pub use schemas::Schemas;
pub use secret::Secret;
pub use server::{Resource, Server};
pub use violation::{Place, Violation};

// What generated code names; an implementation then needs no other version of these crates.
pub use axum::response::Response;
pub use bytes::Bytes;
pub use http::Method;
pub use jiff::Timestamp;
#[doc(hidden)]
pub use serde;
pub use serde_json::Value;
