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
pub use runtime::*;

// What generated code names; an implementation then needs no other version of these crates.
pub use axum::response::Response;
pub use bytes::Bytes;
pub use http::Method;
#[doc(hidden)]
pub use serde;
pub use serde_json::Value;
