//! What goes over the wire, seen from servers that answer whatever a test wants.

// Clippy's exemption for tests does not reach helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod errors;
#[cfg(feature = "stream")]
mod lists;
mod requests;
#[cfg(feature = "retry")]
mod retries;
mod server;
mod session;
mod sign_out;
mod tokens;

use server::{Reply, Server};
