//! The router over HTTP, request by request, with a small implementation of the traits generated from `../fixture`.
//!
//! Error responses are in tables, each with a snapshot that reads as "this request gets this response". Successful responses are
//! asserted one by one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers, too"
)]

// The generated code finds its types at `pbx_types::`: here, this crate has those of the fixture, and what they are made of.
extern crate self as pbx_types;

#[path = "../fixture/generated/api/mod.rs"]
#[allow(clippy::all, dead_code, unused_imports)]
#[rustfmt::skip]
mod generated;
#[path = "../fixture/generated/types/mod.rs"]
#[allow(clippy::all, dead_code)]
#[rustfmt::skip]
mod types;

mod errors;
mod limits;
mod successes;
mod table;
mod workshop;

use pbx_api::{Bytes, Field, Secret, Timestamp, Value, defaults, list, opaque_id, string_enum};
pub use types::*;
