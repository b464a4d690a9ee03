//! The whole server, driven through the generated client: one file per resource, and what concerns them all.
//!
//! Every test has a server process and a database of its own, so that none depends on another. What one test asks of one
//! resource belongs into the file of that resource; what the generated client cannot send goes through `Raw`.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not recognise")]

mod admin;
mod admin_notification;
mod audit;
mod auth;
mod brand;
mod certificates;
mod errors;
mod guards;
mod im;
mod ip_filters;
mod key;
mod license;
mod lifecycle;
mod network;
mod sbc;
mod smtp;
mod transcript;
mod transports;
mod unmounted;

use pbx_tests::{Server, Start};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pbx-server-under-test");

/// A fresh server.
fn server() -> Server {
    Server::start(PROGRAM)
}

/// A fresh server that is not started yet.
fn start() -> Start {
    Start::new(PROGRAM)
}
