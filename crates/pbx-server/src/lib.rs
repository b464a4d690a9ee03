//! The administration server: behaviour only. HTTP, validation and the error envelope are `pbx-api`'s.
//!
//! `resources/` implements the generated traits in a few lines per operation, `domain/` has the rules, `store/` the queries,
//! `http/` the socket and the one place where an error becomes a status.

pub mod blob_store;
pub mod config;
pub mod domain;
pub mod http;
mod key_file;
mod license_command;
mod machine;
mod mail;
pub mod program;
mod resources;
pub mod services;
pub mod sip;
pub mod store;
mod timer;
pub mod tls;
pub mod webhook;
