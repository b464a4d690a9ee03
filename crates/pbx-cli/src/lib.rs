//! The command `pbx`: every operation of the administration API, and commands that combine them.
//!
//! From the bottom up:
//!
//! - `generated` has the operations of the contract as data; [`operation`] turns them into commands and requests. These two work for
//!   any contract, without the feature `command`.
//! - `options` and `profile`: the command line's options, the saved servers and sessions.
//! - `api` opens sessions and sends requests, `transfer` streams files, `output` prints responses.
//! - `builtin` and `run_operation` run commands.
//! - `cli` assembles all commands, and `program` runs the one that was given.

// Help texts are comments on arguments, and help has no Markdown.
#![allow(rustdoc::bare_urls)]

#[cfg(feature = "command")]
pub mod address;
#[cfg(feature = "command")]
pub mod api;
#[cfg(feature = "command")]
pub mod builtin;
#[cfg(feature = "command")]
pub mod cli;
#[cfg(feature = "command")]
pub mod completion;
#[cfg(feature = "command")]
pub mod environment;
pub mod failure;
#[rustfmt::skip]
pub mod generated;
#[cfg(feature = "command")]
pub mod help;
#[cfg(feature = "command")]
pub mod manual;
pub mod operation;
#[cfg(feature = "command")]
pub mod options;
#[cfg(feature = "command")]
pub mod output;
#[cfg(feature = "command")]
pub mod page;
#[cfg(feature = "command")]
pub mod pagination;
#[cfg(feature = "command")]
pub mod profile;
#[cfg(feature = "command")]
pub mod program;
#[cfg(feature = "command")]
pub mod progress;
#[cfg(feature = "command")]
pub mod prompt;
#[cfg(feature = "command")]
pub mod run_operation;
pub mod secret;
#[cfg(feature = "command")]
pub mod tenants;
#[cfg(feature = "command")]
pub mod transfer;
pub mod yaml;
