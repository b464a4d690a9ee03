//! The router over HTTP, request by request: the traits generated from `../fixture` with a small implementation behind them.
//!
//! What is refused is in tables, each with a snapshot that reads as "this request gets this answer". What succeeds is
//! asserted one by one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers, too"
)]

#[path = "../fixture/generated/mod.rs"]
#[allow(clippy::all, dead_code)]
#[rustfmt::skip]
mod generated;
mod refused;
mod served;
mod table;
mod workshop;
