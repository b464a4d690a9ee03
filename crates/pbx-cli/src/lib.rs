//! The command `pbx`: every operation of the administration API, and what makes them comfortable.
//!
//! - `generated` holds what the contract says of each operation; [`operation`] makes commands and requests of that.
//! - `tree` says where an operation is among the commands; `commands` puts all of them together.
//! - `profile` keeps servers and sessions, `connection` uses them; `program` carries a command out, `output` shows the answer.

// Comments on arguments are the help that a terminal shows.
#![allow(rustdoc::bare_urls)]

#[cfg(feature = "command")]
pub mod accounts;
#[cfg(feature = "command")]
pub mod address;
#[cfg(feature = "command")]
pub mod commands;
#[cfg(feature = "command")]
pub mod completions;
#[cfg(feature = "command")]
pub mod connection;
pub mod failure;
#[rustfmt::skip]
pub mod generated;
#[cfg(feature = "command")]
pub mod manual;
#[cfg(feature = "command")]
pub mod open;
pub mod operation;
#[cfg(feature = "command")]
pub mod options;
#[cfg(feature = "command")]
pub mod output;
#[cfg(feature = "command")]
pub mod profile;
#[cfg(feature = "command")]
pub mod program;
#[cfg(feature = "command")]
pub mod progress;
#[cfg(feature = "command")]
pub mod prompt;
pub mod secret;
#[cfg(feature = "command")]
pub mod tenants;
#[cfg(feature = "command")]
pub mod transfer;
#[cfg(feature = "command")]
pub mod tree;
pub mod yaml;
