//! The router over HTTP, request by request: the traits generated from `../fixture` with a small implementation behind them.
//!
//! What is refused is in tables, each with a snapshot that reads as "this request gets this answer". What succeeds is
//! asserted one by one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers, too"
)]

// The generated code finds its types at `pbx_types::`: here, this crate has those of the fixture, and what they are made of.
extern crate self as pbx_types;

#[path = "../fixture/generated/api/mod.rs"]
#[allow(clippy::all, dead_code)]
#[rustfmt::skip]
mod generated;
#[path = "../fixture/generated/types/mod.rs"]
#[allow(clippy::all, dead_code)]
#[rustfmt::skip]
mod types;

mod refused;
mod served;
mod table;
mod workshop;

use pbx_api::{Bytes, Field, Secret, Timestamp, Value, defaults, list, string_enum};
use types::*;
