//! The client on the wire, against servers that send prepared replies.

// Clippy's exemption for tests does not cover helpers.
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
