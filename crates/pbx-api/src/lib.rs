//! The PBX administration API as Rust traits: implement them, and this crate does everything about HTTP.
//!
//! One module per resource holds its types and one trait with a method per operation (`generated/`, written by
//! `cargo xtask codegen` from the contract). What is written by hand (`runtime/`) is the same for every operation:
//! [`Server`] routes and answers, [`Api`] asks the implementation who calls and what they may do, [`Problem`] is every
//! failure, [`Patch`] is the body of an update. Nothing here knows a store or a business rule.
//!
//! ```no_run
//! # use std::{net::SocketAddr, sync::Arc};
//! # async fn serve<A: pbx_api::ip_filters::IpFiltersApi>(my_pbx: A, listener: tokio::net::TcpListener) -> std::io::Result<()> {
//! let app = pbx_api::Server::new(Arc::new(my_pbx))
//!     .base_path("/api")
//!     .mount(pbx_api::ip_filters::router())
//!     .build();
//! axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
//! # }
//! ```

// So that generated code can say `pbx_api::` wherever it is compiled: here, or as a fixture of the tests.
extern crate self as pbx_api;

// Formatted by its generator; its texts are the vendor's.
#[rustfmt::skip]
#[allow(clippy::all, rustdoc::all)]
mod generated;
mod runtime;

pub use generated::*;
pub use runtime::api::{Api, Call, RequestInfo};
pub use runtime::input::Input;
pub use runtime::operation::{Content, InputSchema, Operation, Parameter, ParameterType};
pub use runtime::problem::{ErrorEntry, Problem};
pub use runtime::request_id::RequestId;
pub use runtime::response::{HandlerResult, bytes, empty, header, json};
pub use runtime::schemas::Schemas;
pub use runtime::server::{Resource, Server};

#[doc(inline)]
pub use pbx_types::{Field, Location, ParseTimestampError, Patch, Secret, Timestamp, UnknownValue, Violation, list};

// What generated code names; an implementation then needs no other version of these crates.
pub use axum::response::Response;
pub use http::Method;
pub use pbx_types::{Bytes, Value};
#[doc(hidden)]
pub use pbx_types::{defaults, string_enum};
